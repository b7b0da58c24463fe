/** Who calls whom: the rollup behind the service map. */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';

// biome-ignore format: a table reads as a table, one column a line
const edgeColumns = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'start of the calling span, cut to the minute', comment: 'Start of the minute', origin: 'ours' },
  { name: 'Caller', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName of the client or producer span', comment: 'Service that calls', origin: 'ours' },
  { name: 'Callee', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName of the server or consumer span; without one, from attributes of the calling span', comment: 'Service, database, queue or host that is called', origin: 'ours' },
  { name: 'CalleeKind', type: 'LowCardinality(String)', codec: zstd, source: 'what the callee was taken from', comment: 'service, database, queue or external', origin: 'ours' },
  { name: 'Address', type: 'LowCardinality(String)', codec: zstd, source: "SpanAttributes['server.address'] and its port, old names too; name of the queue", comment: 'Where the caller went; tells a service that did not answer from a stranger. Empty for databases', origin: 'ours' },
  { name: 'Tenant', type: 'LowCardinality(String)', codec: zstd, source: 'Tenant of the calling span', comment: 'Empty without tenants', origin: 'ours' },
  { name: 'Instrumentation', type: 'LowCardinality(String)', codec: zstd, source: 'resource of the calling span', comment: 'ebpf: seen from outside the caller, so perhaps a second time. Else empty', origin: 'ours' },
  { name: 'Spans', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'calls found in stored rows', comment: 'Calls seen, without weights', origin: 'ours' },
  { name: 'Count', type: 'Float64', codec: zstd, source: 'sum of SamplingWeight', comment: 'Calls; an estimate where spans are sampled', origin: 'ours' },
  { name: 'Errors', type: 'Float64', codec: zstd, source: 'sum of SamplingWeight, status Error at either end', comment: 'Calls that failed', origin: 'ours' },
  { name: 'DurationSum', type: 'Float64', codec: zstd, source: 'sum of SamplingWeight * Duration', comment: 'Nanoseconds, as the caller waited', origin: 'ours' },
  { name: 'DurationMin', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'min of Duration', comment: 'Nanoseconds', origin: 'ours' },
  { name: 'DurationMax', type: 'UInt64', codec: 'T64, ZSTD(1)', source: 'max of Duration', comment: 'Nanoseconds', origin: 'ours' },
  { name: 'Buckets.Index', type: 'Array(UInt16)', codec: zstd, source: 'floor(log2(Duration) * 8)', comment: 'Latency buckets that have calls, ascending; as in otel_red_1m', origin: 'ours' },
  { name: 'Buckets.Count', type: 'Array(Float64)', codec: zstd, source: 'sum of SamplingWeight', comment: 'Calls of each bucket', origin: 'ours' },
] as const;

/**
 * Calls between services by minute, rebuilt from stored spans (`clickhouse/edges.ts`). An hour is
 * a partition: small enough to be replaced every minute while it is the present.
 */
export const serviceEdges: TableDef<(typeof edgeColumns)[number]['name']> = {
  name: 'otel_service_edges_1m',
  comment: 'Calls between services, and to databases, queues and other hosts, by minute',
  columns: edgeColumns,
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  orderBy: '(Caller, Callee, CalleeKind, Address, Time)',
  ttlFrom: 'Time',
  retention: 'rollups',
  indexes: [],
  inDoubt: 'idempotent',
};

/**
 * Which shard of a cluster a row is on, a table a line. Every key is made of the row alone: a
 * retry by way of another node then cuts the same blocks, and their tokens are recognised.
 */
import { assert } from '../../core/assert.ts';
import { agentTables } from './agents.ts';
import { costTables } from './costs.ts';
import { entityTables } from './entities.ts';

/**
 * The last four bytes of the id, which are random: what the gateway goes by as well
 * (`gateway/decode/shard.ts`), so that a trace is found by asking one shard.
 */
const byTrace = 'reinterpretAsUInt64(reverse(unhex(right(TraceId, 8))))';

/** Coarser than a series: all points of one are together, so counters grow on one shard. */
const bySeries = 'cityHash64(MetricName, ServiceName, ResourceAttributes, Attributes)';

/** Hashed when it was counted. */
const byCountedSeries = 'Series';

const byPair = 'cityHash64(SourceWorkload, DestinationWorkload, SourceAddress)';

const byOperation = 'cityHash64(ServiceName, SpanName)';

const shardingKeys: Readonly<Record<string, string>> = {
  // A trace is read as a whole, and calls are found by joining its spans: both on one shard.
  otel_traces: byTrace,
  otel_traces_trace_id_ts: byTrace,
  otel_service_edges_1m: 'cityHash64(Caller, Callee)',
  // By resource and not by trace: records of one pod stay together, compress well and are cut into
  // few blocks; no query of ours joins records to spans, and most records have no trace.
  otel_logs: 'cityHash64(ResourceAttributes)',
  otel_log_patterns_1m: 'cityHash64(ServiceName, Pattern)',
  otel_log_patterns: 'cityHash64(ServiceName, Pattern)',
  otel_metrics_gauge: bySeries,
  otel_metrics_sum: bySeries,
  otel_metrics_histogram: bySeries,
  otel_metrics_exponential_histogram: bySeries,
  otel_metrics_summary: bySeries,
  otel_series_15m: byCountedSeries,
  otel_metrics_1m: byCountedSeries,
  otel_metrics_1h: byCountedSeries,
  otel_attributes_15m: 'cityHash64(`Table`, Kind, Key)',
  otel_red_1s: byOperation,
  otel_red_1m: byOperation,
  otel_red_1h: byOperation,
  otel_red_1d: byOperation,
  // Made on each shard of the reports that lie there.
  flow_logs: 'cityHash64(Connection)',
  flow_seconds: byPair,
  flow_minutes: byPair,
  l7_calls: 'cityHash64(RequestId, SpanId)',
  obsctl_receipts: 'cityHash64(Seal)',
};

/** Small, read with everything, and asked of whichever node is there: whole on every node. */
const onEveryNode: ReadonlySet<string> = new Set([
  'obsctl_migrations',
  'snapshot_runs',
  // Every node answers what runs where, and holds its dictionaries.
  ...entityTables.map(({ name }) => name),
  // Few, and `obsctl agents` asks any node.
  ...agentTables.map(({ name }) => name),
  // Made of entities; a query of cost never asks another node.
  ...costTables.map(({ name }) => name),
]);

/** The expression that chooses a row's shard; undefined for a table that is whole on every node. */
export function shardingKeyOf(table: string): string | undefined {
  const key = shardingKeys[table];
  assert(key !== undefined || onEveryNode.has(table), `no place for the rows of ${table}`);
  return key;
}

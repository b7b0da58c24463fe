/** Who sends bytes to whom: connections by minute, pairs by second and minute, calls on the wire. */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
const word = { type: 'LowCardinality(String)', codec: zstd, origin: 'ours' } as const;
const text = { type: 'String', codec: zstd, origin: 'ours' } as const;
const count = { type: 'UInt64', codec: 'T64, ZSTD(1)', origin: 'ours' } as const;
const port = { type: 'UInt16', codec: zstd, origin: 'ours' } as const;
const start = { type: 'DateTime', codec: 'Delta(4), ZSTD(1)', origin: 'ours' } as const;
const moment = { type: 'DateTime64(9)', codec: 'Delta(8), ZSTD(1)', origin: 'ours' } as const;

// biome-ignore format: a table reads as a table, one column a line
const sides = [
  { ...word, name: 'SourceNamespace', source: 'source.k8s.namespace.name, k8s.src.namespace', comment: 'Namespace of the side that opened the connection' },
  { ...word, name: 'SourceWorkload', source: 'source.k8s.workload.name, k8s.src.owner.name', comment: 'Workload of the side that opened it' },
  { ...word, name: 'SourceZone', source: 'source.zone, src.zone', comment: 'Zone of the side that opened it' },
  { ...word, name: 'DestinationNamespace', source: 'destination.k8s.namespace.name, k8s.dst.namespace', comment: 'Namespace of the side that was asked' },
  { ...word, name: 'DestinationWorkload', source: 'destination.k8s.workload.name, k8s.dst.owner.name', comment: 'Workload of the side that was asked' },
  { ...word, name: 'DestinationZone', source: 'destination.zone, dst.zone', comment: 'Zone of the side that was asked' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const traffic = [
  { ...count, name: 'SourceBytes', source: 'source.bytes', comment: 'Bytes that the source sent' },
  { ...count, name: 'SourcePackets', source: 'source.packets', comment: 'Packets that the source sent' },
  { ...count, name: 'DestinationBytes', source: 'destination.bytes', comment: 'Bytes that the destination sent' },
  { ...count, name: 'DestinationPackets', source: 'destination.packets', comment: 'Packets that the destination sent' },
] as const;

// biome-ignore format: a table reads as a table, one column a line
const shared = [
  { ...word, name: 'Cluster', source: 'k8s.cluster.name', comment: 'Cluster of the reporter' },
  { ...word, name: 'Protocol', source: 'network.transport', comment: 'tcp, udp, …; empty when not reported' },
] as const;

const tenant = {
  ...word,
  name: 'Tenant',
  source: 'Tenant',
  comment: 'Empty without tenants',
} as const;

// biome-ignore format: a table reads as a table, one column a line
const logColumns = [
  { ...start, name: 'Time', source: 'flow.start to flow.end, cut to minutes', comment: 'Start of the minute' },
  { ...text, name: 'Connection', source: 'flow.id; a hash of addresses, ports and start without one', comment: 'Which connection' },
  { ...moment, name: 'Started', source: 'flow.connection.start, flow.start', comment: 'When the connection was opened' },
  { ...moment, name: 'Start', source: 'flow.start', comment: 'From when on it was seen in this minute' },
  { ...moment, name: 'End', source: 'flow.end', comment: 'Until when it was seen in this minute' },
  ...shared,
  { ...text, name: 'SourceAddress', source: 'source.address', comment: 'Side that opened the connection' },
  { ...port, name: 'SourcePort', source: 'source.port', comment: 'Its port' },
  { ...text, name: 'DestinationAddress', source: 'destination.address', comment: 'Side that was asked' },
  { ...port, name: 'DestinationPort', source: 'destination.port', comment: 'Its port' },
  ...traffic,
  { ...word, name: 'CloseReason', source: 'flow.close_reason', comment: 'In the minute of its end: why it was closed; empty while it is open' },
  ...sides,
  { ...word, name: 'SourcePod', source: 'source.k8s.pod.name, k8s.src.name', comment: 'Pod of the side that opened it' },
  { ...word, name: 'SourceNode', source: 'source.k8s.node.name, k8s.src.node.name', comment: 'Node of the side that opened it' },
  { ...word, name: 'DestinationPod', source: 'destination.k8s.pod.name, k8s.dst.name', comment: 'Pod of the side that was asked' },
  { ...word, name: 'DestinationNode', source: 'destination.k8s.node.name, k8s.dst.node.name', comment: 'Node of the side that was asked' },
  tenant,
  { ...count, name: 'Reports', source: 'log records that tell of it', comment: 'Reports of this minute, of either side; resent ones count once' },
] as const;

/** One row a connection and minute. An hour is a partition, and is replaced as a whole. */
export const flowLogs: TableDef<(typeof logColumns)[number]['name']> = {
  name: 'flow_logs',
  comment: 'Network connections by minute, made of log records with the attributes of a flow',
  columns: logColumns,
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  orderBy: '(Time, SourceWorkload, DestinationWorkload, Connection)',
  ttlFrom: 'Time',
  retention: 'logs',
  indexes: [],
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const pairColumns = [
  { ...start, name: 'Time', source: 'what was reported, spread over its time', comment: 'Start of the interval' },
  ...shared,
  ...sides,
  { ...text, name: 'SourceAddress', source: 'source.address', comment: 'Where no workload is known' },
  { ...text, name: 'DestinationAddress', source: 'destination.address', comment: 'Where no workload is known' },
  { ...port, name: 'DestinationPort', source: 'destination.port', comment: '0 when not reported' },
  tenant,
  ...traffic,
  { ...count, name: 'Opened', source: 'flow.start equal to flow.connection.start', comment: 'Connections that began' },
  { ...count, name: 'Closed', source: 'flow.close_reason', comment: 'Connections that ended' },
  { ...count, name: 'ConcurrentMax', source: 'overlap of flow.start to flow.end', comment: 'Most connections open at one instant' },
  { ...count, name: 'Reports', source: 'reports and points spread over it', comment: 'How many it was made of' },
] as const;

type Pair = (typeof pairColumns)[number]['name'];

/** Five minutes are a partition: replaced every few seconds while they are the present. */
export const flowSeconds: TableDef<Pair> = {
  name: 'flow_seconds',
  comment: 'Network traffic between two sides by second',
  columns: pairColumns,
  engine: 'MergeTree',
  partitionBy: "toStartOfFiveMinutes(Time, 'UTC')",
  orderBy: '(SourceWorkload, DestinationWorkload, SourceAddress, DestinationAddress, Time)',
  ttlFrom: 'Time',
  retention: 'seconds',
  indexes: [],
  inDoubt: 'idempotent',
};

/** The same by minute, made of the seconds: sums of the sums, the greatest of the greatest. */
export const flowMinutes: TableDef<Pair> = {
  ...flowSeconds,
  name: 'flow_minutes',
  comment: 'Network traffic between two sides by minute',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  retention: 'rollups',
};

/** What tells one row of a time from another, in both. */
export const flowKey: readonly Pair[] = [
  ...[...shared, ...sides].map(({ name }) => name),
  ...(['SourceAddress', 'DestinationAddress', 'DestinationPort', 'Tenant'] as const),
];

// biome-ignore format: a table reads as a table, one column a line
const callColumns = [
  { ...moment, name: 'Time', source: 'Timestamp of the request; without one, of the response', comment: 'When it began' },
  { ...word, name: 'State', source: 'which of the two were reported', comment: 'paired, request_only, response_only' },
  { ...count, name: 'Duration', source: 'Timestamp of the response less that of the request', comment: 'Nanoseconds; 0 unless paired' },
  { ...word, name: 'Cluster', source: 'k8s.cluster.name', comment: 'Cluster of the reporter' },
  { ...word, name: 'ServiceName', source: 'service.name', comment: 'Service that reported it' },
  { ...word, name: 'Protocol', source: 'network.protocol.name', comment: 'http, redis, dns, …' },
  { ...word, name: 'Method', source: 'http.request.method, rpc.method, db.operation.name', comment: 'What was asked for' },
  { ...text, name: 'Resource', source: 'http.route, url.path, rpc.service, db.collection.name, dns.question.name', comment: 'What it was asked of' },
  { ...word, name: 'Status', source: 'http.response.status_code, rpc.response.status_code, db.response.status_code', comment: 'What was answered' },
  { ...word, name: 'ErrorType', source: 'error.type', comment: 'Set when it failed' },
  { ...text, name: 'SourceAddress', source: 'source.address', comment: 'Who asked' },
  { ...port, name: 'SourcePort', source: 'source.port', comment: 'Its port' },
  { ...text, name: 'DestinationAddress', source: 'destination.address', comment: 'Who was asked' },
  { ...port, name: 'DestinationPort', source: 'destination.port', comment: 'Its port' },
  { ...text, name: 'RequestId', source: 'network.request.id', comment: 'What both have in common; empty where a span is' },
  { ...text, name: 'TraceId', source: 'LogRecord.trace_id', comment: '32 lower-case hex digits or empty' },
  { ...text, name: 'SpanId', source: 'LogRecord.span_id', comment: '16 lower-case hex digits or empty' },
  tenant,
] as const;

/** Requests with their responses, which were reported apart. An hour is a partition. */
export const wireCalls: TableDef<(typeof callColumns)[number]['name']> = {
  name: 'l7_calls',
  comment: 'Requests and responses that were reported apart, one row a call',
  columns: callColumns,
  engine: 'MergeTree',
  partitionBy: "toStartOfHour(Time, 'UTC')",
  orderBy: '(Time, ServiceName, Method)',
  ttlFrom: 'toDateTime(Time)',
  retention: 'logs',
  indexes: [],
  inDoubt: 'idempotent',
};

export const flowTables: readonly TableDef[] = [flowLogs, flowSeconds, flowMinutes, wireCalls];

/**
 * Every metric of the gateway, as data: `/metrics`, the OTLP that the gateway sends into itself,
 * the Gateway dashboard and the reference page are all drawn from here. Attributes have closed
 * sets of values, so every series is a fixed slot of a lane's counters (see `counters.ts`), and
 * the number of series cannot grow with traffic.
 */
import { agentTables } from '../../clickhouse/schema/agents.ts';
import { costTables } from '../../clickhouse/schema/costs.ts';
import { entityTables } from '../../clickhouse/schema/entities.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import { itemTables } from '../item-tables.ts';

type AttributeDef = {
  readonly name: string;
  readonly values: readonly string[];
};

export type MetricDef = {
  /** OpenTelemetry name; `prometheusName` gives the other spelling. */
  readonly name: string;
  /** UCUM, as OpenTelemetry writes it. */
  readonly unit: string;
  /** A counter only grows while the process lives; it is a cumulative monotonic sum in OTLP. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly attributes: readonly AttributeDef[];
  /** Upper bounds of a histogram's buckets, ascending. */
  readonly bounds?: readonly number[];
  /** Told only once it has a value: not every series of this gauge belongs to something. */
  readonly untilSet?: 'absent';
  /** How the values of several lanes become one; counters and histograms always add. */
  readonly over: 'sum' | 'max' | 'min';
  readonly description: string;
};

export const signals = ['traces', 'metrics', 'logs'] as const;
export const transports = ['grpc', 'http'] as const;
export const outcomes = ['stored', 'malformed', 'too_large', 'busy'] as const;
/** Why a request was turned away, before the lane (see `receive/counters.ts`) or by it. */
const refusalReasons = [
  'memory',
  'disk_budget',
  'disk_error',
  'shutting_down',
  'internal',
  'too_large',
  'not_ready',
  'corrupt',
  'unknown_path',
  'wrong_method',
  'wrong_type',
  'wrong_address',
  'unknown_encoding',
  'timeout',
  'cancelled',
  'protocol',
  'network',
  'tls',
  'no_credentials',
  'bad_credentials',
  'origin',
  'over_quota',
  'log_share',
] as const;
export const insertOutcomes = ['acknowledged', 'already_there', 'retryable', 'permanent'] as const;
/** Metrics are never sampled. */
export const sampledSignals = ['traces', 'logs'] as const;
const samplingDecisions = ['kept', 'left_out'] as const;
export const redactionActions = ['dropped', 'hashed', 'masked'] as const;
export const seriesRefusals = ['metric', 'tenant'] as const;
const dropReasons = ['dead_letter', 'log_damaged'] as const;
export const stages = ['written', 'durable', 'sealed', 'acknowledged'] as const;
/** Why `/readyz` is red. ClickHouse being away is no cause: the log takes what comes. */
export const unreadyCauses = [
  'starting',
  'disk_budget',
  'disk_error',
  'shutting_down',
  'lane_stopped',
] as const;

export const dogstatsdSockets = ['udp', 'unix', 'unixgram'] as const;
const dogstatsdLines = ['metric', 'event', 'service_check'] as const;
export const dogstatsdFaults = [
  'form',
  'name',
  'value',
  'not_finite',
  'out_of_range',
  'type',
  'rate',
  'timestamp',
  'event',
  'service_check',
] as const;
export const dogstatsdIgnored = [
  'unknown_field',
  'timestamp_of_type',
  'event_field',
  'service_check_field',
] as const;
export const opampOutcomes = ['taken', 'asked_again', 'malformed'] as const;

const dogstatsdBounds = ['series', 'memory', 'windows', 'waiting'] as const;

const signal: AttributeDef = { name: 'signal', values: signals };
const transport: AttributeDef = { name: 'transport', values: transports };
/** Entities and cost come from jobs of their own, and agents are no telemetry. */
const beside = [...entityTables, ...agentTables, ...costTables];
const ownTables = tables.filter((entry) => !beside.includes(entry));
const table: AttributeDef = { name: 'table', values: ownTables.map((entry) => entry.name) };
/** Also what waits for a shard of several, whatever its table. */
const parkedTable: AttributeDef = { ...table, values: [...table.values, 'shard'] };

/** Those whose rows are items. */
export const itemTableNames: readonly string[] = itemTables.map(({ name }) => name);
const itemTable: AttributeDef = { name: 'table', values: itemTableNames };

/** As many as `--workers` allows; only those that run are told. */
const workersMax = 64;
const worker: AttributeDef = {
  name: 'obsctl.gateway.worker',
  values: Array.from({ length: workersMax }, (_, index) => String(index)),
};
const guarded: AttributeDef = { name: 'file', values: ['tls', 'credentials'] };

const secondsBounds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
] as const;

// biome-ignore format: a table reads as a table, one metric a line
const metrics = [
  { name: 'obsctl.gateway.requests', unit: '{request}', kind: 'counter', over: 'sum', attributes: [signal, transport, { name: 'outcome', values: outcomes }], description: 'Requests that reached the lane, by what was answered' },
  { name: 'obsctl.gateway.request.duration', unit: 's', kind: 'histogram', over: 'sum', attributes: [transport], bounds: secondsBounds, description: 'From the headers of a request to its answer' },
  { name: 'obsctl.gateway.request.size', unit: 'By', kind: 'counter', over: 'sum', attributes: [signal, transport], description: 'Bytes of request bodies on the wire' },
  { name: 'obsctl.gateway.request.inflated.size', unit: 'By', kind: 'counter', over: 'sum', attributes: [signal, transport], description: 'Bytes of the same bodies after inflating; equal where senders do not compress' },
  { name: 'obsctl.gateway.refused.requests', unit: '{request}', kind: 'counter', over: 'sum', attributes: [transport, { name: 'reason', values: refusalReasons }], description: 'Requests that were turned away, by reason; most are told to come back' },
  { name: 'obsctl.gateway.resent.requests', unit: '{request}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Requests that came a second time, byte for byte, and were answered as stored without being stored again' },
  { name: 'obsctl.gateway.received.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Spans, data points and log records decoded from requests' },
  { name: 'obsctl.gateway.durable.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Items whose record is synced to disk' },
  { name: 'obsctl.gateway.answered.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Items that were answered OK' },
  { name: 'obsctl.gateway.refused.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Items decoded but refused because the log could not take them; the sender was told to come back' },
  { name: 'obsctl.gateway.rejected.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [signal], description: 'Items that can never be stored, told to the sender in partial_success' },
  { name: 'obsctl.gateway.refused.series', unit: '{series}', kind: 'counter', over: 'sum', attributes: [{ name: 'reason', values: seriesRefusals }], description: 'New series refused because a metric or its tenant has as many as it may, each time that a request brings one; their items count as rejected' },
  { name: 'obsctl.gateway.sampling.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [{ name: 'signal', values: sampledSignals }, { name: 'decision', values: samplingDecisions }], description: 'Answered items by what sampling did: kept as a row, or left out and counted by rollups and by the weight of other rows' },
  { name: 'obsctl.gateway.redaction.values', unit: '{value}', kind: 'counter', over: 'sum', attributes: [{ name: 'action', values: redactionActions }], description: 'Attribute values and log bodies that were changed before they were logged' },
  { name: 'obsctl.gateway.dropped.items', unit: '{item}', kind: 'counter', over: 'sum', attributes: [{ name: 'reason', values: dropReasons }], description: 'Answered items that did not reach ClickHouse and will not by themselves' },
  { name: 'obsctl.gateway.seals', unit: '{seal}', kind: 'counter', over: 'sum', attributes: [], description: 'Seals written' },
  { name: 'obsctl.gateway.sealed.rows', unit: '{row}', kind: 'counter', over: 'sum', attributes: [table], description: 'Rows sealed for ClickHouse' },
  { name: 'obsctl.gateway.acknowledged.rows', unit: '{row}', kind: 'counter', over: 'sum', attributes: [table], description: 'Rows that ClickHouse acknowledged' },
  { name: 'obsctl.gateway.dead_letter.rows', unit: '{row}', kind: 'counter', over: 'sum', attributes: [table], description: 'Rows set aside because ClickHouse refused them for good' },
  { name: 'obsctl.gateway.inserts', unit: '{insert}', kind: 'counter', over: 'sum', attributes: [table, { name: 'outcome', values: insertOutcomes }], description: 'Inserts sent, by what came back' },
  { name: 'obsctl.gateway.insert.duration', unit: 's', kind: 'histogram', over: 'sum', attributes: [], bounds: secondsBounds, description: 'Time from sending an insert to its answer' },
  { name: 'obsctl.gateway.insert.size', unit: 'By', kind: 'counter', over: 'sum', attributes: [], description: 'Bytes of acknowledged Native blocks' },
  { name: 'obsctl.gateway.inserts.active', unit: '{insert}', kind: 'gauge', over: 'sum', attributes: [], description: 'Inserts under way' },
  { name: 'obsctl.gateway.wal.position', unit: 'By', kind: 'gauge', over: 'sum', attributes: [{ name: 'stage', values: stages }], description: 'How far the log is, summed over lanes: acknowledged <= sealed <= durable <= written' },
  { name: 'obsctl.gateway.wal.size', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes of the log on disk' },
  { name: 'obsctl.gateway.wal.limit', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes the log may use before requests are refused' },
  { name: 'obsctl.gateway.lag', unit: 's', kind: 'gauge', over: 'max', attributes: [], description: 'Age of the oldest answered item that ClickHouse has not acknowledged' },
  { name: 'obsctl.gateway.open.rows', unit: '{row}', kind: 'gauge', over: 'sum', attributes: [], description: 'Rows in open blocks, not yet sealed' },
  { name: 'obsctl.gateway.sealed.backlog', unit: '{seal}', kind: 'gauge', over: 'sum', attributes: [], description: 'Seals that ClickHouse has not acknowledged' },
  { name: 'obsctl.gateway.parked.seals', unit: '{seal}', kind: 'gauge', over: 'sum', attributes: [], description: 'Seals of which rows wait for one table that takes none, because a view behind it fails or it is missing' },
  { name: 'obsctl.gateway.parked.lanes', unit: '{lane}', kind: 'gauge', over: 'sum', attributes: [parkedTable], description: 'Lanes whose rows of that table wait because it takes none, and of shards that are away as `shard`; 0 while all is well' },
  { name: 'obsctl.gateway.archive.rows', unit: '{row}', kind: 'counter', over: 'sum', attributes: [itemTable], description: 'Rows in complete files of the archive' },
  { name: 'obsctl.gateway.archive.files', unit: '{file}', kind: 'counter', over: 'sum', attributes: [], description: 'Files of the archive that were completed' },
  { name: 'obsctl.gateway.archive.written', unit: 'By', kind: 'counter', over: 'sum', attributes: [], description: 'Bytes of these files' },
  { name: 'obsctl.gateway.archive.failures', unit: '{failure}', kind: 'counter', over: 'sum', attributes: [], description: 'Times that files could not be written; it is tried again each second, and the log keeps everything' },
  { name: 'obsctl.gateway.archive.size', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes of the archive that are on disk' },
  { name: 'obsctl.gateway.archive.limit', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes the archive may use before the log keeps what comes; 0 without an archive' },
  { name: 'obsctl.gateway.archive.lag', unit: 's', kind: 'gauge', over: 'max', attributes: [], description: 'Age of the oldest answered item that is in no complete file of the archive' },
  { name: 'obsctl.gateway.in_flight.size', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes held by requests that are not yet answered' },
  { name: 'obsctl.gateway.in_flight.limit', unit: 'By', kind: 'gauge', over: 'sum', attributes: [], description: 'Bytes in flight before requests are told to come back' },
  { name: 'obsctl.gateway.connections', unit: '{connection}', kind: 'gauge', over: 'sum', attributes: [transport], description: 'Open connections' },
  { name: 'obsctl.gateway.clickhouse.up', unit: '1', kind: 'gauge', over: 'min', attributes: [], description: '1 while the last insert to ClickHouse did not fail, 0 otherwise' },
  { name: 'obsctl.gateway.ready', unit: '1', kind: 'gauge', over: 'min', attributes: [], description: '1 when requests are accepted, 0 otherwise' },
  { name: 'obsctl.gateway.unready', unit: '1', kind: 'gauge', over: 'max', attributes: [{ name: 'cause', values: unreadyCauses }], description: '1 for each cause why requests are not accepted' },
  { name: 'obsctl.gateway.guard.reloads', unit: '{reload}', kind: 'counter', over: 'sum', attributes: [guarded, { name: 'outcome', values: ['applied', 'refused'] }], description: 'Times that files of the guard had changed, by whether the new ones could be used' },
  { name: 'obsctl.gateway.guard.stale', unit: '1', kind: 'gauge', over: 'max', attributes: [guarded], description: '1 while the files are faulty and what they held before is in force' },
  { name: 'obsctl.gateway.tls.not_after', unit: 's', kind: 'gauge', over: 'max', attributes: [], description: 'When the certificate in force ends, seconds since 1970; 0 without TLS' },
  { name: 'obsctl.gateway.dogstatsd.datagrams', unit: '{datagram}', kind: 'counter', over: 'sum', attributes: [{ name: 'socket', values: dogstatsdSockets }], description: 'DogStatsD datagrams and packets received' },
  { name: 'obsctl.gateway.dogstatsd.logged', unit: '{datagram}', kind: 'counter', over: 'sum', attributes: [], description: 'Of these, the ones that are in the log of raw datagrams' },
  { name: 'obsctl.gateway.dogstatsd.refused', unit: '{datagram}', kind: 'counter', over: 'sum', attributes: [], description: 'Datagrams that the log could not take, or that came faster than it writes: they are lost' },
  { name: 'obsctl.gateway.dogstatsd.kernel.drops', unit: '{datagram}', kind: 'counter', over: 'sum', attributes: [], description: 'Datagrams that the kernel had no room for, where it tells' },
  { name: 'obsctl.gateway.dogstatsd.lines', unit: '{line}', kind: 'counter', over: 'sum', attributes: [{ name: 'kind', values: dogstatsdLines }], description: 'Lines that were taken' },
  { name: 'obsctl.gateway.dogstatsd.faults', unit: '{line}', kind: 'counter', over: 'sum', attributes: [{ name: 'reason', values: dogstatsdFaults }], description: 'Lines that were not, by what is wrong with them' },
  { name: 'obsctl.gateway.dogstatsd.ignored', unit: '{part}', kind: 'counter', over: 'sum', attributes: [{ name: 'part', values: dogstatsdIgnored }], description: 'Parts of lines that were passed over while the line was taken' },
  { name: 'obsctl.gateway.dogstatsd.late', unit: '{value}', kind: 'counter', over: 'sum', attributes: [], description: 'Values whose window was closed: they count in the oldest open one' },
  { name: 'obsctl.gateway.dogstatsd.no_room', unit: '{value}', kind: 'counter', over: 'sum', attributes: [{ name: 'reason', values: dogstatsdBounds }], description: 'Values that were not taken because a bound on memory is reached' },
  { name: 'obsctl.gateway.dogstatsd.wrapper.failures', unit: '{series}', kind: 'counter', over: 'sum', attributes: [], description: 'Series of a window that the wrapper failed at' },
  { name: 'obsctl.gateway.dogstatsd.points', unit: '{point}', kind: 'counter', over: 'sum', attributes: [], description: 'Points that windows became' },
  { name: 'obsctl.gateway.dogstatsd.rejected', unit: '{request}', kind: 'counter', over: 'sum', attributes: [], description: 'Requests of such points that the gateway refused for good; 0 while all is well' },
  { name: 'obsctl.gateway.dogstatsd.series', unit: '{series}', kind: 'gauge', over: 'sum', attributes: [], description: 'Series that are known now' },
  { name: 'obsctl.gateway.opamp.messages', unit: '{message}', kind: 'counter', over: 'sum', attributes: [{ name: 'outcome', values: opampOutcomes }], description: 'Reports of agents by OpAMP: taken; asked_again, because we lack what came before; malformed' },
  { name: 'obsctl.gateway.opamp.agents', unit: '{agent}', kind: 'gauge', over: 'sum', attributes: [], description: 'Agents that reported to this gateway within the last hour' },
  { name: 'obsctl.gateway.opamp.writes', unit: '{write}', kind: 'counter', over: 'sum', attributes: [{ name: 'outcome', values: ['acknowledged', 'failed'] }], description: 'Inserts of what agents reported; one that failed is tried again' },
  { name: 'nodejs.eventloop.delay.p99', unit: 's', kind: 'gauge', over: 'max', untilSet: 'absent', attributes: [worker], description: 'How late the event loop of a worker was, 99th percentile of the last half second, without the period of the sampling' },
  { name: 'process.memory.usage', unit: 'By', kind: 'gauge', over: 'max', attributes: [], description: 'Resident memory of the gateway' },
  { name: 'process.cpu.time', unit: 's', kind: 'counter', over: 'max', attributes: [{ name: 'cpu.mode', values: ['user', 'system'] }], description: 'CPU time of the gateway' },
] as const satisfies readonly MetricDef[];

export type MetricName = (typeof metrics)[number]['name'];

/** The catalog; order is the order of `/metrics`. */
export const catalog: readonly (MetricDef & { readonly name: MetricName })[] = metrics;

/** `service.name` of the gateway's own telemetry, and its instrumentation scope. */
export const gatewayServiceName = 'obsctl-gateway';
export const gatewayScopeName = 'obsctl.gateway';

const unitSuffix: Readonly<Record<string, string>> = { By: '_bytes', s: '_seconds' };

/** As the OpenTelemetry to Prometheus rules spell it: `obsctl_gateway_wal_size_bytes`. */
export function prometheusName(metric: MetricDef): string {
  const base = metric.name.replaceAll('.', '_');
  const suffix = unitSuffix[metric.unit] ?? '';
  return `${base}${suffix}${metric.kind === 'counter' ? '_total' : ''}`;
}

/**
 * Flows, rebuilt from stored rows: `flow_logs`, `flow_seconds` and `flow_minutes`. Reports of one
 * connection may come through different gateways, so they are read where they lie and nothing is
 * remembered. A partition is replaced in one step (`staging.ts`): running again gives the same
 * rows, two gateways may do it at once, and a row cannot be there twice.
 *
 *     log records ─┬─▶ flow_logs      (connection, minute)
 *     points ──────┴─▶ flow_seconds ─▶ flow_minutes
 *
 * Which records these are, and how values are spread over time: `flow-reports.ts`,
 * `flow-seconds.ts`.
 */
import type { Sql } from './client.ts';
import { type FlowOptions, type Rebuilt, rebuild } from './flow-partitions.ts';
import { isFlowPoint } from './flow-points.ts';
import { isReport, minuteSeconds, reportCounts, share, sideMinutes } from './flow-reports.ts';
import { secondsInsert } from './flow-seconds.ts';
import { hourSeconds, inSlice, rebuildSettings, type Slice, within } from './hours.ts';
import { flowKey, flowLogs, flowMinutes, flowSeconds } from './schema/flows.ts';
import { logs } from './schema/logs.ts';
import { sum } from './schema/metrics.ts';
import { storedIn } from './stored.ts';

/** Length of a partition of `flow_seconds`. */
export const windowSeconds = 300;

const seconds: Rebuilt = {
  table: flowSeconds,
  partitionSeconds: windowSeconds,
  fill: secondsInsert,
};

const minutes: Rebuilt = {
  table: flowMinutes,
  partitionSeconds: hourSeconds,
  fill: (target, stored, slice) => minutesInsert(target, stored(flowSeconds.name), slice),
};

const connections: Rebuilt = {
  table: flowLogs,
  partitionSeconds: hourSeconds,
  fill: (target, stored, slice) => logsInsert(target, stored(logs.name), slice),
};

/**
 * Makes the seconds of a time (Unix seconds, whole minutes) again; what else lies in the same
 * partitions is taken over as it is.
 */
export async function rebuildFlowSeconds(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<void> {
  await rebuild(sql, seconds, slice, options);
}

/** Makes connections by minute, and pairs by minute out of their seconds, again. */
export async function rebuildFlowMinutes(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<void> {
  await rebuild(sql, minutes, slice, options);
  await rebuild(sql, connections, slice, options);
}

/** Whether anything of a time reports a flow; asked of indexes, so cheap where nothing does. */
export async function hasFlows(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<boolean> {
  const stored = storedIn(options);
  const [row] = await sql.rows(
    `SELECT 1 FROM (
      SELECT 1 FROM ${stored(logs.name)}
      WHERE ${inSlice('Timestamp', slice)} AND ${isReport} LIMIT 1
      UNION ALL SELECT 1 FROM ${stored(sum.name)}
      WHERE ${inSlice('TimeUnix', slice)} AND ${isFlowPoint} LIMIT 1)
    LIMIT 1 SETTINGS max_threads = 2`,
    options.signal,
  );
  return row !== undefined;
}

/** Minutes of a time that have more reports than were counted; Unix seconds, ascending. */
export async function staleFlowMinutes(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<readonly number[]> {
  const stored = storedIn(options);
  const rows = await sql.rows<{ at: string }>(
    `SELECT toString(minute) AS at FROM (
      SELECT minute, toInt64(reports) AS more FROM (${reportCounts(stored(logs.name), slice)})
      UNION ALL SELECT toUnixTimestamp(Time), -toInt64(sum(Reports))
      FROM ${stored(flowLogs.name)} WHERE ${within(slice)} GROUP BY Time)
    GROUP BY minute HAVING sum(more) > 0 ORDER BY minute
    SETTINGS max_threads = 2`,
    options.signal,
  );
  return rows.map(({ at }) => Number(at));
}

function minutesInsert(target: string, own: string, slice: Slice): string {
  const key = flowKey.join(', ');
  const sums = [
    ...['SourceBytes', 'SourcePackets', 'DestinationBytes', 'DestinationPackets'],
    ...['Opened', 'Closed', 'Reports'],
  ];
  return `
    INSERT INTO ${target} (Time, ${key}, ConcurrentMax, ${sums.join(', ')})
    SELECT toStartOfMinute(Time) AS minute, ${key}, max(ConcurrentMax),
      ${sums.map((name) => `sum(${name})`).join(', ')}
    FROM ${own} WHERE ${within(slice)} GROUP BY minute, ${key} ${rebuildSettings}`;
}

function logsInsert(target: string, records: string, slice: Slice): string {
  const amount = (name: string): string => `sum(${share(name, 'lo', 'hi')})`;
  const at = (ns: string): string => `fromUnixTimestamp64Nano(${ns}, 'UTC')`;
  return `
    INSERT INTO ${target} (Time, Connection, Started, Start, End, Cluster, Protocol,
      SourceAddress, SourcePort, DestinationAddress, DestinationPort, SourceBytes, SourcePackets,
      DestinationBytes, DestinationPackets, CloseReason, SourceNamespace, SourceWorkload,
      SourceZone, DestinationNamespace, DestinationWorkload, DestinationZone, SourcePod,
      SourceNode, DestinationPod, DestinationNode, Tenant, Reports)
    SELECT toDateTime(minute * ${minuteSeconds}, 'UTC'), connection, ${at('min(started)')},
      ${at('min(lo)')}, ${at('max(hi)')}, cluster, protocol, any(sourceAddress),
      any(sourcePort), any(destinationAddress), any(destinationPort),
      ${amount('sourceBytes')}, ${amount('sourcePackets')}, ${amount('destinationBytes')},
      ${amount('destinationPackets')}, maxIf(closeReason, finish = hi),
      any(sourceNamespaceKnown), any(sourceWorkloadKnown), any(sourceZoneKnown),
      any(destinationNamespaceKnown), any(destinationWorkloadKnown), any(destinationZoneKnown),
      any(sourcePodKnown), any(sourceNodeKnown), any(destinationPodKnown),
      any(destinationNodeKnown), tenant, any(heard)
    FROM (${sideMinutes(records, slice)})
    GROUP BY minute, cluster, protocol, connection, tenant ${rebuildSettings}`;
}

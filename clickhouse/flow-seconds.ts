/** Traffic of pairs by second, as SQL: out of reports of connections and of points of counters. */
import { growth } from './flow-points.ts';
import { amountColumns, intervals, nsPerSecond, share, sideMinutes } from './flow-reports.ts';
import { rebuildSettings, type Slice } from './hours.ts';
import { flowKey } from './schema/flows.ts';
import { logs } from './schema/logs.ts';
import { sum } from './schema/metrics.ts';
import type { Stored } from './stored.ts';

const columns = [
  'Time',
  ...flowKey,
  ...['SourceBytes', 'SourcePackets', 'DestinationBytes', 'DestinationPackets'],
  ...['Opened', 'Closed', 'ConcurrentMax', 'Reports'],
].join(', ');

const pair = [
  ...['cluster', 'protocol', 'sourceNamespace', 'sourceWorkload', 'sourceZone'],
  ...['destinationNamespace', 'destinationWorkload', 'destinationZone'],
  ...['sourceUnnamed', 'destinationUnnamed', 'destinationPort', 'tenant'],
].join(', ');

/** Inserts the seconds of a slice of whole minutes. */
export function secondsInsert(target: string, stored: Stored, slice: Slice): string {
  return `
    INSERT INTO ${target} (${columns})
    SELECT toDateTime(second, 'UTC'), ${pair},
      ${amountColumns.map((amount) => `sum(${amount}Sum)`).join(', ')},
      sum(opened), sum(closed), ${concurrentMax}, sum(reports)
    FROM (
      ${ofConnections(stored(logs.name), slice)}
      UNION ALL
      ${ofPoints(stored(sum.name), slice)}
    )
    GROUP BY second, ${pair} ${rebuildSettings}`;
}

/**
 * A sweep over begins and ends; what ends at an instant has ended before what begins then. A
 * connection is never beside itself: in a second it is open from first to last.
 */
const concurrentMax = `arrayMax(arrayCumSum(step -> step.2,
        arraySort(groupArrayArray(steps))))`;

/** One row a connection and second: what it adds, and when it is open. */
function ofConnections(records: string, slice: Slice): string {
  return `SELECT second, ${pair},
        ${amountColumns.map((amount) => `sum(${amount}Part) AS ${amount}Sum`).join(', ')},
        max(opens) AS opened, max(closes) AS closed, count() AS reports,
        [(min(since), toInt8(1)), (max(until), toInt8(-1))] AS steps
      FROM (${ofReports(records, slice)})
      GROUP BY second, ${pair}, connection`;
}

/** One row a point and second; of its connections nothing is known. */
function ofPoints(points: string, slice: Slice): string {
  const [from, to] = [slice.from, slice.to].map((at) => `${at * nsPerSecond}`);
  const within = intervals(`greatest(begun, ${from})`, `least(finish, ${to})`, nsPerSecond);
  const part = (amount: string): string => `${share(amount, 'since', 'until')} AS ${amount}Sum`;
  return `SELECT second, ${pair},
        ${amountColumns.map(part).join(',\n        ')},
        0 AS opened, 0 AS closed, 1 AS reports,
        CAST([], 'Array(Tuple(Int64, Int8))') AS steps
      FROM (
        SELECT *, arrayJoin(${within}) AS second,
          greatest(begun, second * ${nsPerSecond}) AS since,
          least(finish, (second + 1) * ${nsPerSecond}) AS until,
          if(sourceWorkload = '', sourceAddress, '') AS sourceUnnamed,
          if(destinationWorkload = '', destinationAddress, '') AS destinationUnnamed
        FROM (${growth(points, slice)})
      )`;
}

function ofReports(records: string, slice: Slice): string {
  const part = (amount: string): string => `${share(amount, 'since', 'until')} AS ${amount}Part`;
  return `
    SELECT second, since, until, connection, cluster, protocol, tenant, destinationPort,
      sourceNamespaceKnown AS sourceNamespace, sourceWorkloadKnown AS sourceWorkload,
      sourceZoneKnown AS sourceZone, destinationNamespaceKnown AS destinationNamespace,
      destinationWorkloadKnown AS destinationWorkload, destinationZoneKnown AS destinationZone,
      if(sourceWorkload = '', sourceAddress, '') AS sourceUnnamed,
      if(destinationWorkload = '', destinationAddress, '') AS destinationUnnamed,
      ${amountColumns.map(part).join(',\n      ')},
      isFirst AND begun = since AS opens, closeReason != '' AND finish = until AS closes
    FROM (
      SELECT *, arrayJoin(${intervals('lo', 'hi', nsPerSecond)}) AS second,
        greatest(lo, second * ${nsPerSecond}) AS since,
        least(hi, (second + 1) * ${nsPerSecond}) AS until
      FROM (${sideMinutes(records, slice)})
    )`;
}

/** Traffic of pairs by second, as SQL: out of reports of connections and of points of counters. */
import { amountColumns, intervals, nsPerSecond, share, sideMinutes } from './flow-reports.ts';
import { rebuildSettings, type Slice } from './hours.ts';
import { flowKey } from './schema/flows.ts';
import { logs } from './schema/logs.ts';
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
      SELECT second, ${pair}, ${amountColumns.map((amount) => `sum(${amount}Part) AS ${amount}Sum`)},
        max(opens) AS opened, max(closes) AS closed, count() AS reports,
        [(min(since), toInt8(1)), (max(until), toInt8(-1))] AS steps
      FROM (${ofReports(stored(logs.name), slice)})
      GROUP BY second, ${pair}, connection
    )
    GROUP BY second, ${pair} ${rebuildSettings}`;
}

/**
 * A sweep over begins and ends; what ends at an instant has ended before what begins then. A
 * connection is never beside itself: in a second it is open from first to last.
 */
const concurrentMax = `arrayMax(arrayCumSum(step -> step.2,
        arraySort(groupArrayArray(steps))))`;

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
        greatest(lo, second * ${nsPerSecond}) AS since, least(hi, (second + 1) * ${nsPerSecond}) AS until
      FROM (${sideMinutes(records, slice)})
    )`;
}

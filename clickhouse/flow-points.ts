/**
 * Points of the counters that an eBPF agent (OBI, or Beyla before it) keeps of traffic, as SQL:
 * what each grew by since the point before it, over the time between the two. They know sides and
 * bytes, and nothing of connections.
 *
 * A cumulative point counts from the one before it of its series, or from its own start when that
 * is later, or when the value fell. The first one of a series counts when its start is at most
 * `pointSecondsMax` ago: what it had counted long before cannot be told from what is new.
 */
import { nsPerSecond } from './flow-reports.ts';
import { inSlice, type Slice } from './hours.ts';

/** A point of a longer time counts in its last so many seconds. */
const pointSecondsMax = 900;
const nsMax = `${pointSecondsMax * nsPerSecond}`;

const bytes = ['obi.network.flow.bytes', 'beyla.network.flow.bytes'];
const packets = ['obi.network.flow.packets', 'beyla.network.flow.packets'];
const list = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Rows of the table of sums that count traffic. */
export const isFlowPoint = `MetricName IN (${list([...bytes, ...packets])})`;

/** Points that may tell of a time. */
function pointsOf({ from, to }: Slice): Slice {
  return { from: from - pointSecondsMax, to: to + pointSecondsMax };
}

const exact = "if(ValueType = 'Int', ValueInt, toInt64(round(Value)))";

/** Both ends as the agent names them; in an answer the source is the one that was asked. */
const ends: Readonly<Record<string, string>> = {
  Namespace: 'k8s.SIDE.namespace',
  Workload: 'k8s.SIDE.owner.name',
  Zone: 'SIDE.zone',
  Address: 'SIDE.address',
};

function end(name: string, column: string): string {
  const of = (side: string): string =>
    `Attributes['${(ends[column] ?? '').replace('SIDE', side)}']`;
  const [asks, asked] = name === 'source' ? ['src', 'dst'] : ['dst', 'src'];
  return `if(isAnswer, ${of(asked)}, ${of(asks)}) AS ${name}${column}`;
}

/**
 * One row a point that grew: `begun` until before `finish` (nanoseconds since 1970), both sides,
 * and by how much: `sourceBytes`, `sourcePackets`, `destinationBytes`, `destinationPackets`.
 */
export function growth(points: string, slice: Slice): string {
  const grown = (isAnswer: string, names: readonly string[]): string =>
    `if(${isAnswer} AND metric IN (${list(names)}), toUInt64(grew), 0)`;
  const isCumulative = 'AggregationTemporality = 2';
  return `
    SELECT *, ${grown('NOT isAnswer', bytes)} AS sourceBytes,
      ${grown('NOT isAnswer', packets)} AS sourcePackets,
      ${grown('isAnswer', bytes)} AS destinationBytes,
      ${grown('isAnswer', packets)} AS destinationPackets
    FROM (
      SELECT *,
        place > 1 AND at - before <= ${nsMax} AS follows,
        multiIf(temporality != 2, value,
          follows AND opened <= before AND value >= valueBefore, value - valueBefore,
          follows OR (opened > 0 AND at - opened <= ${nsMax}), value, 0) AS grew,
        multiIf(temporality != 2, if(opened = 0, at, opened),
          follows, greatest(before, opened), opened) AS grewSince,
        least(greatest(grewSince, at - ${nsMax}), at) AS begun,
        greatest(at, begun + 1) AS finish
      FROM (
        SELECT *, lagInFrame(at) OVER w AS before, lagInFrame(value) OVER w AS valueBefore,
          row_number() OVER w AS place
        FROM (
          SELECT Tenant AS tenant, MetricName AS metric, AggregationTemporality AS temporality,
            cityHash64(Tenant, ServiceName, MetricName, ScopeName, ResourceAttributes, Attributes,
              ${isCumulative}) AS series,
            toUnixTimestamp64Nano(TimeUnix) AS at, ${exact} AS value,
            toUnixTimestamp64Nano(StartTimeUnix) AS opened,
            Attributes['direction'] = 'response' AS isAnswer,
            coalesce(nullIf(Attributes['k8s.cluster.name'], ''),
              ResourceAttributes['k8s.cluster.name']) AS cluster,
            lower(coalesce(nullIf(Attributes['transport'], ''),
              Attributes['network.transport'])) AS protocol,
            toUInt16OrZero(if(isAnswer, Attributes['src.port'], Attributes['dst.port']))
              AS destinationPort,
            ${['source', 'destination']
              .flatMap((name) => Object.keys(ends).map((column) => end(name, column)))
              .join(',\n            ')}
          FROM ${points}
          WHERE ${isFlowPoint} AND ${inSlice('TimeUnix', pointsOf(slice))}
            AND bitAnd(Flags, 1) = 0
          LIMIT 1 BY series, at
        )
        WINDOW w AS (PARTITION BY series ORDER BY at)
      )
    )
    WHERE grew > 0 AND begun < ${slice.to * nsPerSecond} AND finish > ${slice.from * nsPerSecond}`;
}

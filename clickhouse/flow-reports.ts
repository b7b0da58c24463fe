/**
 * Log records that report a flow, as SQL: which they are, what they say, and one row for each
 * minute that they tell of. The guide `docs/guide/flows.md` is the same in words.
 *
 *     log records ─▶ reports (each once) ─▶ a row a minute ─▶ one side of a connection ─▶ rollups
 *
 * Every value of a part is the difference of two cumulative floors, so parts add up to the whole
 * exactly, whichever way time is cut.
 */
import { inSlice, type Slice } from './hours.ts';

export const nsPerSecond = 1_000_000_000;
export const minuteSeconds = 60;
const nsPerMinute = minuteSeconds * nsPerSecond;

/** A report of a longer time is taken for one of its last hour. */
const reportSecondsMax = 3600;
/** How far before and after its record's time a report may end; beyond, it ends there. */
const endEarlySeconds = 600;
const endLateSeconds = 120;

const transports = ['tcp', 'udp', 'quic', 'sctp', 'icmp', 'icmp6', 'unix'];
const transportList = [...transports, ...transports.map((name) => name.toUpperCase())]
  .map((name) => `'${name}'`)
  .join(', ');

type Names = readonly string[];

const first = (names: Names): string =>
  `coalesce(${names.map((name) => `nullIf(LogAttributes['${name}'], '')`).join(', ')}, '')`;

/** Column of a report, and the attributes that say it, in order of preference. */
const tagNames: Readonly<Record<string, Names>> = {
  sourceNamespace: ['source.k8s.namespace.name', 'k8s.src.namespace'],
  sourceWorkload: ['source.k8s.workload.name', 'k8s.src.owner.name'],
  sourceZone: ['source.zone', 'src.zone'],
  destinationNamespace: ['destination.k8s.namespace.name', 'k8s.dst.namespace'],
  destinationWorkload: ['destination.k8s.workload.name', 'k8s.dst.owner.name'],
  destinationZone: ['destination.zone', 'dst.zone'],
  sourcePod: ['source.k8s.pod.name', 'k8s.src.name'],
  sourceNode: ['source.k8s.node.name', 'k8s.src.node.name'],
  destinationPod: ['destination.k8s.pod.name', 'k8s.dst.name'],
  destinationNode: ['destination.k8s.node.name', 'k8s.dst.node.name'],
};

const tags = Object.keys(tagNames);

const amounts = {
  sourceBytes: 'source.bytes',
  sourcePackets: 'source.packets',
  destinationBytes: 'destination.bytes',
  destinationPackets: 'destination.packets',
} as const;

export const amountColumns = Object.keys(amounts);

/** Rows of the log table that report a flow; the list of values is what its index knows. */
export const isReport = `hasAny(mapValues(LogAttributes), [${transportList}])
      AND LogAttributes['network.transport'] IN (${transportList})
      AND LogAttributes['source.address'] != '' AND LogAttributes['destination.address'] != ''
      AND (LogAttributes['source.bytes'] != '' OR LogAttributes['destination.bytes'] != '')`;

/** Records that may tell of a time. */
function recordsOf({ from, to }: Slice): Slice {
  return { from: from - endLateSeconds, to: to + reportSecondsMax + endEarlySeconds };
}

/** Nanoseconds of an attribute, as a number of them or as RFC 3339; 0 when it says neither. */
function moment(name: string): string {
  const value = `LogAttributes['${name}']`;
  return `if(match(${value}, '^[0-9]{1,19}$'), toInt64OrZero(${value}),
        toUnixTimestamp64Nano(parseDateTime64BestEffortOrZero(${value}, 9, 'UTC')))`;
}

const seconds = (count: number): string => `${count * nsPerSecond}`;

/**
 * One row a report: `begun` until before `finish`, `started` (of its connection), `isFirst`,
 * `connection`, `side` (1: reported by the destination), who and how much. Nanoseconds since 1970.
 */
function reports(logs: string, slice: Slice): string {
  return `
    SELECT Tenant AS tenant, ResourceAttributes['k8s.cluster.name'] AS cluster,
      lower(LogAttributes['network.transport']) AS protocol,
      LogAttributes['source.address'] AS sourceAddress,
      toUInt16OrZero(LogAttributes['source.port']) AS sourcePort,
      LogAttributes['destination.address'] AS destinationAddress,
      toUInt16OrZero(LogAttributes['destination.port']) AS destinationPort,
      toUnixTimestamp64Nano(Timestamp) AS at,
      ${moment('flow.end')} AS saidEnd,
      ${moment('flow.start')} AS saidStart,
      ${moment('flow.connection.start')} AS saidOpened,
      if(saidEnd = 0, at, least(greatest(saidEnd, at - ${seconds(endEarlySeconds)}),
        at + ${seconds(endLateSeconds)})) AS ended,
      if(saidStart = 0, ended,
        least(greatest(saidStart, ended - ${seconds(reportSecondsMax)}), ended)) AS begun,
      greatest(ended, begun + 1) AS finish,
      multiIf(saidOpened != 0, saidOpened, saidStart != 0, saidStart, ended) AS started,
      started = begun AS isFirst,
      LogAttributes['flow.close_reason'] AS closeReason,
      LogAttributes['network.io.direction'] = 'receive' AS side,
      coalesce(nullIf(LogAttributes['flow.id'], ''), lower(hex(cityHash64(protocol,
        sourceAddress, sourcePort, destinationAddress, destinationPort, started)))) AS connection,
      ${tags.map((tag) => `${first(tagNames[tag] ?? [])} AS ${tag}`).join(',\n      ')},
      ${Object.entries(amounts)
        .map(([column, name]) => `toUInt64OrZero(LogAttributes['${name}']) AS ${column}`)
        .join(',\n      ')}
    FROM ${logs}
    WHERE ${inSlice('Timestamp', recordsOf(slice))} AND ${isReport}
    LIMIT 1 BY Timestamp, Tenant, cityHash64(LogAttributes), cityHash64(ResourceAttributes)`;
}

/** Each report once for every minute of the slice that it tells of: `minute`, since 1970. */
function reportMinutes(logs: string, slice: Slice): string {
  const [from, to] = [slice.from, slice.to].map(seconds);
  const minutes = intervals(`greatest(begun, ${from})`, `least(finish, ${to})`, nsPerMinute);
  return `
    SELECT *, arrayJoin(${minutes}) AS minute FROM (${reports(logs, slice)})
    WHERE begun < ${to} AND finish > ${from}`;
}

/** How many reports there are of each minute (Unix seconds): `minute`, `reports`. */
export function reportCounts(logs: string, slice: Slice): string {
  return `SELECT minute * ${minuteSeconds} AS minute, count() AS reports
    FROM (${reportMinutes(logs, slice)}) GROUP BY minute`;
}

/**
 * The same, of one side where both report a connection, with what either knows of both: `lo` until
 * before `hi` is the part in the minute, `heard` counts reports of either side.
 */
export function sideMinutes(logs: string, slice: Slice): string {
  const known = tags.map((tag) => `max(${tag}) OVER w AS ${tag}Known`);
  return `
    SELECT *, greatest(begun, minute * ${nsPerMinute}) AS lo,
      least(finish, (minute + 1) * ${nsPerMinute}) AS hi
    FROM (
      SELECT *, min(side) OVER w AS ownSide, count() OVER w AS heard,
        ${known.join(', ')}
      FROM (${reportMinutes(logs, slice)})
      WINDOW w AS (PARTITION BY tenant, cluster, protocol, connection, minute)
    )
    WHERE side = ownSide`;
}

/** Numbers of the intervals that the time from `lo` until before `hi` touches. */
export function intervals(lo: string, hi: string, lengthNs: number): string {
  const number = (at: string): string => `toInt64(intDiv(${at}, ${lengthNs}))`;
  return `range(${number(lo)}, ${number(`${hi} - 1`)} + 1)`;
}

/** What of a value over `begun` until `finish` lies from `lo` until before `hi`. */
export function share(value: string, lo: string, hi: string): string {
  const until = (at: string): string =>
    `intDiv(toUInt128(${value}) * toUInt128(${at} - begun), toUInt128(finish - begun))`;
  return `toUInt64(${until(hi)} - ${until(lo)})`;
}

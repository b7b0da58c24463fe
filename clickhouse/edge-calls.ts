/**
 * The join behind the service map, as SQL: one row a call and callee. Attribute names are those of
 * the semantic conventions, the stable ones first and the ones they replaced after them.
 */
import { instrumentations, isEbpf } from './instrumentation.ts';
import { latencyBucketsPerDoubling } from './schema/ours.ts';

/** How far the clock of the one who answers may be behind. */
const answerEarlySeconds = 120;
/** How long after the call an answer may begin: a message may lie in its queue. */
const answerLateSeconds = 600;

const first = (names: readonly string[]): string =>
  `coalesce(${names.map((name) => `nullIf(SpanAttributes['${name}'], '')`).join(', ')}, '')`;

/** Attributes that tell what a call goes to, in order of preference. */
const peerAttributes = {
  databaseSystem: ['db.system.name', 'db.system'],
  databaseName: ['db.namespace', 'db.name'],
  messagingSystem: ['messaging.system', 'messaging.system.name'],
  destination: [
    'messaging.destination.template',
    'messaging.destination.name',
    'messaging.destination',
  ],
  service: ['server.service.name', 'peer.service'],
  host: [
    'server.address',
    'net.peer.name',
    'net.sock.peer.name',
    'http.host',
    'network.peer.address',
    'net.peer.ip',
    'net.sock.peer.addr',
  ],
  port: ['server.port', 'net.peer.port', 'network.peer.port', 'net.sock.peer.port'],
  url: ['url.full', 'http.url'],
} as const;

/** `http.host` may have the port in it. */
const host = `replaceRegexpOne(coalesce(nullIf(${first(peerAttributes.host)}, ''),
        domain(${first(peerAttributes.url)})), '^([^:]+):[0-9]+$', '\\\\1')`;

/** Numbers and this machine say nothing without a port. */
const isNumeric = "match(host, '^[0-9.]+$|:|^localhost$')";

/** What a call goes to; named in lower case, so that no column of the table is hidden. */
const peerColumns = `
      ${first(peerAttributes.databaseSystem)} AS database,
      ${first(peerAttributes.messagingSystem)} AS messaging,
      ${host} AS host,
      ${first(peerAttributes.port)} AS port,
      if(host = '', '', concat(host, if(port = '', '', ':'), port)) AS target,
      multiIf(
        database != '', ('database', trim(concat(database, ' ',
          coalesce(nullIf(${first(peerAttributes.databaseName)}, ''), host)))),
        messaging != '', ('queue', trim(concat(messaging, ' ',
          ${first(peerAttributes.destination)}))),
        ('external', coalesce(nullIf(${first(peerAttributes.service)}, ''),
          if(${isNumeric}, target, host)))) AS peer,
      multiIf(peer.1 = 'external', target, peer.1 = 'queue', peer.2, '') AS peerAddress`;

type Slice = {
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
  /** Whether to tell who saw a call: reads the resource of each, so only where it matters. */
  readonly isWitnessAsked: boolean;
};

const between = (from: number, to: number): string =>
  `Timestamp >= toDateTime64(${from}, 9, 'UTC') AND Timestamp < toDateTime64(${to}, 9, 'UTC')`;

/**
 * Calls that begin in the slice (Unix seconds): minute, caller, callee (kind, name), address,
 * Tenant, weight, failed, duration, bucket, and
 * by whom it was seen. A call that two services answered is two rows.
 */
export function callSlice(spans: string, slice: Slice): string {
  return `
    SELECT toStartOfMinute(toDateTime(begun)) AS minute, caller, Tenant, address, duration,
      if(byEbpf, '${instrumentations[1]}', '') AS instrumentation,
      arrayFilter(answer -> answer.2 >= begun - toIntervalSecond(${answerEarlySeconds})
        AND answer.2 <= begun + toIntervalSecond(${answerLateSeconds}), answers) AS heard,
      arrayJoin(if(empty(heard), [callPeer], arrayDistinct(
        arrayMap(answer -> ('service', answer.1), heard)))) AS callee,
      arrayFilter(answer -> answer.1 = callee.2, heard) AS own,
      greatest(callWeight, arrayMax(arrayMap(answer -> answer.4, own))) AS weight,
      callFailed OR arrayExists(answer -> answer.3, own) AS failed,
      toUInt16(floor(log2(greatest(duration, 1)) * ${latencyBucketsPerDoubling})) AS bucket
    FROM (${groupedSpans(spans, slice)})
    WHERE callee.2 != '' OR callee.1 = 'service'`;
}

/** Both ends of each call, brought together by what they share; spans stored twice become one. */
function groupedSpans(spans: string, { from, to, isWitnessAsked }: Slice): string {
  const witness = isWitnessAsked ? isEbpf : 'false';
  return `
    SELECT TraceId, id, Tenant, minIf(at, isCall) AS begun, minIf(service, isCall) AS caller,
      maxIf(took, isCall) AS duration, maxIf(bad, isCall) AS callFailed,
      maxIf(stands, isCall) AS callWeight, maxIf(peer, isCall) AS callPeer,
      maxIf(peerAddress, isCall) AS address, max(witness) AS byEbpf,
      groupUniqArrayIf((service, at, bad, stands), NOT isCall) AS answers
    FROM (
      SELECT true AS isCall, TraceId, SpanId AS id, Tenant, Timestamp AS at,
        toString(ServiceName) AS service, Duration AS took, StatusCode = 'Error' AS bad,
        SamplingWeight AS stands, peer, peerAddress, ${witness} AS witness
      FROM (
        SELECT *, ${peerColumns} FROM ${spans}
        WHERE SpanKind IN ('Client', 'Producer') AND ${between(from, to)}
      )
      UNION ALL
      SELECT false, TraceId, ParentSpanId, Tenant, Timestamp, toString(ServiceName), 0,
        StatusCode = 'Error', SamplingWeight, ('', ''), '', false
      FROM ${spans}
      WHERE SpanKind IN ('Server', 'Consumer') AND ParentSpanId != ''
        AND ${between(from - answerEarlySeconds, to + answerLateSeconds)}
    )
    GROUP BY TraceId, id, Tenant HAVING max(isCall)`;
}

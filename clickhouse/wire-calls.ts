/**
 * `l7_calls`: requests and responses that were reported as log records of their own, brought
 * together from stored rows. Both carry the same `network.request.id` on the same connection, or
 * belong to the same span. They may arrive in any order and through different gateways.
 *
 * A request takes the first response from its time on, before the next request of the same id and
 * at most `apartSecondsMax` later; the first request of an id also one from before it, by a clock
 * that is behind. Whatever is left alone is a row of its own and says so.
 */
import type { Sql } from './client.ts';
import { type FlowOptions, rebuild } from './flow-partitions.ts';
import { nsPerSecond } from './flow-reports.ts';
import { hourSeconds, inSlice, rebuildSettings, type Slice } from './hours.ts';
import { wireCalls } from './schema/flows.ts';
import { logs } from './schema/logs.ts';
import { storedIn } from './stored.ts';

/** How far apart a request and its response may be. */
const apartSecondsMax = 120;
const nsMax = `${apartSecondsMax * nsPerSecond}`;

const isEvent = "EventName IN ('network.request', 'network.response')";

/** Makes the calls that begin in a time (Unix seconds, whole minutes) again. */
export async function rebuildWireCalls(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<void> {
  const made = {
    table: wireCalls,
    partitionSeconds: hourSeconds,
    fill: callsInsert,
  };
  await rebuild(
    sql,
    { ...made, fill: (target, stored, part) => made.fill(target, stored(logs.name), part) },
    slice,
    options,
  );
}

/** Whether a time has any request or response that was reported. */
export async function hasWireCalls(
  sql: Sql,
  slice: Slice,
  options: FlowOptions = {},
): Promise<boolean> {
  const [row] = await sql.rows(
    `SELECT 1 FROM ${storedIn(options)(logs.name)}
      WHERE ${inSlice('Timestamp', slice)} AND ${isEvent} LIMIT 1`,
    options.signal,
  );
  return row !== undefined;
}

/** Of either record, the request's before the response's. */
const either = (name: string): string => `coalesce(nullIf(asked.attributes['${name}'], ''),
        nullIf(answered.attributes['${name}'], ''), '')`;

const first = (names: readonly string[]): string =>
  `coalesce(${names.map((name) => `nullIf(${either(name)}, '')`).join(', ')}, '')`;

const statuses = [
  ...['http.response.status_code', 'rpc.response.status_code', 'rpc.grpc.status_code'],
  'db.response.status_code',
];
const resources = [
  ...['http.route', 'url.path', 'rpc.service', 'db.collection.name', 'dns.question.name'],
  'messaging.destination.name',
];
const methods = [
  ...['http.request.method', 'rpc.method', 'db.operation.name', 'messaging.operation.name'],
];

function callsInsert(target: string, records: string, slice: Slice): string {
  const [from, to] = [slice.from, slice.to].map((at) => `${at * nsPerSecond}`);
  return `
    INSERT INTO ${target} (Time, State, Duration, Cluster, ServiceName, Protocol, Method,
      Resource, Status, ErrorType, SourceAddress, SourcePort, DestinationAddress,
      DestinationPort, RequestId, TraceId, SpanId, Tenant)
    SELECT fromUnixTimestamp64Nano(at, 'UTC'),
      multiIf(answered.at = 0, 'request_only', asked.at = 0, 'response_only', 'paired') AS state,
      if(state = 'paired', toUInt64(greatest(answered.at - asked.at, 0)), 0), cluster,
      if(asked.service = '', answered.service, asked.service),
      ${either('network.protocol.name')}, ${first(methods)}, ${first(resources)},
      ${first(statuses)}, ${either('error.type')}, ${either('source.address')},
      toUInt16OrZero(${either('source.port')}), ${either('destination.address')},
      toUInt16OrZero(${either('destination.port')}), ${either('network.request.id')},
      if(asked.trace = '', answered.trace, asked.trace),
      if(asked.span = '', answered.span, asked.span), tenant
    FROM (
      SELECT tenant, cluster, call.1 AS asked, call.2 AS answered,
        if(asked.at = 0, answered.at, asked.at) AS at
      FROM (${paired(records, slice)})
      WHERE at >= ${from} AND at < ${to}
    ) ${rebuildSettings}`;
}

/** One row a call: `call`, request and response, of which one may be empty. */
function paired(records: string, slice: Slice): string {
  return `
    SELECT tenant, cluster,
      arraySort(one -> one.1, groupArrayIf(event, isRequest)) AS requests,
      arraySort(one -> one.1, groupArrayIf(event, NOT isRequest)) AS responses,
      arrayMap((one, place) -> (
        arrayFirstIndex(other -> other.1 >= one.1 AND other.1 - one.1 <= ${nsMax}
          AND (place = length(requests) OR other.1 < requests[place + 1].1), responses) AS after,
        if(after = 0 AND place = 1,
          arrayLastIndex(other -> other.1 < one.1 AND one.1 - other.1 <= ${nsMax}, responses),
          after)).2, requests, arrayEnumerate(requests)) AS places,
      arrayConcat(
        arrayMap((one, place) -> (one, responses[place]), requests, places),
        arrayMap(one -> (requests[length(requests) + 1], one),
          arrayFilter((one, place) -> NOT has(places, place), responses,
            arrayEnumerate(responses)))) AS calls,
      arrayJoin(calls) AS call
    FROM (${events(records, slice)})
    GROUP BY tenant, cluster, key`;
}

/** Requests and responses, each once, with what those of one call have in common. */
function events(records: string, { from, to }: Slice): string {
  const read = { from: from - 2 * apartSecondsMax, to: to + 2 * apartSecondsMax };
  const connection = ['source.address', 'source.port', 'destination.address', 'destination.port']
    .map((name) => `LogAttributes['${name}']`)
    .join(', ');
  return `
    SELECT Tenant AS tenant, ResourceAttributes['k8s.cluster.name'] AS cluster,
      EventName = 'network.request' AS isRequest,
      multiIf(LogAttributes['network.request.id'] != '',
          cityHash64('id', LogAttributes['network.request.id'], ${connection}),
        SpanId != '', cityHash64('span', TraceId, SpanId),
        cityHash64('none', Timestamp, EventName, LogAttributes)) AS key,
      CAST(
        (toUnixTimestamp64Nano(Timestamp), LogAttributes, toString(ServiceName), TraceId, SpanId),
        'Tuple(at Int64, attributes Map(LowCardinality(String), String), service String,
          trace String, span String)') AS event
    FROM ${records}
    WHERE ${inSlice('Timestamp', read)} AND ${isEvent}
    LIMIT 1 BY Timestamp, Tenant, EventName, TraceId, SpanId, cityHash64(LogAttributes),
      cityHash64(ResourceAttributes)`;
}

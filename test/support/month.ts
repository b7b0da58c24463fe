/**
 * Thirty days of a shop, made inside the engine by arithmetic over row numbers, so that what a
 * question costs over a month can be measured: spans of six hops a trace, log records, points.
 */
import type { Sql } from '../../clickhouse/client.ts';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { rebuildDayRollup, rebuildHourRollup } from '../../clickhouse/rollups.ts';
import { collectorViews, createView } from '../../clickhouse/views.ts';

export const monthDays = 30;
const keptDays = 40;
const database = 'otel';
const hourMs = 3_600_000;
const edgeHours = 168;

export type MonthRows = {
  readonly spansADay: number;
  readonly logsADay: number;
  readonly pointsADay: number;
};

type Hop = readonly [service: string, name: string, kind: string, ms: number];

const hops: readonly Hop[] = [
  ['storefront', 'POST /checkout/{user}', 'Server', 60],
  ['storefront', 'POST', 'Client', 50],
  ['checkout', 'POST /orders/{user}', 'Server', 45],
  ['cart', 'GET /carts/{user}', 'Server', 4],
  ['payment', 'POST /charges', 'Server', 25],
  ['orders', 'orders process', 'Consumer', 12],
];
/** Counted from 1, as arrays are in SQL; 0 is no parent. */
const parents = [0, 1, 2, 3, 3, 3];

/** Migrates the database `otel` and fills the thirty days before now; reports each day. */
export async function fillMonth(
  sql: Sql,
  rows: MonthRows,
  report: (day: number) => void,
): Promise<void> {
  const retentionDays = { traces: keptDays, logs: keptDays, metrics: keptDays };
  await migrate(sql, { database, retentionDays });
  // Rates and ranges come from the spans, as they do with a stock Collector.
  for (const view of collectorViews) await sql.run(createView(view, database));
  for (let day = 0; day < monthDays; day += 1) {
    await sql.run(spansInsert(day, rows.spansADay));
    await sql.run(logsInsert(day, rows.logsADay));
    await sql.run(gaugesInsert(day, rows.pointsADay));
    await sql.run(sumsInsert(day, rows.pointsADay));
    await sql.run(histogramsInsert(day, Math.ceil(rows.pointsADay / 10)));
    report(day + 1);
  }
  await rollUp(sql);
}

/** What a gateway does as time goes by: hours and days of rates, and the last week's edges. */
async function rollUp(sql: Sql): Promise<void> {
  const options = { database };
  const nowMs = Date.now();
  for (let day = monthDays; day >= 0; day -= 1) {
    const date = new Date(nowMs - day * 24 * hourMs).toISOString().slice(0, 10);
    await rebuildHourRollup(sql, date, { ...options, until: nowMs / 1000 });
    await rebuildDayRollup(sql, date, { ...options, until: nowMs / 1000 });
  }
  const lastHour = Math.floor(nowMs / hourMs);
  for (let hour = lastHour - edgeHours; hour <= lastHour; hour += 1) {
    await rebuildEdges(sql, { hour: hour * 3600, fromMinute: 0 }, options);
  }
}

const list = (values: readonly (string | number)[]): string =>
  `[${values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(', ')}]`;

const column = (index: 0 | 1 | 2 | 3): string => `${list(hops.map((hop) => hop[index]))}[hop + 1]`;

/** The time of row `at` of `count` that a day has, as nanoseconds in a DateTime64(9). */
function timeOf(day: number, at: string, count: number): string {
  const nanoseconds = `toIntervalNanosecond(intDiv(${at} * 86400000000000, ${count}))`;
  return `now64(9) - INTERVAL ${monthDays - day} DAY + ${nanoseconds}`;
}

function spansInsert(day: number, count: number): string {
  const traces = Math.ceil(count / hops.length);
  const idOf = (hop: string): string =>
    `leftPad(lower(hex(sipHash64(${day}, trace, ${hop}))), 16, '0')`;
  return `INSERT INTO ${database}.otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName,
      SpanKind, ServiceName, ResourceAttributes, SpanAttributes, Duration, StatusCode,
      StatusMessage, SamplingWeight, Seal)
    SELECT ${timeOf(day, 'trace', traces)} + toIntervalMillisecond(3 * hop),
      lower(hex(MD5(concat('${day}-', toString(trace))))), ${idOf('hop + 1')},
      if(parent = 0, '', ${idOf('parent')}), ${column(1)}, ${column(2)}, ${column(0)} AS service,
      map('service.name', service, 'host.name', concat('host-', toString(random % 40)),
        'k8s.namespace.name', 'shop', 'service.version', '1.4.2'),
      map('http.route', ${column(1)}, 'user.id', toString(random % 50000),
        'http.response.status_code', if(fails, '500', '200')),
      toUInt64(${column(3)} * 1e6 * (0.5 + (random % 1000) / 1000 + if(random % 97 = 0, 6, 0))),
      if(fails, 'Error', 'Unset'), if(fails AND hop = 4, 'card declined', ''), 1, ${day + 1}
    FROM (
      SELECT intDiv(number, ${hops.length}) AS trace, number % ${hops.length} AS hop,
        ${list(parents)}[hop + 1] AS parent, sipHash64(${day}, number) AS random,
        sipHash64(${day}, trace) % 200 = 0 AND hop IN (0, 1, 2, 4) AS fails
      FROM numbers_mt(${traces * hops.length})
    )`;
}

function logsInsert(day: number, count: number): string {
  return `INSERT INTO ${database}.otel_logs (Timestamp, TraceId, SeverityText, SeverityNumber,
      ServiceName, Body, ResourceAttributes, ScopeName, LogAttributes, SamplingWeight, Seal)
    SELECT ${timeOf(day, 'number', count)}, lower(hex(MD5(concat('${day}-', toString(number))))),
      ['INFO', 'WARN', 'ERROR'][level], [9, 13, 17][level],
      ${list(hops.map(([service]) => service))}[number % ${hops.length} + 1] AS service,
      if(level = 3, concat('card of user ', toString(random % 50000), ' was declined: "try again"'),
        concat('order ', toString(number), ' took ', toString(random % 900), ' ms')),
      map('service.name', service, 'host.name', concat('host-', toString(random % 40))), 'shop',
      map('shop.user', toString(random % 50000)), 1, ${day + 1}
    FROM (
      SELECT number, sipHash64(${day}, number) AS random,
        multiIf(random % 200 = 0, 3, random % 20 = 0, 2, 1) AS level
      FROM numbers_mt(${count})
    )`;
}

const hosts = 40;

function gaugesInsert(day: number, count: number): string {
  return `INSERT INTO ${database}.otel_metrics_gauge (ResourceAttributes, MetricName, TimeUnix,
      Value, Seal)
    SELECT map('host.name', concat('host-', toString(number % ${hosts}))),
      concat('system.cpu.load_average.', ['1m', '5m', '15m'][intDiv(number, ${hosts}) % 3 + 1]),
      ${timeOf(day, 'number', count)}, 1 + (sipHash64(${day}, number) % 1000) / 500, ${day + 1}
    FROM numbers_mt(${count})`;
}

function sumsInsert(day: number, count: number): string {
  return `INSERT INTO ${database}.otel_metrics_sum (ResourceAttributes, MetricName, Attributes,
      StartTimeUnix, TimeUnix, Value, AggregationTemporality, IsMonotonic, Seal)
    SELECT map('host.name', concat('host-', toString(number % ${hosts}))), 'system.cpu.time',
      map('cpu', 'cpu0', 'state', ['user', 'system', 'idle'][intDiv(number, ${hosts}) % 3 + 1]),
      now64(9) - INTERVAL ${monthDays} DAY, ${timeOf(day, 'number', count)},
      ${day} * 86400 + number / ${count} * 86400, 2, true, ${day + 1}
    FROM numbers_mt(${count})`;
}

function histogramsInsert(day: number, count: number): string {
  return `INSERT INTO ${database}.otel_metrics_histogram (ServiceName, MetricName, Attributes,
      StartTimeUnix, TimeUnix, Count, Sum, BucketCounts, ExplicitBounds, AggregationTemporality,
      Seal)
    SELECT ${list(hops.map(([service]) => service))}[number % ${hops.length} + 1],
      'http.server.request.duration', map('http.route', concat('/', toString(number % 10))),
      now64(9) - INTERVAL ${monthDays} DAY, ${timeOf(day, 'number', count)},
      10 * (number + 1), number, [number + 1, 4 * (number + 1), 4 * (number + 1), number + 1],
      [0.01, 0.1, 1], 2, ${day + 1}
    FROM numbers_mt(${count})`;
}

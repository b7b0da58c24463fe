/**
 * *Shop*: the demo's business data beside its telemetry, in one query each. It is what a user's own
 * dashboard over snapshot tables looks like, and `examples/snapshots/` has it as JSON.
 */
import { logs } from '../../../clickhouse/schema/logs.ts';
import { redSecond } from '../../../clickhouse/schema/ours.ts';
import { snapshotRuns } from '../../../clickhouse/schema/snapshots.ts';
import { board, type DashboardJson } from '../../../dashboards/vocabulary/board.ts';
import {
  bar,
  type PanelDraft,
  type PanelSpec,
  stat,
  table,
  timeseries,
} from '../../../dashboards/vocabulary/panel.ts';
import { columnsOf, sql } from '../../../dashboards/vocabulary/sql.ts';

const l = columnsOf(logs);
const r = columnsOf(redSecond);
const n = columnsOf(snapshotRuns);
const customersMax = 50;
const errorFrom = 17;

export function shopDashboard(): DashboardJson {
  return board({
    uid: 'shop-product',
    title: 'Shop',
    description:
      "The shop's customers and orders, copied from its Postgres each minute, beside what its" +
      ' services say: whom errors hit, and what they cost.',
    variables: [],
    rows: [
      { title: '', panels: [customers(), signUps(), revenue(), age()] },
      { title: 'Whom errors hit', panels: [errorsByPlan(), plans()] },
      { title: 'What they cost', panels: [checkoutErrors(), ordersByPlan()] },
      { title: 'Customers', panels: [signUpsAnHour(), hitMost()] },
    ],
    refresh: '30s',
  });
}

/** Log records of errors with the customer whom they hit. */
const errors = `
  FROM ${logs.name} AS logs
  INNER JOIN shop.customers AS customers
    ON customers.id = toInt64OrNull(logs.${l.LogAttributes}['shop.customer.id'])
  WHERE $__timeFilter(logs.${l.Timestamp}) AND logs.${l.SeverityNumber} >= ${errorFrom}`;

type Figure = Pick<PanelSpec, 'title' | 'description' | 'query' | 'unit'>;

const figure = (spec: Figure): PanelDraft =>
  stat({ ...spec, source: 'snapshots', width: 6, height: 4, decimals: 0, noValue: 'none' });

function customers(): PanelDraft {
  return figure({
    title: 'Customers',
    description: 'Everybody who ever signed up, as of the newest copy of the table.',
    query: sql('SELECT count() AS "Customers" FROM shop.customers'),
    unit: 'none',
  });
}

function signUps(): PanelDraft {
  return figure({
    title: 'Sign-ups',
    description:
      'Customers who signed up in this time range. None for long is worth an alert: a product' +
      ' alert of the stack file tells it.',
    query: sql('SELECT count() AS "Sign-ups" FROM shop.customers WHERE $__timeFilter(created_at)'),
    unit: 'none',
  });
}

function revenue(): PanelDraft {
  return figure({
    title: 'Revenue',
    description: 'The total of the orders that were placed in this time range.',
    query: sql(
      'SELECT toFloat64(sum(total)) AS "Revenue" FROM shop.orders' +
        ' WHERE $__timeFilter(placed_at)',
    ),
    unit: 'none',
  });
}

function age(): PanelDraft {
  return figure({
    title: 'Age of the tables',
    description:
      'How long ago the newest good copy began. Everything about customers and orders on this' +
      ' page is true of that moment; telemetry is newer.',
    query: sql(`
      SELECT dateDiff('second', max(${n.Started}), toDateTime64($__toTime, 3)) AS "Age"
      FROM ${snapshotRuns.name}
      WHERE $__timeFilter(${n.Time}) AND ${n.Result} = 'ok' AND ${n.Database} = 'shop'
      HAVING count() > 0`),
    unit: 's',
  });
}

/** The same colour for a plan in every chart. */
const plansColoured = {
  free: { colour: 'blue' },
  team: { colour: 'orange' },
  enterprise: { colour: 'purple' },
} as const;

const half = { source: 'snapshots', width: 12, height: 8 } as const;

function errorsByPlan(): PanelDraft {
  return timeseries({
    ...half,
    title: 'Errors by plan',
    description:
      'Log records of errors that name a customer, by the plan that the customer is on. Errors of' +
      ' those who pay come first, however few they are.',
    query: sql(`
      SELECT $__timeInterval(logs.${l.Timestamp}) AS time, customers.plan AS name,
        count() AS value
      ${errors.trim()}
      GROUP BY time, name ORDER BY time, name`),
    unit: 'none',
    decimals: 0,
    empty: 'fine',
    noValue: 'no error hit a customer in this time range',
    interval: '10s',
    seriesName: `\${__field.labels.name}`,
    fields: plansColoured,
    draw: 'bars',
    stack: true,
  });
}

function plans(): PanelDraft {
  return table({
    ...half,
    title: 'Plans',
    description:
      'How many customers each plan has, how many of them ran into an error in this time range,' +
      ' and what they ordered.',
    query: sql(`
      SELECT plan AS "Plan", count() AS "Customers", countIf(errors > 0) AS "Hit",
        sum(errors) AS "Errors", toFloat64(sum(revenue)) AS "Revenue"
      FROM shop.customers AS customers
      LEFT JOIN (
        SELECT customers.id AS id, count() AS errors
        ${errors.trim()}
        GROUP BY id
      ) AS hit ON hit.id = customers.id
      LEFT JOIN (
        SELECT customer_id, sum(total) AS revenue
        FROM shop.orders WHERE $__timeFilter(placed_at)
        GROUP BY customer_id
      ) AS ordered ON ordered.customer_id = customers.id
      GROUP BY plan ORDER BY "Errors" DESC`),
    noValue: 'no customer is known yet',
    fields: { Revenue: { decimals: 2 } },
  });
}

function checkoutErrors(): PanelDraft {
  return timeseries({
    ...half,
    source: 'requests',
    title: 'Checkout fails',
    description:
      'The share of the requests to checkout that failed. Hold it against the orders beside it:' +
      ' what fails here is missing there.',
    query: sql(`
      SELECT $__timeInterval(${r.Time}) AS time,
        sumIf(${r.Count}, ${r.StatusCode} = 'Error') / sum(${r.Count}) AS "failed"
      FROM ${redSecond.name}
      WHERE $__timeFilter(${r.Time}) AND ${r.ServiceName} = 'checkout'
        AND ${r.SpanKind} = 'Server'
      GROUP BY time ORDER BY time`),
    unit: 'percentunit',
    min: 0,
    noValue: 'checkout answered nothing in this time range',
    interval: '10s',
  });
}

function ordersByPlan(): PanelDraft {
  return timeseries({
    ...half,
    title: 'Revenue by plan',
    description:
      'The total of the orders that were placed, by the plan of who placed them. The newest' +
      ' minute is not copied yet.',
    query: sql(`
      SELECT $__timeInterval(orders.placed_at) AS time, customers.plan AS name,
        toFloat64(sum(orders.total)) AS value
      FROM shop.orders AS orders
      INNER JOIN shop.customers AS customers ON customers.id = orders.customer_id
      WHERE $__timeFilter(orders.placed_at)
      GROUP BY time, name ORDER BY time, name`),
    unit: 'short',
    empty: 'fine',
    noValue: 'nothing was ordered in this time range',
    interval: '10s',
    seriesName: `\${__field.labels.name}`,
    fields: plansColoured,
    draw: 'bars',
    stack: true,
  });
}

function signUpsAnHour(): PanelDraft {
  return bar({
    ...half,
    title: 'Sign-ups an hour',
    description:
      'Customers by the hour in which they signed up, over eight hours, whatever the time range:' +
      ' so that a quiet hour can be told from a broken page.',
    query: sql(`
      SELECT formatDateTime(toStartOfHour(created_at), '%H:00 UTC') AS hour,
        count() AS value
      FROM shop.customers
      WHERE created_at > $__toTime - toIntervalHour(8) AND created_at <= $__toTime
      GROUP BY hour, toStartOfHour(created_at) ORDER BY toStartOfHour(created_at) DESC`),
    unit: 'none',
    decimals: 0,
    noValue: 'nobody signed up within eight hours',
  });
}

function hitMost(): PanelDraft {
  return table({
    ...half,
    title: 'Customers hit most',
    description:
      'Customers who ran into most errors in this time range, those who pay first. Who is on top' +
      ' may be called before they call.',
    query: sql(`
      SELECT customers.id AS "Customer", any(customers.name) AS "Name",
        any(customers.plan) AS "Plan", count() AS "Errors", max(logs.${l.Timestamp}) AS "Last"
      ${errors.trim()}
      GROUP BY "Customer" ORDER BY "Plan" = 'free', "Errors" DESC, "Last" DESC
      LIMIT ${customersMax}`),
    empty: 'fine',
    noValue: 'no error hit a customer in this time range',
    fields: { Last: { unit: 'dateTimeAsLocal' } },
  });
}

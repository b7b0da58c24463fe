/** Parts of *Gateway*: the flow of items, the forecast, the proof from receipts, the process. */
import { logs } from '../../clickhouse/schema/logs.ts';
import {
  exponentialHistogram,
  gauge as gaugeTable,
  histogram,
  sum,
  summary,
} from '../../clickhouse/schema/metrics.ts';
import { receipts, redSecond } from '../../clickhouse/schema/ours.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { gatewayServiceName } from '../../gateway/telemetry/catalog.ts';
import { type PanelDraft, stat, table, timeseries } from '../vocabulary/panel.ts';
import { latest, levels, rates, steps } from '../vocabulary/points.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';

const p = columnsOf(receipts);
const s = columnsOf(sum);

const ofGateway = `${s.ServiceName} = '${gatewayServiceName}'`;

/** Tables whose rows stay single rows, with the column that holds their time. */
export const provable = [
  { name: traces.name, time: columnsOf(traces).Timestamp, seal: columnsOf(traces).Seal },
  { name: logs.name, time: columnsOf(logs).Timestamp, seal: columnsOf(logs).Seal },
  ...[gaugeTable, sum, histogram, exponentialHistogram, summary].map((entry) => ({
    name: entry.name,
    time: s.TimeUnix,
    seal: s.Seal,
  })),
  { name: redSecond.name, time: columnsOf(redSecond).Time, seal: columnsOf(redSecond).Seal },
] as const;

/** The first question at 3 a.m.; *Services* asks it too. */
export function lost(width: number, height: number): PanelDraft {
  return stat({
    title: 'Lost',
    description:
      'Items that were answered OK and will not reach ClickHouse by themselves: rows in the dead' +
      ' letter, or a damaged log. If it is not 0, the gateway log names the batch and the file.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT greatest(0, sum(grown)) AS "Lost"
      FROM ${steps({ metric: 'obsctl.gateway.dropped.items' })}`),
    width,
    height,
    unit: 'short',
    decimals: 0,
    noValue: 'the gateway does not report',
    links: [{ title: 'The gateway', to: 'gateway' }],
    thresholds: [
      { from: 0, colour: 'green', text: 'nothing is lost' },
      { from: 1, colour: 'red', text: 'look at the dead letter' },
    ],
  });
}

export function timeUntilFull(): PanelDraft {
  const size = { metric: 'obsctl.gateway.wal.size', kind: 'gauge' } as const;
  const limit = { metric: 'obsctl.gateway.wal.limit', kind: 'gauge' } as const;
  return stat({
    title: 'Disk lasts for',
    description:
      'If the log goes on growing as it did in this time range: how long until it is full and' +
      ' senders are told to come back. Under 5 % of its limit the log only breathes.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT if(growth < 1 OR used < 0.05, 'it does not fill',
          formatReadableTimeDelta(room / growth, 'days', 'minutes')) AS "Lasts for"
      FROM (
        SELECT simpleLinearRegression(toUnixTimestamp(time), level).1 AS growth
        FROM ${levels(size)} HAVING count() > 0
      ) AS trend
      CROSS JOIN (
        SELECT greatest(0, limits.level - size.level) AS room,
          size.level / limits.level AS used
        FROM ${latest(size)} AS size CROSS JOIN ${latest(limit)} AS limits
      ) AS rest`),
    width: 5,
    height: 5,
    unit: 'string',
    noValue: 'the gateway does not report',
    interval: '10s',
  });
}

export function receivedAndStored(): PanelDraft {
  const items = (
    metric:
      | 'obsctl.gateway.received.items'
      | 'obsctl.gateway.durable.items'
      | 'obsctl.gateway.answered.items'
      | 'obsctl.gateway.refused.items'
      | 'obsctl.gateway.rejected.items',
  ): string => rates({ metric });
  return timeseries({
    title: 'Received, durable, answered',
    description:
      'Items a second. The three lines lie on each other: what is received is synced to disk, and' +
      ' only then answered. Refused items are told to come back; rejected ones can never be' +
      ' stored.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, received.rate AS received, durable.rate AS durable, answered.rate AS answered,
        refused.rate AS refused, rejected.rate AS rejected
      FROM ${items('obsctl.gateway.received.items')} AS received
      LEFT JOIN ${items('obsctl.gateway.durable.items')} AS durable USING (time)
      LEFT JOIN ${items('obsctl.gateway.answered.items')} AS answered USING (time)
      LEFT JOIN ${items('obsctl.gateway.refused.items')} AS refused USING (time)
      LEFT JOIN ${items('obsctl.gateway.rejected.items')} AS rejected USING (time)
      ORDER BY time`),
    width: 12,
    height: 8,
    unit: 'cps',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    fields: { refused: { colour: 'orange' }, rejected: { colour: 'red' } },
  });
}

/** Rows that were acknowledged against rows that a query finds, table by table. */
export function storedAndProved(): PanelDraft {
  const window = `$__timeFilter(${p.Time})`;
  const found = provable
    .map(
      ({ name, time, seal }) => `SELECT '${name}' AS name, count() AS found FROM ${name}
        WHERE ${time} >= (SELECT min(${p.FirstEvent}) FROM receipts WHERE ${p.Table} = '${name}')
          - 1
          AND ${time} <= (SELECT max(${p.LastEvent}) FROM receipts WHERE ${p.Table} = '${name}') + 1
          AND ${seal} IN (SELECT ${p.Seal} FROM receipts WHERE ${p.Table} = '${name}')`,
    )
    .join('\n      UNION ALL ');
  return table({
    title: 'Acknowledged and found again',
    description:
      'The proof: rows that ClickHouse acknowledged in this time range, and the rows of the same' +
      ' seals that a query finds there now. They must be equal; fewer found means that retention' +
      ' or a hand removed them, more means that an insert was stored twice.',
    source: 'receipts',
    query: sql(`
      WITH receipts AS (
        SELECT ${p.Table}, ${p.Seal}, ${p.Rows}, ${p.FirstEvent}, ${p.LastEvent}
        FROM ${receipts.name} WHERE ${window}
      ),
      acknowledged AS (
        SELECT ${p.Table} AS name, sum(${p.Rows}) AS rows FROM receipts GROUP BY name
      )
      SELECT name AS "Table", rows AS "Acknowledged", found AS "Found",
        multiIf(found = rows, 'equal', found < rows, 'missing', 'twice') AS "Proof"
      FROM acknowledged INNER JOIN (
        ${found}
      ) AS stored USING (name)
      ORDER BY name`),
    width: 12,
    height: 9,
    noValue: 'nothing was stored in this time range',
    fields: {
      Acknowledged: { unit: 'none', decimals: 0 },
      Found: { unit: 'none', decimals: 0 },
      Proof: {
        cell: 'text',
        values: {
          equal: { colour: 'green' },
          missing: { colour: 'red' },
          twice: { colour: 'red' },
        },
      },
    },
  });
}

export function receiptsByTable(): PanelDraft {
  return timeseries({
    title: 'Rows acknowledged, by table',
    description:
      'Rows a second that ClickHouse acknowledged, from the receipts. A table that stops while' +
      ' items still arrive is one whose inserts fail.',
    source: 'receipts',
    query: sql(`
      SELECT $__timeInterval(${p.Time}) AS time, ${p.Table} AS table,
        sum(${p.Rows}) / $__interval_s AS rows
      FROM ${receipts.name} WHERE $__timeFilter(${p.Time})
      GROUP BY time, table ORDER BY time, table`),
    width: 12,
    height: 9,
    unit: 'cps',
    decimals: 1,
    min: 0,
    noValue: 'nothing was stored in this time range',
    interval: '10s',
    seriesName: `\${__field.labels.table}`,
  });
}

export function resources(): readonly PanelDraft[] {
  return [memory(), cpu(), inFlight(), eventLoop()];
}

function memory(): PanelDraft {
  return timeseries({
    title: 'Memory',
    description:
      'Resident memory of the gateway. It has a ceiling: a line that only rises is a bug.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, level AS memory
      FROM ${levels({ metric: 'process.memory.usage', kind: 'gauge', filter: ofGateway })}
      ORDER BY time`),
    width: 6,
    height: 7,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
  });
}

function cpu(): PanelDraft {
  const mode = attribute(s.Attributes, 'cpu.mode');
  return timeseries({
    title: 'CPU',
    description: 'Cores that the gateway keeps busy, in its own code and in the kernel.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, mode, rate AS cores
      FROM ${rates({ metric: 'process.cpu.time', labels: { mode }, filter: ofGateway })}
      ORDER BY time, mode`),
    width: 6,
    height: 7,
    unit: 'none',
    decimals: 2,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    draw: 'area',
    stack: true,
    seriesName: `\${__field.labels.mode}`,
  });
}

function inFlight(): PanelDraft {
  return timeseries({
    title: 'Bytes in flight',
    description:
      'Bytes of requests that are not yet answered, and the limit from which on senders are told' +
      ' to come back.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, held.level AS "in flight", limits.level AS "limit"
      FROM ${levels({ metric: 'obsctl.gateway.in_flight.size', kind: 'gauge' })} AS held
      LEFT JOIN ${levels({ metric: 'obsctl.gateway.in_flight.limit', kind: 'gauge' })} AS limits
      USING (time) ORDER BY time`),
    width: 6,
    height: 7,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    fields: { limit: { colour: 'red' } },
  });
}

function eventLoop(): PanelDraft {
  const delay = {
    metric: 'nodejs.eventloop.delay.p99',
    kind: 'gauge',
    over: 'max',
    within: 'max',
    labels: { worker: attribute(columnsOf(gaugeTable).Attributes, 'obsctl.gateway.worker') },
    filter: ofGateway,
  } as const;
  return timeseries({
    title: 'Event loop delay',
    description:
      'How late the event loop of each worker is, 99th percentile; of several gateways the' +
      ' slowest. Above 100 ms senders notice: more workers than cores, or an overbooked machine.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, concat('worker ', worker) AS lane, level AS delay
      FROM ${levels(delay)}
      ORDER BY time, lane`),
    width: 6,
    height: 7,
    unit: 's',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    seriesName: `\${__field.labels.lane}`,
  });
}

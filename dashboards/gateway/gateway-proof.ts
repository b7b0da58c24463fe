/** The proof on *Gateway*: what `obsctl prove` asks, by signal, for the time range of the page. */
import { receipts, redSecond } from '../../clickhouse/schema/ours.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { provable } from './gateway-parts.ts';

const p = columnsOf(receipts);
const r = columnsOf(redSecond);

const signal = `multiIf(name = '${traces.name}', 'traces', startsWith(name, 'otel_metrics_'),
  'metrics', 'logs')`;

export function proof(): PanelDraft {
  const items = provable.filter(({ name }) => name !== redSecond.name);
  const found = items
    .map(
      ({ name, time, seal }) => `SELECT '${name}' AS name, count() AS found FROM ${name}
        WHERE ${time} >= (SELECT min(minFirstEvent) FROM sealed WHERE name = '${name}') - 1
          AND ${time} <= (SELECT max(maxLastEvent) FROM sealed WHERE name = '${name}') + 1
          AND ${seal} IN (SELECT seal FROM sealed WHERE name = '${name}')`,
    )
    .join('\n      UNION ALL ');
  const names = items.map(({ name }) => `'${name}'`).join(', ');
  return table({
    title: 'Proof by signal',
    description:
      'What senders brought, what sampling left out of it, what the log sealed, what the tables' +
      ' hold of it now and what the rates count, for the seals of this time range. Left out and' +
      ' logged are what was received, and so are the rates; obsctl prove names the seal when they' +
      ' are not.',
    source: 'receipts',
    query: sql(`
      WITH sealed AS (
        SELECT ${p.Table} AS name, ${p.Seal} AS seal, max(${p.Received}) AS received,
          max(${p.LeftOut}) AS leftOut, sum(${p.Rows}) AS logged,
          min(${p.FirstEvent}) AS minFirstEvent, max(${p.LastEvent}) AS maxLastEvent
        FROM ${receipts.name} WHERE $__timeFilter(${p.Time}) AND ${p.Table} IN (${names})
        GROUP BY name, seal
      ),
      came AS (
        SELECT signal, sum(if(items = 0, rows + without, items)) AS received,
          sum(without) AS leftOut, sum(rows) AS logged
        FROM (
          SELECT ${signal} AS signal, seal, max(received) AS items, max(leftOut) AS without,
            sum(logged) AS rows
          FROM sealed GROUP BY signal, seal
        ) GROUP BY signal
      ),
      stored AS (
        SELECT ${signal} AS signal, sum(found) AS stored FROM (${found}) GROUP BY signal
      ),
      rates AS (
        SELECT sum(${r.Count}) AS spans FROM ${redSecond.name}
        WHERE ${r.Time} >= (SELECT min(minFirstEvent) FROM sealed WHERE name = '${traces.name}') - 1
          AND ${r.Time} <= (SELECT max(maxLastEvent) FROM sealed WHERE name = '${traces.name}') + 1
          AND ${r.Seal} IN (SELECT seal FROM sealed WHERE name = '${traces.name}')
      )
      SELECT signal AS "Signal", received AS "Received", leftOut AS "Left out",
        logged AS "Logged", stored AS "Stored",
        if(signal = 'traces', spans, NULL) AS "Rolled up",
        if(received = logged + leftOut AND logged = stored
          AND (signal != 'traces' OR spans = received),
          'equal', 'different') AS "Proof"
      FROM came INNER JOIN stored USING (signal) CROSS JOIN rates ORDER BY signal`),
    width: 24,
    height: 6,
    noValue: 'nothing was stored in this time range',
    fields: {
      Received: { unit: 'none', decimals: 0 },
      'Left out': { unit: 'none', decimals: 0 },
      Logged: { unit: 'none', decimals: 0 },
      Stored: { unit: 'none', decimals: 0 },
      'Rolled up': { unit: 'none', decimals: 0 },
      Proof: {
        cell: 'text',
        values: { equal: { colour: 'green' }, different: { colour: 'red' } },
      },
    },
  });
}

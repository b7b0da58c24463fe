/** Parts of *Gateway*: seals and files that wait, the tables they wait for, dead letters. */
import { type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { latest, levels, steps } from '../vocabulary/points.ts';
import { attribute, sql } from '../vocabulary/sql.ts';

const tableName = attribute('Attributes', 'table');

export function waitingSeals(): PanelDraft {
  const backlog = {
    metric: 'obsctl.gateway.sealed.backlog',
    kind: 'gauge',
    within: 'max',
  } as const;
  const parked = { metric: 'obsctl.gateway.parked.seals', kind: 'gauge', within: 'max' } as const;
  return timeseries({
    title: 'Seals that wait',
    description:
      'Seals on disk that ClickHouse has not acknowledged, and those of them that wait for one' +
      ' table only. Lag says how old the oldest is. A backlog that grows is a ClickHouse that is' +
      ' away or slow; nothing is lost while the log has room.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, backlog.level AS waiting, parked.level AS parked
      FROM ${levels(backlog)} AS backlog
      LEFT JOIN ${levels(parked)} AS parked USING (time) ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    fields: { parked: { colour: 'orange' } },
  });
}

export function archiveSize(): PanelDraft {
  const size = { metric: 'obsctl.gateway.archive.size', kind: 'gauge' } as const;
  const limit = { metric: 'obsctl.gateway.archive.limit', kind: 'gauge' } as const;
  return timeseries({
    title: 'Archive on disk and its limit',
    description:
      'Bytes of Parquet files that nobody took away, and how many they may take: above, the log' +
      ' keeps what comes. Zero without `--archive`.',
    source: 'gateway_metrics',
    query: sql(`
      SELECT time, size.level AS "on disk", limits.level AS "limit"
      FROM ${levels(size)} AS size
      LEFT JOIN ${levels(limit)} AS limits USING (time) ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'bytes',
    decimals: 1,
    min: 0,
    noValue: 'the gateway does not report',
    interval: '10s',
    fields: { limit: { colour: 'red' } },
  });
}

export function parkedTables(): PanelDraft {
  const parked = { metric: 'obsctl.gateway.parked.lanes', kind: 'gauge' } as const;
  return table({
    title: 'Tables that take no rows now',
    description:
      'A view behind the table fails, or it is missing or has too many parts: its rows wait in' +
      ' the log while all others go on. The gateway log has the message of ClickHouse; repair' +
      ' that, and the rows follow by themselves.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT name AS "Table", level AS "Lanes that wait"
      FROM ${latest({ ...parked, labels: { name: tableName } })}
      WHERE level > 0 ORDER BY name`),
    width: 8,
    height: 8,
    noValue: 'every table takes rows',
    fields: { 'Lanes that wait': { unit: 'none', decimals: 0 } },
  });
}

export function deadLetters(): PanelDraft {
  const rows = { metric: 'obsctl.gateway.dead_letter.rows', labels: { name: tableName } } as const;
  return table({
    title: 'Dead letters of this time range',
    description:
      'Rows that ClickHouse refused for good, set aside in the dead-letter folder with the' +
      ' reason. obsctl inspect shows them, obsctl replay sends them again once the cause is gone.',
    source: 'gateway_metrics',
    empty: 'fine',
    query: sql(`
      SELECT name AS "Table", sum(grown) AS "Rows set aside", max(at) AS "Last"
      FROM ${steps(rows)} GROUP BY name HAVING sum(grown) > 0 ORDER BY name`),
    width: 8,
    height: 8,
    noValue: 'no row was set aside',
    fields: { 'Rows set aside': { unit: 'none', decimals: 0, colour: 'red' } },
  });
}

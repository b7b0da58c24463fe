/** Runs dashboard queries on a seeded engine, as the page and Grafana would. */

import { dashboards } from '../../dashboards/catalog.ts';
import type { DashboardJson, PanelJson } from '../../dashboards/vocabulary/board.ts';
import { expandQuery, type VariableValue } from '../../dashboards/vocabulary/macros.ts';
import type { Seeded } from './seed-telemetry.ts';

type Row = Record<string, unknown>;
type Values = Readonly<Record<string, VariableValue>>;

type Ask = {
  /** Values of variables, over what a visitor starts with. */
  readonly set?: Values;
  readonly intervalMs?: number;
  /** Moves the time range against the seeded one. */
  readonly shiftMs?: number;
};

export type Asker = {
  readonly ask: (sql: string) => Promise<Row[]>;
  readonly expandFor: (dashboard: DashboardJson, rawSql: string, options?: Ask) => string;
  readonly panelRows: (board: string, title: string, options?: Ask) => Promise<Row[]>;
};

/**
 * Panels of what is under way: they have rows only while something is (and then do, see
 * `dashboards/clickhouse.test.ts`).
 */
export const atWorkOnly: ReadonlySet<string> = new Set(['Merges', 'Queries', 'Changes that wait']);

export function askerOf(url: string, seeded: Pick<Seeded, 'fromMs' | 'toMs'>): Asker {
  const ask = (sql: string): Promise<Row[]> => post(url, sql);
  const expandFor: Asker['expandFor'] = (dashboard, rawSql, options = {}) =>
    expandQuery(rawSql, {
      fromMs: seeded.fromMs + (options.shiftMs ?? 0),
      toMs: seeded.toMs + (options.shiftMs ?? 0),
      intervalMs: options.intervalMs ?? 10_000,
      variables: valuesOf(dashboard, options.set),
    });
  const panelRows: Asker['panelRows'] = async (board, title, options = {}) => {
    const [dashboard, panel] = findPanel(board, title);
    const rows: Row[] = [];
    for (const { rawSql } of panel.targets ?? []) {
      rows.push(...(await ask(expandFor(dashboard, rawSql, options))));
    }
    return rows;
  };
  return { ask, expandFor, panelRows };
}

export function findPanel(board: string, title: string): readonly [DashboardJson, PanelJson] {
  const dashboard = dashboards().find((candidate) => candidate.title === board);
  const panel = dashboard?.panels.find((candidate) => candidate.title === title);
  if (dashboard === undefined || panel === undefined) throw new Error(`no panel ${title}`);
  return [dashboard, panel];
}

async function post(base: string, sql: string): Promise<Row[]> {
  const numbers = 'output_format_json_quote_64bit_integers=0';
  const url = `${base}/?database=otel&default_format=JSON&${numbers}`;
  const answer = await fetch(url, { method: 'POST', body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${text}\n${sql}`);
  return text === '' ? [] : JSON.parse(text).data;
}

function valuesOf(dashboard: DashboardJson, set: Values = {}): Values {
  const initial = dashboard.templating.list.map(
    (variable) => [variable.name, variable.current?.value ?? ''] as const,
  );
  return { ...Object.fromEntries(initial), ...set };
}

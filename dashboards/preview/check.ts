/**
 * Asks every panel of every dashboard its own query, as the page would, and says which have data,
 * which have no source and why. `npm start -- --check` waits on this.
 */
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import type { Clock } from '../../core/clock.ts';
import type { DashboardJson, PanelJson } from '../vocabulary/board.ts';
import { expandQuery, type QueryScope, type VariableValue } from '../vocabulary/macros.ts';
import type { SourceId } from '../vocabulary/sources.ts';
import type { Variable } from './page/model.ts';
import { saysNoTable } from './page/no-table.ts';
import { bucketWidthMs } from './page/time.ts';
import { choicesOf, initialValues, needsFirstChoice, variableSql } from './page/variables.ts';
import { ask, sourceOf } from './queries.ts';

export type PanelState = {
  readonly title: string;
  /** What it needs, when it says so. */
  readonly source: SourceId | undefined;
  readonly rows: number;
  /** `empty`: the source is active but this panel has nothing; `error`: the query failed. */
  readonly state: 'data' | 'no_source' | 'empty' | 'error';
  readonly reason: string;
};

export type DashboardState = {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly PanelState[];
};

export type CheckOptions = {
  readonly clickhouseUrl: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly dashboards: () => readonly DashboardJson[];
  readonly clock: Clock;
  readonly rangeMs?: number;
  readonly signal?: AbortSignal;
};

const rangeMsDefault = 900_000;
const pointsMax = 300;

export async function checkDashboards(options: CheckOptions): Promise<readonly DashboardState[]> {
  const clickhouse = connectClickHouse({ url: options.clickhouseUrl, env: options.env ?? {} });
  const signal = options.signal ?? new AbortController().signal;
  try {
    const states: DashboardState[] = [];
    for (const dashboard of options.dashboards()) {
      states.push(await checkDashboard(clickhouse, dashboard, options, signal));
    }
    return states;
  } finally {
    await clickhouse.close();
  }
}

async function checkDashboard(
  clickhouse: ClickHouse,
  dashboard: DashboardJson,
  options: CheckOptions,
  signal: AbortSignal,
): Promise<DashboardState> {
  const rangeMs = options.rangeMs ?? rangeMsDefault;
  const toMs = options.clock.nowMs();
  const base = {
    fromMs: toMs - rangeMs,
    toMs,
    intervalMs: bucketWidthMs(rangeMs, pointsMax),
  };
  const variables = await chooseVariables(clickhouse, dashboard, base, signal);
  const scope = { ...base, variables };
  const panels: PanelState[] = [];
  for (const panel of dashboard.panels) {
    if (panel.type === 'row' || panel.type === 'text') continue;
    panels.push(await checkPanel(clickhouse, panel, scope, signal));
  }
  return { uid: dashboard.uid, title: dashboard.title, panels };
}

/** Values as a visitor would have them, and a trace to look at where the dashboard shows one. */
async function chooseVariables(
  clickhouse: ClickHouse,
  dashboard: DashboardJson,
  scope: Omit<QueryScope, 'variables'>,
  signal: AbortSignal,
): Promise<Readonly<Record<string, VariableValue>>> {
  const list = dashboard.templating.list as readonly Variable[];
  const values: Record<string, VariableValue> = { ...initialValues(list) };
  for (const variable of list) {
    const sql = variableSql(variable);
    if (sql === undefined || !needsFirstChoice(variable)) continue;
    const found = await ask(clickhouse, expandQuery(sql, { ...scope, variables: values }), signal)
      .then(choicesOf)
      .catch(() => []);
    values[variable.name] = found[0]?.value ?? '';
  }
  if (values['traceId'] === '') {
    const sql =
      "SELECT TraceId FROM otel_logs WHERE TraceId != '' AND $__timeFilter(Timestamp)" +
      ' AND TraceId IN (SELECT TraceId FROM otel_traces WHERE $__timeFilter(Timestamp))' +
      ' ORDER BY Timestamp DESC LIMIT 1';
    const found = await ask(clickhouse, expandQuery(sql, { ...scope, variables: {} }), signal)
      .then(choicesOf)
      .catch(() => []);
    values['traceId'] = found[0]?.value ?? '';
  }
  return values;
}

async function checkPanel(
  clickhouse: ClickHouse,
  panel: PanelJson,
  scope: QueryScope,
  signal: AbortSignal,
): Promise<PanelState> {
  const { title } = panel;
  const named = { title, source: panel.options?.obsctl?.source };
  try {
    let rows = 0;
    for (const target of panel.targets ?? []) {
      rows += (await ask(clickhouse, expandQuery(target.rawSql, scope), signal)).data.length;
    }
    if (rows > 0) return { ...named, rows, state: 'data', reason: '' };
    const missing = await missingSource(clickhouse, panel, scope, signal);
    if (missing !== undefined) return { ...named, rows, state: 'no_source', reason: missing };
    const fine = panel.options?.obsctl?.empty === 'fine';
    return { ...named, rows, state: fine ? 'data' : 'empty', reason: noValueOf(panel) };
  } catch (error) {
    const reason = Error.isError(error) ? error.message : String(error);
    // What nothing feeds may not even have its tables.
    const missing = saysNoTable(reason)
      ? await missingSource(clickhouse, panel, scope, signal).catch(() => undefined)
      : undefined;
    if (missing !== undefined) return { ...named, rows: 0, state: 'no_source', reason: missing };
    return { ...named, rows: 0, state: 'error', reason };
  }
}

/** Why nothing feeds a panel; undefined when something does. */
async function missingSource(
  clickhouse: ClickHouse,
  panel: PanelJson,
  scope: QueryScope,
  signal: AbortSignal,
): Promise<string | undefined> {
  const source = sourceOf(panel);
  if (source === undefined) return undefined;
  const found = await ask(clickhouse, expandQuery(source.probe, scope), signal);
  return found.data.length > 0 ? undefined : source.reason;
}

function noValueOf(panel: PanelJson): string {
  const config = panel['fieldConfig'] as { defaults?: { noValue?: string } } | undefined;
  return config?.defaults?.noValue ?? '';
}

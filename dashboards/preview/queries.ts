/**
 * Runs the queries of dashboards, read-only and within limits. The SQL is taken from our own
 * dashboard JSON by panel and letter; the browser sends only the time range and variables. A
 * query that a person typed runs under the same limits.
 */
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ClickHouse, problemOf } from '../../clickhouse/client.ts';
import { Problem } from '../../core/problem.ts';
import type { DashboardJson, PanelJson } from '../vocabulary/board.ts';
import { expandQuery, type QueryScope } from '../vocabulary/macros.ts';
import { type Source, sources } from '../vocabulary/sources.ts';
import type { CompactAnswer } from './page/model.ts';
import { variableSql } from './page/variables.ts';

/** What a browser may ask for. */
export type QueryRequest = {
  readonly dashboard?: string;
  readonly panel?: number;
  readonly refId?: string;
  /** Name of the variable whose choices are wanted. */
  readonly variable?: string;
  /** Name of the annotation whose marks are wanted. */
  readonly annotation?: string;
  /** A query typed by a person; read-only like all others. */
  readonly sql?: string;
  readonly scope: QueryScope;
};

/** What one query may cost the engine; beyond it ClickHouse answers with an error. */
const queryLimits = {
  max_execution_time: 30,
  max_result_rows: '200000',
  max_result_bytes: '67108864',
  result_overflow_mode: 'throw',
  max_rows_to_read: '2000000000',
} as const;

const settings = {
  readonly: '1',
  ...queryLimits,
  // With `wait_end_of_query` an error is an HTTP status, never the tail of half an answer.
  wait_end_of_query: 1,
  cancel_http_readonly_queries_on_client_close: 1,
  date_time_output_format: 'unix_timestamp',
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_denormals: 1,
} as const;

/** The SQL that a request stands for, macros and variables expanded. */
export function sqlOf(request: QueryRequest, dashboards: readonly DashboardJson[]): string {
  if (request.sql !== undefined) return expandTyped(request.sql, request.scope);
  const dashboard = findDashboard(request, dashboards);
  if (request.variable !== undefined) {
    const variable = dashboard.templating.list.find((each) => each.name === request.variable);
    const rawSql = variable === undefined ? undefined : variableSql(variable);
    if (rawSql === undefined) throw unknown(`variable ${request.variable}`);
    return expandQuery(rawSql, request.scope);
  }
  if (request.annotation !== undefined) {
    const list = dashboard.annotations?.list ?? [];
    const found = list.find((each) => each.name === request.annotation);
    if (found === undefined) throw unknown(`annotation ${request.annotation}`);
    return expandQuery(found.target.rawSql, request.scope);
  }
  const target = findPanel(request, dashboard).targets?.find(
    (each) => each.refId === (request.refId ?? 'A'),
  );
  if (target === undefined) throw unknown(`query ${request.refId} of panel ${request.panel}`);
  return expandQuery(target.rawSql, request.scope);
}

/** Typed SQL may hold our macros, but a `$` that is none of them is the person's own. */
function expandTyped(sql: string, scope: QueryScope): string {
  return /\$__|\$\{/.test(sql) ? expandQuery(sql, scope) : sql;
}

export function findDashboard(
  request: QueryRequest,
  dashboards: readonly DashboardJson[],
): DashboardJson {
  const found = dashboards.find((each) => each.uid === request.dashboard);
  if (found === undefined) throw unknown(`dashboard ${request.dashboard}`);
  return found;
}

export function findPanel(request: QueryRequest, dashboard: DashboardJson): PanelJson {
  const found = dashboard.panels.find((each) => each.id === request.panel);
  if (found === undefined) throw unknown(`panel ${request.panel} of ${dashboard.uid}`);
  return found;
}

/** What feeds a panel, if the panel says. */
export function sourceOf(panel: PanelJson): Source | undefined {
  const id = panel.options?.obsctl?.source;
  return id !== undefined && Object.hasOwn(sources, id) ? sources[id] : undefined;
}

/** The answer as ClickHouse sends it, JSONCompact. */
export async function stream(
  clickhouse: ClickHouse,
  sql: string,
  signal: AbortSignal,
): Promise<Readable> {
  const query = `${sql.replace(/[\s;]+$/, '')}\nFORMAT JSONCompact`;
  try {
    const answer = await clickhouse.client.exec({
      query,
      // The HTTP interface takes the database as a parameter beside the settings.
      clickhouse_settings: { ...settings, database: clickhouse.database } as typeof settings,
      abort_signal: signal,
    });
    return answer.stream;
  } catch (error) {
    throw problemOf(error, clickhouse.address);
  }
}

/** The answer as an object, for the server's own use. */
export async function ask(
  clickhouse: ClickHouse,
  sql: string,
  signal: AbortSignal,
): Promise<CompactAnswer> {
  return JSON.parse(await text(await stream(clickhouse, sql, signal)));
}

function unknown(what: string): Problem {
  return new Problem('OBS-4003', `there is no ${what}`);
}

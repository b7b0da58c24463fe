/**
 * The ClickHouse macros and variable formats that our dashboards use, expanded without Grafana, so
 * that the page and the tests run the very JSON that Grafana runs.
 *
 * One pass over the text: what a variable brings in is never looked at again, so a value can hold
 * a macro, a quote or a comment and stays a value. The only way a value enters the SQL is as a
 * quoted string literal (`${name:singlequote}`); nothing else is accepted from a dashboard.
 *
 * Pure: no clock, no I/O; runs in a browser too.
 */
import { Problem } from '../../core/problem.ts';

/** One value, or several of a multi-value variable; `$__all` means no restriction. */
export type VariableValue = string | readonly string[];

export type QueryScope = {
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of one bucket of a time series; below a second it counts as a second. */
  readonly intervalMs: number;
  readonly variables: Readonly<Record<string, VariableValue>>;
};

/** Grafana's name for "All" in a variable that offers it. */
export const allValue = '$__all';

/** Nesting that a query may have: `$__conditionalAll` around a time filter is two. */
const macroDepthMax = 8;

/** Values of one variable that go into one query. */
const variableValuesMax = 1000;

/** The SQL that ClickHouse gets for `rawSql` in this time range with these variables. */
export function expandQuery(rawSql: string, scope: QueryScope): string {
  return expand(rawSql, scope, 0);
}

function expand(sql: string, scope: QueryScope, depth: number): string {
  if (depth > macroDepthMax) throw unknownWord('macros nested too deeply');
  let out = '';
  let at = 0;
  while (at < sql.length) {
    const dollar = sql.indexOf('$', at);
    if (dollar < 0) return out + sql.slice(at);
    out += sql.slice(at, dollar);
    const piece = sql.startsWith('${', dollar)
      ? expandVariable(sql, dollar, scope)
      : expandMacro(sql, dollar, scope, depth);
    out += piece.text;
    at = piece.end;
  }
  return out;
}

type Piece = { readonly text: string; readonly end: number };

function expandVariable(sql: string, dollar: number, scope: QueryScope): Piece {
  const match = /^\$\{(\w+):singlequote\}/.exec(sql.slice(dollar, dollar + 100));
  if (match === null) throw unknownWord(sql.slice(dollar, dollar + 40));
  const name = match[1] ?? '';
  return { text: quoteAll(variableValue(name, scope)), end: dollar + match[0].length };
}

function variableValue(name: string, scope: QueryScope): VariableValue {
  const value = Object.hasOwn(scope.variables, name) ? scope.variables[name] : undefined;
  if (value === undefined) throw unknownWord(`\${${name}}`);
  return value;
}

/** Values as string literals with commas between; no value at all is the empty string. */
function quoteAll(value: VariableValue): string {
  const values = typeof value === 'string' ? [value] : value;
  if (values.length > variableValuesMax) {
    throw new Problem('OBS-4002', `a variable has ${values.length} values`, {
      next: `Choose at most ${variableValuesMax} values, or All.`,
    });
  }
  return values.length === 0 ? "''" : values.map(quote).join(',');
}

/** A ClickHouse string literal. Grafana escapes the quote only; we escape the backslash too. */
export function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`;
}

const column = (args: readonly string[]): string => args[0] ?? '';
const seconds = (ms: number): number => Math.floor(ms / 1000);
const dateTime = (ms: number): string => `toDateTime(${seconds(ms)})`;
const dateTime64 = (ms: number): string => `fromUnixTimestamp64Milli(${Math.floor(ms)})`;
const stepSeconds = (scope: QueryScope): number => Math.max(1, seconds(scope.intervalMs));

type Macro = {
  readonly args: number;
  readonly expand: (scope: QueryScope, args: readonly string[]) => string;
};

const macros: Readonly<Record<string, Macro>> = {
  timeFilter: {
    args: 1,
    expand: (scope, args) =>
      `${column(args)} >= ${dateTime(scope.fromMs)} AND ${column(args)} <= ${dateTime(scope.toMs)}`,
  },
  timeFilter_ms: {
    args: 1,
    expand: (scope, args) =>
      `${column(args)} >= ${dateTime64(scope.fromMs)} AND ${column(args)} <=` +
      ` ${dateTime64(scope.toMs)}`,
  },
  timeInterval: {
    args: 1,
    expand: (scope, args) =>
      `toStartOfInterval(toDateTime(${column(args)}), INTERVAL ${stepSeconds(scope)} second)`,
  },
  fromTime: { args: 0, expand: (scope) => dateTime(scope.fromMs) },
  toTime: { args: 0, expand: (scope) => dateTime(scope.toMs) },
  fromTime_ms: { args: 0, expand: (scope) => dateTime64(scope.fromMs) },
  toTime_ms: { args: 0, expand: (scope) => dateTime64(scope.toMs) },
  interval_s: { args: 0, expand: (scope) => String(stepSeconds(scope)) },
};

/** The macros that dashboards may use. */
export const macroNames: readonly string[] = [...Object.keys(macros), 'conditionalAll'];

function expandMacro(sql: string, dollar: number, scope: QueryScope, depth: number): Piece {
  const match = /^\$__(\w+)/.exec(sql.slice(dollar, dollar + 60));
  const name = match?.[1] ?? '';
  const nameEnd = dollar + (match?.[0].length ?? 0);
  if (name === 'conditionalAll') {
    const call = readArguments(sql, nameEnd);
    return { text: conditionalAll(call.args, scope, depth), end: call.end };
  }
  const macro = Object.hasOwn(macros, name) ? macros[name] : undefined;
  if (macro === undefined) throw unknownWord(sql.slice(dollar, dollar + 40));
  if (macro.args === 0) return { text: macro.expand(scope, []), end: nameEnd };
  const call = readArguments(sql, nameEnd);
  if (call.args.length !== macro.args) throw unknownWord(sql.slice(dollar, call.end));
  const args = call.args.map((arg) => expand(arg.trim(), scope, depth + 1));
  return { text: macro.expand(scope, args), end: call.end };
}

/** The condition, or `1=1` when the variable is empty or All. */
function conditionalAll(args: readonly string[], scope: QueryScope, depth: number): string {
  const variable = /^\s*\$(\w+)\s*$/.exec(args[1] ?? '')?.[1];
  if (args.length !== 2 || variable === undefined) throw unknownWord('$__conditionalAll(…)');
  return isAll(variableValue(variable, scope)) ? '1=1' : expand(args[0] ?? '', scope, depth + 1);
}

/** As Grafana's data source decides it: the joined value is empty or exactly `$__all`. */
export function isAll(value: VariableValue): boolean {
  const text = typeof value === 'string' ? value : value.join(',');
  return text === '' || text === allValue;
}

/** Reads `(a, b)` from `open` on; parentheses nest, quotes do not hide them (as in Grafana). */
function readArguments(
  sql: string,
  open: number,
): { readonly args: readonly string[]; readonly end: number } {
  if (sql[open] !== '(') throw unknownWord(sql.slice(Math.max(0, open - 30), open + 1));
  const args: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < sql.length; at += 1) {
    const char = sql[at];
    if (char === '(') depth += 1;
    else if (char === ')') depth -= 1;
    if (depth === 0) return { args: [...args, sql.slice(start, at)], end: at + 1 };
    if (char === ',' && depth === 1) {
      args.push(sql.slice(start, at));
      start = at + 1;
    }
  }
  throw unknownWord(sql.slice(open, open + 40));
}

function unknownWord(text: string): Problem {
  return new Problem('OBS-4001', `cannot expand ${JSON.stringify(text)} in a dashboard query`);
}

/**
 * What no statement may do, whoever sends it: reach outside the data directory. chDB runs as
 * clickhouse-local does, with every right of the process, and an open loopback port is reachable
 * from any web page; so files, other hosts and programs are refused here, before the engine.
 *
 * The check looks at tokens, not at grammar, and errs on the side of refusing. Table functions and
 * table engines are an allow-list against what the engine says it has. The `default` database
 * reads any *path used as a table's name*: a name with a slash is refused where a table may stand
 * (relative names find nothing, the process's working directory is an empty folder).
 */
import { engineError } from './exception.ts';
import { type Token, tokenize } from './lexer.ts';
import type { Statement } from './statement.ts';

export type EngineNames = {
  readonly tableFunctions: readonly string[];
  readonly engines: readonly string[];
};

/** Functions that make rows out of nothing or read tables that exist. */
const allowedTableFunctions = new Set(
  (
    'numbers numbers_mt zeros zeros_mt generate_series generateSeries generateRandom values null ' +
    'view viewExplain viewIfPermitted input format merge dictionary mergeTreeIndex ' +
    'mergeTreeProjection mergeTreeAnalyzeIndexes mergeTreeTextIndex primes fuzzJSON ' +
    'timeSeriesData timeSeriesTags timeSeriesMetrics timeSeriesSelector prometheusQuery ' +
    'prometheusQueryRange'
  )
    .toLowerCase()
    .split(' '),
);

const allowedEngines = new Set(
  (
    'mergetree replacingmergetree summingmergetree aggregatingmergetree collapsingmergetree ' +
    'versionedcollapsingmergetree coalescingmergetree graphitemergetree memory null log tinylog ' +
    'stripelog set join merge buffer dictionary view materializedview generaterandom timeseries ' +
    'atomic ordinary lazy'
  ).split(' '),
);

/** Ordinary functions and table settings that reach files or other disks. */
const refusedFunctions = new Set('file disk catboostevaluate python hascolumnintable'.split(' '));

/**
 * Settings that name files, hold SQL that is not looked at here, or change how SQL is read.
 */
const refusedSettings = new RegExp(
  '^(dialect|implicit_table_at_top_level|additional_table_filters|additional_result_filter|' +
    'format_schema.*|format_template_.*)$',
);

/** Up to here VALUES are looked at as code; longer ones must be plain values. */
const valuesBytesMax = 262_144;

const refusedVerbs = new Set(['backup', 'restore']);
const refusedSystemWords = new Set(['shutdown', 'kill']);
/** Clauses that end a list of tables. The parser takes none for an alias, as it does SELECT. */
const clausesAfterFrom = new Set('where prewhere group order having limit union'.split(' '));
const dictionaryWords = new Set('db table user'.split(' '));
const beforeTable = new Set('from join into table in describe desc exists update'.split(' '));

export type GuardedRequest = {
  readonly statement: Statement;
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
};

export class Guard {
  readonly #refusedFunctions: ReadonlySet<string>;
  readonly #refusedEngines: ReadonlySet<string>;

  constructor(names: EngineNames) {
    const functions = names.tableFunctions.map((name) => name.toLowerCase());
    this.#refusedFunctions = new Set([
      ...functions.filter((name) => !allowedTableFunctions.has(name)),
      ...refusedFunctions,
    ]);
    const engines = names.engines.map((name) => name.toLowerCase());
    this.#refusedEngines = new Set(engines.filter((name) => !allowedEngines.has(name)));
  }

  /** Throws an EngineError with code 497 when the statement reaches outside. */
  check(request: GuardedRequest): void {
    const { statement, settings, parameters } = request;
    for (const [name] of settings) {
      if (refusedSettings.test(name.toLowerCase())) throw denied(`setting ${name}`);
    }
    checkVerb(statement.tokens);
    checkIdentifierParameters(statement.tokens, parameters);
    this.#checkTokens(statement.tokens);
    // The engine evaluates expressions among VALUES.
    if (isValues(statement) && mayEvaluateValues(statement)) {
      this.#checkTokens([...tokenize(statement.data ?? new Uint8Array())]);
    }
  }

  #checkTokens(tokens: readonly Token[]): void {
    checkTableNames(tokens);
    for (let index = 0; index < tokens.length; index += 1) {
      const token = tokens[index] as Token;
      if (token.kind !== 'word' && token.kind !== 'quoted') continue;
      const next = tokens[index + 1];
      const called = isSymbol(next, '(');
      if (called && this.#refusedFunctions.has(token.lower)) {
        throw denied(`function ${token.text}`);
      }
      if (refusedSettings.test(token.lower) && isSymbol(next, '=')) {
        throw denied(`setting ${token.text}`);
      }
      if (token.lower === 'engine') this.#checkEngine(tokens, index);
      if (called && token.lower === 'source') checkDictionarySource(tokens, index);
      if (token.lower === 'outfile' && isWord(tokens[index - 1], 'into')) {
        throw denied('INTO OUTFILE');
      }
      if (token.lower === 'infile' && isWord(tokens[index - 1], 'from')) {
        throw denied('FROM INFILE');
      }
    }
  }

  #checkEngine(tokens: readonly Token[], index: number): void {
    const next = tokens[index + 1];
    const name = isSymbol(next, '=') ? tokens[index + 2] : next;
    if (name?.kind !== 'word' && name?.kind !== 'quoted') return;
    if (this.#refusedEngines.has(name.lower)) throw denied(`engine ${name.text}`);
  }
}

function checkVerb(tokens: readonly Token[]): void {
  const verb = tokens[0]?.lower ?? '';
  const second = tokens[1]?.lower ?? '';
  if (refusedVerbs.has(verb)) throw denied(verb.toUpperCase());
  if (verb === 'system' && refusedSystemWords.has(second)) throw denied('stopping the engine');
  if (verb === 'attach') {
    const from = tokens.findIndex((token) => isWord(token, 'from'));
    if (from !== -1 && tokens[from + 1]?.kind === 'string') throw denied('ATTACH … FROM path');
  }
  // Every connection of the engine starts in `default`: without it nothing works any more.
  if ((verb === 'drop' || verb === 'detach') && second === 'database') {
    if (tokens.slice(2).some((token) => token.lower === 'default')) {
      throw denied('removing the database default');
    }
  }
  if (verb === 'rename' && second === 'database' && tokens[2]?.lower === 'default') {
    throw denied('renaming the database default');
  }
}

/**
 * A dictionary may read tables of this engine by their names, nothing else: `QUERY` and `WHERE`
 * hold SQL in a text, and `NAME` a collection with a host, neither of which is looked at here.
 */
function checkDictionarySource(tokens: readonly Token[], index: number): void {
  const source = tokens[index + 2];
  if (source === undefined || source.lower === 'null') return;
  if (source.lower !== 'clickhouse') throw denied(`dictionary source ${source.text}`);
  for (const token of tokens.slice(index + 4)) {
    if (isSymbol(token, ')')) return;
    // In `default` a path is a table's name; a backslash could write its slash.
    const harmless =
      token.kind === 'string' ? !/[\\/]/.test(token.text) : dictionaryWords.has(token.lower);
    if (!harmless) throw denied(`${token.text} in the source of a dictionary`);
  }
}

type Scope = { inFrom: boolean };

/** Refuses a name with a slash wherever a table may stand. */
function checkTableNames(tokens: readonly Token[]): void {
  const scopes: Scope[] = [];
  let scope: Scope = { inFrom: false };
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    const previous = tokens[index - 1];
    const atTable = isTablePosition(tokens, index, scope);
    if (token.kind === 'symbol' && token.text === '(') {
      scopes.push(scope);
      // `IN ('/a', …)` opens a list of values, not of tables.
      scope = { inFrom: atTable && !isWord(previous, 'in') };
    } else if (token.kind === 'symbol' && token.text === ')') {
      scope = scopes.pop() ?? { inFrom: false };
    } else if (token.kind === 'word' && !isWord(previous, 'as')) {
      if (token.lower === 'from' || token.lower === 'join') scope.inFrom = true;
      else if (clausesAfterFrom.has(token.lower)) scope.inFrom = false;
      else if (token.lower === 'select' && isSymbol(previous, '(')) scope.inFrom = false;
    } else if (atTable && (token.kind === 'quoted' || token.kind === 'string')) {
      const value = token.kind === 'string' && isWord(previous, 'in');
      if (!value && /[/\\]/.test(token.text)) throw denied(`'${token.text}' as a table`);
    }
  }
}

function isTablePosition(tokens: readonly Token[], index: number, scope: Scope): boolean {
  const previous = tokens[index - 1];
  if (previous === undefined) return false;
  if (previous.kind === 'word') return beforeTable.has(previous.lower);
  if (previous.kind !== 'symbol') return false;
  if (previous.text === '.') return tokens[index - 2]?.lower === 'default';
  if (previous.text === ',' || previous.text === '(') return scope.inFrom;
  return false;
}

/** `{name:Identifier}` puts a parameter where a table's name may stand. */
function checkIdentifierParameters(
  tokens: readonly Token[],
  parameters: readonly (readonly [string, string])[],
): void {
  if (!tokens.some((token) => isWord(token, 'identifier'))) return;
  for (const [name, value] of parameters) {
    if (!/[/\\]/.test(value)) continue;
    const used = tokens.some(
      (token, index) => token.text === name && isWord(tokens[index + 2], 'identifier'),
    );
    if (used) throw denied(`'${value}' as an identifier`);
  }
}

/** Whether the engine may be left to evaluate expressions among an INSERT's VALUES. */
export function mayEvaluateValues(statement: Statement): boolean {
  return (statement.data?.length ?? 0) <= valuesBytesMax;
}

function isValues(statement: Statement): boolean {
  return statement.data !== undefined && statement.format?.toLowerCase() === 'values';
}

function isSymbol(token: Token | undefined, text: string): boolean {
  return token?.kind === 'symbol' && token.text === text;
}

function isWord(token: Token | undefined, lower: string): boolean {
  return token?.kind === 'word' && token.lower === lower;
}

function denied(what: string): Error {
  return engineError(
    'ACCESS_DENIED',
    `Not enough privileges. The embedded engine does not reach outside its data directory: ${what}`,
  );
}

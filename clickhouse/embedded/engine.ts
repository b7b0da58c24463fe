/**
 * chDB over one data directory: statements in, raw bytes out.
 *
 * Every statement gets a connection of its own, so that SET, parameters and read-only do not stick
 * (a fresh connection costs 0.07 ms). A statement is found again by the unique `log_comment` that
 * its connection sets first; that is how it is cancelled from another connection, because the
 * addon cannot interrupt a call.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, rm, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import type { Addon, Connection } from './addon.ts';
import { EngineError, engineError, toException } from './exception.ts';
import { Guard, mayEvaluateValues } from './guard.ts';
import { insertSlots, querySlots, Slots } from './slots.ts';
import type { Statement } from './statement.ts';

export type EngineOptions = {
  readonly dataDir: string;
  /** The engine's `max_server_memory_usage`. */
  readonly memoryBytesMax: number;
  /** The engine's mark cache; its own default is 5 GB. */
  readonly markCacheBytes: number;
  readonly clock: Clock;
};

export type RunOptions = {
  readonly statement: Statement;
  readonly database: string | undefined;
  /** The result's format when the statement names none. */
  readonly format: string;
  /** Applied in order before the statement; values as ClickHouse writes them. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  /** 0 full, 1 read only, 2 read only but settings may change. */
  readonly readonly: 0 | 1 | 2;
  readonly signal: AbortSignal;
};

export type RunResult = {
  readonly bytes: Buffer;
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly rowsWritten: number;
  readonly bytesWritten: number;
};

/** Where data lie while the engine reads them; what a kill left there is removed at a start. */
const insertFolder = 'inserts';

const killAttemptsMax = 50;
const killPauseMs = 200;

/** The engine's code for an INSERT without a row. */
const noDataToInsert = 108;

/** A result is one buffer: this bounds it unless the request sets its own `max_result_bytes`. */
const resultBytesMax = 256 * 1024 ** 2;

export class Engine {
  readonly #addon: Addon;
  readonly #options: EngineOptions;
  readonly #inserts = new Slots(insertSlots);
  readonly #queries = new Slots(querySlots);
  /** Holds the data directory open between requests. */
  #keeper: Connection;
  readonly #active = new Set<Promise<unknown>>();
  readonly #stopping = new AbortController();
  readonly #never = new AbortController().signal;
  version = '';
  timezone = '';
  guard = new Guard({ tableFunctions: [], engines: [] });

  private constructor(addon: Addon, options: EngineOptions, keeper: Connection) {
    this.#addon = addon;
    this.#options = options;
    this.#keeper = keeper;
  }

  static async open(addon: Addon, options: EngineOptions): Promise<Engine> {
    const inserts = join(options.dataDir, insertFolder);
    await rm(inserts, { recursive: true, force: true });
    await mkdir(inserts);
    const keeper = addon.CreateConnection(options.dataDir, [
      `--max_server_memory_usage=${options.memoryBytesMax}`,
      `--mark_cache_size=${options.markCacheBytes}`,
      `--index_mark_cache_size=${options.markCacheBytes}`,
    ]);
    const engine = new Engine(addon, options, keeper);
    const [version = '', timezone = ''] = (
      await engine.#controlText('SELECT version(), timezone()')
    ).split('\t');
    engine.version = version;
    engine.timezone = timezone;
    engine.guard = new Guard({
      tableFunctions: await engine.#controlList('SELECT name FROM system.table_functions'),
      engines: await engine.#controlList(
        'SELECT name FROM system.table_engines UNION ALL SELECT name FROM system.database_engines',
      ),
    });
    return engine;
  }

  get running(): { readonly queries: number; readonly inserts: number } {
    return { queries: this.#queries.running, inserts: this.#inserts.running };
  }

  /** Runs one statement. Aborting the signal cancels it in the engine. */
  async run(options: RunOptions): Promise<RunResult> {
    this.guard.check(options);
    const isInsert = options.statement.data !== undefined;
    // Rows on their way in are stored even when their sender has gone: it may have asked for
    // nothing but the answer, and a retry carries the same token.
    const signal = isInsert
      ? this.#never
      : AbortSignal.any([options.signal, this.#stopping.signal]);
    const slots = isInsert ? this.#inserts : this.#queries;
    const work = slots.run(signal, () => this.#runNow({ ...options, signal }));
    this.#active.add(work);
    try {
      return await work;
    } finally {
      this.#active.delete(work);
    }
  }

  /** Lines that a statement of our own answers, beside those of clients. */
  async ask(sql: string): Promise<readonly string[]> {
    const work = this.#controlList(sql);
    this.#active.add(work);
    try {
      return (await work).filter((line) => line !== '');
    } finally {
      this.#active.delete(work);
    }
  }

  /** Cancels what reads; inserts go on to their end. */
  cancelQueries(): void {
    this.#stopping.abort();
  }

  /** Resolves when nothing runs: only then may the directory be closed. */
  async idle(): Promise<void> {
    while (this.#active.size > 0) await Promise.allSettled(this.#active);
  }

  close(): void {
    this.#addon.CloseConnection(this.#keeper);
  }

  async #runNow(options: RunOptions): Promise<RunResult> {
    const { statement, signal } = options;
    const marker = `obsctl:${randomUUID()}`;
    const connection = this.#addon.CreateConnection(this.#options.dataDir);
    const ended = new AbortController();
    const cancel = (): void => void this.#kill(marker, ended.signal);
    try {
      for (const sql of preamble(options, marker)) {
        await this.#addon.QueryAsyncConnection(connection, sql, 'Null');
      }
      if (signal.aborted) throw engineError('QUERY_WAS_CANCELLED', 'Query was cancelled');
      signal.addEventListener('abort', cancel, { once: true });
      const data = statement.data;
      if (data === undefined || data.length === 0) {
        return await this.#query(connection, statement, options.format);
      }
      return await this.#insert(connection, statement, data);
    } finally {
      ended.abort();
      signal.removeEventListener('abort', cancel);
      this.#addon.CloseConnection(connection);
    }
  }

  async #query(connection: Connection, statement: Statement, format: string): Promise<RunResult> {
    try {
      const result = await this.#addon.QueryAsyncConnection(connection, statement.sql, format);
      return { ...result, rowsWritten: 0, bytesWritten: 0 };
    } catch (error) {
      // An INSERT whose data are empty stores nothing, and that is no error over HTTP.
      const empty = statement.data !== undefined && toException(error).code === noDataToInsert;
      if (!empty) throw error;
      return { bytes: Buffer.alloc(0), rowsRead: 0, bytesRead: 0, rowsWritten: 0, bytesWritten: 0 };
    }
  }

  /**
   * Data go through a file that the engine reads: the one way in that takes any bytes as they are.
   * The file is gone before the kernel would write it to the disk.
   */
  async #insert(
    connection: Connection,
    statement: Statement,
    data: Uint8Array,
  ): Promise<RunResult> {
    const { insert, format } = statement;
    if (insert === undefined || statement.tokens.some((token) => token.lower === 'input')) {
      throw engineError('NOT_IMPLEMENTED', 'INSERT … SELECT … FROM input() is not supported');
    }
    const name = randomUUID();
    const path = join(this.#options.dataDir, insertFolder, name);
    await writeFile(path, data);
    try {
      // Relative to the working directory, so that no letter of the data directory's own path is
      // read as a pattern.
      const source = `FROM INFILE '../${insertFolder}/${name}'`;
      const sql = `${insert.head} ${source} ${insert.settings} FORMAT ${format ?? 'Values'}`;
      const result = await this.#addon.QueryAsyncConnection(connection, sql, 'Null');
      const { rowsRead, bytesRead, bytes } = result;
      return { bytes, rowsRead, bytesRead, rowsWritten: rowsRead, bytesWritten: bytesRead };
    } catch (error) {
      throw withoutFileName(error);
    } finally {
      await unlink(path);
    }
  }

  /** Repeats until the statement has ended: it may not have been known yet at the first try. */
  async #kill(marker: string, ended: AbortSignal): Promise<void> {
    for (let attempt = 0; attempt < killAttemptsMax && !ended.aborted; attempt += 1) {
      try {
        await this.#controlText(`KILL QUERY WHERE Settings['log_comment'] = '${marker}' ASYNC`);
      } catch {
        // The statement has just ended by itself, or the engine is out of memory: try again.
      }
      await this.#options.clock.sleep(killPauseMs, ended);
    }
  }

  async #controlList(sql: string): Promise<readonly string[]> {
    return (await this.#controlText(sql)).split('\n');
  }

  async #controlText(sql: string): Promise<string> {
    const connection = this.#addon.CreateConnection(this.#options.dataDir);
    try {
      const result = await this.#addon.QueryAsyncConnection(connection, sql, 'TabSeparated');
      return result.bytes.toString('utf8').trimEnd();
    } finally {
      this.#addon.CloseConnection(connection);
    }
  }
}

/** The engine's error without our file's name, and without the wrapper that reading it adds. */
function withoutFileName(error: unknown): Error {
  const { code, text } = toException(error);
  const plain = text
    .replace(/^(Code: \d+\. DB::Exception: )\1/, '$1')
    .replace(/:? ?\(in file\/uri [^)]*\)/g, '')
    .replace(/ \(version [\d.]+\)/, '');
  return new EngineError(code, plain);
}

/** The statements that prepare a connection; read-only comes last because it locks the rest. */
function* preamble(options: RunOptions, marker: string): Generator<string, void, undefined> {
  const sets = [`max_result_bytes = ${resultBytesMax}`];
  sets.push(...options.settings.map(([name, value]) => `${identifier(name)} = '${quote(value)}'`));
  for (const [name, value] of options.parameters) {
    sets.push(`param_${identifier(name)} = '${quote(value)}'`);
  }
  sets.push(`log_comment = '${marker}'`);
  if (!mayEvaluateValues(options.statement)) {
    sets.push('input_format_values_interpret_expressions = 0');
  }
  yield `SET ${sets.join(', ')}`;
  if (options.database !== undefined) yield `USE \`${options.database.replace(/[`\\]/g, '\\$&')}\``;
  if (options.readonly !== 0) yield `SET readonly = ${options.readonly}`;
}

function identifier(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) return name;
  throw engineError('BAD_ARGUMENTS', `'${name}' is not the name of a setting or parameter`);
}

/** Escapes the inside of a single-quoted ClickHouse string. */
function quote(text: string): string {
  return text.replace(/[\\']/g, '\\$&');
}

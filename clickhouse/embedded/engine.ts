/**
 * chDB over one data directory: statements in, raw bytes out.
 *
 * Every statement gets a connection of its own, so that SET, parameters and read-only do not stick
 * (a fresh connection costs 0.07 ms). A statement is found again by the unique `log_comment` that
 * its connection sets first; that is how it is cancelled from another connection, because the
 * addon cannot interrupt a call.
 */
import { randomUUID } from 'node:crypto';
import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Addon, Connection } from './addon.ts';
import { engineError } from './exception.ts';
import { insertSlots, querySlots, Slots } from './slots.ts';
import type { Statement } from './statement.ts';

export type EngineOptions = {
  readonly dataDir: string;
  /** The engine's `max_server_memory_usage`. */
  readonly memoryBytesMax: number;
  /** The engine's mark cache; its own default is 5 GB. */
  readonly markCacheBytes: number;
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

export class Engine {
  readonly #addon: Addon;
  readonly #options: EngineOptions;
  readonly #inserts = new Slots(insertSlots);
  readonly #queries = new Slots(querySlots);
  /** Holds the data directory open between requests. */
  #keeper: Connection;
  #canInsertRaw = false;
  version = '';
  timezone = '';

  private constructor(addon: Addon, options: EngineOptions, keeper: Connection) {
    this.#addon = addon;
    this.#options = options;
    this.#keeper = keeper;
  }

  static async open(addon: Addon, options: EngineOptions): Promise<Engine> {
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
    engine.#canInsertRaw = await engine.#probeRawInsert();
    return engine;
  }

  get running(): { readonly queries: number; readonly inserts: number } {
    return { queries: this.#queries.running, inserts: this.#inserts.running };
  }

  /** Runs one statement. Aborting the signal cancels it in the engine. */
  async run(options: RunOptions): Promise<RunResult> {
    const slots = options.statement.kind === 'insert' ? this.#inserts : this.#queries;
    return await slots.run(options.signal, () => this.#runNow(options));
  }

  close(): void {
    this.#addon.CloseConnection(this.#keeper);
  }

  async #runNow(options: RunOptions): Promise<RunResult> {
    const { statement, signal } = options;
    const marker = `obsctl:${randomUUID()}`;
    const connection = this.#addon.CreateConnection(this.#options.dataDir);
    const cancel = (): void => void this.#kill(marker);
    try {
      for (const sql of preamble(options, marker)) {
        await this.#addon.QueryAsyncConnection(connection, sql, 'Null');
      }
      if (signal.aborted) throw engineError('QUERY_WAS_CANCELLED', 'Query was cancelled');
      signal.addEventListener('abort', cancel, { once: true });
      if (statement.data === undefined || statement.data.length === 0) {
        const result = await this.#addon.QueryAsyncConnection(
          connection,
          statement.sql,
          options.format,
        );
        return { ...result, rowsWritten: 0, bytesWritten: 0 };
      }
      const data = statement.data;
      const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      const written = await this.#insert(connection, statement, buffer);
      return { bytes: Buffer.alloc(0), rowsRead: 0, bytesRead: 0, ...written };
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#addon.CloseConnection(connection);
    }
  }

  async #insert(
    connection: Connection,
    statement: Statement,
    data: Buffer,
  ): Promise<{ rowsWritten: number; bytesWritten: number }> {
    if (this.#canInsertRaw && this.#addon.InsertRawAsyncConnection !== undefined) {
      return await this.#addon.InsertRawAsyncConnection(connection, statement.sql, data, false);
    }
    return await this.#insertFromFile(connection, statement, data);
  }

  /** For an addon without the raw entry: the public way, through a file that the engine reads. */
  async #insertFromFile(
    connection: Connection,
    statement: Statement,
    data: Buffer,
  ): Promise<{ rowsWritten: number; bytesWritten: number }> {
    const path = join(this.#options.dataDir, `obsctl-insert-${randomUUID()}`);
    const format = statement.format ?? 'Values';
    const head = statement.sql.replace(/\s(?:format\s+\w+|values)\s*$/i, '');
    await writeFile(path, data);
    try {
      const sql = `${head} FROM INFILE '${quote(path)}' FORMAT ${format}`;
      await this.#addon.QueryAsyncConnection(connection, sql, 'Null');
      return { rowsWritten: 0, bytesWritten: data.length };
    } finally {
      await unlink(path);
    }
  }

  async #kill(marker: string): Promise<void> {
    try {
      await this.#controlText(`KILL QUERY WHERE Settings['log_comment'] = '${marker}' ASYNC`);
    } catch {
      // The statement has just ended by itself: nothing to cancel.
    }
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

  /** Whether the addon's raw insert stores binary data as given: two rows in, two rows out. */
  async #probeRawInsert(): Promise<boolean> {
    const insert = this.#addon.InsertRawAsyncConnection;
    if (insert === undefined) return false;
    const connection = this.#addon.CreateConnection(this.#options.dataDir);
    const ask = (sql: string, format: string): ReturnType<Addon['QueryAsyncConnection']> =>
      this.#addon.QueryAsyncConnection(connection, sql, format);
    try {
      const wanted = "SELECT toUInt16(number) AS n, unhex('00FF0A') AS s FROM numbers(2)";
      const { bytes } = await ask(wanted, 'Native');
      await ask('CREATE TEMPORARY TABLE obsctl_probe (n UInt16, s String)', 'Null');
      await insert.call(
        this.#addon,
        connection,
        'INSERT INTO obsctl_probe FORMAT Native',
        bytes,
        false,
      );
      const back = await ask('SELECT n, s FROM obsctl_probe ORDER BY n', 'Native');
      return Buffer.compare(bytes, back.bytes) === 0;
    } catch {
      return false;
    } finally {
      this.#addon.CloseConnection(connection);
    }
  }
}

/** The statements that prepare a connection; read-only comes last because it locks the rest. */
function* preamble(options: RunOptions, marker: string): Generator<string, void, undefined> {
  const sets = options.settings.map(([name, value]) => `${identifier(name)} = '${quote(value)}'`);
  for (const [name, value] of options.parameters) {
    sets.push(`param_${identifier(name)} = '${quote(value)}'`);
  }
  sets.push(`log_comment = '${marker}'`);
  yield `SET ${sets.join(', ')}`;
  if (options.database !== undefined) yield `USE \`${options.database.replace(/[`\\]/g, '\\$&')}\``;
  if (options.readonly !== 0) yield `SET readonly = ${options.readonly}`;
}

function identifier(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.]*$/.test(name)) return name;
  throw engineError('BAD_ARGUMENTS', `'${name}' is not the name of a setting or parameter`);
}

/** Escapes the inside of a single-quoted ClickHouse string. */
export function quote(text: string): string {
  return text.replace(/[\\']/g, '\\$&');
}

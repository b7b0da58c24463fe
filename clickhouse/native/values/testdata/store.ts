/** A table in the real engine: blocks go in, values and the checksum come out. */
import type { TestEngine } from '../../../../test/support/engine.ts';
import { checksumSettings, checksumSql } from '../checksum-sql.ts';
import { openRowWriter, type RowBlock } from '../writer.ts';
import { type Kind, printSettings, readOf } from './kinds.ts';

type Row = readonly unknown[];

const table = 'native_values';
const limits = { rowsMax: 1_000_000, bytesMax: 2 ** 30 };

export const namesOf = (kinds: readonly Kind[]): string[] => kinds.map((_, index) => `c${index}`);

/** A block of `rows`. */
export function blockOf(kinds: readonly Kind[], rows: readonly Row[]): RowBlock {
  const writer = openRowWriter(
    kinds.map(({ type }) => type),
    limits,
  );
  for (const row of rows) {
    row.forEach((value, index) => {
      kinds[index]!.push(writer.columns[index]!, value);
    });
    writer.endRow();
  }
  return writer.take(namesOf(kinds));
}

/** What `stored` gives when all is well. */
export function printedRows(kinds: readonly Kind[], rows: readonly Row[]): unknown[][] {
  return rows.map((row) => row.map((value, index) => kinds[index]!.printed(value)));
}

export class Store {
  readonly #engine: TestEngine;
  #kinds: readonly Kind[] = [];

  constructor(engine: TestEngine) {
    this.#engine = engine;
  }

  /** A new table with a column for each kind. */
  async create(kinds: readonly Kind[], engine = 'Memory'): Promise<void> {
    this.#kinds = kinds;
    const columns = kinds.map(({ type }, index) => `c${index} ${type}`);
    await this.ask(`DROP TABLE IF EXISTS ${table}`);
    await this.ask(`CREATE TABLE ${table} (${columns.join(', ')}) ENGINE = ${engine}`);
  }

  async insert(block: RowBlock): Promise<void> {
    await this.ask(`INSERT INTO ${table} FORMAT Native`, Buffer.concat(block.chunks));
  }

  async clear(): Promise<void> {
    await this.ask(`TRUNCATE TABLE ${table}`);
  }

  /** The checksum as the engine computes it over what it has stored. */
  async checksum(): Promise<bigint> {
    const columns = this.#kinds.map(({ type }, index) => ({ name: `c${index}`, type }));
    const answer = await this.ask(`SELECT ${checksumSql(columns)} FROM ${table} FORMAT TSV`);
    return BigInt(answer.trim());
  }

  /** What the engine has, as the kinds print it. */
  async stored(): Promise<unknown[][]> {
    const answer = await this.ask(`SELECT * FROM ${table} FORMAT JSONCompactEachRow`);
    const lines = answer.split('\n').filter(Boolean);
    return lines.map((line) =>
      (JSON.parse(line) as unknown[]).map((value, index) => readOf(this.#kinds[index]!, value)),
    );
  }

  async ask(sql: string, body?: Buffer): Promise<string> {
    const query = body === undefined ? {} : { query: sql };
    const numbers = Object.entries(checksumSettings).map(([name, value]) => [name, `${value}`]);
    const settings = { ...printSettings, ...Object.fromEntries(numbers), ...query };
    const response = await fetch(`${this.#engine.url}/?${new URLSearchParams(settings)}`, {
      method: 'POST',
      body: body === undefined ? sql : new Uint8Array(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${sql.slice(0, 300)}\n${text}`);
    return text;
  }
}

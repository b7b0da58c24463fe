import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { checksumSettings, checksumSql } from './checksum-sql.ts';
import {
  anyKind,
  arrayOf,
  type Kind,
  nullable,
  printSettings,
  readOf,
  scalars,
} from './testdata/kinds.ts';
import { openRowWriter, type RowBlock } from './writer.ts';

const limits = { rowsMax: 1000, bytesMax: 1024 * 1024 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

async function ask(sql: string, block?: RowBlock): Promise<string> {
  const settings = new URLSearchParams({ ...printSettings, ...(block && { query: sql }) });
  const response = await fetch(`${engine.url}/?${settings}`, {
    method: 'POST',
    body: block === undefined ? sql : Buffer.concat(block.chunks),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${sql.slice(0, 300)}\n${text}`);
  return text;
}

const namesOf = (kinds: readonly Kind[]): string[] => kinds.map((_, index) => `c${index}`);

/** A new table `native_values` with a column for each kind. */
async function createTable(kinds: readonly Kind[]): Promise<void> {
  const columns = kinds.map(({ type }, index) => `c${index} ${type}`);
  await ask('DROP TABLE IF EXISTS native_values');
  await ask(`CREATE TABLE native_values (${columns.join(', ')}) ENGINE = Memory`);
}

function blockOf(kinds: readonly Kind[], rows: readonly (readonly unknown[])[]): RowBlock {
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

/** The checksum as the engine computes it over what it has stored. */
async function storedChecksum(kinds: readonly Kind[]): Promise<bigint> {
  const columns = kinds.map(({ type }, index) => ({ name: `c${index}`, type }));
  const limits = Object.entries(checksumSettings).map(([name, value]) => `${name} = ${value}`);
  const sum = checksumSql(columns);
  const answer = await ask(`SELECT ${sum} FROM native_values SETTINGS ${limits} FORMAT TSV`);
  return BigInt(answer.trim());
}

/** What the engine has, as the kinds print it. */
async function stored(kinds: readonly Kind[]): Promise<unknown[][]> {
  const answer = await ask('SELECT * FROM native_values FORMAT JSONCompactEachRow');
  return answer
    .split('\n')
    .filter(Boolean)
    .map((line) =>
      (JSON.parse(line) as unknown[]).map((value, index) => readOf(kinds[index]!, value)),
    );
}

const printedRows = (kinds: readonly Kind[], rows: readonly (readonly unknown[])[]): unknown[][] =>
  rows.map((row) => row.map((value, index) => kinds[index]!.printed(value)));

describe('columns of values', () => {
  it('give the engine every scalar type, with and without NULL, to the last digit', async () => {
    const kinds = [
      ...scalars,
      ...scalars.map(nullable),
      ...scalars.map((one) => arrayOf(one) as unknown as Kind),
    ];
    await createTable(kinds);
    const rows = fc.array(fc.tuple(...kinds.map(({ value }) => value)), {
      minLength: 15,
      maxLength: 25,
    });
    await fc.assert(
      fc.asyncProperty(rows, async (list) => {
        await ask('TRUNCATE TABLE native_values');
        const block = blockOf(kinds, list);
        await ask('INSERT INTO native_values FORMAT Native', block);
        expect(await stored(kinds)).toEqual(printedRows(kinds, list));
        expect(await storedChecksum(kinds)).toBe(block.checksum);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it('give the engine types nested to any depth', async () => {
    const tables = fc
      .array(anyKind(3), { minLength: 1, maxLength: 4 })
      .chain((kinds) =>
        fc.tuple(
          fc.constant(kinds),
          fc.array(fc.tuple(...kinds.map(({ value }) => value)), { minLength: 1, maxLength: 8 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(tables, async ([kinds, rows]) => {
        await createTable(kinds);
        const block = blockOf(kinds, rows);
        await ask('INSERT INTO native_values FORMAT Native', block);
        expect(await stored(kinds)).toEqual(printedRows(kinds, rows));
        expect(await storedChecksum(kinds)).toBe(block.checksum);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });
});

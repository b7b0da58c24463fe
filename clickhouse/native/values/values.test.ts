/** Values through the columns into the real engine, and back by what the engine prints of them. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { anyKind, arrayOf, type Kind, nullable, nullablePoint, scalars } from './testdata/kinds.ts';
import { blockOf, printedRows, Store } from './testdata/store.ts';

let engine: TestEngine;
let store: Store;
beforeAll(async () => {
  engine = await startEngine();
  store = new Store(engine);
});
afterAll(() => engine.stop());

const rowsOf = (kinds: readonly Kind[], minLength: number, maxLength: number) =>
  fc.array(fc.tuple(...kinds.map(({ value }) => value)), { minLength, maxLength });

/** Fails unless the table holds `rows`, to the last digit and by the checksum. */
async function holds(kinds: readonly Kind[], rows: readonly unknown[][]): Promise<void> {
  const block = blockOf(kinds, rows);
  await store.insert(block);
  expect(await store.stored()).toEqual(printedRows(kinds, rows));
  expect(await store.checksum()).toBe(block.checksum);
}

describe('columns of values', () => {
  it('give the engine every scalar type, with and without NULL, to the last digit', async () => {
    const lists = scalars.map((one) => arrayOf(one) as unknown as Kind);
    const kinds = [...scalars, ...scalars.map(nullable), ...lists];
    await store.create(kinds);
    await fc.assert(
      fc.asyncProperty(rowsOf(kinds, 15, 25), async (rows) => {
        await store.clear();
        await holds(kinds, rows);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  }, 180_000);

  it('give the engine types nested to any depth', async () => {
    const tables = fc
      .array(anyKind(3), { minLength: 1, maxLength: 4 })
      .chain((kinds) => fc.tuple(fc.constant(kinds), rowsOf(kinds, 1, 8)));
    await fc.assert(
      fc.asyncProperty(tables, async ([kinds, rows]) => {
        await store.create(kinds);
        await holds(kinds, rows);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  }, 180_000);

  it('give the engine a Point that may be NULL', async () => {
    await store.create([nullablePoint]);
    await holds([nullablePoint], [[null], [[1.5, -0]], [null]]);
  });

  it('give the engine tables of 1 600 columns', async () => {
    const kinds = Array.from({ length: 1600 }, (_, index) => {
      const kind = scalars[index % scalars.length]!;
      return index % 3 === 0 ? nullable(kind) : kind;
    });
    await store.create(kinds);
    const [rows] = fc.sample(rowsOf(kinds, 3, 3), { seed: 1600, numRuns: 1 });
    await holds(kinds, rows!);
  }, 180_000);

  it('give the engine a string of 100 MB and one of bytes that are no text', async () => {
    const kinds = scalars.filter(({ type }) => type === 'String');
    await store.create(kinds);
    const block = blockOf(kinds, [['abcdefg'.repeat(15_000_000)], ['short']]);
    await store.insert(block);
    expect(await store.ask('SELECT max(length(c0)), count() FROM native_values')).toBe(
      '105000000\t2\n',
    );
    expect(await store.checksum()).toBe(block.checksum);
  });
});

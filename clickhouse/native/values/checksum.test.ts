/** The checksum against the engine's, and the faults that it has to tell. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { compileKernel, moduleFile } from '../../../tools/decode-core.ts';
import {
  anyKind,
  arrayOf,
  type Kind,
  mapOf,
  nullable,
  scalars,
  tupleOf,
} from './testdata/kinds.ts';
import { blockOf, Store } from './testdata/store.ts';

const two64 = 2n ** 64n;

let engine: TestEngine;
let store: Store;
beforeAll(async () => {
  engine = await startEngine();
  store = new Store(engine);
});
afterAll(() => engine.stop());

const kindOf = (type: string): Kind => scalars.find((kind) => kind.type === type)!;
const sumOf = (kinds: readonly Kind[], rows: readonly unknown[][]): bigint =>
  blockOf(kinds, rows).checksum;

/** A few columns of any type, two rows or more of them. */
const tables = fc
  .array(anyKind(2), { minLength: 1, maxLength: 4 })
  .chain((kinds) =>
    fc.tuple(
      fc.constant(kinds),
      fc.array(fc.tuple(...kinds.map(({ value }) => value)), { minLength: 2, maxLength: 6 }),
      fc.nat(kinds.length - 1),
    ),
  );

/** Equal in the engine's eyes; unequal values print unequal texts. */
const isSame = (kind: Kind, left: unknown, right: unknown): boolean =>
  textOf(kind, left) === textOf(kind, right);

function textOf(kind: Kind, value: unknown): string {
  return JSON.stringify(kind.printed(value), (_, one) =>
    typeof one === 'number' ? (Object.is(one, -0) ? '-0' : String(one)) : one,
  );
}

describe('the checksum of rows', () => {
  it('is the engine’s over many windows, blocks in any order, and long values', async () => {
    const text = kindOf('String');
    const kinds = [
      kindOf('Int32'),
      text,
      fixedString(100),
      arrayOf(nullable(text)) as unknown as Kind,
      arrayOf(arrayOf(kindOf('UInt8')) as unknown as Kind) as unknown as Kind,
      mapOf(kindOf('LowCardinality(String)'), tupleOf([kindOf('UUID'), nullable(text)]) as never),
      nullable(kindOf('LowCardinality(String)')),
    ] as readonly Kind[];
    await store.create(kinds, 'MergeTree ORDER BY c0 SETTINGS index_granularity = 100');
    let sum = 0n;
    for (const block of [2, 0, 1]) {
      const rows = Array.from({ length: 1500 }, (_, row) => manyOf(block * 1500 + row));
      const { checksum, chunks, ...rest } = blockOf(kinds, rows);
      await store.insert({ checksum, chunks, ...rest });
      sum = (sum + checksum) % two64;
    }
    expect(await store.checksum()).toBe(sum);
  });

  it('is the engine’s of a FixedString that is larger than a window', async () => {
    const kinds = [fixedString(70_001), fixedString(65_536)];
    await store.create(kinds);
    const block = blockOf(kinds, [
      ['g'.repeat(70_001), 'h'],
      ['g'.repeat(65_536), 'h'.repeat(65_536)],
    ]);
    await store.insert(block);
    expect(await store.checksum()).toBe(block.checksum);
  });

  it('tells one value that is another, whatever its type', () => {
    fc.assert(
      fc.property(tables.chain(withOtherValue), ([kinds, rows, column, other]) => {
        fc.pre(!isSame(kinds[column]!, rows[0]![column], other));
        const changed = rows.map((row, index) => (index === 0 ? row.with(column, other) : row));
        expect(sumOf(kinds, changed)).not.toBe(sumOf(kinds, rows));
      }),
      { numRuns: 400 },
    );
  });

  it('tells two rows that have exchanged their values in one column', () => {
    fc.assert(
      fc.property(tables, ([kinds, rows, column]) => {
        const [first, second] = rows as unknown as [unknown[], unknown[]];
        const isOther = kinds.some((kind, index) => !isSame(kind, first[index], second[index]));
        const isLone = kinds.every(
          (kind, index) => index === column || isSame(kind, first[index], second[index]),
        );
        fc.pre(isOther && !isLone && !isSame(kinds[column]!, first[column], second[column]));
        const exchanged = [
          first.with(column, second[column]),
          second.with(column, first[column]),
          ...rows.slice(2),
        ];
        expect(sumOf(kinds, exchanged)).not.toBe(sumOf(kinds, rows));
      }),
      { numRuns: 400 },
    );
  });

  it('tells columns that have changed places, a row too many and one too few', () => {
    const kinds = [kindOf('Int64'), kindOf('Int64'), kindOf('String')];
    const rows = [
      [1n, 2n, 'a'],
      [3n, 4n, 'b'],
    ];
    const swapped = rows.map(([one, two, three]) => [two, one, three]);
    for (const other of [swapped, [...rows, rows[0]!], [...rows, rows[0]!, rows[0]!], [rows[1]!]]) {
      expect(sumOf(kinds, other)).not.toBe(sumOf(kinds, rows));
    }
    expect(sumOf(kinds, rows.toReversed())).toBe(sumOf(kinds, rows));
  });

  it('tells each flipped bit of a number and of a string', () => {
    const kinds = [kindOf('UInt64'), kindOf('String')];
    const value = 0x0123_4567_89ab_cdefn;
    const text = 'a text of more than thirty-two bytes, in plain ASCII';
    const whole = sumOf(kinds, [[value, text]]);
    const sums = new Set([whole]);
    for (let bit = 0n; bit < 64n; bit += 1n) sums.add(sumOf(kinds, [[value ^ (1n << bit), text]]));
    for (let bit = 0; bit < 7 * text.length; bit += 1) {
      const bytes = Buffer.from(text);
      bytes[Math.floor(bit / 7)]! ^= 1 << (bit % 7);
      sums.add(sumOf(kinds, [[value, bytes.toString('latin1')]]));
    }
    expect(sums.size).toBe(1 + 64 + 7 * text.length);
  });

  it('tells NULL from what stands for nothing, and 0.0 from -0.0', () => {
    const [int, text, double] = [kindOf('Int64'), kindOf('String'), kindOf('Float64')];
    const pairs: readonly (readonly [Kind, unknown, unknown])[] = [
      [nullable(int), null, 0n],
      [nullable(text), null, ''],
      [nullable(kindOf('LowCardinality(String)')), null, ''],
      [nullable(kindOf('Bool')), null, false],
      [double, 0, -0],
      [arrayOf(nullable(int)) as unknown as Kind, [null], [0n]],
      [arrayOf(int) as unknown as Kind, [], [0n]],
      [arrayOf(arrayOf(int) as unknown as Kind) as unknown as Kind, [[], [1n]], [[1n], []]],
    ];
    for (const [kind, left, right] of pairs) {
      expect(sumOf([kind], [[left]])).not.toBe(sumOf([kind], [[right]]));
    }
  });

  it('is 0 without rows, as the engine says of an empty table', async () => {
    const kinds = [kindOf('String')];
    await store.create(kinds);
    expect(blockOf(kinds, [])).toEqual({ rows: 0, chunks: [], bytes: 0, checksum: 0n });
    expect(await store.checksum()).toBe(0n);
  });

  it('has the module that its source compiles to', async () => {
    const file = readFileSync(join(import.meta.dirname, 'wasm/module.ts'), 'utf8');
    expect(file).toBe(moduleFile(await compileKernel(), 'values.bench.ts'));
  }, 180_000);
});

function withOtherValue([kinds, rows, column]: readonly [Kind[], unknown[][], number]) {
  return fc.tuple(fc.constant(kinds), fc.constant(rows), fc.constant(column), kinds[column]!.value);
}

function fixedString(size: number): Kind {
  const kind = kindOf('FixedString(9)');
  return { ...kind, type: `FixedString(${size})` };
}

/** A row whose values differ from row to row, some of them long. */
function manyOf(row: number): unknown[] {
  const long = row % 500 === 7 ? 'long '.repeat(30_000 + row) : 'x'.repeat((row * 37) % 300);
  const some = Array.from({ length: row % 9 }, (_, index) => (index % 4 === 3 ? null : `${row}`));
  const many = row % 700 === 0 ? 5000 : row % 4;
  return [
    row,
    long,
    'f'.repeat(row % 100),
    some,
    [Array.from({ length: many }, (_, index) => index % 256), [], [row % 256]],
    [[`key ${row % 3000}`, [new Uint8Array(16).fill(row % 256), row % 2 === 0 ? null : 'v']]],
    row % 11 === 0 ? null : `low ${row % 2500}`,
  ];
}

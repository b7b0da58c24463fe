import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import type { TableDef } from '../schema/types.ts';
import { createColumn, createColumns, encodeBlock } from './block.ts';
import { Budget, type Level, putString, type Text } from './buffers.ts';
import {
  ArrayColumn,
  type Column,
  ConstantColumn,
  ConstantNameColumn,
  FixedColumn,
  indexWidth,
  LowCardinalityColumn,
  MapColumn,
  NamedColumn,
  TextColumn,
} from './columns.ts';
import type { Dictionary } from './dictionary.ts';
import { Parts } from './parts.ts';
import { Repeated, RepeatedMapColumn, RepeatedNameColumn } from './repeat.ts';

const seed = { low: 3, high: 4 };
const MiB = 1024 * 1024;
const newParts = (bytesMax = 64 * MiB): Parts => new Parts(new Budget(bytesMax), seed);

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

async function ask(sql: string, body?: Uint8Array): Promise<Buffer> {
  const settings = 'allow_suspicious_low_cardinality_types=1&session_timezone=UTC';
  const response = await fetch(`${engine.url}/?${settings}&query=${encodeURIComponent(sql)}`, {
    method: 'POST',
    body: body === undefined ? '' : Buffer.from(body),
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(bytes.toString());
  return bytes;
}

/** A value of any type: bytes for what has a width, else the natural form. */
type Value = Uint8Array | string | Value[] | [string, string][];

/** How values of a type are made, and how the engine prints them, to the last bit. */
type Kind = {
  readonly type: string;
  readonly value: fc.Arbitrary<Value>;
  readonly select: (column: string) => string;
  readonly printed: (value: Value) => unknown;
};

const hexOf = (value: Value): string => Buffer.from(value as Uint8Array).toString('hex');

/** `reinterpretAsFixedString` shows the bytes of a number as they are in memory. */
function fixed(type: string, width: number, value?: fc.Arbitrary<Uint8Array>): Kind {
  return {
    type,
    value: value ?? fc.uint8Array({ minLength: width, maxLength: width }),
    select: (column) => `lower(hex(reinterpretAsFixedString(${column})))`,
    printed: hexOf,
  };
}

function doubles(values: readonly bigint[]): fc.Arbitrary<Uint8Array> {
  return fc
    .constantFrom(...values)
    .map((bits) => new Uint8Array(new BigUint64Array([bits]).buffer));
}

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 6 }).map((one) => one.toWellFormed()),
  fc.constantFrom(
    '',
    'a',
    'b',
    'service.name',
    'z'.repeat(127),
    'z'.repeat(128),
    'q'.repeat(20_000),
  ),
);
const printedText = (value: Value): string => Buffer.from(value as string).toString('hex');
const pairs = fc.array(fc.tuple(text, text), { maxLength: 3 });

const scalars: readonly Kind[] = [
  ...['UInt8', 'Int8'].map((type) => fixed(type, 1)),
  ...['UInt16', 'Int16'].map((type) => fixed(type, 2)),
  ...['UInt32', 'Int32', 'Float32'].map((type) => fixed(type, 4)),
  ...['UInt64', 'Int64'].map((type) => fixed(type, 8)),
  fixed('Float64', 8),
  // NaNs with a payload, both zeros, subnormals, infinities.
  fixed(
    'Float64',
    8,
    doubles([0n, 1n << 63n, 0x7ff8_dead_beef_0001n, 0xfff0_0000_0000_0001n, 1n, 0x7ff0n << 48n]),
  ),
  fixed('DateTime', 4),
  // Times within what DateTime64(9) can print.
  fixed(
    'DateTime64(9)',
    8,
    fc
      .bigInt({ min: -(2n ** 60n), max: 2n ** 62n })
      .map((ns) => new Uint8Array(new BigInt64Array([ns]).buffer)),
  ),
  fixed(
    'Bool',
    1,
    fc.nat(1).map((bit) => Uint8Array.of(bit)),
  ),
  {
    ...fixed(
      "Enum8('a' = -128, 'b' = 0, 'c' = 127)",
      1,
      fc.constantFrom(-128, 0, 127).map((code) => new Uint8Array(new Int8Array([code]).buffer)),
    ),
    select: (column) => `lower(hex(reinterpretAsFixedString(CAST(${column}, 'Int8'))))`,
  },
  { ...fixed('FixedString(5)', 5), select: (column) => `lower(hex(${column}))` },
  {
    type: 'String',
    value: text,
    select: (column) => `lower(hex(${column}))`,
    printed: printedText,
  },
  {
    type: 'LowCardinality(String)',
    value: text,
    select: (column) => `lower(hex(${column}::String))`,
    printed: printedText,
  },
  {
    type: 'Map(LowCardinality(String), String)',
    value: pairs,
    select: (column) =>
      `arrayMap((k, v) -> [lower(hex(k::String)), lower(hex(v))],
        mapKeys(${column}), mapValues(${column}))`,
    printed: (value) =>
      (value as [string, string][]).map((pair) => pair.map((one) => printedText(one))),
  },
];

function arrayOf(inner: Kind): Kind {
  return {
    type: `Array(${inner.type})`,
    value: fc.array(inner.value, { maxLength: 4 }) as fc.Arbitrary<Value>,
    select: (column) =>
      `arrayMap(x${column.length} -> ${inner.select(`x${column.length}`)}, ${column})`,
    printed: (value) => (value as Value[]).map((one) => inner.printed(one)),
  };
}

const kinds: readonly Kind[] = [
  ...scalars,
  ...scalars.map(arrayOf),
  ...scalars.map((kind) => arrayOf(arrayOf(kind))),
];

/** Appends one value; counts it in its level unless that is `rows`, which has many columns. */
function append(column: Column, value: Value, rows: Level): void {
  if (column instanceof FixedColumn) {
    const { level, values } = column;
    values.bytes.set(value as Uint8Array, level.count * values.width);
  } else if (column instanceof TextColumn) {
    appendString(column.text, value as string);
  } else if (column instanceof LowCardinalityColumn) {
    column.indexes.words[column.level.count] = look(column.dictionary, value as string);
  } else if (column instanceof MapColumn) {
    const keys = column.keys.level;
    for (const [key, one] of value as [string, string][]) {
      keys.reserve(1);
      column.keys.indexes.words[keys.count] = look(column.keys.dictionary, key);
      appendString(column.values, one);
      keys.count += 1;
    }
    endAt(column.offsets.values.words, column.offsets.level.count, keys.count);
  } else if (column instanceof ArrayColumn) {
    const inner = levelOf(column.elements);
    for (const one of value as Value[]) {
      inner?.reserve(1);
      append(column.elements, one, rows);
      if (inner !== undefined) inner.count += 1;
    }
    const level = column.offsets.level;
    counts.set(column, (counts.get(column) ?? 0) + (value as Value[]).length);
    endAt(column.offsets.values.words, level.count, counts.get(column)!);
  }
}

/** Elements so far of each array column, also of those whose elements have no level. */
const counts = new WeakMap<ArrayColumn, number>();

function endAt(words: Int32Array, row: number, end: number): void {
  words[2 * row] = end;
  words[2 * row + 1] = 0;
}

function levelOf(column: Column): Level | undefined {
  if (column instanceof FixedColumn || column instanceof LowCardinalityColumn) return column.level;
  if (column instanceof MapColumn || column instanceof ArrayColumn) return column.offsets.level;
  return undefined;
}

function bytesOf(value: string): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(Buffer.from(value));
  return { bytes, view: new DataView(bytes.buffer) };
}

function appendString(target: Text, value: string): void {
  const { bytes, view } = bytesOf(value);
  putString(target, bytes, view, 0, bytes.length);
}

function look(dictionary: Dictionary, value: string): number {
  const { bytes, view } = bytesOf(value);
  return dictionary.lookup(bytes, view, 0, bytes.length);
}

describe('Native blocks', () => {
  it('of every type come back from the engine equal to the last bit', async () => {
    const table = fc
      .array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 })
      .chain((columns) =>
        fc.record({
          columns: fc.constant(columns),
          rows: fc.array(fc.tuple(...columns.map(({ value }) => value)), {
            minLength: 1,
            maxLength: 12,
          }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(table, async ({ columns, rows }) => {
        const parts = newParts();
        const level = parts.level(false);
        const writers = columns.map(({ type }, index) => ({
          name: `c${index}`,
          column: createColumn(type, parts, level),
        }));
        for (const row of rows) {
          level.reserve(1);
          row.forEach((value, index) => {
            append(writers[index]!.column, value, level);
          });
          level.count += 1;
        }
        const block = Buffer.concat(encodeBlock(writers, rows.length).chunks);
        await ask('DROP TABLE IF EXISTS native_test');
        const definition = columns.map(({ type }, index) => `c${index} ${type}`).join(', ');
        await ask(`CREATE TABLE native_test (${definition}) ENGINE = Memory`);
        await ask('INSERT INTO native_test FORMAT Native', block);
        const list = columns.map(({ select }, index) => select(`c${index}`)).join(', ');
        const answer = await ask(`SELECT ${list} FROM native_test FORMAT JSONCompactEachRow`);
        const got = answer
          .toString()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line));
        const want = rows.map((row) => row.map((value, index) => columns[index]!.printed(value)));
        expect(got).toEqual(want);
      }),
      { numRuns: 120 },
    );
  });

  it('have dictionaries of more than 256 and more than 65 536 entries', async () => {
    expect([1, 256, 257, 65_536, 65_537].map(indexWidth)).toEqual([1, 1, 2, 2, 4]);
    for (const distinct of [256, 257, 70_001]) {
      const parts = newParts();
      const level = parts.level(false);
      const column = new LowCardinalityColumn(level, parts.dictionary());
      const rows = distinct * 2;
      level.reserve(rows);
      for (let row = 0; row < rows; row += 1) {
        column.indexes.words[row] = look(column.dictionary, `n${(row * 7) % distinct}`);
      }
      level.count = rows;
      expect(column.dictionary.count).toBe(distinct);
      const block = Buffer.concat(encodeBlock([{ name: 'c', column }], rows).chunks);
      await ask('DROP TABLE IF EXISTS native_test');
      await ask('CREATE TABLE native_test (c LowCardinality(String)) ENGINE = Memory');
      await ask('INSERT INTO native_test FORMAT Native', block);
      const sum =
        await ask(`SELECT sum(c != 'n' || toString((rowNumberInAllBlocks() * 7) % ${distinct})),
          count()
        FROM native_test SETTINGS max_threads = 1 FORMAT TSV`);
      expect(sum.toString().trim()).toBe(`0\t${rows}`);
    }
  });

  it('spread repeated and constant values over their rows', async () => {
    const parts = newParts();
    const level = parts.level(false);
    const repeated = new Repeated(level, parts.level(false));
    const name = new RepeatedNameColumn(repeated, parts.dictionary());
    const map = new RepeatedMapColumn(
      repeated,
      parts.level(false),
      parts.dictionary(),
      parts.dictionary(),
    );
    const entries: [string, string][][] = [
      [],
      [['a', '1']],
      [
        ['a', '2'],
        ['b', '1'],
      ],
    ];
    entries.forEach((list, entry) => {
      repeated.entries.reserve(1);
      name.indexes.words[entry] = look(name.dictionary, `e${entry}`);
      for (const [key, value] of list) {
        const pairLevel = map.keys.level;
        pairLevel.reserve(1);
        map.keys.indexes.words[pairLevel.count] = look(map.keys.dictionary, key);
        map.values.indexes.words[pairLevel.count] = look(map.values.dictionary, value);
        pairLevel.count += 1;
      }
      endAt(map.offsets.values.words, entry, map.keys.level.count);
      repeated.entries.count += 1;
    });
    const ids = [1, 1, 2, 2, 2, 0, 1, 0, 0, 2];
    level.reserve(ids.length);
    repeated.ids.words.set(ids);
    level.count = ids.length;
    repeated.prepare();
    const columns = [
      { name: 'n', column: name },
      { name: 'm', column: map },
      { name: 'k', column: new ConstantNameColumn(level, 'tenant') },
      {
        name: 's',
        column: new ConstantColumn(
          'UInt64',
          level,
          new Uint8Array(new BigUint64Array([2n ** 63n]).buffer),
        ),
      },
    ];
    const block = Buffer.concat(encodeBlock(columns, ids.length).chunks);
    await ask('DROP TABLE IF EXISTS native_test');
    await ask(
      `CREATE TABLE native_test (n String, m Map(LowCardinality(String), String),
        k LowCardinality(String), s UInt64) ENGINE = Memory`,
    );
    await ask('INSERT INTO native_test FORMAT Native', block);
    const answer = await ask(
      'SELECT n, m, k, toString(s) FROM native_test FORMAT JSONCompactEachRow',
    );
    const got = answer
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    expect(got).toEqual(
      ids.map((id) => [
        `e${id}`,
        Object.fromEntries(entries[id]!),
        'tenant',
        '9223372036854775808',
      ]),
    );
  });

  it('give siblings of one Nested the same ends, and refuse a type that has no writer', () => {
    const table = {
      name: 't',
      columns: ['A', 'B'].map((name) => ({ name: `E.${name}`, type: 'Array(UInt64)' })),
    } as unknown as TableDef;
    const parts = newParts();
    const [first, second] = createColumns(table, parts, parts.level(false), {});
    expect((first!.column as ArrayColumn).offsets).toBe((second!.column as ArrayColumn).offsets);
    expect(() => createColumn('Decimal(9, 2)', parts, parts.level(false))).toThrow(/Decimal/);
  });

  it('name fixed strings by number', async () => {
    const parts = newParts();
    const level = parts.level(false);
    const column = new NamedColumn(level, ['zero', 'one']);
    level.reserve(3);
    column.values.bytes.set([1, 0, 1]);
    level.count = 3;
    const block = Buffer.concat(encodeBlock([{ name: 'c', column }], 3).chunks);
    await ask('DROP TABLE IF EXISTS native_test');
    await ask('CREATE TABLE native_test (c LowCardinality(String)) ENGINE = Memory');
    await ask('INSERT INTO native_test FORMAT Native', block);
    expect((await ask('SELECT c FROM native_test FORMAT TSV')).toString()).toBe('one\nzero\none\n');
  });
});

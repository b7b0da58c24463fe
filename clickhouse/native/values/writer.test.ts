/** Rows that are taken back, limits, and memory: without the engine. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyKind, type Kind } from './testdata/kinds.ts';
import { blockOf, namesOf } from './testdata/store.ts';
import type { ValueColumn } from './types.ts';
import { type BlockWriter, openRowWriter, type RowBlock } from './writer.ts';

const limits = { rowsMax: 1000, bytesMax: 2 ** 20 };
const bytesOf = ({ chunks }: RowBlock): Buffer => Buffer.concat(chunks);
const typesOf = (kinds: readonly Kind[]): string[] => kinds.map(({ type }) => type);

class Stop extends Error {}

/** The column, which stops whoever fills it after `left.calls` more calls, however deep. */
function stopping(column: ValueColumn, left: { calls: number }): ValueColumn {
  return new Proxy(column, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (key === 'parts') return (value as ValueColumn[]).map((part) => stopping(part, left));
      if (typeof value === 'function') {
        return (...args: unknown[]): unknown => {
          left.calls -= 1;
          if (left.calls < 0) throw new Stop();
          return value.apply(target, args);
        };
      }
      const isColumn = ['inner', 'key', 'value'].includes(String(key));
      return isColumn ? stopping(value as ValueColumn, left) : value;
    },
  });
}

/** Writes a row up to its call number `calls`, and takes it back; false when it was whole. */
function beginRow(writer: BlockWriter, kinds: readonly Kind[], row: unknown[], calls: number) {
  const left = { calls };
  try {
    row.forEach((value, index) => {
      kinds[index]!.push(stopping(writer.columns[index]!, left), value);
    });
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  }
  writer.cutRow();
}

const tables = fc.array(anyKind(3), { minLength: 1, maxLength: 3 }).chain((kinds) =>
  fc.tuple(
    fc.constant(kinds),
    fc.array(fc.tuple(fc.tuple(...kinds.map(({ value }) => value)), fc.nat(40)), {
      minLength: 1,
      maxLength: 8,
    }),
  ),
);

describe('a writer of rows', () => {
  it('takes back a row that was begun, at whatever depth it stopped', () => {
    fc.assert(
      fc.property(tables, ([kinds, rows]) => {
        const writer = openRowWriter(typesOf(kinds), limits);
        for (const [row, calls] of rows) {
          beginRow(writer, kinds, row, calls);
          beginRow(writer, kinds, row, calls >> 1);
          row.forEach((value, index) => {
            kinds[index]!.push(writer.columns[index]!, value);
          });
          writer.endRow();
        }
        const block = writer.take(namesOf(kinds));
        const whole = blockOf(
          kinds,
          rows.map(([row]) => row),
        );
        expect(block.checksum).toBe(whole.checksum);
        // A dictionary keeps the strings of rows that were taken back.
        if (!/LowCardinality/.test(typesOf(kinds).join())) {
          expect(bytesOf(block).equals(bytesOf(whole))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives block after block as a new one would', () => {
    fc.assert(
      fc.property(tables, ([kinds, rows]) => {
        const writer = openRowWriter(typesOf(kinds), limits);
        for (let turn = 0; turn < 3; turn += 1) {
          const some = rows.slice(turn).map(([row]) => row);
          for (const row of some) {
            row.forEach((value, index) => {
              kinds[index]!.push(writer.columns[index]!, value);
            });
            writer.endRow();
          }
          const block = writer.take(namesOf(kinds));
          const fresh = blockOf(kinds, some);
          expect(block.checksum).toBe(fresh.checksum);
          expect(bytesOf(block).equals(bytesOf(fresh))).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('is full by rows, by bytes of strings and of elements, and never before', () => {
    const writer = openRowWriter(['UInt32', 'String', 'Array(UInt64)'], {
      rowsMax: 3,
      bytesMax: 1000,
    });
    const push = (text: number, elements: number): boolean => {
      const [number, string, array] = writer.columns;
      if (number?.kind !== 'number' || string?.kind !== 'bytes' || array?.kind !== 'array') {
        throw new Error('other columns');
      }
      const { inner } = array;
      if (inner.kind !== 'long') throw new Error('another element');
      number.pushNumber(1);
      string.pushBytes(Buffer.alloc(text), 0, text);
      array.pushLength(elements);
      for (let index = 0; index < elements; index += 1) inner.pushHalves(index, 0);
      writer.endRow();
      return writer.isFull();
    };
    const names = ['a', 'b', 'c'];
    expect([push(1, 1), push(1, 1), push(1, 1)]).toEqual([false, false, true]);
    expect(writer.take(names).rows).toBe(3);
    expect([push(900, 1), push(60, 1)]).toEqual([false, true]);
    writer.take(names);
    expect(push(1, 130)).toBe(true);
    writer.take(names);
    expect(push(100_000_000, 0)).toBe(true);
    expect(writer.take(names).bytes).toBeGreaterThan(100_000_000);
  });

  it('gives back the memory of a huge value once blocks are ordinary again', () => {
    const writer = openRowWriter(['String'], limits);
    const [column] = writer.columns;
    if (column?.kind !== 'bytes') throw new Error('another column');
    for (const size of [100_000_000, 1000, 1000]) {
      column.pushBytes(Buffer.alloc(size), 0, size);
      writer.endRow();
      writer.take(['c']);
    }
    expect(writer.heldBytes).toBeLessThan(4 * 2 ** 20);
  });

  it('names the column that has not one value a row', () => {
    const writer = openRowWriter(['Int8', 'Array(Int8)'], limits);
    const [number, array] = writer.columns;
    if (number?.kind !== 'number' || array?.kind !== 'array') throw new Error('other columns');
    number.pushNumber(1);
    array.pushLength(2);
    writer.endRow();
    expect(() => writer.take(['a', 'b'])).toThrow(/b Array\(Int8\)/);
  });

  it('refuses bytes that do not fit their width', () => {
    const writer = openRowWriter(['FixedString(2)', 'UUID'], limits);
    const [fixed, uuid] = writer.columns;
    if (fixed?.kind !== 'bytes' || uuid?.kind !== 'bytes') throw new Error('other columns');
    expect(() => fixed.pushBytes(Buffer.alloc(3), 0, 3)).toThrow(/2 bytes for FixedString\(2\)/);
    expect(() => uuid.pushBytes(Buffer.alloc(15), 0, 15)).toThrow(/16 bytes for UUID, not 15/);
  });

  it.each([
    ['Strin', /no column can hold it; choose one of Bool, Int8/],
    ['Array(Int8', /expected `,` or `\)` at character 11/],
    ['Int8)', /expected the end at character 5/],
    ['', /expected the name of a type at character 1/],
    ['Decimal(77, 0)', /P from 1 to 76/],
    ['Decimal(4, 5)', /S from 0 to P/],
    ['Nullable(Array(Int8))', /Array\(Int8\) cannot be inside Nullable/],
    ['Nullable(LowCardinality(String))', /cannot be inside Nullable/],
    ['LowCardinality(Int8)', /only of String/],
    ['DateTime64', /digits of a second/],
    ['Int8(3)', /no arguments/],
    ['Tuple()', /expected the name of a type/],
    ['FixedString(0)', /from 1 to/],
    [`${'Array('.repeat(40)}Int8${')'.repeat(40)}`, /at most 32 types/],
  ])('says of the type %s what is wrong', (type, message) => {
    expect(() => openRowWriter([type], limits)).toThrow(message);
  });
});

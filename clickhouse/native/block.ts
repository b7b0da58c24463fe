/**
 * A table's columns as writers, drawn from its declaration, and a block out of them. Native form
 * without a protocol revision: columns, rows, then name, type, prefix and data of each column.
 *
 * Runs once a block, never per item. Allocations per item: none. Copies: none of column data.
 * Owner: the block. Watched by `gateway/decode/decode.bench.ts`.
 */
import { assert } from '../../core/assert.ts';
import type { TableDef } from '../schema/types.ts';
import type { Level } from './buffers.ts';
import { Chunks, type EncodedBlock } from './chunks.ts';
import {
  ArrayColumn,
  type Column,
  FixedColumn,
  LowCardinalityColumn,
  MapColumn,
  Offsets,
  TextColumn,
} from './columns.ts';
import type { Parts } from './parts.ts';

/** Rows one insert may have so that it stays one part. */
export const blockRowsMax = 1_048_449;
/** Bytes one insert may have so that it stays one part. */
const blockBytesMax = 256 * 1024 * 1024;

export type NamedColumnWriter = { readonly name: string; readonly column: Column };

/** The siblings of one Nested share where the elements of each row end. */
type Nested = { readonly offsets: Offsets; readonly level: Level };

const widths: Readonly<Record<string, number>> = {
  Bool: 1,
  Int8: 1,
  UInt8: 1,
  Int16: 2,
  UInt16: 2,
  Int32: 4,
  UInt32: 4,
  Float32: 4,
  DateTime: 4,
  Int64: 8,
  UInt64: 8,
  Float64: 8,
};

/** A writer for `type`, with its parts in `parts`; `level` counts its values. */
export function createColumn(type: string, parts: Parts, level: Level): Column {
  const width = fixedWidth(type);
  if (width !== undefined) return new FixedColumn(type, level, width);
  if (type === 'String') return new TextColumn(parts.text());
  if (type === 'LowCardinality(String)') return new LowCardinalityColumn(level, parts.dictionary());
  if (type === 'Map(LowCardinality(String), String)') {
    const offsets = new Offsets(level);
    const keys = new LowCardinalityColumn(parts.level(true), parts.dictionary());
    return new MapColumn(offsets, keys, parts.text());
  }
  const element = /^Array\((.*)\)$/.exec(type)?.[1];
  assert(element !== undefined, `a column type that the Native writers know, not ${type}`);
  return new ArrayColumn(new Offsets(level), createColumn(element, parts, parts.level(true)));
}

/**
 * Writers for all columns of `table` that are sent, in its order. `given` replaces the ones that
 * are not written row by row.
 */
export function createColumns(
  table: TableDef,
  parts: Parts,
  rows: Level,
  given: Readonly<Record<string, Column>>,
): NamedColumnWriter[] {
  const nested = new Map<string, Nested>();
  return table.columns
    .filter((column) => column.computed === undefined)
    .map(({ name, type, alongside }) => {
      const own = given[name];
      if (own !== undefined) return { name, column: own };
      const dot = name.indexOf('.');
      const group = alongside ?? (dot < 0 ? undefined : name.slice(0, dot));
      if (group === undefined) {
        return { name, column: createColumn(plainType(type), parts, rows) };
      }
      const shared = nested.get(group) ?? { offsets: new Offsets(rows), level: parts.level(true) };
      nested.set(group, shared);
      const element = /^Array\((.*)\)$/.exec(type)?.[1] ?? '';
      const elements = createColumn(element, parts, shared.level);
      return { name, column: new ArrayColumn(shared.offsets, elements) };
    });
}

/** The block of `rows` rows; its chunks stay valid until the columns change. */
export function encodeBlock(columns: readonly NamedColumnWriter[], rows: number): EncodedBlock {
  assert(rows > 0 && rows <= blockRowsMax, `between 1 and ${blockRowsMax} rows in a block`);
  const out = new Chunks();
  out.varuint(columns.length);
  out.varuint(rows);
  for (const { name, column } of columns) {
    out.string(name);
    out.string(column.type);
    column.prefix(out);
    column.data(out);
  }
  const block = out.finish();
  assert(block.bytes <= blockBytesMax, `at most ${blockBytesMax} bytes in a block`);
  return block;
}

/** Aggregate states of one value travel as that value. */
function plainType(type: string): string {
  return /^SimpleAggregateFunction\(\w+, (.*)\)$/.exec(type)?.[1] ?? type;
}

function fixedWidth(type: string): number | undefined {
  if (type.startsWith('Enum8(')) return 1;
  if (type.startsWith('Enum16(')) return 2;
  if (type.startsWith('DateTime64(')) return 8;
  const length = /^FixedString\((\d+)\)$/.exec(type)?.[1];
  return length === undefined ? widths[type] : Number(length);
}

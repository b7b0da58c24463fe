/**
 * Arrays (`array_send`): i32 count of dimensions, i32 flags, u32 element type; per dimension i32
 * size and i32 lower bound; then the elements in row-major order, each i32 length (-1 for NULL)
 * and bytes. The lower bounds, nearly always 1, have no place in ClickHouse and are left out.
 */
import type { ArrayColumn, ValueColumn } from '../../../../clickhouse/native/values/types.ts';
import type { PgType } from '../pg-types.ts';
import { int32 } from './binary.ts';
import type { Taker } from './decoder.ts';
import type { Decode, Edge } from './edge.ts';

type CreateTaker = (type: PgType, column: ValueColumn, edge: Edge) => Taker;

const headerBytes = 12;
const dimensionBytes = 8;

/**
 * An array of as many dimensions as `column` has. PostgreSQL does not hold a column to a count of
 * dimensions, so each value is looked at: another count than this meets the edge, no elements at
 * all fit every one.
 */
export function createArrayDecoder(
  element: PgType,
  column: ArrayColumn,
  edge: Edge,
  createTaker: CreateTaker,
): Decode | undefined {
  const levels = levelsOf(column).slice(0, depthOf(column) - ownDepth(element));
  const leaf = levels.at(-1)?.inner;
  if (leaf === undefined) return undefined;
  const taker = createTaker(element, leaf, edge.within(true));
  let bytes: Uint8Array = new Uint8Array();
  let header = 0;
  let at = 0;
  const takeLevel = (level: number): void => {
    const size = int32(bytes, header + headerBytes + level * dimensionBytes);
    levels[level]?.pushLength(size);
    for (let index = 0; index < size; index += 1) {
      if (level + 1 < levels.length) {
        takeLevel(level + 1);
        continue;
      }
      const length = int32(bytes, at);
      at += 4;
      if (length < 0) {
        taker.none();
      } else {
        taker.value(bytes, at, at + length);
        at += length;
      }
    }
  };
  return (value, from) => {
    const dimensions = int32(value, from);
    if (dimensions === 0) {
      column.pushLength(0);
      return true;
    }
    if (dimensions !== levels.length) {
      return edge.meet(`an array of ${dimensions} dimensions`, false);
    }
    bytes = value;
    header = from;
    at = from + headerBytes + dimensions * dimensionBytes;
    takeLevel(0);
    return true;
  };
}

function levelsOf(column: ArrayColumn): readonly ArrayColumn[] {
  return column.inner.kind === 'array' ? [column, ...levelsOf(column.inner)] : [column];
}

function depthOf(column: ArrayColumn): number {
  return levelsOf(column).length;
}

/** Elements that are arrays in ClickHouse themselves. */
function ownDepth(element: PgType): number {
  const isArray =
    element.form === 'multirange' || (element.form === 'base' && element.name === 'polygon');
  return isArray ? 1 : 0;
}

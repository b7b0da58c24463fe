/**
 * Composites (`record_send`: i32 count, then per field u32 type, i32 length, bytes), ranges
 * (`range_send`: u8 flags, then per bound that there is i32 length and bytes) and multiranges (i32
 * count, then per range i32 length and bytes).
 */
import type {
  ArrayColumn,
  BytesColumn,
  TupleColumn,
  ValueColumn,
} from '../../../../clickhouse/native/values/types.ts';
import type { PgType } from '../pg-types.ts';
import { int32 } from './binary.ts';
import type { Taker } from './decoder.ts';
import type { Decode, Edge } from './edge.ts';

type CreateTaker = (type: PgType, column: ValueColumn, edge: Edge) => Taker;
type Struct = Extract<PgType, { form: 'composite' | 'range' | 'multirange' }>;

const isEmpty = 0x01;
const isLowerIn = 0x02;
const isUpperIn = 0x04;
const isLowerFree = 0x08;
const isUpperFree = 0x10;

export function createStructDecoder(
  type: Struct,
  column: ValueColumn,
  edge: Edge,
  createTaker: CreateTaker,
): Decode | undefined {
  if (type.form === 'composite') {
    return column.kind === 'tuple' ? decodeComposite(type, column, edge, createTaker) : undefined;
  }
  if (type.form === 'range') {
    return column.kind === 'tuple' ? decodeRange(type.bound, column, edge, createTaker) : undefined;
  }
  return column.kind === 'array' && column.inner.kind === 'tuple'
    ? decodeMultirange(type.bound, column, column.inner, edge, createTaker)
    : undefined;
}

function decodeComposite(
  type: Extract<PgType, { form: 'composite' }>,
  column: TupleColumn,
  edge: Edge,
  createTaker: CreateTaker,
): Decode | undefined {
  if (column.parts.length !== type.fields.length) return undefined;
  const takers = column.parts.map((part, index) => {
    const field = type.fields[index]?.type ?? { form: 'other', name: 'no field' };
    return createTaker(field, part, edge.within(true));
  });
  return (bytes, from) => {
    // The length of each field stands behind its type.
    let at = from + 8;
    for (let index = 0; index < takers.length; index += 1) {
      const taker = takers[index] as Taker;
      const length = int32(bytes, at);
      at += 4;
      if (length < 0) {
        taker.none();
      } else {
        taker.value(bytes, at, at + length);
        at += length;
      }
      at += 4;
    }
    return true;
  };
}

function decodeRange(
  bound: PgType,
  column: TupleColumn,
  edge: Edge,
  createTaker: CreateTaker,
): Decode | undefined {
  const [lowerColumn, upperColumn, bounds] = column.parts;
  if (lowerColumn === undefined || upperColumn === undefined) return undefined;
  if (bounds?.kind !== 'bytes') return undefined;
  const lower = createTaker(bound, lowerColumn, edge);
  const upper = createTaker(bound, upperColumn, edge);
  const takeBound = (taker: Taker, isThere: boolean, bytes: Uint8Array, at: number): number => {
    if (!isThere) {
      taker.none();
      return at;
    }
    const end = at + 4 + int32(bytes, at);
    taker.value(bytes, at + 4, end);
    return end;
  };
  return (bytes, from) => {
    const flags = bytes[from] as number;
    const hasBounds = (flags & isEmpty) === 0;
    const at = takeBound(lower, hasBounds && (flags & isLowerFree) === 0, bytes, from + 1);
    takeBound(upper, hasBounds && (flags & isUpperFree) === 0, bytes, at);
    pushBounds(bounds, flags);
    return true;
  };
}

const words = Buffer.from('empty()(][)[]');

/** `empty`, or the brackets that PostgreSQL prints: `[` and `]` where a bound belongs to it. */
function pushBounds(column: BytesColumn, flags: number): void {
  if ((flags & isEmpty) !== 0) {
    column.pushBytes(words, 0, 5);
    return;
  }
  const which = ((flags & isLowerIn) === 0 ? 0 : 2) + ((flags & isUpperIn) === 0 ? 0 : 1);
  column.pushBytes(words, 5 + 2 * which, 7 + 2 * which);
}

function decodeMultirange(
  bound: PgType,
  column: ArrayColumn,
  range: TupleColumn,
  edge: Edge,
  createTaker: CreateTaker,
): Decode | undefined {
  const decode = decodeRange(bound, range, edge, createTaker);
  if (decode === undefined) return undefined;
  return (bytes, from) => {
    const count = int32(bytes, from);
    column.pushLength(count);
    let at = from + 4;
    for (let index = 0; index < count; index += 1) {
      const end = at + 4 + int32(bytes, at);
      decode(bytes, at + 4, end);
      at = end;
    }
    return true;
  };
}

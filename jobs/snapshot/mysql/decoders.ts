/**
 * One decoder a column, chosen once: from the bytes of MySQL's text protocol into a ClickHouse
 * column. Allocates nothing for numbers up to 64 bits, dates and bytes; a BigInt for wide decimals
 * and a string for floats with an exponent. Copies: one, into the column.
 */
import type { ValueColumn } from '../../../clickhouse/native/values/types.ts';
import { assert } from '../../../core/assert.ts';
import type { PlannedColumn } from '../source.ts';
import { decodeDate, decodeDateTime, decodeTime, textWithEdges } from './decode-dates.ts';
import { decodeGeometry, decodePoint, decodeSet, decodeVector } from './decode-lists.ts';
import { decodeBit, decodeDecimal, decodeFloat, decodeInteger } from './decode-numbers.ts';
import type { Slot } from './slot.ts';
import { parseSourceType, type SourceType } from './types.ts';

/** Takes the bytes of one value that is not NULL. */
export type Decode = (bytes: Buffer) => void;

/** The decoder of a planned column into `target`, its column in the block. */
export function chooseDecoder(planned: PlannedColumn, target: ValueColumn, slot: Slot): Decode {
  const told = planned.isNullFlag === true ? 'tinyint(1)' : planned.source.sourceType;
  const source = parseSourceType(told);
  const inner = target.kind === 'nullable' ? target.inner : target;
  if (isPlainText(inner)) return decodeIntoText(source, planned, inner, slot);
  const decode = decodeIntoType(source, planned, inner, slot);
  assert(
    decode !== undefined,
    `${planned.source.sourceType} cannot become ${inner.type}: the plan has to refuse it`,
  );
  return decode;
}

function decodeIntoType(
  source: SourceType,
  planned: PlannedColumn,
  inner: ValueColumn,
  slot: Slot,
): Decode | undefined {
  switch (source.kind) {
    case 'integer':
    case 'year':
      return decodeInteger(inner, slot);
    case 'float':
      return decodeFloat(inner, slot);
    case 'decimal':
      return decodeDecimal(inner, slot, source.sizes[1] ?? 0);
    case 'bit':
      return decodeBit(inner, slot);
    case 'date':
      return decodeDate(inner, slot);
    case 'datetime':
      return decodeDateTime(inner, slot, source.sizes[0] ?? 0);
    case 'time':
      return decodeTime(inner, slot, source.sizes[0] ?? 0);
    case 'set':
      return decodeSet(inner, slot, source.emptyMember >= 0);
    case 'point':
      return decodePoint(inner, slot);
    case 'geometry':
      return decodeGeometry(inner, slot);
    case 'vector':
      return decodeVector(inner, slot);
    default:
      return decodeBytes(inner, slot, planned);
  }
}

function isPlainText(inner: ValueColumn): boolean {
  return /^(LowCardinality\()?(Nullable\()?String\)*$/.test(inner.type);
}

/** String for everything: the server's own text, but where that would not be a text. */
function decodeIntoText(
  source: SourceType,
  planned: PlannedColumn,
  inner: ValueColumn,
  slot: Slot,
): Decode {
  const push = decodeBytes(inner, slot, planned);
  switch (source.kind) {
    case 'bit':
      return (bytes) => {
        let bits = '';
        for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
        push(Buffer.from(bits.slice(bits.length - (source.sizes[0] ?? 1)), 'latin1'));
      };
    case 'point':
    case 'geometry':
      return decodeGeometry(inner, slot) ?? push;
    case 'vector':
      return (bytes) => push(Buffer.from(JSON.stringify(vectorOf(bytes)), 'latin1'));
    case 'date':
    case 'datetime':
      return textWithEdges(push, slot);
    default:
      return push;
  }
}

function decodeBytes(inner: ValueColumn, slot: Slot, planned: PlannedColumn): Decode {
  const what = planned.source.sourceType;
  assert(inner.kind === 'bytes', `${what} cannot become ${inner.type}: the plan has to refuse it`);
  return (bytes) => {
    slot.valid();
    inner.pushBytes(bytes, 0, bytes.length);
  };
}

function vectorOf(bytes: Buffer): readonly number[] {
  return Array.from({ length: bytes.length >> 2 }, (_, index) => bytes.readFloatLE(index << 2));
}

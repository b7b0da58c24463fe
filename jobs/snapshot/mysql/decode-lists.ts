/** Sets, points, geometry and vectors. */
import type { ValueColumn } from '../../../clickhouse/native/values/types.ts';
import type { Decode } from './decoders.ts';
import type { Slot } from './slot.ts';

const comma = 0x2c;
const plus = 0x2b;
/** MySQL writes the spatial reference system before the WKB, 4 bytes little-endian. */
const sridSize = 4;
/** Byte order and type; then two doubles. */
const pointHeaderSize = 5;

/**
 * Members by their commas, which no member may have. The server leaves out the comma after a
 * leading '', so that the text of a set may not show it. `isMarked`: the first byte tells whether
 * '' is a member (`+`, see `selectExpression`); it then comes first.
 */
export function decodeSet(inner: ValueColumn, slot: Slot, isMarked: boolean): Decode | undefined {
  if (inner.kind !== 'array' || inner.inner.kind !== 'bytes') return undefined;
  const member = inner.inner;
  return (bytes) => {
    slot.valid();
    const start = isMarked ? 1 : 0;
    const hasEmpty = isMarked && bytes[0] === plus;
    let count = hasEmpty ? 1 : 0;
    for (let at = start; at < bytes.length; at = endOf(bytes, at) + 1) {
      if (bytes[at] !== comma) count += 1;
    }
    inner.pushLength(count);
    if (hasEmpty) member.pushBytes(bytes, 0, 0);
    for (let at = start; at < bytes.length; at = endOf(bytes, at) + 1) {
      if (bytes[at] !== comma) member.pushBytes(bytes, at, endOf(bytes, at));
    }
  };
}

/** Of the member that begins at `from`. */
function endOf(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(comma, from);
  return at < 0 ? bytes.length : at;
}

/** x and y; the empty point, which MariaDB can make, is at the edge. */
export function decodePoint(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind !== 'tuple') return undefined;
  const [x, y] = inner.parts;
  if (x?.kind !== 'number' || y?.kind !== 'number') return undefined;
  const at = sridSize + pointHeaderSize;
  return (bytes) => {
    if (bytes.length < at + 16) {
      if (slot.meetEdge(bytes)) return;
      slot.valid();
      x.pushNumber(Number.NaN);
      y.pushNumber(Number.NaN);
      return;
    }
    slot.valid();
    x.pushNumber(bytes.readDoubleLE(at));
    y.pushNumber(bytes.readDoubleLE(at + 8));
  };
}

/** WKB alone into String; SRID and WKB into a Tuple. */
export function decodeGeometry(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind === 'bytes') {
    return (bytes) => {
      slot.valid();
      inner.pushBytes(bytes, Math.min(sridSize, bytes.length), bytes.length);
    };
  }
  if (inner.kind !== 'tuple') return undefined;
  const [srid, wkb] = inner.parts;
  if (srid?.kind !== 'number' || wkb?.kind !== 'bytes') return undefined;
  return (bytes) => {
    slot.valid();
    srid.pushNumber(bytes.readUInt32LE(0));
    wkb.pushBytes(bytes, sridSize, bytes.length);
  };
}

/** Floats of 4 bytes, little-endian, as MySQL 9 and MariaDB 11.7 store them. */
export function decodeVector(inner: ValueColumn, slot: Slot): Decode | undefined {
  if (inner.kind !== 'array' || inner.inner.kind !== 'number') return undefined;
  const member = inner.inner;
  return (bytes) => {
    slot.valid();
    inner.pushLength(bytes.length >> 2);
    for (let at = 0; at + 4 <= bytes.length; at += 4) member.pushNumber(bytes.readFloatLE(at));
  };
}

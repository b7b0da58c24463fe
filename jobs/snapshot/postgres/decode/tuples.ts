/** Base types that are several values: point, polygon, interval, timetz, inet, hstore. */
import type {
  ArrayColumn,
  LongColumn,
  MapColumn,
  NumberColumn,
  TupleColumn,
  ValueColumn,
} from '../../../../clickhouse/native/values/types.ts';
import { float64, int32, pushSafe, safeInt64 } from './binary.ts';
import type { Decode } from './edge.ts';

/** Undefined where the column is not of the shape that values of this type have. */
export function createTupleDecoder(name: string, column: ValueColumn): Decode | undefined {
  if (name === 'hstore') return column.kind === 'map' ? decodeHstore(column) : undefined;
  if (name === 'polygon') return column.kind === 'array' ? decodePolygon(column) : undefined;
  if (column.kind !== 'tuple') return undefined;
  if (name === 'point') return decodePoint(column);
  if (name === 'interval') return decodeInterval(column);
  if (name === 'timetz') return decodeTimeWithZone(column);
  return name === 'inet' || name === 'cidr' ? decodeAddress(column) : undefined;
}

/** Two float8. */
function decodePoint(column: TupleColumn): Decode | undefined {
  const [x, y] = column.parts;
  if (x?.kind !== 'number' || y?.kind !== 'number') return undefined;
  return (bytes, from) => {
    x.pushNumber(float64(bytes, from));
    y.pushNumber(float64(bytes, from + 8));
    return true;
  };
}

/** i32 count, then points. */
function decodePolygon(column: ArrayColumn): Decode | undefined {
  const decode = column.inner.kind === 'tuple' ? decodePoint(column.inner) : undefined;
  if (decode === undefined) return undefined;
  return (bytes, from) => {
    const count = int32(bytes, from);
    column.pushLength(count);
    for (let index = 0; index < count; index += 1) {
      decode(bytes, from + 4 + 16 * index, from + 20 + 16 * index);
    }
    return true;
  };
}

/** i64 microseconds, i32 days, i32 months. */
function decodeInterval(column: TupleColumn): Decode | undefined {
  const [months, days, micros] = column.parts;
  if (!isNumber(months) || !isNumber(days) || !isLong(micros)) return undefined;
  return (bytes, from) => {
    months.pushNumber(int32(bytes, from + 12));
    days.pushNumber(int32(bytes, from + 8));
    micros.pushHalves(int32(bytes, from + 4), int32(bytes, from));
    return true;
  };
}

/** i64 microseconds since midnight, i32 seconds west of Greenwich; in ClickHouse east of it. */
function decodeTimeWithZone(column: TupleColumn): Decode | undefined {
  const [time, offset] = column.parts;
  if (!isLong(time) || !isNumber(offset)) return undefined;
  return (bytes, from) => {
    pushSafe(time, safeInt64(bytes, from));
    offset.pushNumber(-int32(bytes, from + 8));
    return true;
  };
}

const familyV4 = 2;

/** u8 family, u8 bits of the network, u8 whether cidr, u8 count of bytes, bytes; v4 is mapped. */
function decodeAddress(column: TupleColumn): Decode | undefined {
  const [address, prefix] = column.parts;
  if (address?.kind !== 'bytes' || !isNumber(prefix)) return undefined;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  return (bytes, from, to) => {
    if (bytes[from] === familyV4) {
      mapped.set(bytes.subarray(from + 4, from + 8), 12);
      address.pushBytes(mapped, 0, 16);
    } else {
      address.pushBytes(bytes, from + 4, to);
    }
    prefix.pushNumber(bytes[from + 1] as number);
    return true;
  };
}

/** i32 count, then per pair i32 length and bytes of the key, i32 length (-1 for NULL) and value. */
function decodeHstore(column: MapColumn): Decode | undefined {
  const { key, value } = column;
  const inner = value.kind === 'nullable' ? value.inner : undefined;
  if (key.kind !== 'bytes' || value.kind !== 'nullable' || inner?.kind !== 'bytes') {
    return undefined;
  }
  return (bytes, from) => {
    const count = int32(bytes, from);
    column.pushLength(count);
    let at = from + 4;
    for (let index = 0; index < count; index += 1) {
      const keyEnd = at + 4 + int32(bytes, at);
      key.pushBytes(bytes, at + 4, keyEnd);
      const length = int32(bytes, keyEnd);
      at = keyEnd + 4;
      if (length < 0) {
        value.pushNull();
      } else {
        value.pushValid();
        inner.pushBytes(bytes, at, at + length);
        at += length;
      }
    }
    return true;
  };
}

function isNumber(column: ValueColumn | undefined): column is NumberColumn {
  return column?.kind === 'number';
}

function isLong(column: ValueColumn | undefined): column is LongColumn {
  return column?.kind === 'long';
}

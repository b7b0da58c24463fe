/**
 * The least and the greatest key of what was sent, for comparison with what ClickHouse then finds
 * (issue 8 §1). Kept for keys whose order here is that of `min` and `max` there: integers, texts by
 * their bytes, and UUIDs, which ClickHouse compares by their second half first.
 */
import type {
  BytesColumn,
  LongColumn,
  NumberColumn,
  ValueColumn,
} from '../../clickhouse/native/values/types.ts';

/** As ClickHouse writes values of the type; both empty without rows, or where none is kept. */
export type KeyRange = { readonly min: string; readonly max: string };

export const noRange: KeyRange = { min: '', max: '' };

/** A key column that is filled, and the range of what it was filled with. */
export type Ranged = {
  /** Stands in the place of the column. */
  readonly column: ValueColumn;
  readonly range: KeyBounds;
};

/** Bounds of one type; those of several readers are joined. */
export type KeyBounds = {
  readonly least: () => KeyValue | undefined;
  readonly greatest: () => KeyValue | undefined;
};

type KeyValue = number | bigint | Buffer;

/** Undefined for a type of whose keys no range is kept. */
export function ranged(column: ValueColumn): Ranged | undefined {
  if (!keeps(column.type)) return undefined;
  switch (column.kind) {
    case 'number':
      return rangedNumber(column);
    case 'long':
      return rangedLong(column);
    case 'bytes':
      return rangedBytes(column);
    default:
      return undefined;
  }
}

/** Of columns of the same type. */
export function joinRanges(type: string, all: readonly KeyBounds[]): KeyRange {
  const isLess = orderOf(type);
  const pick = (values: readonly (KeyValue | undefined)[], wins: Wins): string => {
    let best: KeyValue | undefined;
    for (const value of values) {
      if (value !== undefined && (best === undefined || wins(value, best))) best = value;
    }
    return best === undefined ? '' : textOf(type, best);
  };
  return {
    min: pick(
      all.map((one) => one.least()),
      isLess,
    ),
    max: pick(
      all.map((one) => one.greatest()),
      (value, than) => isLess(than, value),
    ),
  };
}

/** Whether a range is kept of keys of this type. */
export function keeps(type: string): boolean {
  return /^(U?Int(8|16|32|64)|String|LowCardinality\(String\)|UUID)$/.test(type);
}

type Wins = (value: KeyValue, than: KeyValue) => boolean;

function orderOf(type: string): Wins {
  if (!isBytes(type)) return (value, than) => value < than;
  const order = type === 'UUID' ? halvesSwapped : (bytes: Buffer): Buffer => bytes;
  return (value, than) =>
    Buffer.isBuffer(value) && Buffer.isBuffer(than) && order(value).compare(order(than)) < 0;
}

function isBytes(type: string): boolean {
  return !type.includes('Int');
}

function halvesSwapped(uuid: Buffer): Buffer {
  return Buffer.concat([uuid.subarray(8), uuid.subarray(0, 8)]);
}

function textOf(type: string, value: KeyValue): string {
  if (!Buffer.isBuffer(value)) return String(value);
  if (type !== 'UUID') return value.toString('utf8');
  return value.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

function rangedNumber(column: NumberColumn): Ranged {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  return {
    column: {
      kind: 'number',
      type: column.type,
      pushNumber: (value) => {
        if (value < least) least = value;
        if (value > greatest) greatest = value;
        column.pushNumber(value);
      },
    },
    range: {
      least: () => (least <= greatest ? least : undefined),
      greatest: () => (least <= greatest ? greatest : undefined),
    },
  };
}

/** Compared by halves: a BigInt a row would be an allocation a row. */
function rangedLong(column: LongColumn): Ranged {
  const isSigned = column.type === 'Int64';
  const whole = (high: number, low: number): bigint => BigInt(high) * 2n ** 32n + BigInt(low);
  let isEmpty = true;
  let [leastHigh, leastLow, greatestHigh, greatestLow] = [0, 0, 0, 0];
  const see = (lowBits: number, highBits: number): void => {
    const low = lowBits >>> 0;
    const high = isSigned ? highBits | 0 : highBits >>> 0;
    if (isEmpty || high < leastHigh || (high === leastHigh && low < leastLow)) {
      [leastHigh, leastLow] = [high, low];
    }
    if (isEmpty || high > greatestHigh || (high === greatestHigh && low > greatestLow)) {
      [greatestHigh, greatestLow] = [high, low];
    }
    isEmpty = false;
  };
  return {
    column: {
      kind: 'long',
      type: column.type,
      pushHalves: (low, high) => {
        see(low, high);
        column.pushHalves(low, high);
      },
      pushBigInt: (value) => {
        see(Number(BigInt.asUintN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
        column.pushBigInt(value);
      },
    },
    range: {
      least: () => (isEmpty ? undefined : whole(leastHigh, leastLow)),
      greatest: () => (isEmpty ? undefined : whole(greatestHigh, greatestLow)),
    },
  };
}

function rangedBytes(column: BytesColumn): Ranged {
  const isLess = orderOf(column.type);
  let least: Buffer | undefined;
  let greatest: Buffer | undefined;
  return {
    column: {
      kind: 'bytes',
      type: column.type,
      pushBytes: (bytes, from, to) => {
        const value = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from);
        // What is read is overwritten by what comes next: bounds are copies.
        if (least === undefined || isLess(value, least)) least = Buffer.from(value);
        if (greatest === undefined || isLess(greatest, value)) greatest = Buffer.from(value);
        column.pushBytes(bytes, from, to);
      },
    },
    range: { least: () => least, greatest: () => greatest },
  };
}

/**
 * Columns that keep what is pushed as JavaScript values, so that a source can be tested without
 * ClickHouse: numbers and bigints as they are, bytes as hex, NULL as null, lists as arrays.
 */
import type { RowWriter, ValueColumn } from '../../clickhouse/native/values/types.ts';

export type Recorded = number | bigint | string | null | readonly Recorded[];

export type Recorder = {
  readonly writer: RowWriter;
  readonly rows: Recorded[][];
};

/** Full after `rowsMax` rows, until `drain` is called. */
export function recordRows(types: readonly string[], rowsMax = 1000): Recorder & Drain {
  const cells: Recorded[][] = types.map(() => []);
  const rows: Recorded[][] = [];
  let pending = 0;
  const columns = types.map((type, index) =>
    makeColumn(type, (value) => cells[index]?.push(value)),
  );
  const writer: RowWriter & { rows: number } = {
    columns,
    rows: 0,
    endRow: () => {
      const odd = cells.findIndex((cell) => cell.length !== 1);
      if (odd >= 0) throw new Error(`column ${odd} got ${cells[odd]?.length} values in a row`);
      rows.push(cells.map((cell) => cell[0] ?? null));
      for (const cell of cells) cell.length = 0;
      pending += 1;
      writer.rows = pending;
    },
    cutRow: () => {
      for (const cell of cells) cell.length = 0;
    },
    isFull: () => pending >= rowsMax,
  };
  const drain = (): void => {
    pending = 0;
    writer.rows = 0;
  };
  return { writer, rows, drain };
}

type Drain = { readonly drain: () => void };

type Put = (value: Recorded) => void;

function makeColumn(type: string, put: Put): ValueColumn {
  const [, outer = '', inner = ''] = /^(\w+)\((.*)\)$/s.exec(type) ?? [];
  if (outer === 'LowCardinality') return { ...makeColumn(inner, put), type };
  if (outer === 'Nullable') {
    return {
      ...{ type, kind: 'nullable', inner: makeColumn(inner, put) },
      pushNull: () => put(null),
      pushValid: () => undefined,
    };
  }
  if (outer === 'Array') return makeArray(type, inner, put);
  if (type === 'Point') return makeTuple(type, ['Float64', 'Float64'], put);
  if (outer === 'Tuple') return makeTuple(type, inner.split(', '), put);
  return makeScalar(type, put);
}

function makeScalar(type: string, put: Put): ValueColumn {
  const precision = Number(/^Decimal\((\d+)/.exec(type)?.[1] ?? 0);
  if (precision > 18 || /^U?Int(128|256)$/.test(type)) {
    return { type, kind: 'wide', pushBigInt: put };
  }
  if (precision > 9 || /^(U?Int64|DateTime64\(.*|Time64\(.*)$/.test(type)) {
    const isUnsigned = type === 'UInt64';
    return {
      ...{ type, kind: 'long', pushBigInt: put },
      pushHalves: (low, high) => {
        const bits = (BigInt(toInt32(high)) << 32n) | BigInt(toInt32(low) >>> 0);
        put(isUnsigned ? BigInt.asUintN(64, bits) : bits);
      },
    };
  }
  if (precision > 0 || /^(U?Int(8|16|32)|Float\d\d|Bool|Date32)$/.test(type)) {
    return { type, kind: 'number', pushNumber: type === 'Float32' ? rounded(put) : put };
  }
  return {
    ...{ type, kind: 'bytes' },
    pushBytes: (bytes, from, to) => put(Buffer.from(bytes.subarray(from, to)).toString('hex')),
  };
}

function makeArray(type: string, inner: string, put: Put): ValueColumn {
  let values: Recorded[] = [];
  let left = 0;
  const element = makeColumn(inner, (value) => {
    values.push(value);
    left -= 1;
    if (left === 0) put(values);
  });
  return {
    ...{ type, kind: 'array', inner: element },
    pushLength: (count) => {
      values = [];
      left = count;
      if (count === 0) put(values);
    },
  };
}

function makeTuple(type: string, inner: readonly string[], put: Put): ValueColumn {
  const values: Recorded[] = [];
  const parts = inner.map((one) =>
    makeColumn(one, (value) => {
      values.push(value);
      if (values.length === inner.length) put(values.splice(0));
    }),
  );
  return { type, kind: 'tuple', parts };
}

function toInt32(value: number): number {
  return value | 0;
}

function rounded(put: Put): (value: number) => void {
  return (value) => put(Math.fround(value));
}

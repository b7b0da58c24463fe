/**
 * Columns that keep what is pushed as plain values, so that a test can compare it: numbers,
 * bigints, byte strings as latin1 text, null, and lists of them for arrays, maps and tuples. They
 * hold who fills them to the order that the interface asks for.
 */
import type { RowWriter, ValueColumn } from '../../clickhouse/native/values/types.ts';

export type Recorded = number | bigint | string | null | readonly Recorded[];

export type RecordingWriter = RowWriter & {
  readonly columns: readonly ValueColumn[];
  /** Takes the rows that were ended since the last call. */
  readonly take: () => readonly (readonly Recorded[])[];
};

type Recorder = { readonly column: ValueColumn; readonly values: Recorded[]; cut: () => void };

export function createRecordingWriter(types: readonly string[], rowsMax = 1000): RecordingWriter {
  const recorders = types.map(createRecorder);
  let rows = 0;
  return {
    columns: recorders.map(({ column }) => column),
    get rows() {
      return rows;
    },
    endRow: () => {
      rows += 1;
      recorders.forEach((recorder, index) => {
        if (recorder.values.length !== rows) {
          throw new Error(`${types[index]}: ${recorder.values.length} values in ${rows} rows`);
        }
      });
    },
    cutRow: () => {
      for (const recorder of recorders) {
        recorder.cut();
        recorder.values.length = Math.min(recorder.values.length, rows);
      }
    },
    isFull: () => rows >= rowsMax,
    take: () => {
      const taken = Array.from({ length: rows }, (_, row) =>
        recorders.map(({ values }) => values[row] ?? null),
      );
      for (const { values } of recorders) values.length = 0;
      rows = 0;
      return taken;
    },
  };
}

function createRecorder(type: string): Recorder {
  const values: Recorded[] = [];
  return { column: columnOf(type, (value) => values.push(value)), values, cut: () => undefined };
}

type Push = (value: Recorded) => void;

/** `push` is called once for each value of this column, when it is whole. */
function columnOf(type: string, push: Push): ValueColumn {
  const [, outer = type, inside = ''] = /^(\w+)\((.*)\)$/s.exec(type) ?? [];
  switch (outer) {
    case 'Nullable':
      return nullableOf(type, inside, push);
    case 'LowCardinality':
      return inside.startsWith('Nullable(')
        ? nullableOf(type, inside.slice(9, -1), push)
        : columnOf(inside, push);
    case 'Array':
      return arrayOf(type, inside, push);
    case 'Map':
      return mapOf(type, inside, push);
    case 'Tuple':
      return tupleOf(type, splitTypes(inside).map(withoutName), push);
    case 'Point':
      return tupleOf(type, ['Float64', 'Float64'], push);
    default:
      return scalarOf(type, push);
  }
}

function scalarOf(type: string, push: Push): ValueColumn {
  const precision = Number(/^Decimal\((\d+)/.exec(type)?.[1] ?? 0);
  if (/^(U?Int(8|16|32)|Float|Bool|Date32)/.test(type) || (precision > 0 && precision <= 9)) {
    return { kind: 'number', type, pushNumber: push };
  }
  if (/^(U?Int64|DateTime64|Time64)/.test(type) || (precision > 0 && precision <= 18)) {
    const signed = !type.startsWith('U');
    const wrap = (value: bigint): bigint =>
      signed ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    return {
      kind: 'long',
      type,
      pushHalves: (low, high) => push(wrap((BigInt(high | 0) << 32n) | BigInt(low >>> 0))),
      pushBigInt: (value) => {
        if (wrap(value) !== value) throw new RangeError(`${value} is beyond ${type}`);
        push(value);
      },
    };
  }
  if (precision > 0) return { kind: 'wide', type, pushBigInt: push };
  if (!/^(Fixed)?String|^UUID|^IPv/.test(type)) throw new Error(`no such column: ${type}`);
  return {
    kind: 'bytes',
    type,
    pushBytes: (bytes, from, to) => push(Buffer.from(bytes.subarray(from, to)).toString('latin1')),
  };
}

function nullableOf(type: string, inside: string, push: Push): ValueColumn {
  let held: Recorded | undefined;
  let isValid = false;
  const look = (): void => {
    if (!isValid || held === undefined) return;
    const value = held;
    held = undefined;
    isValid = false;
    push(value);
  };
  const inner = columnOf(inside, (value) => {
    held = value;
    look();
  });
  return {
    kind: 'nullable',
    type,
    inner,
    pushNull: () => push(null),
    pushValid: () => {
      isValid = true;
      look();
    },
  };
}

function arrayOf(type: string, inside: string, push: Push): ValueColumn {
  const list = listOf(push);
  const inner = columnOf(inside, list.add);
  return { kind: 'array', type, inner, pushLength: list.begin };
}

function mapOf(type: string, inside: string, push: Push): ValueColumn {
  const [keyType = '', valueType = ''] = splitTypes(inside);
  const list = listOf((flat) => {
    const all = flat as readonly Recorded[];
    push(
      all.filter((_, index) => index % 2 === 0).map((key, at) => [key, all[2 * at + 1] ?? null]),
    );
  });
  return {
    kind: 'map',
    type,
    key: columnOf(keyType, list.add),
    value: columnOf(valueType, list.add),
    pushLength: (count) => list.begin(2 * count),
  };
}

function tupleOf(type: string, types: readonly string[], push: Push): ValueColumn {
  const parts: (Recorded | undefined)[] = types.map(() => undefined);
  let filled = 0;
  const columns = types.map((part, index) =>
    columnOf(part, (value) => {
      if (parts[index] !== undefined) throw new Error(`${type}: part ${index} twice`);
      parts[index] = value;
      filled += 1;
      if (filled < types.length) return;
      const whole = parts.map((one) => one ?? null);
      parts.fill(undefined);
      filled = 0;
      push(whole);
    }),
  );
  return { kind: 'tuple', type, parts: columns };
}

/** Collects as many values as were announced. */
function listOf(push: Push): { begin: (count: number) => void; add: Push } {
  let waiting = 0;
  let list: Recorded[] = [];
  const look = (): void => {
    if (waiting > 0) return;
    const whole = list;
    list = [];
    push(whole);
  };
  return {
    begin: (count) => {
      if (waiting > 0) throw new Error(`${waiting} elements are missing`);
      waiting = count;
      look();
    },
    add: (value) => {
      if (waiting === 0) throw new Error('an element that was not announced');
      list.push(value);
      waiting -= 1;
      look();
    },
  };
}

/** The types between commas that are not inside brackets or quotes. */
function splitTypes(text: string): readonly string[] {
  const found: string[] = [];
  let depth = 0;
  let start = 0;
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at] ?? '';
    if (mark === '\\') at += 1;
    else if (quote !== '') quote = mark === quote ? '' : quote;
    else if (mark === '`' || mark === "'") quote = mark;
    else if (mark === '(') depth += 1;
    else if (mark === ')') depth -= 1;
    else if (mark === ',' && depth === 0) {
      found.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...found, text.slice(start).trim()];
}

/** `name Type`, where the name may be in backticks. */
function withoutName(part: string): string {
  return part.replace(/^(`(?:[^`\\]|\\.)*`|\w+) +/, '');
}

/**
 * Which decoder a column gets, chosen once before the rows come: by the type in PostgreSQL and by
 * the kind of the column that takes the values.
 */
import type { NullableColumn, ValueColumn } from '../../../../clickhouse/native/values/types.ts';
import { Problem } from '../../../../core/problem.ts';
import { emptyOf } from '../../empty.ts';
import type { PgType } from '../pg-types.ts';
import { createArrayDecoder } from './arrays.ts';
import type { Decode, Edge } from './edge.ts';
import { decimalOf, decodeNumeric, numericText } from './numeric.ts';
import { decodeBits, decodeBytes, decodeLong, decodeNumber } from './scalars.ts';
import { createStructDecoder } from './structs.ts';
import { decodeDate, decodeTime, decodeTimestamp } from './times.ts';
import { createTupleDecoder } from './tuples.ts';

/** Takes the values of one place, NULL among them. */
export type Taker = {
  readonly value: (bytes: Uint8Array, from: number, to: number) => void;
  readonly none: () => void;
};

/** @throws Problem OBS-6067 when values of `type` cannot go into a column of this kind */
export function createTaker(type: PgType, column: ValueColumn, edge: Edge): Taker {
  if (column.kind === 'nullable') return takeNullable(type, column, edge.within(true));
  const decode = createDecoder(type, column, edge.within(!isScalar(column)));
  const none = emptyOf(column) ?? ((): void => refuseNull(column, edge));
  return {
    value: (bytes, from, to) => {
      if (!decode(bytes, from, to)) none();
    },
    none,
  };
}

function takeNullable(type: PgType, column: NullableColumn, edge: Edge): Taker {
  const decode = createDecoder(type, column.inner, edge);
  return {
    value: (bytes, from, to) => {
      if (decode(bytes, from, to)) column.pushValid();
      else column.pushNull();
    },
    none: () => column.pushNull(),
  };
}

function isScalar(column: ValueColumn): boolean {
  return column.kind !== 'array' && column.kind !== 'map' && column.kind !== 'tuple';
}

function refuseNull(column: ValueColumn, edge: Edge): void {
  edge.within(false).meet('NULL', false);
  throw new Problem('OBS-6067', `${column.type} cannot hold NULL`);
}

function createDecoder(type: PgType, column: ValueColumn, edge: Edge): Decode {
  const decode = find(type, column, edge);
  if (decode === undefined) {
    throw new Problem('OBS-6067', `${nameOf(type)} cannot be read into ${column.type}`, {
      next: 'Choose a type that `obsctl snapshot plan` names for the column; String always is one.',
    });
  }
  return decode;
}

function find(type: PgType, column: ValueColumn, edge: Edge): Decode | undefined {
  switch (type.form) {
    case 'base':
      return decodeBase(type.name, column, edge);
    case 'enum':
      return column.kind === 'bytes' ? decodeBytes(column, 0) : undefined;
    case 'array':
      return column.kind === 'array'
        ? createArrayDecoder(type.element, column, edge, createTaker)
        : undefined;
    case 'composite':
    case 'range':
    case 'multirange':
      return createStructDecoder(type, column, edge, createTaker);
    default:
      return undefined;
  }
}

function decodeBase(name: string, column: ValueColumn, edge: Edge): Decode | undefined {
  if (name === 'numeric') return decodeDecimal(column, edge);
  if (name === 'date') return column.kind === 'number' ? decodeDate(column, edge) : undefined;
  if (name === 'timestamp' || name === 'timestamptz') {
    return column.kind === 'long' ? decodeTimestamp(column, edge) : undefined;
  }
  if (name === 'time') return column.kind === 'long' ? decodeTime(column) : undefined;
  if (name === 'bit') return decodeBits(column);
  if (['int8', 'xid8', 'pg_lsn'].includes(name)) return decodeLong(column);
  if (name === 'money') return decodeMoney(column);
  if (column.kind === 'bytes')
    return runs.has(name) ? decodeBytes(column, runs.get(name) ?? 0) : undefined;
  return decodeNumber(name, column) ?? createTupleDecoder(name, column);
}

/** Bytes before the value. */
const runs: ReadonlyMap<string, number> = new Map([
  ...['text', 'varchar', 'bpchar', 'name', 'citext', 'json', 'bytea', 'uuid'].map(
    (name) => [name, 0] as const,
  ),
  ['jsonb', 1],
]);

/** The count of cents in the scale of the server; another scale goes by text. */
function decodeMoney(column: ValueColumn): Decode | undefined {
  return decimalOf(column.type) === undefined ? undefined : decodeLong(column);
}

function decodeDecimal(column: ValueColumn, edge: Edge): Decode | undefined {
  const decimal = decimalOf(column.type);
  if (decimal !== undefined) return decodeNumeric(column, decimal, edge);
  if (column.kind !== 'bytes') return undefined;
  return (bytes, from, to) => {
    const text = Buffer.from(numericText(bytes, from, to), 'latin1');
    column.pushBytes(text, 0, text.length);
    return true;
  };
}

function nameOf(type: PgType): string {
  return type.form === 'base' || type.form === 'other' ? type.name : `a ${type.form}`;
}

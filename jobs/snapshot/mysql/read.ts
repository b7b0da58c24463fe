/**
 * Streams the rows of a chunk into columns. Memory: what the driver has of one packet of the
 * network, and the block; while the block is being sent, the socket is paused and the server
 * waits. A row that cannot be read is cut off whole.
 */
import type { RowWriter } from '../../../clickhouse/native/values/types.ts';
import { assert } from '../../../core/assert.ts';
import type { Chunk, PlannedTable, RowOut } from '../source.ts';
import { chooseDecoder, type Decode } from './decoders.ts';
import { problemOf } from './problems.ts';
import { quoteName, type Session } from './session.ts';
import { makeSlot, readable } from './slot.ts';
import { selectExpression } from './types.ts';

/** Null for NULL. */
type BytesRow = readonly (Buffer | null)[];

/** Ends the running statement of a session from another connection. */
export type Kill = (session: Session) => Promise<void>;

/** Resolves when all rows are in blocks; throws a Problem, or the reason of `signal`. */
export async function readChunk(
  session: Session,
  table: PlannedTable,
  chunk: Chunk,
  out: RowOut,
  signal: AbortSignal,
  kill: Kill,
): Promise<void> {
  signal.throwIfAborted();
  const selected = selectOf(table, chunk);
  const decodeRow = rowDecoder(table, selected.keyIndexes, out);
  const { connection } = session;
  let failure: { readonly error: unknown } | undefined;
  let flushing: Promise<void> | undefined;
  let killing: Promise<void> | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    killing ??= kill(session);
  };
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener('abort', onAbort);
  const flush = (): void => {
    connection.pause();
    flushing = out
      .flush()
      .catch(fail)
      .then(() => {
        flushing = undefined;
        connection.resume();
      });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const forget = session.onLost(reject);
      const settle = (error?: unknown): void => {
        forget();
        if (error === undefined) resolve();
        else reject(error);
      };
      const query = connection.query({ sql: selected.sql, rowsAsArray: true, typeCast: bytesOf });
      query.on('result', (row: unknown) => {
        if (failure !== undefined) return;
        try {
          decodeRow(row as BytesRow);
          if (out.writer.isFull()) flush();
        } catch (error) {
          fail(error);
        }
      });
      query.on('error', settle);
      query.on('end', () => settle());
    });
  } catch (error) {
    failure ??= { error };
  }
  signal.removeEventListener('abort', onAbort);
  // Nobody may go on with the block or the connection while these two still use it.
  await flushing;
  await killing;
  if (failure === undefined) return;
  if (failure.error === signal.reason) throw failure.error;
  throw problemOf(failure.error, session.address, `reading ${nameOf(table)}`);
}

/** `shop.orders`, for messages. */
function nameOf(table: PlannedTable): string {
  return `${table.source.schema}.${table.source.name}`;
}

/** `` `shop`.`orders` ``. */
export function quotedNameOf(table: PlannedTable): string {
  return `${quoteName(table.source.schema)}.${quoteName(table.source.name)}`;
}

/** The planned columns, then those of the key that are not among them: reports name rows by it. */
function selectOf(
  table: PlannedTable,
  chunk: Chunk,
): { readonly sql: string; readonly keyIndexes: readonly number[] } {
  const expressions = table.columns.map(({ source, type, isNullFlag }) =>
    isNullFlag === true
      ? `${quoteName(source.name)} IS NULL`
      : selectExpression(source.name, source.sourceType, withoutNullable(type)),
  );
  const keyIndexes = table.source.primaryKey.map((name) => {
    const index = table.columns.findIndex(({ source }) => source.name === name);
    return index >= 0 ? index : expressions.push(quoteName(name)) - 1;
  });
  const conditions = [chunk.where, table.filter ?? ''].filter(Boolean).map((one) => `(${one})`);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  // Spoken names would let two expressions clash, and long ones are refused in views.
  const list = expressions.map((one, index) => `${one} AS c${index}`).join(', ');
  return { sql: `SELECT ${list} FROM ${quotedNameOf(table)}${where}`, keyIndexes };
}

/** The returned function throws when a value is refused, and has then taken the row back. */
function rowDecoder(
  table: PlannedTable,
  keyIndexes: readonly number[],
  out: RowOut,
): (row: BytesRow) => void {
  const { writer } = out;
  const count = table.columns.length;
  assert(writer.columns.length === count, 'the block has a column for each planned one');
  let current: BytesRow = [];
  const key = (): string => keyText(table.source.primaryKey, keyIndexes, current);
  const slots = table.columns.map((planned, index) =>
    makeSlot(columnAt(writer, index), index, planned, out.edges, key),
  );
  const decoders: readonly Decode[] = table.columns.map((planned, index) =>
    chooseDecoder(planned, columnAt(writer, index), slots[index]!),
  );
  return (row) => {
    current = row;
    try {
      for (let index = 0; index < count; index += 1) {
        const bytes = row[index];
        if (bytes === null || bytes === undefined) slots[index]!.pushNull();
        else decoders[index]!(bytes);
      }
    } catch (error) {
      writer.cutRow();
      throw error;
    }
    writer.endRow();
  };
}

function columnAt(writer: RowWriter, index: number): RowWriter['columns'][number] {
  const column = writer.columns[index];
  assert(column !== undefined, 'the block has a column for each planned one');
  return column;
}

function keyText(names: readonly string[], indexes: readonly number[], row: BytesRow): string {
  const parts = indexes.map((index, at) => {
    const bytes = row[index];
    return `${names[at]}=${bytes === null || bytes === undefined ? 'NULL' : readable(bytes)}`;
  });
  return parts.length === 0 ? 'without a primary key' : parts.join(', ');
}

function withoutNullable(type: string): string {
  return /^Nullable\((.*)\)$/.exec(type)?.[1] ?? type;
}

function bytesOf(field: { readonly buffer: () => Buffer | null }): Buffer | null {
  return field.buffer();
}

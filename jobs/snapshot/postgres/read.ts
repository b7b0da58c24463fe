/**
 * Reads one chunk: the server's COPY through the parser into columns. What is read ahead is one
 * piece of the stream; while a block goes out, nothing more is taken from the connection.
 */
import { to as copyTo } from 'pg-copy-streams';
import type { ValueColumn } from '../../../clickhouse/native/values/types.ts';
import { Problem } from '../../../core/problem.ts';
import type { Chunk, PlannedTable, RowOut } from '../source.ts';
import { CopyParser, type RowSink } from './copy-parser.ts';
import { createTaker, type Taker } from './decode/decoder.ts';
import { createEdge } from './decode/edge.ts';
import { valueText } from './key-text.ts';
import { type Field, type Selection, selectionOf, selectSql } from './select.ts';
import type { Session } from './session.ts';

export const valueBytesMaxDefault = 64 * 1024 * 1024;

type KeyBytes = { bytes: Uint8Array; from: number; to: number };

/** @throws Problem, after taking back the row that was begun */
export async function readChunk(
  session: Session,
  table: PlannedTable,
  chunk: Chunk,
  out: RowOut,
  valueBytesMax: number,
): Promise<void> {
  const selection = selectionOf(table);
  const sink = createSink(table, chunk, selection, out, valueBytesMax);
  const parser = new CopyParser(valueBytesMax, sink);
  const sql = `COPY (${selectSql(table, chunk, selection)}) TO STDOUT (FORMAT binary)`;
  const stream = session.client.query(copyTo(sql));
  try {
    for await (const piece of stream as AsyncIterable<Uint8Array>) {
      let at = parser.push(piece, 0);
      while (at < piece.length || out.writer.isFull()) {
        if (out.writer.isFull()) await out.flush();
        at = parser.push(piece, at);
      }
    }
  } catch (error) {
    out.writer.cutRow();
    throw error;
  }
  // A connection can also end without an error: only the trailer says that this was all.
  if (!parser.isDone || parser.rows !== stream.rowCount) {
    out.writer.cutRow();
    const came = `${parser.rows} rows came${parser.isDone ? ` of ${stream.rowCount}` : ''}`;
    throw new Problem('OBS-6069', `the rows ended early: ${came}`);
  }
}

function createSink(
  table: PlannedTable,
  chunk: Chunk,
  selection: Selection,
  out: RowOut,
  valueBytesMax: number,
): RowSink {
  const { fields, keyCount } = selection;
  const keys = fields.slice(0, keyCount).map((): KeyBytes | undefined => undefined);
  let rows = 0;
  const key = (): string => {
    if (keyCount === 0) return `${rows + 1} of chunk ${chunk.id}`;
    return fields
      .slice(0, keyCount)
      .map(({ source, type }, index) => {
        const part = keys[index];
        const text = part === undefined ? '?' : valueText(type, part.bytes, part.from, part.to);
        return `${source.name}=${text}`;
      })
      .join(', ');
  };
  const takers = fields.map((field, index) => {
    const taker = takerOf(table, field, out, key);
    return index < keyCount ? noting(taker, (at) => (keys[index] = at)) : taker;
  });
  return {
    fields: takers,
    tooLong: (index, length) => tooLong(table, fields[index] as Field, out, key, length),
    endRow: () => {
      rows += 1;
      out.writer.endRow();
      return out.writer.isFull();
    },
  };

  function tooLong(
    of: PlannedTable,
    field: Field,
    to: RowOut,
    rowKey: () => string,
    length: number,
  ): number {
    if (field.column < 0) return -1;
    const target = to.writer.columns[field.column];
    const isCut = target !== undefined && isText(target);
    const edge = edgeOf(of, field, to, rowKey).within(target?.kind === 'nullable');
    return edge.meet(`a value of ${length} bytes`, isCut) ? valueBytesMax : -1;
  }
}

function isText(column: ValueColumn): boolean {
  const inner = column.kind === 'nullable' ? column.inner : column;
  return inner.kind === 'bytes' && inner.type.includes('String');
}

/** The same, and the bytes of each value are told, so that an edge knows its row. */
function noting(taker: Taker, note: (key: KeyBytes) => void): Taker {
  return {
    value: (bytes, from, to) => {
      note({ bytes, from, to });
      taker.value(bytes, from, to);
    },
    none: taker.none,
  };
}

const nobody: Taker = { value: () => undefined, none: () => undefined };

function takerOf(table: PlannedTable, field: Field, out: RowOut, key: () => string): Taker {
  const column = field.column < 0 ? undefined : out.writer.columns[field.column];
  if (column === undefined) return nobody;
  return createTaker(field.type, column, edgeOf(table, field, out, key));
}

function edgeOf(
  table: PlannedTable,
  field: Field,
  out: RowOut,
  key: () => string,
): ReturnType<typeof createEdge> {
  const planned = table.columns[field.column];
  return createEdge({
    column: field.source.name,
    types: [field.source.sourceType, planned?.type ?? ''],
    policy: planned?.edge ?? 'fail',
    canBeNull: false,
    met: (value) => out.edges.met(field.column, value, key),
    key,
  });
}

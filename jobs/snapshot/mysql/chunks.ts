/**
 * Chunks of a table by ranges of the first column of its key. Every bound is compared by the
 * server, in the column's own type and collation, and a new bound is only taken when the server
 * itself finds it strictly between its neighbours: so there are no gaps and no overlaps, whatever
 * the collation thinks of `a` and `A`. Where the middle is, is a guess that only decides how even
 * the chunks are; the server's estimate of rows decides where to split further.
 */
import { createHash } from 'node:crypto';
import type { Chunk, PlannedTable } from '../source.ts';
import { middleOf } from './middle.ts';
import { quotedNameOf } from './read.ts';
import { quoteName, quoteText, type Session } from './session.ts';
import { parseSourceType, type SourceKind } from './types.ts';

/** A bound as bytes of the column's own character set. */
type Bound = Buffer;

/** Rows with `from <= key < to`; undefined for no bound. */
type Range = { readonly from: Bound | undefined; readonly to: Bound | undefined };

type SplitColumn = {
  readonly session: Session;
  readonly table: PlannedTable;
  readonly column: string;
  readonly index: string;
  readonly kind: SourceKind;
  readonly isNullable: boolean;
  /** Of texts, for bounds; undefined for what is not a text. */
  readonly charset: string | undefined;
  readonly isCaseInsensitive: boolean;
  readonly rows: number;
};

const chunksMax = 10_000;
/** Guesses at a middle that found nothing new, before the server counts its way to one. */
const guessesMax = 3;

const splitKinds: ReadonlySet<SourceKind> = new Set([
  'integer',
  'decimal',
  'year',
  'date',
  'datetime',
  'time',
  'text',
  'bytes',
  'uuid',
  'ip',
]);

/** Chunks of about `rows` rows each, at most 10 000 of them; one where there is no usable key. */
export async function planChunks(
  session: Session,
  table: PlannedTable,
  rows: number,
): Promise<readonly Chunk[]> {
  const split = await splitColumnOf(session, table, rows);
  if (split === undefined) return [chunkOf('')];
  const whole: Range = { from: undefined, to: undefined };
  const ranges = await splitRange(split, whole);
  const chunks = ranges.map((range) => chunkOf(conditionOf(split, range)));
  if (split.isNullable && ranges.length > 1) {
    chunks.push(chunkOf(`${quoteName(split.column)} IS NULL`));
  }
  return chunks;
}

/** The primary key's first column, or that of a unique index, where its type can be split. */
async function splitColumnOf(
  session: Session,
  table: PlannedTable,
  rows: number,
): Promise<SplitColumn | undefined> {
  const { schema, name } = table.source;
  const found = await session.query(
    `SELECT s.INDEX_NAME, s.COLUMN_NAME, c.COLUMN_TYPE, c.IS_NULLABLE, c.CHARACTER_SET_NAME,
       c.COLLATION_NAME
     FROM information_schema.STATISTICS s JOIN information_schema.COLUMNS c
       USING (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME)
     WHERE s.TABLE_SCHEMA = ${quoteText(schema)} AND s.TABLE_NAME = ${quoteText(name)}
       AND s.SEQ_IN_INDEX = 1 AND s.NON_UNIQUE = 0 AND s.SUB_PART IS NULL
     ORDER BY s.INDEX_NAME <> 'PRIMARY', c.IS_NULLABLE, BINARY s.INDEX_NAME`,
    `planning chunks of ${table.source.schema}.${table.source.name}`,
  );
  for (const [index, column, type, isNullable, charset, collation] of found) {
    const { kind } = parseSourceType(type ?? '');
    if (!splitKinds.has(kind)) continue;
    return {
      ...{ session, table, rows, kind },
      column: column ?? '',
      index: index ?? '',
      isNullable: isNullable === 'YES',
      charset: charset ?? undefined,
      isCaseInsensitive: /_ci$/.test(collation ?? ''),
    };
  }
  return undefined;
}

/** In the order of the key. */
async function splitRange(split: SplitColumn, whole: Range): Promise<readonly Range[]> {
  const done: Range[] = [];
  const open: Range[] = [whole];
  for (let range = open.pop(); range !== undefined; range = open.pop()) {
    const room = done.length + open.length + 2 <= chunksMax;
    const at = room && (await isLarge(split, range)) ? await boundIn(split, range) : undefined;
    if (at === undefined) {
      done.push(range);
    } else {
      open.push({ from: at, to: range.to }, { from: range.from, to: at });
    }
  }
  return done;
}

/** By the optimizer's estimate, with half as much again before a split is worth it. */
async function isLarge(split: SplitColumn, range: Range): Promise<boolean> {
  return (await estimateOf(split, range)) > split.rows * 1.5;
}

/** An existing key strictly between the first of the range and its end, near its middle. */
async function boundIn(split: SplitColumn, range: Range): Promise<Bound | undefined> {
  const first = await keyAt(split, range, '>=', range.from, 'ASC', 0);
  const last = await keyAt(split, range, '>=', range.from, 'DESC', 0);
  if (first === undefined || last === undefined) return undefined;
  let [low, high] = [first, last];
  for (let guess = 0; guess < guessesMax; guess += 1) {
    const middle = middleOf(split.kind, low, high, split.isCaseInsensitive);
    if (middle === undefined) break;
    const inside: Range = { from: undefined, to: range.to };
    const above = `${quoteName(split.column)} > ${literal(split, first)}`;
    const at = await keyAt(split, inside, '>=', middle, 'ASC', 0, above);
    if (at === undefined) {
      high = middle;
    } else if (await isEven(split, range, at)) {
      return at;
    } else {
      const below = await estimateOf(split, { from: range.from, to: at });
      const isLow = below * 2 < (await estimateOf(split, range));
      if (isLow) low = middle;
      else high = middle;
    }
  }
  return await keyAt(split, range, '>', first, 'ASC', split.rows - 1);
}

/** At least an eighth on either side, by estimate. */
async function isEven(split: SplitColumn, range: Range, at: Bound): Promise<boolean> {
  const below = await estimateOf(split, { from: range.from, to: at });
  const above = await estimateOf(split, { from: at, to: range.to });
  return Math.min(below, above) * 8 >= below + above;
}

/** The key `offset` places into the range, beginning at `bound`. */
async function keyAt(
  split: SplitColumn,
  range: Range,
  comparison: '>' | '>=',
  bound: Bound | undefined,
  direction: 'ASC' | 'DESC',
  offset: number,
  also?: string,
): Promise<Bound | undefined> {
  const name = quoteName(split.column);
  const conditions = [
    ...(bound === undefined ? [] : [`${name} ${comparison} ${literal(split, bound)}`]),
    ...(range.to === undefined ? [] : [`${name} < ${literal(split, range.to)}`]),
    ...(also === undefined ? [] : [also]),
    ...(split.isNullable ? [`${name} IS NOT NULL`] : []),
  ];
  const [row] = await split.session.query(
    `SELECT HEX(${asBytes(split)}) FROM ${source(split)}${where(conditions)}
     ORDER BY ${name} ${direction} LIMIT 1 OFFSET ${offset}`,
    `planning chunks of ${split.table.source.schema}.${split.table.source.name}`,
  );
  const hex = row?.[0];
  return hex === null || hex === undefined ? undefined : Buffer.from(hex, 'hex');
}

async function estimateOf(split: SplitColumn, range: Range): Promise<number> {
  const condition = conditionOf(split, range);
  const rows = await split.session.query(
    `EXPLAIN SELECT 1 FROM ${source(split)}${where(condition === '' ? [] : [condition])}`,
    `planning chunks of ${split.table.source.schema}.${split.table.source.name}`,
  );
  // id, select_type, table, [partitions,] type, possible_keys, key, key_len, ref, rows, …
  const row = rows[0] ?? [];
  return Number(row[split.session.isMariaDb ? 8 : 9] ?? 0);
}

function conditionOf(split: SplitColumn, range: Range): string {
  const name = quoteName(split.column);
  const parts = [
    ...(range.from === undefined ? [] : [`${name} >= ${literal(split, range.from)}`]),
    ...(range.to === undefined ? [] : [`${name} < ${literal(split, range.to)}`]),
  ];
  return parts.join(' AND ');
}

/** Texts in their own character set, so that no conversion comes between; the rest as text. */
function asBytes(split: SplitColumn): string {
  const name = quoteName(split.column);
  return split.charset === undefined && split.kind !== 'bytes' ? `CAST(${name} AS CHAR)` : name;
}

/** A bound in SQL. With the introducer it has no collation of its own: the column's counts. */
function literal(split: SplitColumn, bound: Bound): string {
  if (split.kind === 'integer' || split.kind === 'decimal' || split.kind === 'year') {
    return bound.toString('latin1');
  }
  if (split.kind === 'bytes') return bound.length === 0 ? "''" : `0x${bound.toString('hex')}`;
  if (split.charset === undefined) return `'${bound.toString('latin1')}'`;
  return bound.length === 0 ? "''" : `_${split.charset} 0x${bound.toString('hex')}`;
}

function source(split: SplitColumn): string {
  return `${quotedNameOf(split.table)} FORCE INDEX (${quoteName(split.index)})`;
}

function where(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
}

/** The same part has the same id; a hash, because bounds are data. */
function chunkOf(condition: string): Chunk {
  const id = condition === '' ? 'all' : createHash('sha256').update(condition).digest('hex');
  return { id: id.slice(0, 16), where: condition };
}

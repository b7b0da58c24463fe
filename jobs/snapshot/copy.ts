/**
 * Copies one table: its chunks are read by several readers at once, each with columns of its own,
 * and go into the new table as Native blocks under tokens that a repeat would have too.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { RowWriter, ValueColumn } from '../../clickhouse/native/values/types.ts';
import { type BlockWriter, openRowWriter } from '../../clickhouse/native/values/writer.ts';
import type { Clock } from '../../core/clock.ts';
import { isProblem } from '../../core/problem.ts';
import type { EdgeCounts } from './edges.ts';
import { hashing } from './hashed.ts';
import { joinRanges, type KeyBounds, type KeyRange, noRange, ranged } from './key-range.ts';
import type { TablePlan } from './plan.ts';
import type { Chunk, SourceSnapshot } from './source.ts';
import { keyColumns } from './target.ts';

/** What all readers together hold stays far below the 300 MB of issue 8. */
const blockRowsMax = 262_144;
const blockBytesMax = 12 * 1024 * 1024;
export const chunkRows = 500_000;
/** An insert that found nobody is tried again, with the same token, for about a minute. */
const attemptsMax = 7;
const firstPauseMs = 1_000;

export type Copied = {
  readonly rows: number;
  readonly bytes: number;
  /** Sum of the hashes of all rows, modulo 2^64. */
  readonly checksum: bigint;
  /** Of the first key column; empty where none is kept. */
  readonly keys: KeyRange;
};

type Counted = Omit<Copied, 'keys'>;

export type CopyOptions = {
  readonly server: ClickHouse;
  readonly snapshot: SourceSnapshot;
  readonly chunks: readonly Chunk[];
  /** The new table, as SQL writes it. */
  readonly into: string;
  /** Begins the tokens: run and table. */
  readonly token: string;
  readonly clock: Clock;
  readonly edges: EdgeCounts;
  /** Rows a second over all readers. */
  readonly rowsPerSecond: number | undefined;
  readonly onRows: (rows: number) => void;
  readonly signal: AbortSignal;
};

/** Copies all rows of the chunks, which are all that the plan asks for. */
export async function copyTable(plan: TablePlan, options: CopyOptions): Promise<Copied> {
  const chunks = [...options.chunks];
  const pace = new Pace(options);
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const all = Array.from(
    { length: Math.min(options.snapshot.readers, chunks.length) },
    () => new Reader(plan, { ...options, signal }, pace),
  );
  const readers = all.map((reader) => reader.readAll(chunks));
  // One that fails stops the others; all of them have ended when this returns.
  for (const reader of readers) reader.catch(() => stop.abort());
  const results = await Promise.allSettled(readers);
  const failures = results.filter((result) => result.status === 'rejected');
  const first = failures.find(({ reason }) => isProblem(reason)) ?? failures[0];
  if (first !== undefined) throw first.reason;
  const counted = results.reduce(
    (sum, result) => (result.status === 'fulfilled' ? added(sum, result.value) : sum),
    nothing,
  );
  const bounds = all.flatMap(({ keys }) => keys ?? []);
  const type = plan.columns[firstKey(plan)]?.type;
  return { ...counted, keys: type === undefined ? noRange : joinRanges(type, bounds) };
}

/** Index of the first key column; -1 without a key. */
function firstKey(plan: TablePlan): number {
  const [key] = keyColumns(plan);
  return plan.columns.findIndex(({ name }) => name === key);
}

const nothing: Counted = { rows: 0, bytes: 0, checksum: 0n };

function added(a: Counted, b: Counted): Counted {
  const checksum = BigInt.asUintN(64, a.checksum + b.checksum);
  return { rows: a.rows + b.rows, bytes: a.bytes + b.bytes, checksum };
}

class Reader {
  readonly #plan: TablePlan;
  readonly #options: CopyOptions;
  readonly #pace: Pace;
  readonly #writer: BlockWriter;
  readonly #names: readonly string[];
  readonly #columns: readonly ValueColumn[];
  /** Of what has been read; undefined where none is kept. */
  readonly keys: KeyBounds | undefined;
  #copied = nothing;
  #block = 0;

  constructor(plan: TablePlan, options: CopyOptions, pace: Pace) {
    this.#plan = plan;
    this.#options = options;
    this.#pace = pace;
    const types = plan.columns.map(({ type }) => type);
    this.#names = plan.columns.map(({ name }) => name);
    const rowsMax = Math.min(blockRowsMax, options.rowsPerSecond ?? blockRowsMax);
    this.#writer = openRowWriter(types, { rowsMax, bytesMax: blockBytesMax });
    const first = firstKey(plan);
    const key = this.#writer.columns[first];
    const kept = key === undefined ? undefined : ranged(key);
    this.keys = kept?.range;
    this.#columns = this.#writer.columns.map((column, index) => {
      const own = index === first ? (kept?.column ?? column) : column;
      return plan.hashed[index] === true ? hashing(own) : own;
    });
  }

  /** Takes chunks until none is left. */
  async readAll(chunks: Chunk[]): Promise<Counted> {
    const { snapshot, edges, signal } = this.#options;
    const writer = facade(this.#writer, this.#columns);
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      signal.throwIfAborted();
      this.#block = 0;
      const { id } = chunk;
      const flush = (): Promise<void> => this.#flush(id);
      await snapshot.read(this.#plan, chunk, { writer, edges, flush }, signal);
      await this.#flush(id);
    }
    return this.#copied;
  }

  async #flush(chunk: string): Promise<void> {
    if (this.#writer.rows === 0) return;
    const block = this.#writer.take(this.#names);
    const token = `${this.#options.token}/${chunk}/${this.#block}`;
    this.#block += 1;
    await this.#insert(block.chunks, token);
    this.#copied = added(this.#copied, block);
    this.#options.onRows(block.rows);
    await this.#pace.spend(block.rows);
  }

  async #insert(body: readonly Uint8Array[], token: string): Promise<void> {
    const { server, into, clock, signal } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const sent = server.insert(
        `INSERT INTO ${into} FORMAT Native`,
        body,
        { async_insert: 0, insert_deduplicate: 1, insert_deduplication_token: token },
        signal,
      );
      const error = await sent.then(() => undefined).catch((caught: unknown) => caught);
      if (error === undefined) return;
      const isAway = isProblem(error) && error.code === 'OBS-3002';
      if (!isAway || attempt === attemptsMax || signal.aborted) throw error;
      await clock.sleep(firstPauseMs * 2 ** (attempt - 1), signal);
    }
  }
}

/** The writer as the reader sees it: columns that hash stand in the place of some. */
function facade(writer: RowWriter, columns: readonly ValueColumn[]): RowWriter {
  return {
    columns,
    get rows() {
      return writer.rows;
    },
    endRow: () => writer.endRow(),
    cutRow: () => writer.cutRow(),
    isFull: () => writer.isFull(),
  };
}

/** Holds all readers together below so many rows a second. */
class Pace {
  readonly #options: CopyOptions;
  readonly #startMs: number;
  #rows = 0;

  constructor(options: CopyOptions) {
    this.#options = options;
    this.#startMs = options.clock.monotonicMs();
  }

  async spend(rows: number): Promise<void> {
    const { rowsPerSecond, clock, signal } = this.#options;
    this.#rows += rows;
    if (rowsPerSecond === undefined) return;
    const dueMs = this.#startMs + (this.#rows / rowsPerSecond) * 1_000;
    const waitMs = dueMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, signal);
  }
}

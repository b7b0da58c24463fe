/**
 * When each trace happened: what `otel_traces_trace_id_ts` holds, one row a trace and week.
 *
 * Computed from the columns of the trace blocks when a seal is encoded, so that it agrees with the
 * rows by construction, whatever was cut back before.
 *
 * Hot path. Allocations per item: none. Copies: the trace id, once a trace. Owner: encoded views
 * belong to the rollup and are valid until the next `encode` or `clear`. Watched by
 * `decode.bench.ts`.
 */
import {
  createColumns,
  encodeBlock,
  type NamedColumnWriter,
} from '../../clickhouse/native/block.ts';
import { Budget, type Fixed, type Level } from '../../clickhouse/native/buffers.ts';
import { FixedColumn, TextColumn } from '../../clickhouse/native/columns.ts';
import type { Dictionary } from '../../clickhouse/native/dictionary.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { Parts } from '../../clickhouse/native/parts.ts';
import { traceRanges } from '../../clickhouse/schema/traces.ts';
import type { EncodedUnit } from './decode-types.ts';
import { eventsNs, rollupBytesMax, secondOf } from './rollup.ts';
import { type TraceBlock, traceIdStride } from './trace-block.ts';

const daysPerWeek = 7;
/** 1970-01-04 was the first Sunday; weeks begin on Sundays, as `toStartOfWeek` has them. */
const firstSunday = 3;

/** First day of the week that `day` lies in, both in days since 1970. */
export function weekOf(day: number): number {
  return day - ((((day - firstSunday) % daysPerWeek) + daysPerWeek) % daysPerWeek);
}

/** When each trace happened: one row a trace and week. */
export class TraceRanges {
  readonly #parts: Parts;
  readonly #rows: Level;
  readonly #ids: Dictionary;
  readonly #start: Fixed;
  readonly #end: Fixed;
  readonly #columns: readonly NamedColumnWriter[];

  constructor(seed: HashSeed) {
    this.#parts = new Parts(new Budget(rollupBytesMax), seed);
    this.#rows = this.#parts.level(false);
    this.#ids = this.#parts.dictionary();
    const start = new FixedColumn('DateTime', this.#rows, 4);
    const end = new FixedColumn('DateTime', this.#rows, 4);
    this.#start = start.values;
    this.#end = end.values;
    // A dictionary's entries are a String column of the distinct values.
    const given = { TraceId: new TextColumn(this.#ids.text), Start: start, End: end };
    this.#columns = createColumns(traceRanges, this.#parts, this.#rows, given);
  }

  clear(): void {
    this.#parts.clear();
  }

  /** The unit of one week, out of the blocks of its days. */
  encode(blocks: readonly TraceBlock[], partition: string): EncodedUnit {
    this.#parts.clear();
    for (const block of blocks) this.#add(block);
    const rows = this.#rows.count;
    let first = Number.POSITIVE_INFINITY;
    let last = 0;
    for (let row = 0; row < rows; row += 1) {
      first = Math.min(first, this.#start.words[row]! >>> 0);
      last = Math.max(last, this.#end.words[row]! >>> 0);
    }
    const encoded = encodeBlock(this.#columns, rows);
    return { table: traceRanges.name, partition, rows, ...encoded, ...eventsNs(first, last) };
  }

  #add(block: TraceBlock): void {
    const { bytes, view } = block.traceId;
    const rows = this.#rows;
    let trace = 0;
    for (let row = 0; row < block.rows.count; row += 1) {
      const second = secondOf(block, row);
      const at = row * traceIdStride + 1;
      // Spans of one trace come together; the id before this one is compared first.
      if (row === 0 || !isSameId(view, at, at - traceIdStride)) {
        trace = this.#ids.identify(bytes, view, at, traceIdStride - 1);
      }
      if (trace === rows.count) {
        rows.reserve(1);
        rows.count += 1;
        this.#start.words[trace] = second;
        this.#end.words[trace] = second;
      } else {
        if (second < this.#start.words[trace]! >>> 0) this.#start.words[trace] = second;
        if (second > this.#end.words[trace]! >>> 0) this.#end.words[trace] = second;
      }
    }
  }
}

/** Whether the 32 digits at two places are the same. */
function isSameId(view: DataView, left: number, right: number): boolean {
  return (
    view.getBigInt64(left, true) === view.getBigInt64(right, true) &&
    view.getBigInt64(left + 8, true) === view.getBigInt64(right + 8, true) &&
    view.getBigInt64(left + 16, true) === view.getBigInt64(right + 16, true) &&
    view.getBigInt64(left + 24, true) === view.getBigInt64(right + 24, true)
  );
}

/**
 * Windows of equal length, half-open, stamped with their start (H14, H15):
 *
 *     closed, emitted │ open: cells of series     │ not begun
 *     ────────────────┼─────────────┬─────────────┼──────────▶ event time
 *                openFrom        +1 window
 *
 * Values at or behind `openFrom` go into the window of their time; values before it, whose window
 * is closed, into the oldest open one, and are counted as late. What a window gives does not depend
 * on the order of its values. Nothing is passed over without being counted: what there is no room
 * for is refused, by reason.
 *
 * Invariant: every window's index is at least `openFrom`; a series is forgotten only when it has no
 * cell. Bounds: series, their bytes, words of values, open windows (see {@link AggregatorLimits}).
 *
 * Hot path. Allocations per value: none; a cell for each series and window. Copies: none. Owner:
 * the lane that owns the socket. Watched by `gateway/dogstatsd/dogstatsd.bench.ts`.
 */

import { type HashSeed, hashBytes } from '../../../clickhouse/native/hash.ts';
import { assert } from '../../../core/assert.ts';
import type { LineParser } from '../parse/line-parser.ts';
import { metricType } from '../parse/metric-types.ts';
import { type Cell, createCell } from './cells.ts';
import { closeSeries } from './close.ts';
import type { ClosedSeries } from './closed-series.ts';
import type { DistributionCell } from './distribution-cell.ts';
import type { HistogramCell } from './histogram-cell.ts';
import type { CountCell, GaugeCell, SetCell } from './plain-cells.ts';
import { Room } from './room.ts';
import { noWindow, type Series } from './series.ts';
import { SeriesTable } from './series-table.ts';

export type AggregatorLimits = {
  readonly seriesMax: number;
  readonly seriesBytesMax: number;
  /** Eight-byte words that samples, members, changes and buckets of open windows may take. */
  readonly wordsMax: number;
  readonly openWindowsMax: number;
};

export const aggregatorLimitsDefault: AggregatorLimits = {
  seriesMax: 200_000,
  seriesBytesMax: 256 * 1024 * 1024,
  wordsMax: 16 * 1024 * 1024,
  openWindowsMax: 64,
};

export type AggregatorOptions = {
  readonly windowMs: number;
  /** Windows without a value after which a series is forgotten. */
  readonly idleWindows: number;
  readonly limits: AggregatorLimits;
  /** Secret of hash tables; no result depends on it. */
  readonly seed: HashSeed;
  readonly isOriginUsed: boolean;
  /** Plain StatsD: gauges are carried from window to window, so that they can be changed. */
  readonly isPlain: boolean;
};

/** Grows only. */
export type AggregateCounts = {
  values: number;
  /** Of the values: those whose window was closed. */
  late: number;
  /** Values that were not taken, by what there was no room for. */
  readonly refused: { series: number; words: number; windows: number };
};

export type ClosedWindow = {
  readonly startNs: bigint;
  /** Ascending by series. */
  readonly series: readonly ClosedSeries[];
};

/** A gauge that goes on after its window was closed. */
export type CarriedGauge = {
  readonly key: string;
  readonly value: number;
  /** Start of the last window that it had a value in. */
  readonly lastNs: bigint;
};

type Window = {
  readonly index: number;
  /** Cells of series that hold a cell of another window themselves, which is rare. */
  readonly parked: Map<Series, Cell>;
};

/** Seeds of member hashes: public, for they must be the same everywhere. */
const memberSeedLow: HashSeed = { low: 0x6f627363, high: 0x746c2e73 };
const memberSeedHigh: HashSeed = { low: 0x65742e6d, high: 0x656d6265 };
const highBits = 21;

export class Aggregator {
  readonly counts: AggregateCounts = {
    values: 0,
    late: 0,
    refused: { series: 0, words: 0, windows: 0 },
  };
  readonly #options: AggregatorOptions;
  readonly #table: SeriesTable;
  readonly #windowNs: bigint;
  readonly #room: Room;
  readonly #windows: Map<number, Window> = new Map();
  /** Index of the oldest window that may be open. */
  #openFrom = 0;
  /** What {@link at} set: the window, undefined when it is one too many, and the time in it. */
  #window: Window | undefined;
  #offsetNs = 0;
  #isLate = false;

  constructor(options: AggregatorOptions) {
    const { limits, seed, isOriginUsed } = options;
    assert(options.windowMs >= 1 && Number.isInteger(options.windowMs), 'whole milliseconds');
    this.#options = options;
    this.#windowNs = BigInt(options.windowMs) * 1_000_000n;
    this.#room = new Room(limits.wordsMax);
    const { seriesMax, seriesBytesMax: bytesMax } = limits;
    this.#table = new SeriesTable({ seriesMax, bytesMax, seed, isOriginUsed });
  }

  get seriesCount(): number {
    return this.#table.size;
  }

  get openWindowCount(): number {
    return this.#windows.size;
  }

  get words(): number {
    return this.#room.words;
  }

  /**
   * Moves to an event time; what is added next has it. Returns the start of the window that takes
   * it, later than its own when that is closed.
   */
  at(timeNs: bigint): bigint {
    let index = Number(timeNs / this.#windowNs);
    this.#offsetNs = Number(timeNs % this.#windowNs);
    this.#isLate = index < this.#openFrom;
    if (this.#isLate) {
      this.#offsetNs = Number(timeNs - BigInt(this.#openFrom) * this.#windowNs);
      index = this.#openFrom;
    }
    this.#window = this.#windows.get(index);
    if (this.#window === undefined && this.#windows.size < this.#options.limits.openWindowsMax) {
      this.#window = { index, parked: new Map() };
      this.#windows.set(index, this.#window);
    }
    return BigInt(index) * this.#windowNs;
  }

  /** Values from here on are a nanosecond later than those before, in the same window. */
  passNanosecond(): void {
    this.#offsetNs += 1;
  }

  /** The series of the line that the parser stands at; undefined, and counted, without room. */
  find(parser: LineParser): Series | undefined {
    const series = this.#table.find(parser);
    if (series === undefined) this.counts.refused.series += Math.max(1, parser.valueCount);
    else if (this.#window !== undefined && this.#window.index > series.lastWindow) {
      series.lastWindow = this.#window.index;
    }
    return series;
  }

  /** Adds the line that the parser stands at, all its values, at the time of {@link at}. */
  addLine(parser: LineParser): void {
    const series = this.find(parser);
    if (series === undefined) return;
    if (series.type === metricType.set) {
      this.addMember(series, parser.source, parser.view, parser.valueFrom, parser.valueEnd);
      return;
    }
    const isPlainGauge = this.#options.isPlain && series.type === metricType.gauge;
    for (let index = 0; index < parser.valueCount; index += 1) {
      const isChange = isPlainGauge && parser.changes[index] === 1;
      this.add(series, parser.values[index]!, parser.rate, isChange);
    }
  }

  /** Adds one value of any type but set. */
  add(series: Series, value: number, rate: number, isChange = false): void {
    const cell = this.#cellOf(series);
    if (cell === undefined) return;
    let isTaken = true;
    switch (series.type) {
      case metricType.count:
        (cell as CountCell).take(value, rate);
        break;
      case metricType.gauge:
        if (isChange) isTaken = (cell as GaugeCell).change(value, this.#offsetNs, this.#room);
        else (cell as GaugeCell).set(value, this.#offsetNs);
        break;
      case metricType.distribution:
        isTaken = (cell as DistributionCell).take(value, rate, this.#room);
        break;
      default:
        isTaken = (cell as HistogramCell).take(value, rate, this.#room);
    }
    this.#count(isTaken);
  }

  /** Adds one member of a set. */
  addMember(series: Series, source: Uint8Array, view: DataView, from: number, end: number): void {
    const cell = this.#cellOf(series);
    if (cell === undefined) return;
    const low = hashBytes(memberSeedLow, source, view, from, end - from) >>> 0;
    const high = hashBytes(memberSeedHigh, source, view, from, end - from) >>> (32 - highBits);
    // 0 means free in the cell; one member more with the hash 1 does no harm.
    const hash = Math.max(1, high * 2 ** 32 + low);
    this.#count((cell as SetCell).add(hash, this.#options.seed.low | 1, this.#room));
  }

  /**
   * Closes the windows that end at or before `timeNs`, oldest first, and forgets idle series.
   * Values that come for them from now on are late, also when there was nothing to close.
   */
  closeBefore(timeNs: bigint): readonly ClosedWindow[] {
    const openFrom = Number(timeNs / this.#windowNs);
    if (openFrom <= this.#openFrom) return [];
    this.#openFrom = openFrom;
    this.#window = undefined;
    const closing = [...this.#windows.values()]
      .filter(({ index }) => index < openFrom)
      .sort((left, right) => left.index - right.index);
    const closed = closing.map((window) => this.#close(window));
    this.#table.expire(openFrom - this.#options.idleWindows);
    return closed.filter(({ series }) => series.length > 0);
  }

  /** Takes up where another aggregator was: nothing is open before `timeNs` (see `recover.ts`). */
  openFrom(timeNs: bigint, carried: readonly CarriedGauge[] = []): void {
    this.#openFrom = Math.max(this.#openFrom, Number(timeNs / this.#windowNs));
    for (const { key, value, lastNs } of carried) {
      const series = this.#table.restore(key);
      if (series === undefined) {
        this.counts.refused.series += 1;
        continue;
      }
      series.carried = value;
      series.lastWindow = Math.max(series.lastWindow, Number(lastNs / this.#windowNs));
    }
  }

  /** Gauges that the next window begins with; none but in plain StatsD. */
  carried(): readonly CarriedGauge[] {
    if (!this.#options.isPlain) return [];
    return this.#table.sorted().flatMap(({ key, carried: value, lastWindow }) => {
      return value === undefined
        ? []
        : [{ key, value, lastNs: BigInt(lastWindow) * this.#windowNs }];
    });
  }

  #close(window: Window): ClosedWindow {
    const startNs = BigInt(window.index) * this.#windowNs;
    const windowSeconds = this.#options.windowMs / 1000;
    const closed: ClosedSeries[] = [];
    for (const series of this.#table.sorted()) {
      const isOwn = series.cellWindow === window.index;
      const cell = isOwn ? series.cell : window.parked.get(series);
      if (cell === undefined) continue;
      // Empty where there was no room for a value: that was counted.
      if (!cell.isEmpty()) {
        closed.push(closeSeries(series, cell, startNs, windowSeconds, this.#options.isPlain));
      }
      if ('words' in cell) this.#room.give(cell.words);
      if (isOwn) {
        series.cell = undefined;
        series.cellWindow = noWindow;
      }
    }
    this.#windows.delete(window.index);
    return { startNs, series: closed };
  }

  #cellOf(series: Series): Cell | undefined {
    const window = this.#window;
    if (window === undefined) {
      this.counts.refused.windows += 1;
      return undefined;
    }
    if (series.cellWindow === window.index) return series.cell;
    if (series.cell !== undefined) {
      this.#windows.get(series.cellWindow)?.parked.set(series, series.cell);
    }
    const cell = window.parked.get(series) ?? createCell(series.type);
    series.cell = cell;
    series.cellWindow = window.index;
    return cell;
  }

  #count(isTaken: boolean): void {
    if (!isTaken) {
      this.counts.refused.words += 1;
      return;
    }
    this.counts.values += 1;
    if (this.#isLate) this.counts.late += 1;
  }
}

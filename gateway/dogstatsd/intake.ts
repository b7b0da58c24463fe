/**
 * From datagrams to what is emitted when windows are closed; everything between the log and the
 * wrapper. Pure: time and positions are always given.
 *
 *     log:   RAW  RAW  RAW  RAW  CLOSE  RAW  RAW …
 *             │    │    │    │    ▲ foldedUpTo: what was folded when it was made
 *     fold ───┴────┴────┴────┘    │
 *     close ── windows before W ──┘ its results, and W
 *
 * The caller appends a datagram to the log (RAW), folds it when it is durable, and from time to
 * time closes: appends what {@link Intake.close} gives (CLOSE), tells {@link Intake.closed} where
 * it stands, and emits it. `recover.ts` makes an intake out of what the log holds.
 *
 * Invariant: folding is in the order of positions. Bound: lines that wait for the next close are
 * counted in bytes and refused beyond `waitingBytesMax`.
 */
import { assert } from '../../core/assert.ts';
import {
  Aggregator,
  type AggregatorOptions,
  type CarriedGauge,
  type ClosedWindow,
} from './aggregate/aggregator.ts';
import { timestampedSeries } from './aggregate/close.ts';
import type { ClosedSeries } from './aggregate/closed-series.ts';
import type { Series } from './aggregate/series.ts';
import { type LoggedLine, loggedBytes } from './encode-logs.ts';
import { LineParser, lineKind } from './parse/line-parser.ts';

export type IntakeOptions = AggregatorOptions & {
  /** Bytes of events, service checks and values with own timestamps that wait for a close. */
  readonly waitingBytesMax: number;
};

/** What is emitted at once, and what the log must say so that it is emitted once. */
export type Closing = {
  /** Everything before this time is closed; later values of that time go into the next window. */
  readonly closedBeforeNs: bigint;
  /** Datagrams below this position are in the results, as far as their windows are closed. */
  readonly foldedUpTo: number;
  /** For the log: gauges that go on; none but in plain StatsD. */
  readonly carried: readonly CarriedGauge[];
  /** Oldest window first, series in order. */
  readonly windows: readonly ClosedWindow[];
  /** Counts and gauges that brought their own time (DSD-6), in an order of their own. */
  readonly timestamped: readonly ClosedSeries[];
  /** Events and service checks, as they came. */
  readonly logged: readonly LoggedLine[];
};

/** What the log says of a CLOSE, without its results. */
export type CloseMark = Pick<Closing, 'closedBeforeNs' | 'foldedUpTo' | 'carried'>;

type Timestamped = {
  readonly series: Series;
  readonly seconds: number;
  readonly value: number;
  readonly rate: number;
};

/** What an open window needs of the log. */
type Needed = {
  /** First datagram in it. */
  readonly first: number;
  /**
   * The last CLOSE before that datagram, which says how late values were clamped; the datagram
   * itself where there was none, undefined while it is being written.
   */
  close: number | undefined;
};

/** What a value with a timestamp holds while it waits, about. */
const timestampedBytes = 100;

export class Intake {
  readonly parser: LineParser;
  readonly aggregator: Aggregator;
  /** Lines that had to wait and had no room. */
  refusedWaiting = 0;
  readonly #options: IntakeOptions;
  #foldedUpTo: number;
  #closedBeforeNs = 0n;
  #timestamped: Timestamped[] = [];
  #logged: LoggedLine[] = [];
  #waitingBytes = 0;
  /** The first datagram with a line that waits. */
  #firstWaiting: number | undefined;
  /** By window start. */
  readonly #needed: Map<bigint, Needed> = new Map();
  /** Position of the last CLOSE in the log. */
  #closePosition: number | undefined;
  /** What a CLOSE needs that is not in the log yet; undefined when there is none. */
  #neededByClosing: number | undefined;

  /** `from` is the position that the log begins at. */
  constructor(options: IntakeOptions, from = 0) {
    this.#options = options;
    this.#foldedUpTo = from;
    this.parser = new LineParser({ isPlain: options.isPlain });
    this.aggregator = new Aggregator(options);
  }

  /**
   * Folds a datagram that the log has at `position`. Whatever was emitted already is left out when
   * the log is read again: `parts` says what is still to be folded.
   */
  fold(
    position: number,
    receivedAtNs: bigint,
    bytes: Uint8Array,
    parts: { readonly windows: boolean; readonly waiting: boolean } = everything,
  ): void {
    assert(position >= this.#foldedUpTo, 'datagrams in the order of the log');
    this.#foldedUpTo = position + 1;
    const { parser, aggregator } = this;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    parser.open(bytes, view, 0, bytes.length);
    let windowNs: bigint | undefined;
    for (let kind = parser.next(); kind !== lineKind.end; kind = parser.next()) {
      if (kind === lineKind.metric && parser.timestampSeconds === 0) {
        if (!parts.windows) continue;
        windowNs ??= aggregator.at(receivedAtNs);
        aggregator.addLine(parser);
        // Of two lines of a datagram the later one is later.
        aggregator.passNanosecond();
      } else if (parts.waiting && this.#wait(kind, receivedAtNs)) this.#firstWaiting ??= position;
    }
    if (windowNs !== undefined && !this.#needed.has(windowNs)) {
      const isClosing = this.#neededByClosing !== undefined;
      const close = isClosing ? undefined : (this.#closePosition ?? position);
      this.#needed.set(windowNs, { first: position, close });
    }
  }

  /** Whether a window ended at or before `timeNs`, or anything waits for a close. */
  hasToClose(timeNs: bigint): boolean {
    if (this.#timestamped.length + this.#logged.length > 0) return true;
    const windowNs = BigInt(this.#options.windowMs) * 1_000_000n;
    for (const startNs of this.#needed.keys()) if (startNs + windowNs <= timeNs) return true;
    return false;
  }

  /**
   * Closes what ended at or before `timeNs`; everything that waits goes with it. The next one must
   * wait for {@link closed}: until then what is returned is nowhere but there.
   */
  close(timeNs: bigint): Closing {
    assert(this.#neededByClosing === undefined, 'one closing at a time');
    this.#neededByClosing = this.neededFrom();
    const windows = this.aggregator.closeBefore(timeNs);
    const windowNs = BigInt(this.#options.windowMs) * 1_000_000n;
    const beforeNs = (timeNs / windowNs) * windowNs;
    if (beforeNs > this.#closedBeforeNs) this.#closedBeforeNs = beforeNs;
    const timestamped = this.#timestamped
      .sort(byTimeAndSeries)
      .map(({ series, seconds, value, rate }) => timestampedSeries(series, seconds, value, rate));
    const logged = this.#logged;
    this.#timestamped = [];
    this.#logged = [];
    this.#waitingBytes = 0;
    this.#firstWaiting = undefined;
    for (const startNs of this.#needed.keys()) {
      if (startNs < this.#closedBeforeNs) this.#needed.delete(startNs);
    }
    return {
      closedBeforeNs: this.#closedBeforeNs,
      foldedUpTo: this.#foldedUpTo,
      carried: this.aggregator.carried(),
      windows,
      timestamped,
      logged,
    };
  }

  /** The last {@link Closing} is durable in the log, at `position`. */
  closed(position: number): void {
    this.#closePosition = position;
    this.#neededByClosing = undefined;
    for (const needed of this.#needed.values()) needed.close ??= position;
  }

  /**
   * The position below which the log is not needed any more by what is open or waits. What was
   * closed is in its CLOSE, which is the caller's to keep until it is emitted.
   */
  neededFrom(): number {
    // The last CLOSE stays, and what lies behind what is folded.
    let from = Math.min(this.#closePosition ?? this.#foldedUpTo, this.#foldedUpTo);
    for (const { first, close } of this.#needed.values()) {
      from = Math.min(from, first, close ?? first);
    }
    return Math.min(from, this.#firstWaiting ?? from, this.#neededByClosing ?? from);
  }

  /** Takes up after a CLOSE of the log, before anything is folded that was folded behind it. */
  resume(mark: CloseMark, position: number): void {
    this.#closePosition = position;
    this.#foldedUpTo = Math.max(this.#foldedUpTo, mark.foldedUpTo);
    if (mark.closedBeforeNs > this.#closedBeforeNs) this.#closedBeforeNs = mark.closedBeforeNs;
    this.aggregator.openFrom(mark.closedBeforeNs, mark.carried);
  }

  #wait(kind: number, receivedAtNs: bigint): boolean {
    const { parser } = this;
    if (kind === lineKind.metric) return this.#waitTimestamped();
    const line = loggedLine(parser, kind, receivedAtNs, this.#options.isOriginUsed);
    if (!this.#hasRoom(loggedBytes(line))) return false;
    this.#logged.push(line);
    return true;
  }

  #waitTimestamped(): boolean {
    const { parser } = this;
    if (!this.#hasRoom(timestampedBytes * parser.valueCount)) return false;
    const series = this.aggregator.find(parser);
    if (series === undefined) return false;
    for (let index = 0; index < parser.valueCount; index += 1) {
      this.#timestamped.push({
        series,
        seconds: parser.timestampSeconds,
        value: parser.values[index]!,
        rate: parser.rate,
      });
    }
    return true;
  }

  #hasRoom(bytes: number): boolean {
    if (this.#waitingBytes + bytes > this.#options.waitingBytesMax) {
      this.refusedWaiting += 1;
      return false;
    }
    this.#waitingBytes += bytes;
    return true;
  }
}

const everything = { windows: true, waiting: true } as const;

function loggedLine(
  parser: LineParser,
  kind: number,
  receivedAtNs: bigint,
  isOriginUsed: boolean,
): LoggedLine {
  const hidden = isOriginUsed ? {} : { origin: '', external: '' };
  if (kind === lineKind.event) {
    assert(parser.event !== undefined, 'an event was read');
    return { receivedAtNs, event: { ...parser.event, ...hidden } };
  }
  assert(parser.serviceCheck !== undefined, 'a service check was read');
  return { receivedAtNs, serviceCheck: { ...parser.serviceCheck, ...hidden } };
}

function byTimeAndSeries(left: Timestamped, right: Timestamped): number {
  if (left.seconds !== right.seconds) return left.seconds - right.seconds;
  if (left.series.key !== right.series.key) return left.series.key < right.series.key ? -1 : 1;
  return left.value - right.value || left.rate - right.rate;
}

/**
 * A body of line protocol, line by line: good ones go to a writer, bad ones are noted with their
 * numbers, and cost nobody else's line. Line feeds in quoted strings are part of a
 * line, also of a bad one.
 *
 * Hot path. Allocations per item: none; a few objects a body. Copies: none. Owner: one line a
 * thread, for as long as it is taken. Watched by `influx.bench.ts`.
 */
import type { Context } from '../context.ts';
import { BadLines, fault } from './faults.ts';
import { Line } from './line.ts';
import type { InfluxParameters } from './parameters.ts';

const hash = 0x23;
const lineFeed = 0x0a;
const nsPerDay = 86_400_000_000_000n;

/** Which times are stored; a body that is not decoded now has none. */
export type TimeBounds = {
  readonly context: Pick<Context, 'accepts'>;
  readonly receivedAtNs: bigint;
};

/** Takes a good line; without its strings where `keepsStrings` is false. */
export type LineTaker = (
  line: Line,
  source: Uint8Array,
  view: DataView,
  keepsStrings: boolean,
) => void;

const line = new Line();

/** Gives all good lines of `source` to `take`; returns the others. */
export function readLines(
  source: Uint8Array,
  parameters: InfluxParameters,
  bounds: TimeBounds | undefined,
  take: LineTaker,
): BadLines {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const end = source.length;
  const bad = new BadLines(source);
  const oldestString = oldestStringOf(parameters, bounds);
  for (let at = skipEmpty(source, 0, end); at < end; at = skipEmpty(source, at, end)) {
    const next = line.read(source, at, end, parameters.precision);
    if (line.fault === fault.none && !isStored(bounds)) {
      line.fault = fault.storedRange;
      line.faultAt = at;
    }
    if (line.fault !== fault.none) bad.add(line.fault, at, line.faultAt, next);
    else {
      const keepsStrings = line.stringCount === 0 || !isOlder(oldestString);
      take(line, source, view, keepsStrings);
      if (!keepsStrings) bad.add(fault.stringsRange, at, at, next);
    }
    at = next;
  }
  return bad;
}

/** Where the next line begins that is neither blank nor a comment. */
function skipEmpty(source: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end) {
    const byte = source[at]!;
    if (byte === hash) {
      at = source.indexOf(lineFeed, at);
      if (at < 0) return end;
    } else if (byte !== lineFeed && byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return at;
    at += 1;
  }
  return end;
}

/** A time of 0 or before is not stored in any case, and would mean none further on. */
function isStored(bounds: TimeBounds | undefined): boolean {
  if (!line.hasTime) return true;
  const { timeLow, timeHigh } = line;
  if (timeHigh < 0 || (timeHigh === 0 && timeLow === 0)) return false;
  return bounds === undefined || bounds.context.accepts(timeLow >>> 0, timeHigh >>> 0);
}

/** Nanoseconds since 1970 before which strings are not stored; 0 when they are like points. */
function oldestStringOf(
  { strings, logsDays }: InfluxParameters,
  bounds: TimeBounds | undefined,
): bigint {
  if (strings !== 'logs' || logsDays === 0 || bounds === undefined) return 0n;
  const oldest = bounds.receivedAtNs - BigInt(logsDays) * nsPerDay;
  return oldest > 0n ? oldest : 0n;
}

function isOlder(oldest: bigint): boolean {
  if (oldest === 0n || !line.hasTime) return false;
  const high = Number(oldest >> 32n);
  if (line.timeHigh !== high) return line.timeHigh < high;
  return line.timeLow >>> 0 < Number(oldest & 0xffff_ffffn);
}

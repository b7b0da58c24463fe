/**
 * What the rollups of spans share.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: nothing is returned but numbers.
 * Watched by `decode.bench.ts`.
 */
import type { EncodedUnit } from './decode-types.ts';
import type { TraceBlock } from './trace-block.ts';

/** A rollup has at most as many rows as the blocks it is counted from, so this is never met. */
export const rollupBytesMax = 1024 * 1024 * 1024;
export const highWord = 4_294_967_296;
const secondsPerDay = 86_400;
const nsPerSecond = 1_000_000_000;

/** The second in which span `row` began: exact, because the distance to its day is below 2^53. */
export function secondOf(block: TraceBlock, row: number): number {
  return secondIn(block, block.time.words, row);
}

/** The same of the time at `row` of `words`. */
export function secondIn(block: TraceBlock, words: Int32Array, row: number): number {
  const daySeconds = block.day * secondsPerDay;
  const distance =
    ((words[2 * row + 1]! >>> 0) - block.dayStart[1]!) * highWord +
    ((words[2 * row]! >>> 0) - block.dayStart[0]!);
  return daySeconds + Math.floor(distance / nsPerSecond);
}

/** First and last event of a unit whose times are seconds. */
export function eventsNs(
  firstSecond: number,
  lastSecond: number,
): Pick<EncodedUnit, 'firstEventNs' | 'lastEventNs'> {
  return {
    firstEventNs: BigInt(firstSecond) * BigInt(nsPerSecond),
    lastEventNs: BigInt(lastSecond) * BigInt(nsPerSecond),
  };
}

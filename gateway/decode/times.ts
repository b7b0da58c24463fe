/**
 * Times of other protocols in nanoseconds since 1970, as two words.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the caller. Watched by
 * `remote-write.bench.ts`.
 */

/** The last millisecond whose nanoseconds are a signed 64-bit integer. */
const millisecondsMax = 9_223_372_036_854;
const twoTo16 = 65_536;
const twoTo32 = 4_294_967_296;
const nsPerMs = 1_000_000;

/**
 * Writes the time of `high` and `low`, a signed 64-bit count of milliseconds since 1970, to two
 * words of `target`. False, with zeros written, for one before 1970 or after 2262.
 */
export function putMilliseconds(
  target: Int32Array,
  place: number,
  low: number,
  high: number,
): boolean {
  const milliseconds = high * twoTo32 + (low >>> 0);
  if (!(milliseconds >= 0 && milliseconds <= millisecondsMax)) {
    target[place] = 0;
    target[place + 1] = 0;
    return false;
  }
  // In two halves, each exact as a double.
  const upper = Math.floor(milliseconds / twoTo16) * nsPerMs;
  const lower = (upper % twoTo16) * twoTo16 + (milliseconds % twoTo16) * nsPerMs;
  target[place] = (lower % twoTo32) | 0;
  target[place + 1] = Math.floor(upper / twoTo16) + Math.floor(lower / twoTo32);
  return true;
}

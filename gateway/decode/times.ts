/**
 * Times of other protocols in nanoseconds since 1970, as two words.
 *
 * Hot path. Allocations per item: none. Copies: none. Owner: the caller. Watched by
 * `remote-write.bench.ts`.
 */

/** The last millisecond whose nanoseconds are a signed 64-bit integer. */
const millisecondsMax = 9_223_372_036_854;
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
  // Both products are exact: of 52 bits the one, of 31 the other.
  const carried = Math.floor(((low >>> 0) * nsPerMs) / twoTo32);
  target[place] = Math.imul(low, nsPerMs);
  target[place + 1] = high * nsPerMs + carried;
  return true;
}

/**
 * How long open blocks wait for more rows before they are sealed. A seal costs ClickHouse the same
 * whether it brings ten rows or thousands, so blocks wait as long as the promise allows: the time
 * an insert took of late is taken off, and with many rows the bounds on rows and bytes come first.
 * After a silence the first rows leave soon, because somebody may be waiting to see them.
 *
 *     |<------------- freshness ------------->|
 *     first row … wait …  seal, insert         rows can be queried
 *
 * Invariant: half of the freshness <= wait <= freshness, but after a silence. Slow inserts do not
 * shrink blocks further: smaller ones would make a busy ClickHouse slower still.
 */

/** After a silence of one whole wait, rows leave after this share of it. */
const soonShare = 0.2;
/** How much the last insert counts against those before. */
const lastShare = 0.3;

export class SealPace {
  readonly #freshnessMs: number;
  #insertMs = 0;
  #closedMs = Number.NEGATIVE_INFINITY;

  constructor(freshnessMs: number) {
    this.#freshnessMs = freshnessMs;
  }

  /** Age at which blocks are sealed whose first row came at `openedMs`. */
  waitMs(openedMs: number): number {
    const freshness = this.#freshnessMs;
    const wait = Math.max(freshness - this.#insertMs, freshness / 2);
    return openedMs - this.#closedMs > freshness ? wait * soonShare : wait;
  }

  /** Blocks were closed. */
  closed(nowMs: number): void {
    this.#closedMs = nowMs;
  }

  /** From their closing until ClickHouse had the rows. */
  delivered(tookMs: number): void {
    this.#insertMs += (Math.min(tookMs, this.#freshnessMs) - this.#insertMs) * lastShare;
  }
}

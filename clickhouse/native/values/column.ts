/**
 * What the writer of rows asks of every column beside taking values.
 *
 * Allocations per value: none. Copies: none. Owner: the column. Watched by `values.bench.ts`.
 */
import type { Budget } from '../buffers.ts';
import type { Chunks } from '../chunks.ts';
import type { HashSeed } from '../hash.ts';
import type { Kernel } from './kernel.ts';
import type { ValueColumn } from './types.ts';

/** Whether a dictionary has got so large that a block should end. */
export const dictionaryEntriesFull = 1 << 16;

/** Shared by all columns of a writer; one small object of numbers for the hot loops. */
export class Meter {
  readonly budget: Budget;
  readonly seed: HashSeed;
  /** Rows that have been ended. */
  rows = 0;
  /** Bytes of strings and of elements of arrays; widths of top columns are not in it. */
  bytes = 0;
  isDictionaryFull = false;

  constructor(budget: Budget, seed: HashSeed) {
    this.budget = budget;
    this.seed = seed;
  }

  clear(): void {
    this.rows = 0;
    this.bytes = 0;
    this.isDictionaryFull = false;
  }
}

export type Part = {
  /** Bytes of each value that are always there. */
  readonly width: number;
  /** A value of zeros or nothing, as stands under a NULL. */
  readonly pushDefault: () => void;
  /** Takes back what came after the first `count` values; those are of rows that have ended. */
  readonly cut: (count: number) => void;
  /** Whether there are `count` values, and as many inside as they say. */
  readonly isWhole: (count: number) => boolean;
  /** What comes before the data of the whole column in a block. */
  readonly prefix: (out: Chunks) => void;
  readonly data: (out: Chunks) => void;
  readonly clear: () => void;
  /** Back to the first value for {@link Part.digest}. */
  readonly rewind: (kernel: Kernel) => void;
  /**
   * Writes digests of the next `count` values, at most a window, to `out` in the kernel's memory
   * (see `checksum.ts`); areas from `area` on are free for it.
   */
  readonly digest: (kernel: Kernel, count: number, out: number, area: number) => void;
};

/** A column as this room makes it. */
export type Column = ValueColumn & Part;

/** Values at the edge of their type, counted by column; the first of each is kept. */
import type { Edges, PlannedColumn } from './source.ts';

export type EdgeCount = {
  /** Name in ClickHouse. */
  readonly column: string;
  readonly policy: string;
  readonly count: number;
  /** The first value that was met, and the key of its row. */
  readonly value: string;
  readonly key: string;
};

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Longest value in a report; the rest says nothing more. */
const valueLengthMax = 200;

export class EdgeCounts implements Edges {
  readonly #columns: readonly PlannedColumn[];
  readonly #counts: Map<number, Mutable<EdgeCount>> = new Map();

  constructor(columns: readonly PlannedColumn[]) {
    this.#columns = columns;
  }

  met(column: number, value: string, key: () => string): void {
    const known = this.#counts.get(column);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    const planned = this.#columns[column];
    this.#counts.set(column, {
      column: planned?.name ?? '',
      policy: planned?.edge ?? '',
      count: 1,
      value: value.slice(0, valueLengthMax),
      key: key().slice(0, valueLengthMax),
    });
  }

  all(): readonly EdgeCount[] {
    return [...this.#counts.entries()].sort(([a], [b]) => a - b).map(([, count]) => count);
  }
}

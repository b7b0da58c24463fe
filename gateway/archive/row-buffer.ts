/** Rows that wait until they are enough for a row group, a column at a time. */
import type { ReadColumn, Values } from '../../clickhouse/native/read.ts';
import { assert } from '../../core/assert.ts';

type Named = Pick<ReadColumn, 'name' | 'type'>;

export class RowBuffer {
  readonly #columns: readonly Named[];
  #parts: Part[] = [];
  #rows = 0;

  constructor(columns: readonly Named[]) {
    this.#columns = columns;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Columns may come in another order, but none may lack; gives how many rows came. */
  append(columns: readonly ReadColumn[]): number {
    const values = this.#columns.map(({ name, type }) => {
      const found = columns.find((column) => column.name === name);
      assert(found?.type === type, `${name} comes as ${type}, not as ${found?.type}`);
      return found.values;
    });
    const rows = values[0]?.length ?? 0;
    if (rows > 0) this.#parts.push({ values, rows });
    this.#rows += rows;
    return rows;
  }

  /** Takes the oldest `rows` out. */
  take(rows: number): { name: string; data: unknown[] }[] {
    const taken: Part[] = [];
    for (let left = rows; left > 0; ) {
      const part = this.#parts.shift();
      assert(part !== undefined, 'as many rows as are asked for');
      const [first, rest] = split(part, left);
      taken.push(first);
      left -= first.rows;
      if (rest !== undefined) this.#parts.unshift(rest);
    }
    this.#rows -= rows;
    return this.#columns.map(({ name }, at) => ({
      name,
      data: taken.flatMap(({ values }) => Array.from(values[at] ?? [])),
    }));
  }
}

type Part = { readonly values: readonly Values[]; readonly rows: number };

function split(part: Part, rows: number): readonly [Part, Part | undefined] {
  if (part.rows <= rows) return [part, undefined];
  const between = (from: number, to: number): Part => ({
    values: part.values.map((values) => values.slice(from, to)),
    rows: to - from,
  });
  return [between(0, rows), between(rows, part.rows)];
}

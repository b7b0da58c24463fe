/**
 * Digests of columns made of columns: tuples, and lists of elements or of pairs.
 *
 * Hot path. Allocations: an object a window, none a value. Copies: where lists end. Owner: the
 * kernel's memory. Watched by `values.bench.ts`.
 */
import type { Part } from './column.ts';
import { type Kernel, windowValues } from './kernel.ts';
import type { Ends } from './nested.ts';

type Window = {
  readonly count: number;
  readonly out: number;
  readonly area: number;
};

/** Digests of `count` tuples to `out`; areas from `area` on are free. */
export function digestTuples(
  kernel: Kernel,
  parts: readonly Part[],
  count: number,
  out: number,
  area: number,
): void {
  const digests = kernel.area(area);
  kernel.clear(out, count);
  for (let index = 0; index < parts.length; index += 1) {
    parts[index]!.digest(kernel, count, digests, area + 1);
    kernel.code.add(digests, out, count, index + 1);
  }
  kernel.code.close(out, count);
}

/** Digests of lists whose elements are of one column, in order, or pairs of two, in any order. */
export function digestLists(
  kernel: Kernel,
  ends: Ends,
  elements: readonly Part[],
  { count, out, area }: Window,
): void {
  const endsAt = kernel.area(area);
  const digests = kernel.area(area + 1);
  const { values } = ends;
  const list = values.read;
  kernel.bytes.set(values.bytes.subarray(8 * list, 8 * (list + count)), endsAt);
  kernel.clear(out, count);
  const first = ends.startOf(list);
  const end = ends.startOf(list + count);
  const isOrdered = elements.length === 1;
  let row = 0;
  for (let at = first; at < end; at += windowValues) {
    const some = Math.min(windowValues, end - at);
    if (isOrdered) elements[0]!.digest(kernel, some, digests, area + 2);
    else digestTuples(kernel, elements, some, digests, area + 2);
    row = kernel.code.fold(endsAt, out, row, first, at, digests, some, isOrdered ? 1 : 0);
  }
  kernel.code.closeLists(endsAt, out, first, count);
  values.read = list + count;
}

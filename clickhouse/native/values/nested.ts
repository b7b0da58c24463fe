/**
 * Columns made of columns: Nullable, Array, Map, Tuple.
 *
 * Hot path. Allocations per value: none. Copies: none. Owner: the column. Watched by
 * `values.bench.ts`.
 */
import type { Chunks } from '../chunks.ts';
import type { Column, Meter, Part } from './column.ts';
import type { Kernel } from './kernel.ts';
import { digestLists, digestTuples } from './lists.ts';
import type { ArrayColumn, MapColumn, NullableColumn, TupleColumn } from './types.ts';
import { Values } from './values.ts';

/** One byte a value that says whether it is NULL, then the values with something under each. */
export class NullableValues implements NullableColumn, Part {
  readonly kind = 'nullable';
  readonly type: string;
  readonly inner: Column;
  readonly width: number;
  readonly nulls: Values;

  constructor(type: string, inner: Column, meter: Meter) {
    this.type = type;
    this.inner = inner;
    this.width = 1 + inner.width;
    this.nulls = new Values(meter.budget, 1);
  }

  get count(): number {
    return this.nulls.count;
  }

  pushNull(): void {
    const nulls = this.nulls;
    if (nulls.count === nulls.capacity) nulls.grow();
    nulls.bytes[nulls.count] = 1;
    nulls.count += 1;
    this.inner.pushDefault();
  }

  pushValid(): void {
    const nulls = this.nulls;
    if (nulls.count === nulls.capacity) nulls.grow();
    nulls.bytes[nulls.count] = 0;
    nulls.count += 1;
  }

  pushDefault(): void {
    this.pushNull();
  }

  cut(count: number): void {
    this.nulls.cut(count);
    this.inner.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count && this.inner.isWhole(count);
  }

  prefix(out: Chunks): void {
    this.inner.prefix(out);
  }

  data(out: Chunks): void {
    out.view(this.nulls.used());
    this.inner.data(out);
  }

  clear(): void {
    this.nulls.clear();
    this.inner.clear();
  }

  rewind(kernel: Kernel): void {
    this.nulls.read = 0;
    this.inner.rewind(kernel);
  }

  digest(kernel: Kernel, count: number, out: number, area: number): void {
    this.inner.digest(kernel, count, out, area);
    kernel.maskNulls(this.nulls, this.nulls.read, count, out);
    this.nulls.read += count;
  }
}

/** Where each array ends among all elements. */
export class Ends {
  readonly values: Values;
  /** Elements of all arrays so far. */
  total = 0;

  constructor(meter: Meter) {
    this.values = new Values(meter.budget, 8);
  }

  push(count: number): void {
    const values = this.values;
    const at = values.count;
    if (at === values.capacity) values.grow();
    this.total += count;
    values.words[2 * at] = this.total;
    values.words[2 * at + 1] = this.total / 2 ** 32;
    values.count = at + 1;
  }

  /** Where array `index` begins. */
  startOf(index: number): number {
    if (index === 0) return 0;
    const { words } = this.values;
    return (words[2 * index - 2]! >>> 0) + (words[2 * index - 1]! >>> 0) * 2 ** 32;
  }

  cut(count: number): void {
    this.total = this.startOf(count);
    this.values.cut(count);
  }

  clear(): void {
    this.values.clear();
    this.total = 0;
  }
}

export class ArrayValues implements ArrayColumn, Part {
  readonly kind = 'array';
  readonly type: string;
  readonly inner: Column;
  readonly width = 8;
  readonly ends: Ends;
  readonly #meter: Meter;

  constructor(type: string, inner: Column, meter: Meter) {
    this.type = type;
    this.inner = inner;
    this.ends = new Ends(meter);
    this.#meter = meter;
  }

  get count(): number {
    return this.ends.values.count;
  }

  pushLength(count: number): void {
    this.ends.push(count);
    this.#meter.bytes += count * this.inner.width;
  }

  pushDefault(): void {
    this.ends.push(0);
  }

  cut(count: number): void {
    this.ends.cut(count);
    this.inner.cut(this.ends.total);
  }

  isWhole(count: number): boolean {
    return this.count === count && this.inner.isWhole(this.ends.total);
  }

  prefix(out: Chunks): void {
    this.inner.prefix(out);
  }

  data(out: Chunks): void {
    out.view(this.ends.values.used());
    this.inner.data(out);
  }

  clear(): void {
    this.ends.clear();
    this.inner.clear();
  }

  rewind(kernel: Kernel): void {
    this.ends.values.read = 0;
    this.inner.rewind(kernel);
  }

  digest(kernel: Kernel, count: number, out: number, area: number): void {
    digestLists(kernel, this.ends, [this.inner], { count, out, area });
  }
}

export class MapValues implements MapColumn, Part {
  readonly kind = 'map';
  readonly type: string;
  readonly key: Column;
  readonly value: Column;
  readonly width = 8;
  readonly ends: Ends;
  readonly #meter: Meter;

  constructor(type: string, key: Column, value: Column, meter: Meter) {
    this.type = type;
    this.key = key;
    this.value = value;
    this.ends = new Ends(meter);
    this.#meter = meter;
  }

  get count(): number {
    return this.ends.values.count;
  }

  pushLength(count: number): void {
    this.ends.push(count);
    this.#meter.bytes += count * (this.key.width + this.value.width);
  }

  pushDefault(): void {
    this.ends.push(0);
  }

  cut(count: number): void {
    this.ends.cut(count);
    this.key.cut(this.ends.total);
    this.value.cut(this.ends.total);
  }

  isWhole(count: number): boolean {
    return (
      this.count === count &&
      this.key.isWhole(this.ends.total) &&
      this.value.isWhole(this.ends.total)
    );
  }

  prefix(out: Chunks): void {
    this.key.prefix(out);
    this.value.prefix(out);
  }

  data(out: Chunks): void {
    out.view(this.ends.values.used());
    this.key.data(out);
    this.value.data(out);
  }

  clear(): void {
    this.ends.clear();
    this.key.clear();
    this.value.clear();
  }

  rewind(kernel: Kernel): void {
    this.ends.values.read = 0;
    this.key.rewind(kernel);
    this.value.rewind(kernel);
  }

  digest(kernel: Kernel, count: number, out: number, area: number): void {
    digestLists(kernel, this.ends, [this.key, this.value], { count, out, area });
  }
}

export class TupleValues implements TupleColumn, Part {
  readonly kind = 'tuple';
  readonly type: string;
  readonly parts: readonly Column[];
  readonly width: number;

  constructor(type: string, parts: readonly Column[]) {
    this.type = type;
    this.parts = parts;
    this.width = parts.reduce((sum, part) => sum + part.width, 0);
  }

  pushDefault(): void {
    for (let index = 0; index < this.parts.length; index += 1) this.parts[index]!.pushDefault();
  }

  cut(count: number): void {
    for (const part of this.parts) part.cut(count);
  }

  isWhole(count: number): boolean {
    return this.parts.every((part) => part.isWhole(count));
  }

  prefix(out: Chunks): void {
    for (const part of this.parts) part.prefix(out);
  }

  data(out: Chunks): void {
    for (const part of this.parts) part.data(out);
  }

  clear(): void {
    for (const part of this.parts) part.clear();
  }

  rewind(kernel: Kernel): void {
    for (const part of this.parts) part.rewind(kernel);
  }

  digest(kernel: Kernel, count: number, out: number, area: number): void {
    digestTuples(kernel, this.parts, count, out, area);
  }
}

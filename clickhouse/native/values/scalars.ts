/**
 * Columns of numbers. One class for each kind, so that who fills them calls one shape.
 *
 * Hot path. Allocations per value: none. Copies: none. Owner: the column. Watched by
 * `values.bench.ts`.
 */
import type { Chunks } from '../chunks.ts';
import type { Meter, Part } from './column.ts';
import type { Kernel } from './kernel.ts';
import type { LongColumn, NumberColumn, WideColumn } from './types.ts';
import { Values } from './values.ts';

/** How a number lies in memory; unsigned ones wrap as signed ones do. */
export type NumberLayout = 'bool' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64';

const codes = { bool: 0, int8: 1, int16: 2, int32: 3, float32: 4, float64: 5 } as const;
const widths = { bool: 1, int8: 1, int16: 2, int32: 4, float32: 4, float64: 8 } as const;

/** Numbers of at most 32 bits, and doubles. */
export class NumberValues implements NumberColumn, Part {
  readonly kind = 'number';
  readonly type: string;
  readonly width: number;
  readonly values: Values;
  readonly #code: number;

  constructor(type: string, layout: NumberLayout, meter: Meter) {
    this.type = type;
    this.width = widths[layout];
    this.values = new Values(meter.budget, this.width);
    this.#code = codes[layout];
  }

  get count(): number {
    return this.values.count;
  }

  pushNumber(value: number): void {
    const values = this.values;
    const at = values.count;
    if (at === values.capacity) values.grow();
    const code = this.#code;
    if (code === codes.int32) values.words[at] = value;
    else if (code === codes.float64) values.doubles[at] = value;
    else if (code === codes.int16) values.halves[at] = value;
    else if (code === codes.int8) values.bytes[at] = value;
    else if (code === codes.bool) values.bytes[at] = value === 0 ? 0 : 1;
    else values.floats[at] = value;
    values.count = at + 1;
  }

  pushDefault(): void {
    this.pushNumber(0);
  }

  cut(count: number): void {
    this.values.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.values.used());
  }

  clear(): void {
    this.values.clear();
  }

  rewind(): void {
    this.values.read = 0;
  }

  digest(kernel: Kernel, count: number, out: number): void {
    kernel.numbers(this.values, this.values.read, count, out);
    this.values.read += count;
  }
}

/** 64 bits. */
export class LongValues implements LongColumn, Part {
  readonly kind = 'long';
  readonly type: string;
  readonly width = 8;
  readonly values: Values;

  constructor(type: string, meter: Meter) {
    this.type = type;
    this.values = new Values(meter.budget, this.width);
  }

  get count(): number {
    return this.values.count;
  }

  pushHalves(low: number, high: number): void {
    const values = this.values;
    const at = values.count;
    if (at === values.capacity) values.grow();
    values.words[2 * at] = low;
    values.words[2 * at + 1] = high;
    values.count = at + 1;
  }

  pushBigInt(value: bigint): void {
    const values = this.values;
    const at = values.count;
    if (at === values.capacity) values.grow();
    values.view.setBigInt64(8 * at, value, true);
    values.count = at + 1;
  }

  pushDefault(): void {
    this.pushHalves(0, 0);
  }

  cut(count: number): void {
    this.values.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.values.used());
  }

  clear(): void {
    this.values.clear();
  }

  rewind(): void {
    this.values.read = 0;
  }

  digest(kernel: Kernel, count: number, out: number): void {
    kernel.numbers(this.values, this.values.read, count, out);
    this.values.read += count;
  }
}

/** 128 and 256 bits. */
export class WideValues implements WideColumn, Part {
  readonly kind = 'wide';
  readonly type: string;
  readonly width: number;
  readonly values: Values;

  constructor(type: string, width: 16 | 32, meter: Meter) {
    this.type = type;
    this.width = width;
    this.values = new Values(meter.budget, width);
  }

  get count(): number {
    return this.values.count;
  }

  pushBigInt(value: bigint): void {
    const values = this.values;
    if (values.count === values.capacity) values.grow();
    const start = values.count * this.width;
    let rest = value;
    for (let at = start; at < start + this.width; at += 8) {
      values.view.setBigInt64(at, rest, true);
      rest >>= 64n;
    }
    values.count += 1;
  }

  pushDefault(): void {
    this.pushBigInt(0n);
  }

  cut(count: number): void {
    this.values.cut(count);
  }

  isWhole(count: number): boolean {
    return this.count === count;
  }

  prefix(): void {}

  data(out: Chunks): void {
    out.view(this.values.used());
  }

  clear(): void {
    this.values.clear();
  }

  rewind(): void {
    this.values.read = 0;
  }

  digest(kernel: Kernel, count: number, out: number): void {
    kernel.hashes(this.values, this.values.read, count, out);
    this.values.read += count;
  }
}

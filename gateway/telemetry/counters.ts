/**
 * The counters of one thread: a Float64Array over shared memory with one fixed slot a series,
 * laid out by the catalog. One thread writes, any thread reads; aligned 8-byte loads and stores
 * need no lock. Adding is an index and an addition; nothing is allocated after start.
 */
import { assert } from '../../core/assert.ts';
import { catalog, type MetricDef, type MetricName } from './catalog.ts';

/** One series: a metric with its attribute values. */
export type Series = {
  readonly metric: MetricDef;
  readonly attributes: Readonly<Record<string, string>>;
  /** First slot. A histogram has one slot a bucket, then one for the sum. */
  readonly slot: number;
};

export type Layout = {
  readonly series: readonly Series[];
  readonly slotCount: number;
};

const layout = layOut();

export function counterLayout(): Layout {
  return layout;
}

/** Shared memory for the counters of one thread. What is absent until it is set is NaN. */
export function createCounterMemory(): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(layout.slotCount * 8);
  const values = new Float64Array(memory);
  for (const { metric, slot } of layout.series) {
    if (metric.untilSet === 'absent') values[slot] = Number.NaN;
  }
  return memory;
}

const slotByKey: ReadonlyMap<string, number> = new Map(
  layout.series.map((series) => [
    [series.metric.name, ...Object.values(series.attributes)].join('|'),
    series.slot,
  ]),
);

/** The slot of a series: look it up once, at start. Attribute values in the catalog's order. */
export function slotOf(name: MetricName, ...values: readonly string[]): number {
  const slot = slotByKey.get([name, ...values].join('|'));
  assert(slot !== undefined, `the catalog has ${name} with ${values.join(', ')}`);
  return slot;
}

/** Takes what a thread counted under names of its own over to the values of all lanes together. */
export function takeOver(values: Float64Array, memory: SharedArrayBuffer, prefix: string): void {
  const own = new Float64Array(memory);
  for (const { metric, slot } of layout.series) {
    if (metric.name.startsWith(prefix)) values[slot] = own[slot] ?? 0;
  }
}

export class Counters {
  readonly values: Float64Array;

  constructor(memory: SharedArrayBuffer) {
    assert(memory.byteLength === layout.slotCount * 8, 'counter memory follows the catalog');
    this.values = new Float64Array(memory);
  }

  add(slot: number, amount: number): void {
    this.values[slot] = (this.values[slot] ?? 0) + amount;
  }

  set(slot: number, value: number): void {
    this.values[slot] = value;
  }

  get(slot: number): number {
    return this.values[slot] ?? 0;
  }

  /** Counts `value` into the histogram whose first slot is `slot`. */
  observe(slot: number, bounds: readonly number[], value: number): void {
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] ?? 0)) bucket += 1;
    this.add(slot + bucket, 1);
    this.add(slot + bounds.length + 1, value);
  }
}

/** The values of all threads as one, by each metric's rule. */
export function combine(parts: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(layout.slotCount);
  for (const { metric, slot } of layout.series) {
    for (let index = slot; index < slot + slotsOf(metric); index += 1) {
      const values = parts.map((part) => part[index] ?? 0).filter((value) => !Number.isNaN(value));
      const none = metric.untilSet === 'absent' ? Number.NaN : 0;
      total[index] = values.length === 0 ? none : reduce(metric.over, values);
    }
  }
  return total;
}

function reduce(over: MetricDef['over'], values: readonly number[]): number {
  if (over === 'max') return Math.max(...values);
  if (over === 'min') return Math.min(...values);
  return values.reduce((sum, value) => sum + value, 0);
}

function slotsOf(metric: MetricDef): number {
  return metric.kind === 'histogram' ? (metric.bounds?.length ?? 0) + 2 : 1;
}

function layOut(): Layout {
  const series: Series[] = [];
  let slot = 0;
  for (const metric of catalog) {
    for (const attributes of combinations(metric)) {
      series.push({ metric, attributes, slot });
      slot += slotsOf(metric);
    }
  }
  return { series, slotCount: slot };
}

function combinations(metric: MetricDef): readonly Readonly<Record<string, string>>[] {
  let found: Record<string, string>[] = [{}];
  for (const attribute of metric.attributes) {
    found = found.flatMap((base) =>
      attribute.values.map((value) => ({ ...base, [attribute.name]: value })),
    );
  }
  return found;
}

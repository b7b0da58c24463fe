import { describe, expect, it } from '@jest/globals';
import { probabilityOf } from './threshold.ts';
import { createThrottleMemory, type SamplingSettings, Throttles } from './throttle.ts';

const limit = 10_000;
const startMs = 1_795_000_000_000;

/** Throttles of some workers over one memory, and a wall clock that is moved by hand. */
function workers(settings: SamplingSettings, count = 1) {
  const memory = createThrottleMemory();
  const time = { nowMs: startMs };
  return {
    time,
    list: Array.from({ length: count }, () => new Throttles(memory, settings, () => time.nowMs)),
  };
}

const traces = { traces: { itemsPerSecond: limit, keepErrors: false } };

/** Sends `perSecond` spans for `seconds`, in requests of a hundred; what is kept on average. */
function send(
  { time, list }: ReturnType<typeof workers>,
  perSecond: number,
  seconds: number,
  { tenant = '', errors = 0 } = {},
): { readonly kept: number; readonly thresholds: ReadonlySet<bigint> } {
  const spans = 100;
  const requests = (perSecond * seconds) / spans;
  const began = time.nowMs;
  const thresholds = new Set<bigint>();
  let kept = 0;
  for (let request = 0; request < requests; request += 1) {
    time.nowMs = began + Math.floor((request / requests) * seconds * 1000);
    const worker = list[request % list.length]!;
    const { threshold } = worker.current('traces', tenant);
    thresholds.add(threshold);
    const exempted = spans * errors;
    worker.count('traces', tenant, spans, exempted);
    kept += (spans - exempted) * probabilityOf(threshold) + exempted;
  }
  time.nowMs = began + seconds * 1000;
  return { kept, thresholds };
}

describe('a throttle', () => {
  it('keeps everything below its limit', () => {
    const all = send(workers(traces), limit * 0.99, 30);
    expect(all.thresholds).toEqual(new Set([0n]));
  });

  it.each([1, 4])('keeps its limit of ten times as much, over %d workers', (count) => {
    const { kept, thresholds } = send(workers(traces, count), limit * 10, 30);
    expect(kept / (limit * 30)).toBeGreaterThan(0.99);
    expect(kept / (limit * 30)).toBeLessThan(1.01);
    // A threshold that moved with every window would cut traces.
    expect(thresholds.size).toBeLessThan(15);
  });

  it('holds the limit when five agents send as much as each of them may', () => {
    const { kept } = send(workers(traces, 2), limit * 5, 30);
    expect(Math.abs(kept / (limit * 30) - 1)).toBeLessThan(0.01);
  });

  it('stays with one threshold while the flood stays as it is', () => {
    const all = workers(traces);
    send(all, limit * 10, 30);
    expect(send(all, limit * 10, 60).thresholds.size).toBeLessThan(6);
  });

  it('lets go within two windows after the flood', () => {
    const all = workers(traces);
    send(all, limit * 10, 30);
    send(all, limit / 2, 2);
    expect(send(all, limit / 2, 10).thresholds).toEqual(new Set([0n]));
  });

  it('counts errors that are kept in any case, and takes them from the others', () => {
    const kind = { traces: { itemsPerSecond: limit, keepErrors: true } };
    const { kept } = send(workers(kind), limit * 10, 60, { errors: 0.05 });
    expect(Math.abs(kept / (limit * 60) - 1)).toBeLessThan(0.01);
  });

  it('keeps an eighth of the others when errors alone are more than the limit', () => {
    const kind = { traces: { itemsPerSecond: limit, keepErrors: true } };
    const { kept } = send(workers(kind), limit * 10, 60, { errors: 0.2 });
    const errors = limit * 10 * 60 * 0.2;
    expect((kept - errors) / (limit * 60)).toBeCloseTo(1 / 8, 1);
  });

  it('is of one tenant and signal', () => {
    const all = workers({
      ...traces,
      tenants: { shop: { traces: { itemsPerSecond: limit * 2, keepErrors: false } } },
    });
    const [shop, other] = ['shop', 'other'].map((tenant) => send(all, limit * 4, 30, { tenant }));
    expect(shop!.kept / other!.kept).toBeCloseTo(2, 1);
    const [worker] = all.list;
    expect(worker!.current('metrics', 'shop').threshold).toBe(0n);
    expect(worker!.current('logs', 'shop').threshold).toBe(0n);
  });

  it('goes on when the wall clock is set back', () => {
    const all = workers(traces);
    send(all, limit * 10, 10);
    all.time.nowMs -= 3_600_000;
    const { kept } = send(all, limit * 10, 30);
    expect(kept / (limit * 30)).toBeLessThan(1.05);
  });
});

import { randomInt } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../test/support/random.ts';
import { probabilityOf, thresholdEnd, thresholdOf } from '../sampling/threshold.ts';
import type { Sampling } from './decode-types.ts';
import { Keeper } from './keeper.ts';

const seed = randomInt(2 ** 31);

function keeperWith(probability: number, keepsErrors = false, salt = 7): Keeper {
  const keeper = new Keeper();
  const sampling: Sampling = { threshold: thresholdOf(probability), keepsErrors };
  keeper.begin(sampling, salt);
  return keeper;
}

/** 16 random bytes, then the tracestate. */
function spanBytes(random: () => number, state = ''): Uint8Array {
  const bytes = new Uint8Array(16 + state.length);
  for (let at = 0; at < 16; at += 1) bytes[at] = Math.floor(random() * 256);
  bytes.set(Buffer.from(state), 16);
  return bytes;
}

function weighSpan(keeper: Keeper, bytes: Uint8Array, isError = false): number {
  return keeper.weighSpan(bytes, 0, 16, bytes.length - 16, isError);
}

function weighLog(keeper: Keeper, text: string, isError = false): number {
  const bytes = new Uint8Array(Buffer.from(text));
  const view = new DataView(bytes.buffer);
  return keeper.weighLog(bytes, view, 0, 0, 0, bytes.length, isError);
}

function shuffled(from: number): () => number {
  const random = seededRandom(from);
  return () => random.below(2 ** 32) / 2 ** 32;
}

describe('what sampling keeps', () => {
  it(`gives estimates that are right on average, at any probability (seed ${seed})`, () => {
    const random = shuffled(seed);
    const items = 30_000;
    for (const probability of [0.9, 0.5, 0.1, 0.013]) {
      const keeper = keeperWith(probability);
      let [spans, logs] = [0, 0];
      for (let item = 0; item < items; item += 1) {
        spans += weighSpan(keeper, spanBytes(random));
        logs += weighLog(keeper, `line ${item} of ${random()}`);
      }
      // Five standard deviations of a sum of weights.
      const bound = 5 * Math.sqrt((items * (1 - probability)) / probability);
      expect(Math.abs(spans - items)).toBeLessThan(bound);
      expect(Math.abs(logs - items)).toBeLessThan(bound);
    }
  });

  it(`lets every kind of item survive equally often (chi-squared, seed ${seed})`, () => {
    const random = shuffled(seed + 1);
    const keeper = keeperWith(0.2);
    const kinds = 50;
    const each = 1_000;
    const kept = new Float64Array(kinds);
    for (let item = 0; item < kinds * each; item += 1) {
      const kind = item % kinds;
      if (weighLog(keeper, `kind ${kind} ${random()}`) > 0) kept[kind]! += 1;
    }
    const chi = kept.reduce((sum, count) => sum + (count - each * 0.2) ** 2 / (each * 0.16), 0);
    // 50 degrees of freedom: 99.999 % of all runs lie below 108.
    expect(chi).toBeLessThan(108);
  });

  it(`counts what an earlier sampler left out, too (seed ${seed})`, () => {
    const random = shuffled(seed + 2);
    const items = 60_000;
    const before = 0.25;
    const threshold = thresholdOf(before).toString(16).padStart(14, '0').replace(/0+$/, '');
    for (const ours of [0.5, 0.1]) {
      const keeper = keeperWith(ours);
      let estimate = 0;
      for (let item = 0; item < items; item += 1) {
        const bytes = spanBytes(random, `a=1,ot=th:${threshold};x:y,b=2`);
        const drawn = bytes.subarray(9, 16).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
        if (drawn >= thresholdOf(before)) estimate += weighSpan(keeper, bytes);
      }
      const least = Math.min(before, ours);
      expect(Math.abs(estimate - items)).toBeLessThan(5 * Math.sqrt((items * (1 - least)) / least));
    }
  });

  it('keeps a trace whole wherever its spans come, and nests thresholds', () => {
    const random = shuffled(3);
    const [low, high] = [keeperWith(0.4, false, 1), keeperWith(0.1, false, 99)];
    const again = keeperWith(0.4, false, 12345);
    for (let trace = 0; trace < 5_000; trace += 1) {
      const bytes = spanBytes(random);
      const weight = weighSpan(low, bytes);
      expect(weighSpan(again, bytes)).toBe(weight);
      const view = new DataView(bytes.buffer);
      const log = low.weighLog(bytes, view, 0, 16, 0, 16, false);
      expect(log > 0).toBe(weight > 0);
      if (weighSpan(high, bytes) > 0) expect(weight).toBeGreaterThan(0);
    }
  });

  it.each([
    ['', 1],
    ['ot=th:8', 2],
    ['ot=th:c', 4],
    ['rojo=1, ot=th:ff', 256],
    ['ot=th:8 ,x=1', 2],
    ['ot=rv:ffffffffffffff;th:c', 4],
    ['ot=rv:00000000000000;th:c', 1],
    ['ot=th:G', 1],
    ['ot=th:123456789012345', 1],
    ['ot=th:', 1],
    ['xot=th:8', 1],
    ['ott=th:8', 1],
  ])('without a limit gives a span with the tracestate %j the weight %d', (state, weight) => {
    const bytes = spanBytes(() => 0.9999, state);
    expect(weighSpan(keeperWith(1), bytes)).toBe(weight);
  });

  it('goes by the random number of a tracestate before the trace id', () => {
    const keeper = keeperWith(0.5);
    expect(
      weighSpan(
        keeper,
        spanBytes(() => 0.9999, 'ot=rv:00000000000000'),
      ),
    ).toBe(0);
    expect(
      weighSpan(
        keeper,
        spanBytes(() => 0, 'ot=rv:80000000000000'),
      ),
    ).toBe(2);
    expect(
      weighSpan(
        keeper,
        spanBytes(() => 0, 'ot=rv:7fffffffffffff'),
      ),
    ).toBe(0);
  });

  it('keeps errors with the weight one when it is told to', () => {
    const random = shuffled(4);
    const [with_, without] = [keeperWith(0.1, true), keeperWith(0.1, false)];
    let lost = 0;
    for (let item = 0; item < 1_000; item += 1) {
      const bytes = spanBytes(random);
      expect(weighSpan(with_, bytes, true)).toBe(1);
      expect(weighLog(with_, `${item}`, true)).toBe(1);
      if (weighSpan(without, bytes, true) === 0) lost += 1;
    }
    expect(with_.exempted).toBe(2_000);
    expect(lost).toBeGreaterThan(800);
  });

  it('draws anew for equal log lines of different moments', () => {
    const kept = Array.from({ length: 1_000 }, (_, salt) =>
      weighLog(keeperWith(0.5, false, salt), 'the same line'),
    ).filter((weight) => weight > 0);
    expect(kept.length).toBeGreaterThan(400);
    expect(kept.length).toBeLessThan(600);
  });
});

describe('a threshold', () => {
  it('keeps the share that it was made for, within one in 2^52', () => {
    for (const probability of [1, 0.75, 1 / 3, 1e-3, 1e-9, 2 ** -52]) {
      expect(probabilityOf(thresholdOf(probability)) / probability).toBeCloseTo(1, 6);
    }
    expect(thresholdOf(1)).toBe(0n);
    expect(thresholdOf(0.5)).toBe(thresholdEnd / 2n);
    expect(thresholdOf(0)).toBeLessThan(thresholdEnd);
  });
});

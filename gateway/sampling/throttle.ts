/**
 * How much of a flood is kept: one throttle a signal and tenant, shared by all workers.
 *
 *     window ends ─▶ how much came in it ─▶ threshold of the next one ─▶ record headers
 *
 * A window ends after a second, or as soon as it is expected to have kept what one may keep (but
 * see `windowMsMin`). What a window kept beyond its share is a debt that the next ones repay.
 *
 * Only arrivals are counted, never what was kept of them: so a threshold does not depend on what
 * any id drew, and estimates by weight are unbiased. A threshold stays as it is while the next one
 * would differ by less than a twentieth: the fewer there are, the more traces lie whole in one.
 */
import { hash } from 'node:crypto';
import type { Signal } from '../answer.ts';
import { noSampling, type Sampling } from '../decode/decode-types.ts';
import { probabilityOf, thresholdOf } from './threshold.ts';

export type ThrottleLimit = {
  /** What is kept of one tenant's items of one signal, over all workers. */
  readonly itemsPerSecond: number;
  /** Whether spans with status Error and log records from ERROR on are kept in any case. */
  readonly keepErrors: boolean;
};

/** Metrics are not here: a sample of points is a lie. */
type ThrottledSignal = 'traces' | 'logs';

type ThrottleLimits = Readonly<Partial<Record<ThrottledSignal, ThrottleLimit>>>;

export type SamplingSettings = ThrottleLimits & {
  /** By tenant; what is absent is as without a name. */
  readonly tenants?: Readonly<Record<string, ThrottleLimits>>;
};

const windowMs = 1_000;
/** A request is taken whole, so a window must be long enough to tell a rate from a request. */
const windowMsMin = 100;
/** A debt is paid back over this many windows … */
const repayWindows = 4;
/** … out of at most what is not this share of the limit. */
const budgetShareMin = 1 / 8;
/** A debt up to this is left alone; as much credit shows that too little is kept. */
const slackWindows = 0.15;
const debtWindowsMax = 60;
/** A threshold that would change by less stays. */
const deadBand = 0.05;

/** Throttles, one a signal and tenant; tenants beyond share the last one. */
const slotsMax = 1024;
const slotBytes = 64;
/** Places in a slot, by 32-bit word or 64-bit value. */
const keyWord = 0;
const lockWord = 1;
const arrivedWord = 2;
const exemptedWord = 3;
const wordsPerSlot = slotBytes / 4;
const startValue = 2;
const debtValue = 3;
const thresholdValue = 4;
const valuesPerSlot = slotBytes / 8;

export function createThrottleMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(slotsMax * slotBytes);
}

/** Anything that samples as the settings demand? */
export function samplesAnything(settings: SamplingSettings): boolean {
  const limits: readonly ThrottleLimits[] = [settings, ...Object.values(settings.tenants ?? {})];
  return limits.some((entry) => entry.traces !== undefined || entry.logs !== undefined);
}

/** One window: what came, how long it took, what it was to keep. */
type Window = {
  readonly elapsedMs: number;
  readonly arrived: number;
  /** Of these, the ones that are kept in any case. */
  readonly exempted: number;
  readonly probability: number;
  readonly debt: number;
};

/** The probability and the debt behind a window. Pure. */
function nextWindow(
  window: Window,
  limit: number,
): { readonly probability: number; readonly debt: number } {
  const seconds = Math.max(window.elapsedMs, 1) / 1000;
  const choosable = window.arrived - window.exempted;
  const kept = choosable * window.probability + window.exempted;
  const slack = slackWindows * limit;
  const owed = Math.min(window.debt + kept - limit * seconds, debtWindowsMax * limit);
  // Credit is not saved up: a quiet hour is no leave for a flood.
  const hasCredit = owed < -slack;
  const repaid = owed > slack ? (owed - slack / 2) / repayWindows : 0;
  const budget = limit - repaid - window.exempted / seconds;
  const least = limit * budgetShareMin;
  const wanted = choosable === 0 ? 1 : (Math.max(budget, least) * seconds) / choosable;
  const probability = Math.min(1, wanted);
  const stays = !hasCredit && Math.abs(probability / window.probability - 1) < deadBand;
  return { probability: stays ? window.probability : probability, debt: hasCredit ? 0 : owed };
}

export class Throttles {
  readonly #settings: SamplingSettings;
  readonly #nowMs: () => number;
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #thresholds: BigInt64Array;
  readonly #known = new Map<string, number>();

  constructor(memory: SharedArrayBuffer, settings: SamplingSettings, nowMs: () => number) {
    this.#settings = settings;
    this.#nowMs = nowMs;
    this.#words = new Int32Array(memory);
    this.#numbers = new Float64Array(memory);
    this.#thresholds = new BigInt64Array(memory);
  }

  /** What holds for a request that comes now. */
  current(signal: Signal, tenant: string): Sampling {
    const limit = this.#limitOf(signal, tenant);
    if (limit === undefined) return noSampling;
    const slot = this.#slotOf(signal, tenant);
    this.#turnWhenDue(slot, limit.itemsPerSecond);
    const threshold = Atomics.load(this.#thresholds, slot * valuesPerSlot + thresholdValue);
    return { threshold, keepsErrors: limit.keepErrors };
  }

  /** Items of a request that were decoded, and how many of them are kept in any case. */
  count(signal: Signal, tenant: string, arrived: number, exempted: number): void {
    if (this.#limitOf(signal, tenant) === undefined) return;
    const word = this.#slotOf(signal, tenant) * wordsPerSlot;
    Atomics.add(this.#words, word + arrivedWord, arrived);
    Atomics.add(this.#words, word + exemptedWord, exempted);
  }

  #limitOf(signal: Signal, tenant: string): ThrottleLimit | undefined {
    if (signal === 'metrics') return undefined;
    return this.#settings.tenants?.[tenant]?.[signal] ?? this.#settings[signal];
  }

  #turnWhenDue(slot: number, limit: number): void {
    const [word, value] = [slot * wordsPerSlot, slot * valuesPerSlot];
    const nowMs = this.#nowMs();
    const startMs = this.#numbers[value + startValue]!;
    const elapsedMs = nowMs - startMs;
    if (elapsedMs >= 0 && elapsedMs < windowMsMin) return;
    const threshold = Atomics.load(this.#thresholds, value + thresholdValue);
    const arrived = Atomics.load(this.#words, word + arrivedWord);
    const exempted = Atomics.load(this.#words, word + exemptedWord);
    const probability = probabilityOf(threshold);
    const isFull = (arrived - exempted) * probability + exempted >= limit;
    if (elapsedMs >= 0 && elapsedMs < windowMs && !isFull) return;
    // Whoever comes while another worker does it goes on with the threshold before.
    if (Atomics.compareExchange(this.#words, word + lockWord, 0, 1) !== 0) return;
    if (this.#numbers[value + startValue] === startMs) {
      // At the first request, and after the wall clock was set back, there is no window to judge.
      if (startMs > 0 && elapsedMs >= 0) {
        const debt = this.#numbers[value + debtValue]!;
        const next = nextWindow({ elapsedMs, arrived, exempted, probability, debt }, limit);
        this.#numbers[value + debtValue] = next.debt;
        if (next.probability !== probability) {
          const wanted = thresholdOf(next.probability);
          Atomics.store(this.#thresholds, value + thresholdValue, wanted);
        }
      }
      Atomics.sub(this.#words, word + arrivedWord, arrived);
      Atomics.sub(this.#words, word + exemptedWord, exempted);
      this.#numbers[value + startValue] = nowMs;
    }
    Atomics.store(this.#words, word + lockWord, 0);
  }

  /** The place of a signal and tenant in the shared memory, which all workers find alike. */
  #slotOf(signal: Signal, tenant: string): number {
    const name = `${signal} ${tenant}`;
    let slot = this.#known.get(name);
    if (slot !== undefined) return slot;
    const key = hash('sha256', name, 'buffer').readInt32LE(0) || 1;
    slot = (key >>> 0) % slotsMax;
    for (let probes = 0; probes < slotsMax; probes += 1) {
      const found = Atomics.compareExchange(this.#words, slot * wordsPerSlot + keyWord, 0, key);
      if (found === 0 || found === key) break;
      slot = (slot + 1) % slotsMax;
    }
    if (this.#known.size < slotsMax) this.#known.set(name, slot);
    return slot;
  }
}

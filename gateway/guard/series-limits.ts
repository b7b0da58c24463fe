/**
 * How many series a tenant may have, and how many of one metric: known series pass, new ones until
 * the limits are met. What a series is, and which requests hold them, is not known here.
 *
 *     seen ─▶ current hour ──turn──▶ previous hour ──turn──▶ forgotten
 *                  ▲                      │
 *                  └──────── seen ────────┘
 *
 * So a series that stays away makes room after one hour at the earliest, and two at the latest.
 * Series are known by 64-bit hashes: that any two of a million share one, and count as one, has a
 * chance of 3 in 10^8.
 *
 * Memory is bounded by the limits: a series takes 8 bytes in a table that is 3/8 to 3/4 full, one
 * an hour, so 22 to 43 bytes while it keeps coming; with a limit a metric, each metric takes 16
 * bytes in another one, 22 to 43. A million series of ten thousand metrics: up to 44 MB.
 *
 * Invariant: what metrics have together is what the tenant has, but for series that share a hash.
 *
 * Hot path of requests of tenants with a limit. Allocations: when a table grows. Watched by
 * `series-limits.bench.ts`.
 */
import type { Clock } from '../../core/clock.ts';
import { HashTable } from './hash-table.ts';

export const generationMs: number = 60 * 60 * 1000;

export type SeriesLimit = {
  /** Series of the tenant. */
  readonly seriesMax: number;
  /** Of these, series of one metric; absent: no other limit. */
  readonly seriesPerMetricMax?: number | undefined;
};

/** Which limit a series met. */
export type SeriesRefusal = 'metric' | 'tenant';

/** A series and its metric, by hashes of 64 bits. */
export type SeriesIdentity = {
  readonly seriesHigh: number;
  readonly seriesLow: number;
  readonly metricHigh: number;
  readonly metricLow: number;
};

/** Words of a metric: its series in this generation, and those that are left of the one before. */
const seenWord = 0;
const leftWord = 1;

/** The series of one tenant. */
export class KnownSeries {
  readonly limit: SeriesLimit;
  #current = new HashTable(0);
  #previous = new HashTable(0);
  /** Series of the previous generation that did not come again yet. */
  #left = 0;
  readonly #metrics: HashTable | undefined;

  constructor(limit: SeriesLimit) {
    this.limit = limit;
    this.#metrics = limit.seriesPerMetricMax === undefined ? undefined : new HashTable(2);
  }

  /** How many there are. */
  get count(): number {
    return this.#current.count + this.#left;
  }

  get bytes(): number {
    return this.#current.bytes + this.#previous.bytes + (this.#metrics?.bytes ?? 0);
  }

  /** Takes a series in; says which limit is in the way when it may not. */
  admit(identity: SeriesIdentity): SeriesRefusal | undefined {
    const { seriesHigh, seriesLow, metricHigh, metricLow } = identity;
    if (this.#current.find(seriesHigh, seriesLow) >= 0) return undefined;
    const metrics = this.#metrics;
    const place = metrics?.find(metricHigh, metricLow) ?? -1;
    if (this.#previous.find(seriesHigh, seriesLow) >= 0) {
      this.#current.insert(seriesHigh, seriesLow);
      this.#left -= 1;
      if (metrics !== undefined && place >= 0) {
        metrics.words[place + seenWord]! += 1;
        metrics.words[place + leftWord]! -= 1;
      }
      return undefined;
    }
    const { seriesMax, seriesPerMetricMax } = this.limit;
    if (metrics !== undefined && place >= 0) {
      const { words } = metrics;
      const ofMetric = words[place + seenWord]! + words[place + leftWord]!;
      if (ofMetric >= (seriesPerMetricMax ?? seriesMax)) return 'metric';
    }
    if (this.count >= seriesMax) return 'tenant';
    this.#current.insert(seriesHigh, seriesLow);
    if (metrics !== undefined) {
      const entered = place >= 0 ? place : metrics.insert(metricHigh, metricLow);
      metrics.words[entered + seenWord]! += 1;
    }
    return undefined;
  }

  /** Begins a generation: what the last one did not see is forgotten. */
  turn(): void {
    const forgotten = this.#previous;
    this.#previous = this.#current;
    this.#current = forgotten;
    this.#current.clear();
    this.#left = this.#previous.count;
    this.#metrics?.keep((words, place) => {
      words[place + leftWord] = words[place + seenWord]!;
      words[place + seenWord] = 0;
      return words[place + leftWord]! > 0;
    });
  }
}

type Tenant = { readonly known: KnownSeries; turnedMs: number };

/** The known series of all tenants that have a limit, as one worker sees them. */
export class SeriesLimits {
  readonly #limitOf: (tenant: string) => SeriesLimit | undefined;
  readonly #clock: Clock;
  readonly #tenants = new Map<string, Tenant | undefined>();

  constructor(limitOf: (tenant: string) => SeriesLimit | undefined, clock: Clock) {
    this.#limitOf = limitOf;
    this.#clock = clock;
  }

  /** What is known of `tenant` right now; undefined when it has no limit. */
  of(tenant: string): KnownSeries | undefined {
    if (!this.#tenants.has(tenant)) {
      const limit = this.#limitOf(tenant);
      const turnedMs = this.#clock.monotonicMs();
      this.#tenants.set(tenant, limit && { known: new KnownSeries(limit), turnedMs });
    }
    const found = this.#tenants.get(tenant);
    if (found !== undefined) this.#turn(found);
    return found?.known;
  }

  #turn(tenant: Tenant): void {
    const nowMs = this.#clock.monotonicMs();
    const turns = Math.floor((nowMs - tenant.turnedMs) / generationMs);
    if (turns === 0) return;
    tenant.turnedMs += turns * generationMs;
    tenant.known.turn();
    // Nothing came for a whole generation.
    if (turns > 1) tenant.known.turn();
  }
}

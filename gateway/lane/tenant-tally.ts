/**
 * Items of one set of open blocks by tenant. Records may be taken back until they are durable, so
 * they are kept one by one up to there and summed behind it. Requests without a tenant never come
 * here.
 */
import type { Signal } from '../answer.ts';
import { nothingReceived, type TenantCounts } from './seal.ts';

type Entry = {
  readonly end: number;
  readonly signal: Signal;
  readonly tenant: string;
  readonly items: number;
  readonly leftOut: number;
};

export class TenantTally {
  readonly #settled = new Map<string, TenantCounts>();
  #entries: Entry[] = [];

  clear(): void {
    this.#settled.clear();
    this.#entries = [];
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
  }

  durableUpTo(position: number): void {
    let settled = 0;
    for (const entry of this.#entries) {
      if (entry.end > position) break;
      addTo(this.#settled, entry);
      settled += 1;
    }
    if (settled > 0) this.#entries.splice(0, settled);
  }

  cutBackTo(durable: number): void {
    while ((this.#entries.at(-1)?.end ?? 0) > durable) this.#entries.pop();
  }

  /** Undefined when no request of a tenant is in the set. */
  counts(): Readonly<Record<string, TenantCounts>> | undefined {
    if (this.#settled.size + this.#entries.length === 0) return undefined;
    const counts = new Map(this.#settled);
    for (const entry of this.#entries) addTo(counts, entry);
    return Object.fromEntries(counts);
  }
}

function addTo(counts: Map<string, TenantCounts>, entry: Entry): void {
  const { signal, tenant, items, leftOut } = entry;
  const before = counts.get(tenant) ?? { received: nothingReceived, leftOut: nothingReceived };
  counts.set(tenant, {
    received: { ...before.received, [signal]: before.received[signal] + items },
    leftOut: { ...before.leftOut, [signal]: before.leftOut[signal] + leftOut },
  });
}

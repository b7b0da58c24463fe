/**
 * How much a tenant may send: two token buckets each, bytes and items, shared by all workers.
 *
 * A bucket is one number, the time at which it will be full again if nothing more comes (the
 * "theoretical arrival time" of the generic cell rate algorithm). A request is let in while the
 * bucket is not overdrawn, and its cost is taken when it is known: its size after inflating, its
 * items after decoding. So the decision falls before a body is read, nothing is decoded in vain,
 * and the average still holds: what was taken too much, by a large request or by many that were
 * under way at once, has to be waited for.
 *
 * Allocations: a few bigints a request of a tenant that has a quota, none for others.
 */
import { tenantsMax } from './config.ts';
import { quotaOf, type TenantQuotas } from './tenants.ts';

/** What a bucket holds when it is full: so many seconds of its rate may come at once. */
const burstSeconds = 5;
/** Longest wait that a sender is told. */
const retryAfterSecondsMax = 300;
const bucketsOfTenant = 2;
const bytesBucket = 0;
const itemsBucket = 1;
const nsPerSecond = 1_000_000_000;
const burstNs = BigInt(burstSeconds * nsPerSecond);

export function createQuotaMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(tenantsMax * bucketsOfTenant * 8);
}

export type Overdrawn = {
  readonly what: 'bytes' | 'items';
  readonly ratePerSecond: number;
  readonly retryAfterSeconds: number;
};

type Slots = {
  /** Of the first of its two buckets. */
  readonly slot: number;
  readonly bytesPerSecond: number | undefined;
  readonly itemsPerSecond: number | undefined;
};

export class Quotas {
  readonly #quotas: TenantQuotas;
  readonly #fullAtNs: BigInt64Array;
  /** Monotonic and the same in all threads. */
  readonly #nowNs: () => bigint;
  #slots = new Map<string, Slots>();

  constructor(quotas: TenantQuotas, memory: SharedArrayBuffer, nowNs: () => bigint) {
    this.#quotas = quotas;
    this.#fullAtNs = new BigInt64Array(memory);
    this.#nowNs = nowNs;
  }

  /** The tenants there are, in an order that only grows: their place is their bucket. */
  setTenants(names: readonly string[]): void {
    this.#slots = new Map();
    for (const [index, name] of names.entries()) {
      const quota = quotaOf(this.#quotas, name);
      if (quota === undefined) continue;
      const { bytesPerSecond, itemsPerSecond } = quota;
      if (bytesPerSecond === undefined && itemsPerSecond === undefined) continue;
      this.#slots.set(name, { slot: index * bucketsOfTenant, bytesPerSecond, itemsPerSecond });
    }
  }

  /** Which bucket of the tenant is overdrawn, if one is. */
  overdrawn(tenant: string): Overdrawn | undefined {
    const slots = this.#slots.get(tenant);
    if (slots === undefined) return undefined;
    const { slot, bytesPerSecond, itemsPerSecond } = slots;
    return (
      this.#look('bytes', slot + bytesBucket, bytesPerSecond) ??
      this.#look('items', slot + itemsBucket, itemsPerSecond)
    );
  }

  takeBytes(tenant: string, bytes: number): void {
    const slots = this.#slots.get(tenant);
    if (slots === undefined) return;
    this.#take(slots.slot + bytesBucket, slots.bytesPerSecond, bytes);
  }

  takeItems(tenant: string, items: number): void {
    const slots = this.#slots.get(tenant);
    if (slots === undefined) return;
    this.#take(slots.slot + itemsBucket, slots.itemsPerSecond, items);
  }

  #look(what: Overdrawn['what'], index: number, rate: number | undefined): Overdrawn | undefined {
    if (rate === undefined) return undefined;
    const waitNs = Atomics.load(this.#fullAtNs, index) - burstNs - this.#nowNs();
    // Zero in the memory is a bucket that nobody has touched.
    if (waitNs <= 0n) return undefined;
    const seconds = Math.ceil(Number(waitNs) / nsPerSecond);
    const retryAfterSeconds = Math.min(Math.max(1, seconds), retryAfterSecondsMax);
    return { what, ratePerSecond: rate, retryAfterSeconds };
  }

  /** Another thread may take at the same time: whoever comes second begins anew. */
  #take(index: number, rate: number | undefined, amount: number): void {
    if (rate === undefined || amount === 0) return;
    const costNs = BigInt(Math.ceil((amount * nsPerSecond) / rate));
    for (;;) {
      const before = Atomics.load(this.#fullAtNs, index);
      const after = laterOf(before, this.#nowNs()) + costNs;
      if (Atomics.compareExchange(this.#fullAtNs, index, before, after) === before) return;
    }
  }
}

/** A bucket that is not full goes on from where it is; a full one from now. */
function laterOf(left: bigint, right: bigint): bigint {
  if (left < right) return right;
  return left;
}

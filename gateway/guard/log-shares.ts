/**
 * How much of one lane's log each tenant fills with what ClickHouse has not taken yet. A tenant
 * whose share is full is told to come back, so that one that floods during an outage leaves room
 * for the others.
 *
 *     appended ─▶ chunks by tenant, in log order ─▶ acknowledged up to a position: chunks go
 *
 * Records of one tenant are counted together up to `chunkBytes`, so a share is given back at most
 * that much late, and a log of 4 GiB needs 16 000 chunks at most. Tenants without a limit cost
 * nothing. Invariant: a tenant's bytes are the sum of its chunks.
 */
import { assert } from '../../core/assert.ts';

const chunkBytes = 256 * 1024;

type Chunk = { end: number; bytes: number };

type Share = {
  readonly bytesMax: number;
  readonly chunks: Chunk[];
  bytes: number;
};

export class LogShares {
  readonly #shares = new Map<string, Share | undefined>();
  /** Undefined: no limit. */
  readonly #bytesMaxOf: (tenant: string) => number | undefined;

  constructor(bytesMaxOf: (tenant: string) => number | undefined) {
    this.#bytesMaxOf = bytesMaxOf;
  }

  /** A record of `bytes` that ends at `end` was appended. */
  appended(tenant: string, end: number, bytes: number): void {
    const share = this.#shareOf(tenant);
    if (share === undefined) return;
    share.bytes += bytes;
    const last = share.chunks.at(-1);
    if (last !== undefined && last.bytes + bytes <= chunkBytes) {
      last.end = end;
      last.bytes += bytes;
    } else share.chunks.push({ end, bytes });
  }

  /** ClickHouse has everything before `position`. */
  acknowledged(position: number): void {
    for (const share of this.#shares.values()) {
      if (share === undefined) continue;
      let gone = 0;
      for (const chunk of share.chunks) {
        if (chunk.end > position) break;
        share.bytes -= chunk.bytes;
        gone += 1;
      }
      share.chunks.splice(0, gone);
      assert(share.bytes >= 0, 'no share is given back twice');
    }
  }

  /**
   * A write failed: what lies behind `durable` was refused. It counts until ClickHouse has what is
   * before it, at most a moment of one lane's requests too much.
   */
  cutBackTo(durable: number): void {
    for (const share of this.#shares.values()) {
      for (const chunk of share?.chunks ?? []) chunk.end = Math.min(chunk.end, durable);
    }
  }

  /** How many bytes `tenant` may fill, when it has filled them. */
  fullAt(tenant: string): number | undefined {
    const share = this.#shareOf(tenant);
    return share !== undefined && share.bytes >= share.bytesMax ? share.bytesMax : undefined;
  }

  #shareOf(tenant: string): Share | undefined {
    if (this.#shares.has(tenant)) return this.#shares.get(tenant);
    const bytesMax = this.#bytesMaxOf(tenant);
    const share = bytesMax === undefined ? undefined : { bytesMax, chunks: [], bytes: 0 };
    this.#shares.set(tenant, share);
    return share;
  }
}

/**
 * What delivery knows of one sealed batch while it is under way. Invariant: `held` is used only
 * while its `release` has not been called; what is in `done` is never sent again.
 */
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { Seal } from '../lane/seal.ts';

/** Columns of a sealed batch, held in memory. */
export type HeldUnits = {
  readonly units: readonly EncodedUnit[];
  /** Gives the memory back; the units are dead afterwards. Idempotent. */
  readonly release: () => void;
};

export type SealedBatch = {
  readonly seal: Seal;
  /** Sealed by an earlier process: its inserts may have been carried out. */
  readonly inDoubt: boolean;
  /** Absent: decoded again from the log when its turn comes. */
  readonly held: HeldUnits | undefined;
};

export type Job = {
  readonly seal: Seal;
  held: HeldUnits | undefined;
  /** Whether inserts of this seal may have been carried out without our knowing. */
  inDoubt: boolean;
  /** Tokens' tails of the units that need nothing more. */
  readonly done: Set<string>;
  /** Rows of these that ClickHouse refused for good: receipts do not count them. */
  readonly setAside: Map<string, number>;
  /** Units that the log did not give back: no receipt either. */
  readonly missing: Set<string>;
  /** Tables that its last attempt waits for, while others took their units. */
  parkedOn: ReadonlySet<string>;
  attempts: number;
  /** When its receipts were first sent. */
  receiptsAtMs: number | undefined;
  isDelivered: boolean;
  isActive: boolean;
};

export function newJob(batch: SealedBatch): Job {
  return {
    seal: batch.seal,
    held: batch.held,
    inDoubt: batch.inDoubt,
    done: new Set(),
    setAside: new Map(),
    parkedOn: new Set(),
    missing: new Set(),
    attempts: 0,
    receiptsAtMs: undefined,
    isDelivered: false,
    isActive: false,
  };
}

export function unitKey(unit: { readonly table: string; readonly partition: string }): string {
  return `${unit.table} ${unit.partition}`;
}

export function waiting(job: Job): boolean {
  return !job.isActive && !job.isDelivered;
}

export function giveUpColumns(job: Job): void {
  job.held?.release();
  job.held = undefined;
}

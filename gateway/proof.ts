/** What a proof says, by signal, tenant and seal (`prove.ts`). */
import type { Clock } from '../core/clock.ts';
import type { Signal } from './answer.ts';

export type ProofOptions = {
  readonly database: string;
  readonly sinceMs: number;
  readonly clock: Clock;
  /** How often a difference must be found; about as many seconds. */
  readonly looksMax?: number;
  readonly signal?: AbortSignal;
};

/** Items of one signal, from the requests to the tables. */
export type SignalProof = {
  readonly signal: Signal;
  /** Counted request by request. */
  readonly received: number;
  /** Of these, the ones that sampling left out: they have no row. */
  readonly leftOut: number;
  /** Rows of the seals in the log, one an item. */
  readonly logged: number;
  /** Rows that a query finds now. */
  readonly stored: number;
  /** Spans in the rates of the same seals, left out or not; only traces are counted there. */
  readonly rolledUp: number | undefined;
};

/** `logged` is what its requests held, less what was left out: units have no tenant. */
export type TenantProof = SignalProof & { readonly tenant: string };

export type Difference = {
  /** Where it is one tenant's rows that differ. */
  readonly tenant?: string;
  /** 32 hex digits; the last 16, as the rows have them, where no receipt names it. */
  readonly seal: string;
  readonly table: string;
  readonly what: 'missing' | 'surplus' | 'no_receipt' | 'not_logged' | 'not_rolled_up';
  readonly expected: number;
  readonly found: number;
  readonly lane: string;
  /** When it was acknowledged; without a receipt, the earliest time in its rows. */
  readonly atMs: number;
};

export type Proof = {
  readonly ok: boolean;
  readonly seals: number;
  readonly signals: readonly SignalProof[];
  /** Of these, what is of each tenant; empty without tenants. */
  readonly tenants: readonly TenantProof[];
  /** The first ones, oldest first. */
  readonly differences: readonly Difference[];
};

/** A span of receipts. */
export type Window = { readonly fromMs: number; readonly toMs: number };

export function momentOf(ms: number): string {
  return `fromUnixTimestamp64Milli(${ms})`;
}

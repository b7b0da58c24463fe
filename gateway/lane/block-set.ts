/**
 * One set of open blocks with what the lane must know of it: the records it covers, when the
 * oldest came in, and marks to cut back to when the log fails. Invariant: `marks` are ascending
 * and the first one is at or below the durable position that was last told.
 */
import { assert } from '../../core/assert.ts';
import type { Signal } from '../answer.ts';
import type { Blocks } from '../decode/blocks.ts';
import type { BlocksMark, EncodedUnit } from '../decode/decode-types.ts';
import {
  describeUnit,
  newSealId,
  nothingReceived,
  type Received,
  type Seal,
  sealNumber,
} from './seal.ts';
import { TenantTally } from './tenant-tally.ts';

/** After a record: how far the columns reach, and how many items had come so far. */
type RecordMark = {
  readonly end: number;
  readonly mark: BlocksMark;
  readonly received: Received;
  /** Of these, the ones that sampling left out. */
  readonly leftOut: Received;
};

type Appended = {
  readonly end: number;
  readonly signal: Signal;
  readonly tenant: string;
  readonly items: number;
  /** Of these, the log records of a metrics request. */
  readonly logRecords: number;
  /** Of these, the ones that sampling left out. */
  readonly leftOut: number;
  /** Wall clock. */
  readonly receivedMs: number;
  readonly monotonicMs: number;
};

export class BlockSet {
  readonly blocks: Blocks;
  /** Position of the first record that may lie in the set. */
  first = 0;
  /** Position after the last record; set when the set closes. */
  last = 0;
  /** Monotonic clock, when the set closes. */
  closedMs = 0;
  #firstReceivedMs = 0;
  #openedMs = 0;
  #marks: RecordMark[] = [];
  readonly #tally = new TenantTally();

  constructor(blocks: Blocks) {
    this.blocks = blocks;
  }

  /** Empties the set; the records from `first` on belong to it. */
  begin(first: number): void {
    this.blocks.clear();
    this.first = first;
    this.last = first;
    this.#firstReceivedMs = 0;
    this.#openedMs = 0;
    const nothing = { received: nothingReceived, leftOut: nothingReceived };
    this.#marks = [{ end: first, mark: this.blocks.mark(), ...nothing }];
    this.#tally.clear();
  }

  /** Position after the last record whose rows are in the set. */
  get end(): number {
    return this.#marks.at(-1)?.end ?? this.first;
  }

  isEmpty(): boolean {
    return this.blocks.isEmpty();
  }

  /** Wall clock of the oldest record; 0 when empty. */
  get firstReceivedMs(): number {
    return this.#firstReceivedMs;
  }

  /** Monotonic time since when the set has rows; 0 when empty. */
  get openedMs(): number {
    return this.#openedMs;
  }

  /** Items of the records in the set, as they were counted when each was decoded. */
  get received(): Received {
    return this.#marks.at(-1)?.received ?? nothingReceived;
  }

  /** Of these, the ones that have no row because sampling left them out. */
  get leftOut(): Received {
    return this.#marks.at(-1)?.leftOut ?? nothingReceived;
  }

  /** The same by tenant; undefined without tenants. */
  get tenants(): Seal['tenants'] {
    return this.#tally.counts();
  }

  /** A record that ends at `end` was appended after its rows had entered. */
  appended(record: Appended): void {
    const { end, signal, tenant, logRecords, leftOut, receivedMs, monotonicMs } = record;
    const items = record.items - logRecords;
    if (this.#openedMs === 0) {
      this.#openedMs = monotonicMs;
      this.#firstReceivedMs = receivedMs;
    }
    const before = this.received;
    const received = { ...before, [signal]: before[signal] + items };
    if (logRecords > 0) received.logs += logRecords;
    const left =
      leftOut === 0 ? this.leftOut : { ...this.leftOut, [signal]: this.leftOut[signal] + leftOut };
    this.#marks.push({ end, mark: this.blocks.mark(), received, leftOut: left });
    if (tenant === '') return;
    this.#tally.add({ end, signal, tenant, items, leftOut });
    if (logRecords > 0) {
      this.#tally.add({ end, signal: 'logs', tenant, items: logRecords, leftOut: 0 });
    }
  }

  /** Everything up to `position` is synced: older marks are not needed any more. */
  durableUpTo(position: number): void {
    let keep = 0;
    while (keep + 1 < this.#marks.length && (this.#marks[keep + 1]?.end ?? 0) <= position) {
      keep += 1;
    }
    if (keep > 0) this.#marks.splice(0, keep);
    this.#tally.durableUpTo(position);
  }

  /** Takes back rows whose record was refused before it was appended. */
  cutLast(): void {
    const latest = this.#marks.at(-1);
    assert(latest !== undefined, 'a begun set has a mark');
    this.blocks.cutBack(latest.mark);
  }

  /** Takes back every record that ends after `durable`. */
  cutBackTo(durable: number): void {
    while (this.#marks.length > 1 && (this.#marks.at(-1)?.end ?? 0) > durable) this.#marks.pop();
    this.#tally.cutBackTo(durable);
    this.cutLast();
    this.last = Math.min(this.last, Math.max(durable, this.first));
    if (this.isEmpty()) {
      this.#openedMs = 0;
      this.#firstReceivedMs = 0;
    }
  }
}

export type Encoded = { readonly seal: Seal; readonly units: readonly EncodedUnit[] };

/** Closes a set: its units, and the seal that binds them to the records they came from. */
export function encodeSet(set: BlockSet): Encoded {
  const steps = encodeSteps(set);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same, a unit a step. Nothing may change the set in between. */
export function* encodeSteps(set: BlockSet): Generator<undefined, Encoded> {
  const id = newSealId();
  const units: EncodedUnit[] = [];
  for (const unit of set.blocks.encodeSteps(sealNumber(id))) {
    units.push(unit);
    yield;
  }
  const { first, last, firstReceivedMs, received, leftOut, tenants } = set;
  const described = units.map(describeUnit);
  const byTenant = tenants !== undefined && { tenants };
  const { shards } = set.blocks.context;
  const spread = shards > 1 && { shards };
  const covers = { first, last, firstReceivedMs, received, leftOut, ...spread, ...byTenant };
  return { seal: { id, ...covers, units: described }, units };
}

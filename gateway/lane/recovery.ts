/**
 * What a lane takes up from its log at a start: seals go to delivery in the order of their
 * records, records without a seal into the open set. Records between two seals have lost theirs to
 * a bad sector: they are sealed once more. Afterwards every record behind `acknowledged` lies in
 * exactly one seal or in the open set.
 */
import { assert } from '../../core/assert.ts';
import type { Delivery } from '../deliver/delivery.ts';
import { type BlockSet, encodeSet } from './block-set.ts';
import type { LaneParts } from './lane-types.ts';
import { tenantOf } from './record-meta.ts';
import type { Replayer } from './replay.ts';
import { type Seal, signalOf } from './seal.ts';

const sealRetryMs = 250;

type Recovering = {
  readonly parts: LaneParts;
  readonly replayer: Replayer;
  readonly delivery: Delivery;
  readonly open: BlockSet;
  readonly acknowledged: number;
  /** False when the disk did not take it. */
  readonly writeSeal: (seal: Seal) => Promise<boolean>;
};

/** Returns the position up to which everything is sealed. */
export async function recoverLane(lane: Recovering): Promise<number> {
  const { parts, replayer, delivery, open, acknowledged } = lane;
  const durable = parts.wal.durablePosition();
  let sealed = acknowledged;
  open.begin(sealed);
  await replayer.rememberDelivered(acknowledged);
  for (const seal of await replayer.findSeals(acknowledged, durable)) {
    await takeUp(lane, sealed, seal.first);
    if (!open.isEmpty()) await sealAgain(lane, seal.first);
    delivery.enqueue({ seal, inDoubt: true, held: undefined });
    sealed = seal.last;
    open.begin(sealed);
  }
  await takeUp(lane, sealed, durable);
  open.durableUpTo(durable);
  return open.first;
}

/** Decodes the records of `[from, to)` into the open set. */
async function takeUp(lane: Recovering, from: number, to: number): Promise<void> {
  const { parts, replayer, open } = lane;
  await replayer.each(from, to, async (record) => {
    let result = replayer.decodeRecord(open.blocks, record);
    if (result?.outcome === 'full' && !open.isEmpty()) {
      await sealAgain(lane, record.position);
      result = replayer.decodeRecord(open.blocks, record);
    }
    if (result?.outcome !== 'decoded') return;
    const receivedMs = Number(record.meta.receivedAtNs / 1_000_000n);
    const signal = signalOf(record.meta.kind);
    assert(signal !== undefined, 'what was decoded has a signal');
    const monotonicMs = parts.clock.monotonicMs();
    const { accepted: items, logRecords = 0, leftOut } = result;
    const counts = { items, logRecords, leftOut };
    const tenant = tenantOf(record.meta);
    open.appended({ end: record.next, signal, tenant, ...counts, receivedMs, monotonicMs });
  });
}

/** Nothing is in flight yet: the seal gives up its columns at once. */
async function sealAgain(lane: Recovering, next: number): Promise<void> {
  const { parts, delivery, open, writeSeal } = lane;
  open.last = next;
  const { seal } = encodeSet(open);
  while (!(await writeSeal(seal))) await parts.clock.sleep(sealRetryMs);
  delivery.enqueue({ seal, inDoubt: false, held: undefined });
  open.begin(next);
}

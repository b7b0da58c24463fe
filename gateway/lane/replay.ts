/**
 * Reads the log back: finds seals, decodes records again, and rebuilds the columns of a seal
 * whose blocks were given up. At most one seal at a time has rebuilt columns in memory.
 */

import type { Blocks } from '../decode/blocks.ts';
import type { DecodeResult } from '../decode/decode-types.ts';
import { inflate } from '../decode/inflate.ts';
import type { HeldUnits } from '../deliver/job.ts';
import type { LogRecord, Wal } from '../wal/wal-types.ts';
import type { LaneParts } from './lane-types.ts';
import {
  ageDaysMaxOf,
  contentEncodingOf,
  contentTypeOf,
  parametersOf,
  samplingOf,
  tenantOf,
} from './record-meta.ts';
import { decodeSeal, recordKinds, type Seal, sealNumber, signalOf } from './seal.ts';

/** Above every limit that a body was ever let in under: that one may since have been lowered. */
const inflatedBytesMax = 1024 ** 3;

/** What reading back needs: of a lane, or of whoever follows its log from outside. */
export type ReplayParts = Pick<LaneParts, 'decoder' | 'log' | 'resends' | 'shares'> & {
  readonly wal: Pick<Wal, 'read'>;
};

export class Replayer {
  readonly #parts: ReplayParts;
  #blocks: Blocks | undefined;
  /** Resolves when the rebuilt columns of the seal before are given up. */
  #turn: Promise<void> = Promise.resolve();
  #users = 0;

  constructor(parts: ReplayParts) {
    this.#parts = parts;
  }

  /**
   * Seals in `[from, to)` that cover anything behind `from`, in the order of their records; the
   * other records on the way, their senders may come back with.
   */
  async findSeals(from: number, to: number): Promise<readonly Seal[]> {
    const seals: Seal[] = [];
    for await (const record of this.#parts.wal.read(from, to)) {
      if (record.meta.kind !== recordKinds.seal) {
        this.#parts.resends?.remember(record);
        this.#parts.shares?.appended(tenantOf(record.meta), record.next, record.body.byteLength);
        continue;
      }
      const seal = decodeSeal(record.body);
      if (seal === undefined) {
        this.#parts.log('error', `position ${record.position}: a seal that cannot be read`);
      } else if (seal.last > from) seals.push(seal);
    }
    // A recovery may have sealed records behind which later ones were sealed before.
    return seals.sort((left, right) => left.first - right.first);
  }

  /** What the log still holds of records that ClickHouse has: their answers may be lost, too. */
  async rememberDelivered(to: number): Promise<void> {
    const { resends } = this.#parts;
    if (resends !== undefined) await this.each(0, to, async (record) => resends.remember(record));
  }

  /** Calls `task` for every record in `[from, to)` that is no seal. */
  async each(from: number, to: number, task: (record: LogRecord) => Promise<void>): Promise<void> {
    for await (const record of this.#parts.wal.read(from, to)) {
      if (record.meta.kind !== recordKinds.seal) await task(record);
    }
  }

  /** Decodes one record as it was decoded when it came in; `undefined` when that is impossible. */
  decodeRecord(blocks: Blocks, record: LogRecord): DecodeResult | undefined {
    const { decoder, log } = this.#parts;
    const signal = signalOf(record.meta.kind);
    const contentType = contentTypeOf(record.meta);
    const encoding = contentEncodingOf(record.meta);
    const where = `position ${record.position}`;
    if (signal === undefined || contentType === undefined || encoding === undefined) {
      log('error', `${where}: a record of a kind that this version does not know`);
      return undefined;
    }
    let { body } = record;
    if (encoding !== 'identity') {
      const inflated = inflate(encoding, body, inflatedBytesMax);
      if (!inflated.ok) {
        log('error', `${where}: ${inflated.message}`);
        return undefined;
      }
      body = inflated.body;
    }
    const { receivedAtNs } = record.meta;
    const ageDaysMax = ageDaysMaxOf(record.meta);
    const sampling = samplingOf(record.meta);
    const input = {
      signal,
      contentType,
      tenant: tenantOf(record.meta),
      parameters: parametersOf(record.meta),
      body,
      receivedAtNs,
      ageDaysMax,
      ...(sampling !== undefined && { sampling }),
    };
    const result = decoder.decode(blocks, input);
    if (result.outcome === 'malformed') log('error', `${where}: ${result.message}`);
    return result;
  }

  /** The columns of a seal, decoded again. Waits until the one before has been released. */
  async replay(seal: Seal): Promise<HeldUnits> {
    const before = this.#turn;
    let leave = (): void => {};
    this.#turn = new Promise((resolve) => {
      leave = resolve;
    });
    this.#users += 1;
    await before;
    try {
      const blocks = await this.#rebuild(seal);
      const release = once(() => {
        this.#users -= 1;
        leave();
      });
      return { units: blocks.encode(sealNumber(seal.id)), release };
    } catch (error) {
      this.#users -= 1;
      leave();
      throw error;
    }
  }

  async #rebuild(seal: Seal): Promise<Blocks> {
    const shards = seal.shards ?? 1;
    const isOther = this.#blocks?.context.shards !== shards;
    for (const isFresh of [isOther, true]) {
      // Buffers that a seal before needed may be what is in the way of this one.
      if (isFresh) this.#blocks = undefined;
      this.#blocks ??= this.#parts.decoder.createBlocks(shards);
      const blocks = this.#blocks;
      blocks.clear();
      let isFull = false;
      await this.each(seal.first, seal.last, async (record) => {
        if (!isFull) isFull = this.decodeRecord(blocks, record)?.outcome === 'full';
      });
      if (!isFull) return blocks;
    }
    throw new Error(`seal ${seal.id} does not fit into the blocks it was made from`);
  }

  /** Gives the memory back when nobody uses it. */
  forgetBlocks(): void {
    if (this.#users === 0) this.#blocks = undefined;
  }
}

function once(task: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) task();
    isDone = true;
  };
}

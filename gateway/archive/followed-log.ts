/** A lane's log read from outside the lane, as far as the lane says that it is durable. */
import type { HeldUnits } from '../deliver/job.ts';
import { Replayer, type ReplayParts } from '../lane/replay.ts';
import { recordKinds, type Seal } from '../lane/seal.ts';
import { readLog } from '../wal/look.ts';
import type { LogRecord } from '../wal/wal-types.ts';
import type { LogPart, SealedLog } from './lane-archive.ts';

export type FollowedLogOptions = Pick<ReplayParts, 'decoder' | 'log'> & {
  /** The lane's directory. */
  readonly dir: string;
  /** What lies behind it may still be cut off: a failed sync refuses records for good. */
  readonly durablePosition: () => number;
};

export class FollowedLog implements SealedLog {
  readonly #options: FollowedLogOptions;
  readonly #replayer: Replayer;
  #itemsEnd = 0;

  constructor(options: FollowedLogOptions) {
    this.#options = options;
    const { decoder, log } = options;
    const wal = { read: (from: number, to: number) => this.#read(from, to) };
    this.#replayer = new Replayer({ decoder, log, wal, resends: undefined });
  }

  async look(from: number): Promise<LogPart> {
    const to = this.#options.durablePosition();
    this.#itemsEnd = from;
    const seals = to <= from ? [] : await this.#replayer.findSeals(from, to);
    return { seals, itemsEnd: this.#itemsEnd, to };
  }

  durable(): number {
    return this.#options.durablePosition();
  }

  async units(seal: Seal): Promise<HeldUnits> {
    return await this.#replayer.replay(seal);
  }

  async *#read(from: number, to: number): AsyncGenerator<LogRecord> {
    for await (const record of readLog(this.#options.dir, from, to)) {
      if (record.meta.kind !== recordKinds.seal) this.#itemsEnd = record.next;
      yield record;
    }
  }
}

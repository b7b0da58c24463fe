/** A lane's log read from outside the lane, as far as the lane says that it is durable. */
import type { HeldUnits } from '../deliver/job.ts';
import { Replayer, type ReplayParts } from '../lane/replay.ts';
import type { Seal } from '../lane/seal.ts';
import { readLog } from '../wal/look.ts';
import type { SealedLog } from './lane-archive.ts';

export type FollowedLogOptions = Pick<ReplayParts, 'decoder' | 'log'> & {
  /** The lane's directory. */
  readonly dir: string;
  /** What lies behind it may still be cut off: a failed sync refuses records for good. */
  readonly durablePosition: () => number;
};

export class FollowedLog implements SealedLog {
  readonly #options: FollowedLogOptions;
  readonly #replayer: Replayer;

  constructor(options: FollowedLogOptions) {
    this.#options = options;
    const { decoder, log, dir } = options;
    const wal = { read: (from: number, to: number) => readLog(dir, from, to) };
    this.#replayer = new Replayer({ decoder, log, wal, resends: undefined });
  }

  async seals(from: number): Promise<readonly Seal[]> {
    const to = this.#options.durablePosition();
    return to <= from ? [] : await this.#replayer.findSeals(from, to);
  }

  async units(seal: Seal): Promise<HeldUnits> {
    return await this.#replayer.replay(seal);
  }
}

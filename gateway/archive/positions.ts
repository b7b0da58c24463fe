/**
 * What lanes and the archive's thread tell each other, in shared memory: how far a lane's log is
 * durable, and how far it is archived. Both only grow.
 */
import type { Wal } from '../wal/wal-types.ts';

/** The name under which the archive's position is kept in a log. */
export const archiveDestination = 'archive';

const slotsALane = 2;

export function createArchiveMemory(lanes: number): SharedArrayBuffer {
  return new SharedArrayBuffer(lanes * slotsALane * BigInt64Array.BYTES_PER_ELEMENT);
}

export class ArchivePositions {
  readonly #slots: BigInt64Array;

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new BigInt64Array(memory);
  }

  durable(lane: number): number {
    return Number(Atomics.load(this.#slots, lane * slotsALane));
  }

  /** Of the archive's thread. */
  setArchived(lane: number, position: number): void {
    Atomics.store(this.#slots, lane * slotsALane + 1, BigInt(position));
  }

  /** Of a lane, a few times a second: tells what is durable, and frees what is archived. */
  exchange(lane: number, wal: Wal): void {
    Atomics.store(this.#slots, lane * slotsALane, BigInt(wal.durablePosition()));
    const archived = Number(Atomics.load(this.#slots, lane * slotsALane + 1));
    if (archived > wal.acknowledged(archiveDestination)) {
      void wal.acknowledge(archiveDestination, archived);
    }
  }
}

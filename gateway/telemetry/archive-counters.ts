/** What the archive counts, in the memory that the main thread reads. */
import { itemTableNames } from './catalog.ts';
import { Counters, slotOf } from './counters.ts';

export const archivePrefix = 'obsctl.gateway.archive.';

const rowSlots: ReadonlyMap<string, number> = new Map(
  itemTableNames.map((table) => [table, slotOf('obsctl.gateway.archive.rows', table)]),
);
const slots = {
  files: slotOf('obsctl.gateway.archive.files'),
  written: slotOf('obsctl.gateway.archive.written'),
  failures: slotOf('obsctl.gateway.archive.failures'),
  size: slotOf('obsctl.gateway.archive.size'),
  limit: slotOf('obsctl.gateway.archive.limit'),
  lag: slotOf('obsctl.gateway.archive.lag'),
};

export class ArchiveCounters {
  readonly #counters: Counters;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Counters(memory);
  }

  /** A file of a complete batch. */
  file(table: string, rows: number, bytes: number): void {
    const slot = rowSlots.get(table);
    if (slot !== undefined) this.#counters.add(slot, rows);
    this.#counters.add(slots.files, 1);
    this.#counters.add(slots.written, bytes);
  }

  failed(): void {
    this.#counters.add(slots.failures, 1);
  }

  state(now: {
    readonly bytes: number;
    readonly bytesMax: number;
    readonly lagSeconds: number;
  }): void {
    this.#counters.set(slots.size, now.bytes);
    this.#counters.set(slots.limit, now.bytesMax);
    this.#counters.set(slots.lag, now.lagSeconds);
  }
}

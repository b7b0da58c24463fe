/**
 * Tables that do not take rows while the others do: a view behind one fails, one is missing, one
 * has too many parts; and shards that are away while others are not. Their units wait, parked,
 * until one try goes through; the rest of the seals goes on, so that nothing else stands in line
 * behind them.
 *
 * Invariant: of a sick table one unit is tried at a time, `retryMsMin` to `retryMsMax` apart.
 */
import type { Clock } from '../../core/clock.ts';

export type SickTablesOptions = {
  readonly clock: Clock;
  /** A table may be tried again, or takes rows again. */
  readonly onChance: () => void;
  /** Told when a table falls sick, and when it is well. */
  readonly onChange: (table: string, isSick: boolean, message: string) => void;
};

type Sick = { tries: number; retryAtMs: number };

const retryMsMin = 500;
const retryMsMax = 15_000;

export class SickTables {
  readonly #options: SickTablesOptions;
  readonly #sick = new Map<string, Sick>();

  constructor(options: SickTablesOptions) {
    this.#options = options;
  }

  /** Whether a unit of `table` could be sent now. */
  isOpen(table: string): boolean {
    const sick = this.#sick.get(table);
    return sick === undefined || this.#options.clock.monotonicMs() >= sick.retryAtMs;
  }

  /** The same, and the chance is taken: the next one comes later. */
  claim(table: string): boolean {
    if (!this.isOpen(table)) return false;
    const sick = this.#sick.get(table);
    if (sick !== undefined) this.#schedule(sick);
    return true;
  }

  /** How many are sick of those that `isOf` says. */
  count(isOf: (table: string) => boolean): number {
    return [...this.#sick.keys()].filter(isOf).length;
  }

  fell(table: string, message: string): void {
    const known = this.#sick.get(table);
    if (known !== undefined) return;
    const sick: Sick = { tries: 0, retryAtMs: 0 };
    this.#sick.set(table, sick);
    this.#schedule(sick);
    this.#options.onChange(table, true, message);
  }

  recovered(table: string): void {
    if (!this.#sick.delete(table)) return;
    this.#options.onChange(table, false, '');
    this.#options.onChance();
  }

  #schedule(sick: Sick): void {
    const { clock, onChance } = this.#options;
    const delayMs = Math.min(retryMsMax, retryMsMin * 2 ** sick.tries);
    sick.tries = Math.min(sick.tries + 1, 10);
    sick.retryAtMs = clock.monotonicMs() + delayMs;
    clock.after(delayMs + 1, onChance);
  }
}

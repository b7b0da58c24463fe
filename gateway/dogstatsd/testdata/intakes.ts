/** Intakes as tests want them. */
import { aggregatorLimitsDefault } from '../aggregate/aggregator.ts';
import type { Random } from '../../../test/support/random.ts';
import { Intake, type IntakeOptions } from '../intake.ts';

export function intakeOptions(options: Partial<IntakeOptions> = {}): IntakeOptions {
  return {
    windowMs: 10_000,
    idleWindows: 30,
    limits: aggregatorLimitsDefault,
    seed: { low: 1, high: 2 },
    isOriginUsed: true,
    isPlain: false,
    waitingBytesMax: 1024 * 1024,
    ...options,
  };
}

export function createIntake(options: Partial<IntakeOptions> = {}): Intake {
  return new Intake(intakeOptions(options));
}

/** The same in another order. */
export function shuffled<Item>(items: readonly Item[], random: Random): readonly Item[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [copy[index], copy[other]] = [copy[other]!, copy[index]!];
  }
  return copy;
}

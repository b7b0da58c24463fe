/** The words of the fault matrix: what a fault is given, and what it finds. */
import type { Random } from '../support/random.ts';

/**
 * A0: answered items lost = 0. D0: items stored twice = 0, in raw tables and rollups. R: from a
 * restart to the first answer within 5 s. B: resident memory below its bound. L: what comes after
 * the fault is delivered. N: readiness is red with its cause within 2 s while items are refused.
 */
export const criteria = ['A0', 'D0', 'R', 'B', 'L', 'N'] as const;
type Criterion = (typeof criteria)[number];

/** A criterion that is absent does not apply to the fault. */
export type Finding = {
  readonly criteria: Partial<Readonly<Record<Criterion, boolean>>>;
  /** Figures and reasons, a few words each. */
  readonly notes: readonly string[];
};

export type FaultRun = {
  readonly seed: number;
  readonly random: Random;
  /** For `npm test`: fewer repetitions of the same. */
  readonly isShort: boolean;
  /** Of a fault that lasts, instead of what its form says. */
  readonly minutes?: number;
  readonly say: (text: string) => void;
};

export type Fault = {
  readonly id: string;
  readonly title: string;
  /** Why this machine cannot provoke it; absent or `undefined`: it can. */
  readonly lacks?: () => string | undefined;
  readonly run: (run: FaultRun) => Promise<Finding>;
};

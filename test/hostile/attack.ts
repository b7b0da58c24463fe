/** What an attack is: one attempt, made again and again at a rate, and what may come of it. */

export type AttackTarget = { readonly httpPort: number; readonly grpcPort: number };

export type Attack = {
  readonly id: string;
  /** Of the fault matrix. */
  readonly fault: 'F23' | 'F24' | 'F25' | 'F26' | 'F27' | 'F28' | 'F30';
  readonly subject: string;
  /** Attempts a second; an attacker is rate-limited so that the figure is the gateway's. */
  readonly perSecond: number;
  /** Attempts under way at once; beyond it the attacker waits. */
  readonly parallelMax: number;
  /** Says in a word what came of it; `held` when the end of the attack ended it. */
  readonly attempt: (target: AttackTarget, index: number, end: AbortSignal) => Promise<string>;
  /** What may come of an attempt. */
  readonly allowed: RegExp;
};

export type AttackReport = {
  readonly attempts: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Longest that an attempt took which was answered. */
  readonly slowestMs: number;
};

const tickMs = 20;
/** What is under way at the end may still be answered for so long. */
const graceMs = 3_000;

/** Makes attempts for `seconds` at the attack's rate. */
export async function carryOut(
  attack: Attack,
  target: AttackTarget,
  seconds: number,
): Promise<AttackReport> {
  const outcomes: Record<string, number> = {};
  const end = new AbortController();
  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  let attempts = 0;
  let slowestMs = 0;
  const begin = (): void => {
    const beganMs = performance.now();
    const attempt = attack
      .attempt(target, attempts, end.signal)
      .catch((error: unknown) => `broke: ${Error.isError(error) ? error.message : String(error)}`)
      .then((outcome) => {
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
        if (outcome !== 'held') slowestMs = Math.max(slowestMs, performance.now() - beganMs);
        underWay.delete(attempt);
      });
    underWay.add(attempt);
    attempts += 1;
  };
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs >= seconds * 1000) break;
    const due = (elapsedMs / 1000) * attack.perSecond;
    while (attempts < due && underWay.size < attack.parallelMax) begin();
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  const grace = new Promise((resolve) => setTimeout(resolve, graceMs));
  const answered = attack.perSecond < 1_000 ? Promise.all(underWay) : Promise.resolve();
  // Attempts that hold a connection only end with the signal.
  await Promise.race([answered, grace, holdsConnections(attack) ? Promise.resolve() : grace]);
  end.abort();
  await Promise.all(underWay);
  return { attempts, outcomes, slowestMs: Math.round(slowestMs) };
}

function holdsConnections(attack: Attack): boolean {
  return attack.allowed.test('held');
}

/** Outcomes that the attack does not allow. */
export function surprises(attack: Attack, report: AttackReport): readonly string[] {
  return Object.keys(report.outcomes).filter((outcome) => !attack.allowed.test(outcome));
}

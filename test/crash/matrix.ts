/** The fault matrix: which faults there are, and one JSON line for each that is run. */
import { seededRandom } from '../support/random.ts';
import { criteria, type Fault, type Finding } from './fault.ts';
import { clickhouseFaults } from './faults/clickhouse.ts';
import { clockFaults } from './faults/clock.ts';
import { diskFaults } from './faults/disk.ts';
import { killFaults } from './faults/kill.ts';
import { logFaults } from './faults/log.ts';
import { outageFaults } from './faults/outage.ts';
import { processFaults } from './faults/process.ts';
import { soakFaults } from './faults/soak.ts';

const faults: readonly Fault[] = [
  ...killFaults,
  ...logFaults,
  ...diskFaults,
  ...clickhouseFaults,
  ...clockFaults,
  ...outageFaults,
  ...processFaults,
  ...soakFaults,
].sort((left, right) => left.id.localeCompare(right.id, 'en', { numeric: true }));

export type MatrixOptions = {
  /** Absent: all of them. */
  readonly ids: readonly string[] | undefined;
  readonly seed: number;
  readonly isShort: boolean;
  /** How long H1, H2 and F34 last. */
  readonly minutes: number | undefined;
};

/** Runs them one after the other; false when one failed. */
export async function runFaults(options: MatrixOptions): Promise<boolean> {
  const { ids, seed, isShort, minutes } = options;
  const lasting = minutes === undefined ? {} : { minutes };
  const chosen = faults.filter(({ id }) => ids?.includes(id) ?? true);
  const unknown = ids?.filter((id) => !faults.some((fault) => fault.id === id)) ?? [];
  if (unknown.length > 0) {
    const known = faults.map(({ id }) => id).join(', ');
    throw new Error(`${unknown.join(', ')}: there are ${known}`);
  }
  let isGood = true;
  for (const fault of chosen) {
    const startedMs = performance.now();
    const say = (text: string): void => void process.stderr.write(`${fault.id}: ${text}\n`);
    const lacks = fault.lacks?.();
    const finding: Finding | undefined =
      lacks === undefined
        ? await fault
            .run({ seed, random: seededRandom(seed), isShort, ...lasting, say })
            .catch((error: unknown) => failed(error))
        : undefined;
    const results = Object.values(finding?.criteria ?? {});
    const isPassed = finding === undefined || (results.length > 0 && results.every(Boolean));
    isGood &&= isPassed;
    const line = {
      fault: fault.id,
      title: fault.title,
      seed,
      ok: finding === undefined ? 'skipped' : isPassed,
      ...Object.fromEntries(criteria.map((name) => [name, wordOf(finding?.criteria[name])])),
      elapsed_s: Math.round((performance.now() - startedMs) / 100) / 10,
      notes: lacks === undefined ? finding?.notes : [lacks],
    };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
  return isGood;
}

function wordOf(result: boolean | undefined): string {
  if (result === undefined) return '-';
  return result ? 'pass' : 'fail';
}

function failed(error: unknown): Finding {
  const text = Error.isError(error) ? (error.stack ?? error.message) : String(error);
  return { criteria: { A0: false }, notes: [text.slice(0, 4_000)] };
}

/** A line that moves on a terminal; one line a table elsewhere. On stderr, with no data in it. */
import type { RunProgress } from '../../jobs/snapshot/run.ts';
import type { CliContext } from '../context.ts';

const barWidth = 24;
const percentMax = 100;

export class Progress {
  readonly #context: CliContext;
  #isOpen = false;

  constructor(context: CliContext) {
    this.#context = context;
  }

  readonly show = (progress: RunProgress): void => {
    const { isTerminal, stderr } = this.#context;
    const text = lineOf(progress);
    if (isTerminal) {
      stderr(`\r\u001b[K${text}${progress.step === 'done' ? '\n' : ''}`);
      this.#isOpen = progress.step !== 'done';
    } else if (progress.step === 'done') {
      stderr(`${text}\n`);
    }
  };

  /** Ends a line that was left open, so that what follows starts its own. */
  end(): void {
    if (this.#isOpen) this.#context.stderr('\n');
    this.#isOpen = false;
  }
}

function lineOf({ table, rows, estimatedRows, step }: RunProgress): string {
  const count = rows.toLocaleString('en');
  if (step === 'done') return `${table}: ${count} rows, verified`;
  if (step === 'verify') return `${table}: ${count} rows, verifying`;
  if (estimatedRows === 0) return `${table}: ${count} rows`;
  // The estimate is the source's: more rows than it says are no more than all of them.
  const share = Math.min(1, rows / estimatedRows);
  const done = Math.round(share * barWidth);
  const bar = '█'.repeat(done) + '░'.repeat(barWidth - done);
  const percent = Math.floor(share * percentMax);
  return `${table} ${bar} ${percent} % of about ${estimatedRows.toLocaleString('en')}`;
}

/** What tests of the receivers share: a lane that records, a clock by hand, a raw connection. */
import { connect } from 'node:net';
import type { Clock, Timer } from '../../core/clock.ts';
import type { Acceptor, Answer, Submission } from '../../gateway/answer.ts';
import type { ReceiveCounters } from '../../gateway/receive/counters.ts';

export const stored: Answer = { outcome: 'stored', rejected: 0, message: '' };

/** Stands where a lane stands: keeps what it is given and answers what it is told to. */
export class RecordingLane implements Acceptor {
  readonly submissions: Submission[] = [];
  /** May be replaced by a test, also by one that waits or throws. */
  answer: (submission: Submission) => Promise<Answer> = () => Promise.resolve(stored);

  readonly submit = (submission: Submission): Promise<Answer> => {
    // Copies: after the answer the memory is another request's.
    const wire = Buffer.from(submission.wire);
    const body = submission.body === submission.wire ? wire : Buffer.from(submission.body);
    this.submissions.push({ ...submission, wire, body });
    return this.answer(submission);
  };
}

/** Counts as words, so that a test reads what telemetry would have been told. */
export class RecordingCounters implements ReceiveCounters {
  readonly events: string[] = [];

  readonly received: ReceiveCounters['received'] = (signal, transport, wireBytes, bodyBytes) => {
    this.events.push(`received ${signal} ${transport} ${wireBytes} ${bodyBytes}`);
  };
  readonly answered: ReceiveCounters['answered'] = (signal, transport, outcome) => {
    this.events.push(`answered ${signal} ${transport} ${outcome}`);
  };
  readonly refused: ReceiveCounters['refused'] = (transport, reason) => {
    this.events.push(`refused ${transport} ${reason}`);
  };
}

/** Time that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs = 1_000_000;
  readonly #tasks = new Set<{ dueMs: number; readonly periodMs: number; run: () => void }>();

  readonly nowNs = (): bigint => BigInt(this.#nowMs) * 1_000_000n;
  readonly nowMs = (): number => this.#nowMs;
  readonly monotonicMs = (): number => this.#nowMs;
  readonly after = (delayMs: number, run: () => void): Timer => this.#add(delayMs, 0, run);
  readonly every = (periodMs: number, run: () => void): Timer => this.#add(periodMs, periodMs, run);
  readonly sleep = (delayMs: number): Promise<void> =>
    new Promise((resolve) => void this.after(delayMs, resolve));

  /** Moves time and runs what became due, once each. */
  advance(byMs: number): void {
    this.#nowMs += byMs;
    for (const task of [...this.#tasks]) {
      if (task.dueMs > this.#nowMs) continue;
      if (task.periodMs === 0) this.#tasks.delete(task);
      task.dueMs = this.#nowMs + task.periodMs;
      task.run();
    }
  }

  #add(delayMs: number, periodMs: number, run: () => void): Timer {
    const task = { dueMs: this.#nowMs + delayMs, periodMs, run };
    this.#tasks.add(task);
    return { cancel: () => void this.#tasks.delete(task) };
  }
}

/** Writes bytes to a port and resolves with all that came back when the other side closed. */
export function rawExchange(
  port: number,
  ...writes: readonly (string | Buffer)[]
): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
    for (const bytes of writes) socket.write(bytes);
  });
}

/** Resolves when `holds` does; looks again at every turn of the event loop. */
export async function until(holds: () => boolean, limitMs = 10_000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    if (performance.now() - startMs > limitMs) throw new Error(`not within ${limitMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

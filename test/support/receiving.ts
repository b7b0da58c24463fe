/** What tests of the receivers share: a lane that records, counters as words, a raw connection. */
import { connect } from 'node:net';
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

import { afterEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import type { Answer, Submission } from '../answer.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { Receiver } from './receiver.ts';

const stored: Answer = { outcome: 'stored', rejected: 0, message: '' };
const bytes = 100_000;
const limit = 1_000_000;

let receiver: Receiver | undefined;

afterEach(async () => {
  await receiver?.close(0);
});

/** Spans wait until they are released; everything else is stored at once. */
async function start(): Promise<{
  readonly send: (path: string) => Promise<number>;
  readonly held: Submission[];
  readonly release: () => void;
}> {
  const held: Submission[] = [];
  const gate = Promise.withResolvers<void>();
  receiver = await startHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
    admission: new Admission(limit),
    acceptor: {
      submit: async (submission) => {
        if (submission.signal !== 'traces') return stored;
        held.push(submission);
        await gate.promise;
        return stored;
      },
    },
  });
  const { host, port } = receiver.address;
  const send = async (path: string): Promise<number> => {
    const response = await fetch(`http://${host}:${port}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: Buffer.alloc(bytes),
    });
    await response.arrayBuffer();
    return response.status;
  };
  return { send, held, release: gate.resolve };
}

describe('a server that one signal floods', () => {
  it('tells that one to come back and takes every request of the others', async () => {
    const { send, held, release } = await start();
    const flood = Array.from({ length: 20 }, () => send('traces'));
    while (held.length < 7) await new Promise((resolve) => setImmediate(resolve));
    for (let request = 0; request < 10; request += 1) {
      expect(await send(request % 2 === 0 ? 'logs' : 'metrics')).toBe(200);
      expect(await send('traces')).toBe(503);
    }
    expect(held).toHaveLength(7);
    release();
    const statuses = await Promise.all(flood);
    expect(statuses.filter((status) => status === 200)).toHaveLength(7);
    expect(statuses.filter((status) => status === 503)).toHaveLength(13);
    expect(await send('traces')).toBe(200);
  });
});

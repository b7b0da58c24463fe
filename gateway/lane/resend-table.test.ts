import { randomFillSync } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import { createResendMemory, type Fingerprint, ResendTable } from './resend-table.ts';

const windowMs = 600_000;
const threads = 2;
const raceMsMax = 20_000;

function table(buckets: number): ResendTable {
  return new ResendTable(createResendMemory(1, buckets), windowMs);
}

function print(...words: readonly [number, number, number, number]): Fingerprint {
  return Int32Array.from(words);
}

function store(target: ResendTable, of: Fingerprint, nowSeconds: number, rejected = 0): void {
  const claim = target.claim(of, nowSeconds);
  expect(claim.state).toBe('fresh');
  target.settle(claim, rejected);
}

/** Small steps of a generator whose seed is printed. */
function seededRandom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

describe('the table of resends', () => {
  it('knows a request until the window is over, with what was rejected of it', () => {
    const target = table(16);
    store(target, print(1, 2, 3, 4), 1_000, 7);
    expect(target.claim(print(1, 2, 3, 4), 1_599)).toEqual({ state: 'stored', rejectedItems: 7 });
    expect(target.claim(print(1, 2, 3, 4), 1_600).state).toBe('fresh');
  });

  it('tells requests apart by each word of their fingerprints', () => {
    const target = table(16);
    store(target, print(1, 2, 3, 4), 1_000);
    const others = [print(17, 2, 3, 4), print(1, 9, 3, 4), print(1, 2, 9, 4), print(1, 2, 3, 9)];
    for (const other of others) expect(target.claim(other, 1_000).state).toBe('fresh');
  });

  it('lets the second of two wait for the first, and take over when it was refused', async () => {
    const target = table(16);
    const first = target.claim(print(1, 2, 3, 4), 1_000);
    const second = target.claim(print(1, 2, 3, 4), 1_000);
    if (second.state !== 'pending') throw new Error(`state ${second.state}`);
    let isOver = false;
    const waiting = target.settled(second).then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isOver).toBe(false);
    target.settle(first, undefined);
    await waiting;
    expect(target.claim(print(1, 2, 3, 4), 1_000).state).toBe('fresh');
  });

  it('forgets the oldest of a full bucket, never one that is pending', () => {
    const target = table(1);
    const claims = Array.from({ length: 8 }, (_, index) =>
      target.claim(print(index, 0, 0, 0), 1_000 + index),
    );
    expect(target.claim(print(99, 0, 0, 0), 1_100)).toEqual({ state: 'untracked' });
    for (const claim of claims) target.settle(claim, 0);
    store(target, print(99, 0, 0, 0), 1_100);
    expect(target.claim(print(1, 0, 0, 0), 1_100).state).toBe('stored');
    expect(target.claim(print(0, 0, 0, 0), 1_100).state).toBe('fresh');
  });

  it('agrees with a plain map over random histories', () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    const target = table(1024);
    const model = new Map<number, { at: number; rejected: number }>();
    let now = 1_000_000;
    for (let step = 0; step < 20_000; step += 1) {
      now += random() < 0.1 ? Math.floor(random() * 40) : 0;
      const id = Math.floor(random() * 300);
      const known = model.get(id);
      const isKnown = known !== undefined && now - known.at < windowMs / 1000;
      const claim = target.claim(print(id, id * 31, id ^ 0x5bd1e995, -id), now);
      const told = { seed, step, id, claim: claim.state };
      expect(told).toEqual({ seed, step, id, claim: isKnown ? 'stored' : 'fresh' });
      if (claim.state === 'stored') expect(claim.rejectedItems).toBe(known?.rejected);
      if (claim.state !== 'fresh') continue;
      const isStored = random() < 0.8;
      const rejected = Math.floor(random() * 5);
      target.settle(claim, isStored ? rejected : undefined);
      if (isStored) model.set(id, { at: now, rejected });
      else model.delete(id);
    }
  });

  it(
    'gives one of several threads the right to store, whoever comes when',
    async () => {
      const memory = createResendMemory(1, 16_384);
      const prints = 4_000;
      const wins = new SharedArrayBuffer(prints * 4);
      const key = new Int32Array(prints * 4);
      randomFillSync(key);
      const source = `
        import { workerData, parentPort } from 'node:worker_threads';
        const { ResendTable } = await import(workerData.module);
        const table = new ResendTable(workerData.memory, 600_000);
        // Waiting for another thread keeps none alive: a lane's thread has its servers.
        const alive = setInterval(() => undefined, 1_000);
        const wins = new Int32Array(workerData.wins);
        for (let at = 0; at < wins.length; at += 1) {
          const print = workerData.key.subarray(at * 4, at * 4 + 4);
          for (;;) {
            const claim = table.claim(print, 1_000);
            if (claim.state === 'pending') { await table.settled(claim); continue; }
            // Every second claim is refused the first time: another thread takes over.
            if (claim.state === 'fresh') {
              const isRefused = at % 2 === 0 && Atomics.add(wins, at, 1) === 0;
              if (at % 2 === 1) Atomics.add(wins, at, 2);
              await null;
              table.settle(claim, isRefused ? undefined : 0);
              if (isRefused) continue;
            }
            break;
          }
        }
        clearInterval(alive);
        parentPort.postMessage('done');`;
      const module = new URL('./resend-table.ts', import.meta.url).href;
      const data = { module, memory, wins, key };
      await Promise.all(
        Array.from(
          { length: threads },
          () =>
            new Promise<void>((resolve, reject) => {
              const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
              const worker = new Worker(url, { workerData: data });
              worker.once('message', () => resolve());
              worker.once('error', reject);
              worker.once('exit', (code) => reject(new Error(`a thread ended with ${code}`)));
            }),
        ),
      );
      // Two claims where the first was refused, one (counted as 2) elsewhere.
      expect([...new Int32Array(wins)].filter((count) => count !== 2)).toEqual([]);
    },
    raceMsMax,
  );
});

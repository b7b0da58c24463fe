import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Admission } from './admission.ts';
import { BodyBuffer } from './body-buffer.ts';
import { BodyPool } from './body-pool.ts';
import { Turns } from './turns.ts';

const mebibyte = 1024 ** 2;

/** An event loop that is turned by hand. */
function handTurned() {
  let tasks: (() => void)[] = [];
  const turns = new Turns((task) => tasks.push(task));
  return {
    turns,
    turn: async (): Promise<void> => {
      const due = tasks;
      tasks = [];
      for (const task of due) task();
      for (let wait = 0; wait < 5; wait += 1) await Promise.resolve();
    },
  };
}

describe('shares of the bytes in flight', () => {
  it('refuse the one that floods while every other one is let in', () => {
    const admission = new Admission(100 * mebibyte);
    const flood = admission.of('traces', 'loud');
    let taken = 0;
    while (flood.tryReserve(mebibyte, true)) taken += 1;
    expect(taken).toBe(75);
    for (const [signal, tenant] of [
      ['logs', 'loud'],
      ['traces', ''],
      ['metrics', 'quiet'],
    ] as const) {
      const share = admission.of(signal, tenant);
      for (let request = 0; request < 4; request += 1) {
        expect(share.tryReserve(mebibyte, true)).toBe(true);
        expect(flood.tryReserve(mebibyte, true)).toBe(false);
      }
    }
  });

  it('give several that flood alike, whoever came first', () => {
    const admission = new Admission(100 * mebibyte);
    const floods = ['a', 'b', 'c'].map((tenant) => ({
      share: admission.of('logs', tenant),
      held: 0,
    }));
    // Each has a hundred requests under way at most; the oldest is answered at each step.
    for (let step = 0; step < 3_000; step += 1) {
      for (const flood of floods) {
        if (flood.held < 100 && flood.share.tryReserve(mebibyte, true)) flood.held += 1;
      }
      const oldest = floods[step % floods.length]!;
      if (oldest.held > 0) {
        oldest.share.release(mebibyte, true);
        oldest.held -= 1;
      }
    }
    for (const { held } of floods) expect(held).toBeGreaterThan(22);
    expect(admission.inFlightBytes).toBeLessThanOrEqual(100 * mebibyte);
  });

  it('let a request in that is the only one and fits, however much it needs', () => {
    const admission = new Admission(100);
    const share = admission.of('logs', '');
    expect(share.tryReserve(10, true)).toBe(true);
    expect(share.tryReserve(90, false)).toBe(true);
    expect(share.tryReserve(1, true)).toBe(false);
    share.release(90, false);
    share.release(10, true);
    expect(admission.inFlightBytes).toBe(0);
  });

  it('hold what their bodies hold, whatever comes and goes', () => {
    const step = fc.record({ tenant: fc.nat(2), bytes: fc.nat(60_000), ends: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const admission = new Admission(400_000);
        const pool = new BodyPool();
        const bodies: BodyBuffer[] = [];
        for (const { tenant, bytes, ends } of steps) {
          const body = new BodyBuffer(admission, pool, 300_000);
          body.reserveFrom(admission.of('logs', `${tenant}`));
          if (body.append(Buffer.alloc(bytes), 0, bytes) === undefined) bodies.push(body);
          else body.release();
          bodies.splice(ends, 1)[0]?.release();
          expect(admission.inFlightBytes).toBeLessThanOrEqual(400_000);
        }
        for (const body of bodies) body.release();
        expect(admission.inFlightBytes).toBe(0);
      }),
    );
  });
});

describe('turns', () => {
  it('are given at once while there is little to do', async () => {
    const { turns, turn } = handTurned();
    for (let loop = 0; loop < 5; loop += 1) {
      expect(turns.take('a', 100_000)).toBeUndefined();
      expect(turns.take('b', 100_000)).toBeUndefined();
      await turn();
    }
  });

  it('of one that sends little come within two turns of the loop, behind a flood', async () => {
    const { turns, turn } = handTurned();
    const order: string[] = [];
    for (let request = 0; request < 200; request += 1) {
      void turns.take('flood', 500_000)?.then(() => order.push('flood'));
    }
    for (let loop = 0; loop < 30; loop += 1) {
      const before = order.length;
      void turns.take('small', 50_000)?.then(() => order.push('small'));
      await turn();
      await turn();
      expect(order.slice(before)).toContain('small');
      // The flood goes on meanwhile: nothing is kept idle.
      expect(order.slice(before).filter((name) => name === 'flood').length).toBeGreaterThan(0);
    }
  });

  it('are shared by bytes, not by requests, and nobody is forgotten', async () => {
    const { turns, turn } = handTurned();
    const done = new Map<string, number>();
    const sizes = { small: 20_000, middle: 200_000, large: 900_000 };
    let sent = 0;
    for (const [name, bytes] of Object.entries(sizes)) {
      for (let request = 0; request * bytes < 40 * mebibyte; request += 1) {
        sent += 1;
        const ready = turns.take(name, bytes);
        if (ready === undefined) sent -= 1;
        void ready?.then(() => done.set(name, (done.get(name) ?? 0) + bytes));
      }
    }
    for (let loop = 0; loop < 90; loop += 1) await turn();
    const shares = Object.keys(sizes).map((name) => done.get(name) ?? 0);
    expect(Math.min(...shares) / Math.max(...shares)).toBeGreaterThan(0.8);
    while (turns.waitingCount > 0) await turn();
    const total = [...done].reduce((sum, [name, bytes]) => sum + bytes / sizes[name as 'small'], 0);
    expect(total).toBe(sent);
  });
});

/**
 * The time to the answer of a quiet sender beside a flood, in simulated time: an event loop that
 * reads what came, works on requests in their turns, and answers after the sync of the log. Costs
 * as measured: 512 KiB are a millisecond of work, a sync takes five.
 */
import { describe, expect, it } from '@jest/globals';
import { Turns } from './turns.ts';

const bytesPerMs = 512 * 1024;
const readBytesPerMs = 2 * 1024 ** 2;
const syncMs = 5;
const simulatedMs = 5_000;
const quiet = { name: 'quiet', bytes: 40_000, perSecond: 20 };
const flood = { name: 'flood', bytes: 160_000, perSecond: 20 };

type Sender = typeof quiet;
type Request = { readonly sender: Sender; readonly atMs: number };

/** Times to the answer, of each sender, in milliseconds. */
async function simulate(senders: readonly Sender[]): Promise<ReadonlyMap<string, number[]>> {
  const arrivals: Request[] = senders
    .flatMap((sender) =>
      Array.from({ length: (sender.perSecond * simulatedMs) / 1000 }, (_, index) => ({
        sender,
        // A little apart, or every request of one would meet one of the other.
        atMs: (index * 1000) / sender.perSecond + ((index * 7919) % 97) / 10,
      })),
    )
    .sort((left, right) => left.atMs - right.atMs);
  const times = new Map<string, number[]>(senders.map(({ name }) => [name, []]));
  let tasks: (() => void)[] = [];
  const turns = new Turns((task) => tasks.push(task));
  let nowMs = 0;
  let working = 0;
  const work = ({ sender, atMs }: Request): void => {
    nowMs += sender.bytes / bytesPerMs;
    times.get(sender.name)?.push(nowMs + syncMs - atMs);
    working -= 1;
  };
  for (let next = 0; next < arrivals.length || working > 0; ) {
    const first = arrivals[next];
    if (working === 0 && first !== undefined) nowMs = Math.max(nowMs, first.atMs);
    for (let one = arrivals[next]; one !== undefined && one.atMs <= nowMs; one = arrivals[next]) {
      next += 1;
      working += 1;
      const request = one;
      nowMs += request.sender.bytes / readBytesPerMs;
      const turn = turns.take(request.sender.name, request.sender.bytes);
      if (turn === undefined) work(request);
      else void turn.then(() => work(request));
    }
    const due = tasks;
    tasks = [];
    for (const task of due) task();
    for (let wait = 0; wait < 4; wait += 1) await Promise.resolve();
  }
  return times;
}

function p95(times: readonly number[] | undefined): number {
  const sorted = (times ?? []).toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length * 0.95)] ?? Number.NaN;
}

describe('the answer to a quiet sender', () => {
  it('takes less than a fifth longer beside ten times as much of another', async () => {
    const calm = p95((await simulate([quiet, flood])).get('quiet'));
    const loud = await simulate([quiet, { ...flood, perSecond: flood.perSecond * 10 }]);
    expect(calm).toBeGreaterThan(syncMs);
    expect(p95(loud.get('quiet')) / calm).toBeLessThan(1.2);
  });

  it('stays as it is beside a flood that is three times what can be done', async () => {
    const calm = p95((await simulate([quiet, flood])).get('quiet'));
    const loud = await simulate([quiet, { ...flood, perSecond: 5_000 }]);
    // In the order of arrival both would wait for seconds.
    expect(p95(loud.get('flood'))).toBeGreaterThan(1_000);
    expect(p95(loud.get('quiet')) / calm).toBeLessThan(1.5);
  });
});

/**
 * What a real API server does too seldom or too slowly for a test: storms of failures, hours,
 * events faster than anybody takes them. Time is held still, and the server is a script.
 */
import { expect, it } from '@jest/globals';
import { simulatedClock } from '../../../test/support/simulated-clock.ts';
import { type Api, ApiFailure, type KubeObject, type WatchEvent } from './api.ts';
import { type ReflectOptions, reflect, type Step } from './reflector.ts';

const kind = { name: 'pods', path: '/api/v1/pods' };
const hourMs = 3_600_000;

type Watching = {
  readonly from: unknown;
  readonly seconds: number;
  readonly send: (...events: readonly WatchEvent[]) => void;
  readonly end: (failure?: ApiFailure) => void;
  stopped: boolean;
};

type Answer = 'page' | ApiFailure;

function start(options: Partial<ReflectOptions> = {}, answers: readonly Answer[] = []) {
  const clock = simulatedClock();
  const controller = new AbortController();
  const watches: Watching[] = [];
  const lists: { readonly atMs: number; readonly query: object }[] = [];
  const left = [...answers];
  const api: Api = {
    server: 'https://nowhere.example',
    list: async (_path, query) => {
      lists.push({ atMs: clock.monotonicMs(), query });
      const answer = left.shift() ?? 'page';
      if (answer !== 'page') throw answer;
      return {
        objects: [pod(`p${lists.length}`, '90')],
        resourceVersion: '100',
        continue: undefined,
      };
    },
    watch: (_path, params, onEvent, onDone) => {
      const watching: Watching = {
        from: params['resourceVersion'],
        seconds: Number(params['timeoutSeconds']),
        send: (...events) => {
          for (const event of events) if (!watching.stopped) onEvent(event);
        },
        end: (failure) => {
          if (!watching.stopped) onDone(failure);
        },
        stopped: false,
      };
      watches.push(watching);
      return {
        stop: () => {
          watching.stopped = true;
        },
      };
    },
    get: async () => ({}),
    create: async () => ({}),
    replace: async () => ({}),
  };
  const random = (): number => 0.5;
  const all = { clock, random, ...options, signal: controller.signal };
  const steps = reflect(api, kind, all);
  return { steps, clock, watches, lists, abort: () => controller.abort() };
}

type Started = ReturnType<typeof start>;

/** Takes steps as they come; the texts grow. */
function takeAll({ steps }: Started): { readonly taken: string[]; readonly ended: Promise<void> } {
  const taken: string[] = [];
  const ended = (async () => {
    for await (const step of steps) taken.push(text(step));
  })();
  return { taken, ended };
}

it('gives a change, an end and a bookmark, and takes up the watch from the last', async () => {
  const started = start({ from: '5' });
  const { taken, ended } = takeAll(started);
  await settle();
  const { watches, clock, lists } = started;
  watches[0]?.send(added('a', '6'), deleted('a', '7'), bookmark('9'));
  watches[0]?.end();
  await settle();
  expect(taken).toEqual(['changed a 6', 'gone a 7', 'reached 9']);
  expect(watches.map(({ from }) => from)).toEqual(['5', '9']);
  // It gave something, so it did not fail: no waiting, no list.
  expect(clock.monotonicMs()).toBe(0);
  expect(lists).toEqual([]);
  started.abort();
  await ended;
  expect(watches[1]?.stopped).toBe(true);
});

it('lists at longer and longer intervals while the server forgets each position', async () => {
  const started = start({ from: '5' });
  const { taken, ended } = takeAll(started);
  const { watches, lists, clock } = started;
  for (let second = 0; second < 600; second += 1) {
    await settle();
    // An event before it: what comes back for a moment is no reason to begin anew with the lists.
    watches.at(-1)?.send(added('a', '101'), error(410));
    await settle();
    clock.advance(1000);
  }
  const gaps = lists.slice(1).map(({ atMs }, index) => atMs - (lists[index]?.atMs ?? 0));
  expect(gaps.slice(0, 4)).toEqual([3000, 6000, 12_000, 23_000]);
  expect(lists.length).toBeLessThan(32);
  expect(taken).toContain('failed 1500');
  started.abort();
  await ended;
});

it('waits longer and longer for a server that is away, and not after the first event', async () => {
  const started = start({ from: '5' });
  const { taken, ended } = takeAll(started);
  const { watches, clock } = started;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await settle();
    watches.at(-1)?.end(new ApiFailure(0, 'connect ECONNREFUSED'));
    await settle();
    clock.advance(30_000);
  }
  await settle();
  watches.at(-1)?.send(added('a', '6'));
  watches.at(-1)?.end(new ApiFailure(0, 'reset'));
  await settle();
  const waits = [1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500, 22_500];
  expect(taken).toEqual([...waits.map((ms) => `failed ${ms}`), 'changed a 6', 'failed 1500']);
  started.abort();
  await ended;
});

it.each([
  [0, [1000, 2000, 4000, 8000, 15_000, 15_000], 240],
  [0.999999, [1999, 3999, 7999, 15_999, 29_999, 29_999], 480],
])('keeps waits and watches within their bounds at random %p', async (r, waits, seconds) => {
  const started = start({ from: '5', random: () => r });
  const { taken, ended } = takeAll(started);
  for (let attempt = 0; attempt < waits.length; attempt += 1) {
    await settle();
    // An end without an event at once is a failure, too: it must not become a loop.
    started.watches.at(-1)?.end();
    await settle();
    started.clock.advance(30_000);
  }
  expect(taken).toEqual(waits.map((ms) => `failed ${ms}`));
  expect(new Set(started.watches.map((watching) => watching.seconds))).toEqual(new Set([seconds]));
  started.abort();
  await ended;
});

it('lists each hour, as new as the server has it', async () => {
  const started = start();
  const { taken, ended } = takeAll(started);
  const { watches, lists, clock } = started;
  await settle();
  watches[0]?.send(added('a', '101'));
  await settle();
  clock.advance(hourMs);
  await settle();
  expect(lists).toHaveLength(1);
  clock.advance(hourMs / 10);
  await settle();
  expect(watches[0]?.stopped).toBe(true);
  expect(lists.map(({ query }) => query)).toEqual([{ limit: 500 }, { limit: 500 }]);
  expect(taken.slice(3)).toEqual(['changed a 101', 'list-began', 'objects p2', 'list-ended 100']);
  // What came and went between the last event and the list is told now.
  expect(watches[1]?.from).toBe('101');
  started.abort();
  await ended;
});

it('watches on where it was when the hourly list fails', async () => {
  const started = start({ from: '5' }, [new ApiFailure(500, 'etcd is slow')]);
  const { taken, ended } = takeAll(started);
  const { watches, lists, clock } = started;
  await settle();
  clock.advance(hourMs * 1.1);
  await settle();
  clock.advance(2000);
  await settle();
  expect(watches.map(({ from }) => from)).toEqual(['5', '5']);
  watches[1]?.send(added('a', '6'));
  await settle();
  clock.advance(60_000);
  await settle();
  expect(lists).toHaveLength(2);
  expect(taken).toEqual([
    'failed 1500',
    'changed a 6',
    'list-began',
    'objects p2',
    'list-ended 100',
  ]);
  started.abort();
  await ended;
});

it('lists when the server is before the position, which it says by silence alone', async () => {
  const started = start({ from: '99' });
  const { taken, ended } = takeAll(started);
  const { watches, lists, clock } = started;
  await settle();
  clock.advance(150_000);
  watches[0]?.end();
  await settle();
  // It is at 100: nothing has happened, and nothing is listed for that.
  expect([taken, watches[1]?.from, lists[0]?.query]).toEqual([[], '99', { limit: 1 }]);
  watches[1]?.send(bookmark('1000'));
  watches[1]?.end();
  await settle();
  clock.advance(150_000);
  watches[2]?.end();
  await settle();
  clock.advance(2000);
  await settle();
  const listed = ['list-began', 'objects p3', 'list-ended 100'];
  expect(taken).toEqual(['reached 1000', 'failed 1500', ...listed]);
  started.abort();
  await ended;
});

it('stops a watch that is faster than its steps are taken, and takes it up again', async () => {
  const started = start({ from: '5', bufferMax: 10 });
  const { steps, watches } = started;
  const first = steps.next();
  await settle();
  let sent = 5;
  const sendSome = (watching: Watching | undefined): void => {
    for (let count = 0; count < 25 && watching?.stopped === false; count += 1) {
      sent += 1;
      watching.send(added('a', String(sent)));
    }
  };
  sendSome(watches[0]);
  const taken = [text((await first).value as Step)];
  // Ten wait, the eleventh ended it and is sent again.
  expect([watches[0]?.stopped, sent]).toEqual([true, 16]);
  for (let count = 0; count < 9; count += 1) taken.push(text((await steps.next()).value as Step));
  expect(watches).toHaveLength(1);
  const next = steps.next();
  await settle();
  expect(watches[1]?.from).toBe('15');
  watches[1]?.send(added('a', '16'));
  taken.push(text((await next).value as Step));
  expect(taken).toEqual(Array.from({ length: 11 }, (_, index) => `changed a ${index + 6}`));
  started.abort();
});

it('does not give an event twice or lose one however its steps are taken', async () => {
  const started = start({ from: '0', bufferMax: 4 });
  const { steps, watches, clock } = started;
  const taken: string[] = [];
  let seed = 1;
  const chance = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  // What the server would send to each watch: all after its position.
  const next = new Map<Watching, number>();
  while (taken.length < 500) {
    const step = steps.next();
    let done = false;
    void step.then(() => {
      done = true;
    });
    while (!done) {
      await settle();
      const watching = watches.at(-1);
      if (watching !== undefined && !watching.stopped) {
        let version = next.get(watching) ?? Number(watching.from);
        for (let count = chance() * 9; count > 0; count -= 1) {
          version += 1;
          watching.send(added('a', String(version)));
        }
        next.set(watching, version);
        if (chance() < 0.1) watching.end();
      }
      await settle();
      if (!done) clock.advance(30_000);
    }
    const { value } = await step;
    if (value?.type === 'changed') taken.push(value.object.metadata.resourceVersion);
  }
  expect(taken).toEqual(Array.from({ length: 500 }, (_, index) => String(index + 1)));
  expect(watches.length).toBeGreaterThan(20);
  started.abort();
});

it('says once that it may not, asks each five minutes, and says it again later', async () => {
  const no = new ApiFailure(403, 'pods is forbidden');
  const started = start({}, [no, no, 'page', no]);
  const { taken, ended } = takeAll(started);
  const { clock, lists, watches } = started;
  await settle();
  clock.advance(299_999);
  await settle();
  expect(lists).toHaveLength(1);
  clock.advance(1);
  await settle();
  expect([lists.length, taken]).toEqual([2, ['forbidden']]);
  clock.advance(300_000);
  await settle();
  expect(taken.slice(1)).toEqual(['list-began', 'objects p3', 'list-ended 100']);
  watches[0]?.end(no);
  await settle();
  expect(taken.slice(4)).toEqual(['forbidden']);
  started.abort();
  await ended;
});

it('ends soon, whatever it waits for', async () => {
  const waiting = start({ from: '5' });
  const pausing = start({}, [new ApiFailure(500, 'no')]);
  const all = [waiting, pausing].map((started) => ({ started, ...takeAll(started) }));
  await settle();
  for (const { started } of all) started.abort();
  await Promise.all(all.map(({ ended }) => ended));
  expect(waiting.watches[0]?.stopped).toBe(true);
});

function pod(name: string, resourceVersion: string): KubeObject {
  return { kind: 'Pod', metadata: { name, uid: `uid-${name}`, resourceVersion } };
}

function added(name: string, resourceVersion: string): WatchEvent {
  return { type: 'ADDED', object: pod(name, resourceVersion) };
}

function deleted(name: string, resourceVersion: string): WatchEvent {
  return { type: 'DELETED', object: pod(name, resourceVersion) };
}

function bookmark(resourceVersion: string): WatchEvent {
  return { type: 'BOOKMARK', object: { kind: 'Pod', metadata: { resourceVersion } } };
}

function error(code: number): WatchEvent {
  return { type: 'ERROR', object: { kind: 'Status', code, message: 'too old' } };
}

function text(step: Step): string {
  if (step.type === 'objects') return `objects ${step.objects.map((o) => o.metadata.name)}`;
  if (step.type === 'failed') return `failed ${step.retryMs}`;
  if ('object' in step) {
    return `${step.type} ${step.object.metadata.name} ${step.object.metadata.resourceVersion}`;
  }
  return 'resourceVersion' in step ? `${step.type} ${step.resourceVersion}` : step.type;
}

/** Lets everything happen that waits for no time to pass. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
}

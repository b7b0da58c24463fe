/** F34: faults of every kind at random for hours, and a gateway that is the same afterwards. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { inject, lacksStrace } from '../strace.ts';
import { type Trial, trial } from '../trial.ts';
import { residentBytes } from '../watch.ts';

const minutesFull = 120;
const minutesShort = 0.5;
const settleMs = 15 * 60_000;
/** A gateway is killed this often on the average; in between it shall not change. */
const killMsMean = 25 * 60_000;
const killMsMeanShort = 10_000;
const restMsMax = 20_000;
const restMsMaxShort = 1_000;
const sampleMs = 2_000;
/** What a start, its caches and its pools need to come to rest. */
const warmMs = 120_000;
/** A life of which less was seen says nothing about growth. */
const samplesMin = 120;
const growthMiBMax = 64;
const descriptorsMax = 32;
const vanishers = 40;

export const soakFaults: readonly Fault[] = [
  { id: 'F34', title: 'a soak: random faults for hours (--minutes, 120)', run: soak },
];

type Strike = (trial: Trial, forMs: number) => Promise<void>;

const strikes: Readonly<Record<string, Strike>> = {
  refuse: misbehave('refuse'),
  hang: misbehave('hang'),
  cut: misbehave('cut'),
  lose: misbehave('lose'),
  error500: misbehave('error500'),
  slow: misbehave('slow'),
  engine: async ({ system }, forMs) => {
    await system.killEngine();
    await pause(forMs);
    await system.restartEngine();
  },
  token: async ({ system }) => {
    await system.assassinateEngine();
    await system.restartEngine();
  },
  vanish,
  sync: failing('error=EIO:when=1'),
  slowSync: failing('delay_enter=200000'),
};

const ends = ['kill', 'durable', 'sealed', 'inserted', 'SIGTERM'] as const;

async function soak(run: FaultRun): Promise<Finding> {
  const soakMs = (run.minutes ?? (run.isShort ? minutesShort : minutesFull)) * 60_000;
  const killMean = run.isShort ? killMsMeanShort : killMsMean;
  const restMax = run.isShort ? restMsMaxShort : restMsMax;
  const names = Object.keys(strikes).filter(
    (name) => lacksStrace() === undefined || !name.toLowerCase().includes('sync'),
  );
  const options = { env: { UV_THREADPOOL_SIZE: '1' }, pauseMs: 60, settleMs };
  return await trial(run, options, async (parts) => {
    const counts = new Map<string, number>();
    const life = new Lives(parts);
    const untilMs = performance.now() + soakMs;
    let endMs = performance.now() + killMean * (0.5 + run.random.below(1_000) / 1_000);
    while (performance.now() < untilMs) {
      await pause(run.random.below(restMax));
      const name = names[run.random.below(names.length)] ?? 'refuse';
      counts.set(name, (counts.get(name) ?? 0) + 1);
      await strikes[name]?.(parts, run.random.below(restMax / 2));
      run.say(`${name}, ${parts.senders.answeredItems()} answered`);
      if (performance.now() < endMs) continue;
      endMs = performance.now() + killMean * (0.5 + run.random.below(1_000) / 1_000);
      const end = ends[run.random.below(ends.length)] ?? 'kill';
      counts.set(end, (counts.get(end) ?? 0) + 1);
      await finish(parts, end);
      await parts.restart();
      run.say(`${end}, a new life`);
    }
    const grown = await life.stop();
    parts.note([...counts].map(([name, count]) => `${name} ${count}`).join(', '));
    parts.note(grown.note);
    return { ...(!grown.isFlat && { B: false }) };
  });
}

async function finish({ system }: Trial, end: (typeof ends)[number]): Promise<void> {
  if (end === 'kill') await system.killGateway();
  else if (end === 'SIGTERM') await system.stopGateway();
  else await system.crashGatewayAt(end);
}

function misbehave(mode: Parameters<Trial['system']['proxy']['set']>[0]): Strike {
  return async ({ system }, forMs) => {
    await system.proxy.set(mode);
    await pause(forMs);
    await system.proxy.set('pass');
  };
}

function failing(effect: string): Strike {
  return async ({ system, senders }, forMs) => {
    const held = await inject(system.gatewayPid, { calls: 'fdatasync', effect });
    await pause(Math.min(forMs, 3_000));
    await held.lift();
    await senders.nextAnswer();
  };
}

/** Clients that go in the middle of a body. */
async function vanish({ system, run }: Trial): Promise<void> {
  const { hostname, port } = new URL(system.gatewayUrl);
  const declaredBytes = 256 * 1024;
  const head = 'POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n';
  const sockets = Array.from({ length: vanishers }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(`${head}Content-Length: ${declaredBytes}\r\n\r\n`);
    socket.write(Buffer.alloc(run.random.below(declaredBytes - 1)));
    return socket;
  });
  await pause(500);
  for (const socket of sockets) socket.destroy();
}

type Sample = { readonly residentMiB: number; readonly descriptors: number };

/** Memory and descriptors of each gateway, from when it is warm to its end. */
class Lives {
  readonly #trial: Trial;
  readonly #lives = new Map<number, { readonly bornMs: number; readonly samples: Sample[] }>();
  #isStopping = false;
  readonly #loop: Promise<void>;

  constructor(parts: Trial) {
    this.#trial = parts;
    this.#loop = this.#run();
  }

  async stop(): Promise<{ readonly isFlat: boolean; readonly note: string }> {
    this.#isStopping = true;
    await this.#loop;
    const judged = [...this.#lives.values()]
      .filter(({ samples }) => samples.length >= samplesMin)
      .map(({ samples }) => growth(samples));
    const notes = judged.map(({ first, last }) => `${wordsOf(first)} to ${wordsOf(last)}`);
    return {
      isFlat: judged.every(
        ({ first, last }) =>
          last.residentMiB <= first.residentMiB + growthMiBMax &&
          last.descriptors <= first.descriptors + descriptorsMax,
      ),
      note: `${judged.length} lives long enough to judge, warm: ${notes.join('; ')}`,
    };
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const pid = this.#trial.system.gatewayPid;
      const life = this.#lives.get(pid) ?? { bornMs: performance.now(), samples: [] };
      this.#lives.set(pid, life);
      const descriptors = openDescriptors(pid);
      if (descriptors > 0 && performance.now() - life.bornMs > warmMs) {
        const residentMiB = Math.round(residentBytes(pid) / 1024 ** 2);
        life.samples.push({ residentMiB, descriptors });
      }
      await pause(sampleMs);
    }
  }
}

/** Medians of the first and of the last third. */
function growth(samples: readonly Sample[]): { readonly first: Sample; readonly last: Sample } {
  const third = Math.floor(samples.length / 3);
  return { first: middle(samples.slice(0, third)), last: middle(samples.slice(-third)) };
}

function middle(samples: readonly Sample[]): Sample {
  const at = Math.floor(samples.length / 2);
  const of = (name: keyof Sample): number =>
    samples.map((sample) => sample[name]).sort((left, right) => left - right)[at] ?? 0;
  return { residentMiB: of('residentMiB'), descriptors: of('descriptors') };
}

function wordsOf({ residentMiB, descriptors }: Sample): string {
  return `${residentMiB} MiB and ${descriptors} descriptors`;
}

function openDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

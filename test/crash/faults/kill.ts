/** Processes that end at the worst moment: F1, F2, F16, F20, F21, F22. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { lacksStrace, straceArguments } from '../strace.ts';
import { trial } from '../trial.ts';
import { judgeVictim } from '../wal/judge.ts';

const victim = join(import.meta.dirname, '../wal/main.ts');
/** A victim that no call has ended by now has not come to its N-th one. */
const victimMsMax = 6_000;
const numberStep = 10_000;

/** How often each call is the last one, from its first occurrence on. */
const lastCalls: readonly (readonly [calls: string, count: number])[] = [
  ['pwritev', 30],
  ['pwrite64', 30],
  ['fdatasync', 30],
  ['fsync', 16],
  ['rename', 12],
  ['unlink', 4],
  ['ftruncate', 4],
];
const lastCallsShort = 5;

export const killFaults: readonly Fault[] = [
  { id: 'F1', title: 'kill -9 of the gateway at random times under load', run: killAtRandom },
  {
    id: 'F2',
    title: 'kill -9 at each write, sync, rename and unlink of the log',
    lacks: lacksStrace,
    run: killAtEachCall,
  },
  {
    id: 'F16',
    title: 'kill -9 between insert and checkpoint: the same batches again',
    run: killBehindInserts,
  },
  { id: 'F20', title: 'SIGTERM under load, twice, and SIGKILL after it', run: terminate },
  { id: 'F21', title: 'out of memory under load', run: runOutOfMemory },
  { id: 'F22', title: 'a worker thread throws, and one hangs', run: failWorker },
];

async function killAtRandom(run: FaultRun): Promise<Finding> {
  const loops = run.isShort ? 2 : 60;
  const loadMs = run.isShort ? 600 : 400;
  return await trial(run, {}, async ({ system, restart, note }) => {
    for (let loop = 0; loop < loops; loop += 1) {
      await pause(run.random.below(loadMs));
      await system.killGateway();
      await restart();
    }
    note(`${loops} kills`);
    return {};
  });
}

async function killAtEachCall(run: FaultRun): Promise<Finding> {
  const root = await mkdtemp(join(tmpdir(), 'obsctl-crash-calls-'));
  const durable = new Set<number>();
  const faults: string[] = [];
  const orders = lastCalls.flatMap(([calls, count]) =>
    Array.from({ length: count }, (_, index) => ({ calls, when: index + 1 })),
  );
  const chosen = run.isShort
    ? Array.from({ length: lastCallsShort }, () => orders[run.random.below(orders.length)])
    : orders;
  let struck = 0;
  try {
    for (const [index, order] of chosen.entries()) {
      if (order === undefined) continue;
      const { calls, when } = order;
      const dir = join(root, calls);
      const effect = `signal=SIGKILL:when=${when}`;
      const ended = await runVictim(dir, (index + 1) * numberStep, { calls, effect });
      if (ended.wasStruck) struck += 1;
      const before = calls === chosen[index - 1]?.calls ? durable : durable.clear();
      for (const number of ended.printed) (before ?? durable).add(number);
      const found = await judgeVictim(dir, durable, ended.printed);
      faults.push(...found.map((fault) => `${calls} ${when}: ${fault}`));
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  const lost = faults.filter((fault) => !fault.includes('twice'));
  return {
    criteria: { A0: lost.length === 0, D0: faults.length === lost.length, R: true },
    notes: [`${chosen.length} runs, ${struck} ended at their call`, ...faults.slice(0, 5)],
  };
}

async function runVictim(
  dir: string,
  first: number,
  injection: { readonly calls: string; readonly effect: string },
): Promise<{ readonly printed: readonly number[]; readonly wasStruck: boolean }> {
  const words = [
    '-o',
    '/dev/null',
    ...straceArguments(injection),
    process.execPath,
    victim,
    dir,
    String(first),
  ];
  const child = spawn('strace', words, {
    stdio: ['ignore', 'pipe', 'ignore'],
    // Calls are counted for each thread: one thread makes them all.
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    detached: true,
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  let wasStruck = true;
  const timer = AbortSignal.timeout(victimMsMax);
  timer.addEventListener('abort', () => {
    wasStruck = false;
    // The tracer and its victim: a group of their own.
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, 'SIGKILL');
    }
  });
  await once(child, 'close');
  const lines = text.split('\n');
  lines.pop();
  return { printed: lines.map(Number), wasStruck };
}

async function killBehindInserts(run: FaultRun): Promise<Finding> {
  const loops = run.isShort ? 2 : 20;
  return await trial(run, {}, async ({ system, restart, note }) => {
    for (let loop = 0; loop < loops; loop += 1) {
      await system.crashGatewayAt('inserted');
      await restart();
      await pause(run.random.below(500));
    }
    const isSame = !system.talk.includes('decoded again differs');
    note(`${loops} kills; batches decoded again ${isSame ? 'were the same' : 'differ'}`);
    return { ...(!isSame && { D0: false }) };
  });
}

async function terminate(run: FaultRun): Promise<Finding> {
  const loops = run.isShort ? 1 : 8;
  const graceMs = 3_000;
  return await trial(run, { args: ['--grace', `${graceMs}ms`] }, async (parts) => {
    const { system, restart, note } = parts;
    let slowestMs = 0;
    for (let loop = 0; loop < loops; loop += 1) {
      const startedMs = performance.now();
      const code = await system.stopGateway();
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      if (code !== 0) note(`SIGTERM ended it with ${code}`);
      await restart();
      await pause(300);
      // A second signal ends it at once; a third kind asks nobody.
      process.kill(system.gatewayPid, 'SIGTERM');
      await pause(run.random.below(300));
      process.kill(system.gatewayPid, loop % 2 === 0 ? 'SIGTERM' : 'SIGKILL');
      await system.gatewayExited;
      await restart();
      await pause(300);
    }
    note(`SIGTERM took at most ${Math.round(slowestMs)} ms of ${graceMs} ms grace`);
    return { ...(slowestMs > graceMs + 2_000 && { L: false }) };
  });
}

async function runOutOfMemory(run: FaultRun): Promise<Finding> {
  const loops = run.isShort ? 1 : 5;
  return await trial(run, {}, async ({ system, restart, note }) => {
    let ends = 0;
    for (let loop = 0; loop < loops; loop += 1) {
      await system.killGateway();
      // V8 ends the process by itself when a heap this small is full.
      await system.restartGateway({ NODE_OPTIONS: '--max-old-space-size=14' }).catch(() => {});
      const code = await Promise.race([system.gatewayExited, pause(4_000, undefined)]);
      if (code !== undefined) ends += 1;
      else process.kill(system.gatewayPid, 'SIGKILL');
      await system.gatewayExited;
      await restart();
      await pause(300);
    }
    note(`${loops} starts with too small a heap, ${ends} of them ended by themselves`);
    return {};
  });
}

async function failWorker(run: FaultRun): Promise<Finding> {
  const loops = run.isShort ? 1 : 6;
  return await trial(run, { workers: 2 }, async ({ system, restart, note }) => {
    const codes: (number | string)[] = [];
    for (let loop = 0; loop < loops; loop += 1) {
      await system.killGateway();
      await system.restartGateway({ OBSCTL_CRASH_AT: 'sealed:throw' });
      codes.push(await system.gatewayExited);
      await restart();
      await pause(300);
    }
    if (!run.isShort) {
      await system.killGateway();
      await system.restartGateway({ OBSCTL_CRASH_AT: 'sealed:hang' });
      const startedMs = performance.now();
      codes.push(await system.gatewayExited);
      note(`a hanging worker ended it after ${Math.round(performance.now() - startedMs)} ms`);
      await restart();
    }
    note(`ended with ${codes.join(', ')}`);
    // Loud, and started again by whoever started it: half a gateway is worse.
    return { ...(codes.some((code) => code !== 3) && { L: false }) };
  });
}

/**
 * The program of the thread that owns DogStatsD's sockets, so that a flood of datagrams competes
 * with requests for processors and not for a lane's event loop. What it makes of them enters the
 * gateway by OTLP, like everything else.
 */
import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { formatProblem, isProblem } from '../core/problem.ts';
import { Scheduler } from '../core/scheduler.ts';
import { lossesOfRelay, releaseRelayed } from './datagram-relay.ts';
import { aggregatorLimitsDefault } from './dogstatsd/aggregate/aggregator.ts';
import type { IntakeOptions } from './dogstatsd/intake.ts';
import { loadWrapper } from './dogstatsd/load-wrapper.ts';
import { batchAgeMsMax } from './dogstatsd/run/batch.ts';
import { type Listeners, startListeners } from './dogstatsd/run/listeners.ts';
import { RawLog } from './dogstatsd/run/raw-log.ts';
import { DogstatsdService } from './dogstatsd/run/service.ts';
import { parseAggregates, parsePercentiles } from './dogstatsd/wrap/settings.ts';
import { DogstatsdCounters } from './telemetry/dogstatsd-counters.ts';
import type { DogstatsdStart, FromWorker, ToWorker } from './worker-messages.ts';
import { alivePeriodMs } from './worker-watch.ts';

/** How often a window is looked for that is over. */
const closePeriodMs = 250;
const countPeriodMs = 500;
/** Series that had no value for so long are forgotten. */
const idleMs = 300_000;
const niceness = 10;
const waitingBytesMax = 32 * 1024 ** 2;

async function runDogstatsd(start: DogstatsdStart, clock: Clock): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'DogStatsD runs in a worker thread');
  const post = (message: FromWorker): void => port.postMessage(message);
  const say = (level: 'info' | 'warn' | 'error', text: string): void =>
    post({ kind: 'log', level, message: `dogstatsd: ${text}` });
  standBehind();
  const { config } = start;
  const wrapper = await loadWrapper(config.dogstatsdWrapper, {
    aggregates: parseAggregates(config.dogstatsdAggregates, '--dogstatsd-aggregates'),
    percentiles: parsePercentiles(config.dogstatsdPercentiles, '--dogstatsd-percentiles'),
    hasRates: false,
  });
  const log = await RawLog.open(config.dataDir, clock, (text) => say('warn', text));
  const intake = intakeOptions(start);
  const { target } = start;
  const at = (point: string): void => {
    if (`dogstatsd_${point}` === config.crashAt) process.kill(process.pid, 'SIGKILL');
    if (`dogstatsd_${point}:throw` === config.crashAt)
      throw new Error('asked for by OBSCTL_CRASH_AT');
  };
  const service = await DogstatsdService.start({ log, clock, intake, wrapper, target, say, at });
  const listeners = await startListeners(service, clock, {
    udp: config.dogstatsd,
    stream: config.dogstatsdStream,
    say,
  });
  const scheduler = schedule(service, listeners, start, clock, post);
  post({ kind: 'ready', ...(listeners.udp !== undefined && { udp: listeners.udp }) });
  const graceMs = await new Promise<number>((resolve) => {
    port.on('message', (message: ToWorker) => {
      if (message.kind === 'stop') resolve(message.graceMs);
      if (message.kind !== 'datagrams') return;
      listeners.takeOver(message.datagrams, message.socket);
      releaseRelayed(start.relayMemory, message.datagrams);
    });
  });
  await listeners.close();
  await scheduler.stop();
  await service.stop(graceMs);
  post({ kind: 'stopped', left: 0 });
  port.close();
}

/**
 * On Linux a thread has a niceness of its own: a flood of datagrams, which nobody waits for, takes
 * what requests, which somebody waits for, leave of the processors (issue 6).
 */
function standBehind(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, niceness);
  } catch {
    // Elsewhere, and where it is forbidden, threads are equal.
  }
}

function intakeOptions({ config }: DogstatsdStart): IntakeOptions {
  const seed = randomBytes(8);
  return {
    windowMs: config.dogstatsdWindowMs,
    idleWindows: Math.max(1, Math.ceil(idleMs / config.dogstatsdWindowMs)),
    limits: aggregatorLimitsDefault,
    seed: { low: seed.readInt32LE(0), high: seed.readInt32LE(4) },
    isOriginUsed: true,
    isPlain: config.dogstatsdPlain,
    waitingBytesMax,
  };
}

/** What happens by the clock; a job that dies here takes the gateway with it (H37). */
function schedule(
  service: DogstatsdService,
  listeners: Listeners,
  start: DogstatsdStart,
  clock: Clock,
  post: (message: FromWorker) => void,
): Scheduler {
  const counters = new DogstatsdCounters(start.counterMemory);
  const scheduler = new Scheduler({
    clock,
    onFailure: (name, error) =>
      post({ kind: 'log', level: 'error', message: `dogstatsd: ${name}: ${describe(error)}` }),
    flush: async () => service.flush(),
    // Where it happened has been logged.
    die: (name, error) =>
      post({
        kind: 'failed',
        message: `DogStatsD, ${name}: ${Error.isError(error) ? error.message : String(error)}`,
      }),
  });
  const every = (name: string, intervalMs: number, run: () => void | Promise<void>): void => {
    scheduler.schedule({ name, run, isCore: true }, { kind: 'fixed_rate', intervalMs });
  };
  every('capture', batchAgeMsMax, () => service.flush());
  every('aggregate', closePeriodMs, () => service.tick());
  const count = (): void => counters.write(service, listeners, lossesOfRelay(start.relayMemory));
  every('count', countPeriodMs, count);
  every('alive', alivePeriodMs, () => post({ kind: 'alive' }));
  return scheduler;
}

function describe(error: unknown): string {
  if (isProblem(error)) return formatProblem(error);
  return Error.isError(error) ? (error.stack ?? error.message) : String(error);
}

runDogstatsd(workerData as DogstatsdStart, systemClock).catch((error: unknown) => {
  parentPort?.postMessage({ kind: 'failed', message: describe(error) } satisfies FromWorker);
  parentPort?.close();
});

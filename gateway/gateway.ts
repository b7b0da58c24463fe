/**
 * The gateway as one thing: takes the data directory, brings the schema up to date, starts the
 * workers on a shared port, the admin listener and the report about itself.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { GatewayConfig } from './config.ts';
import { type Guarding, startGuarding } from './guarding.ts';
import type { LaneLog } from './lane/lane-types.ts';
import { createResendMemory } from './lane/resend-table.ts';
import { type Address, probeAddress } from './receive/listen.ts';
import { checkRedaction, readRedactionKey } from './redact/key.ts';
import { keepRollups } from './rollup-keeper.ts';
import { createThrottleMemory } from './sampling/throttle.ts';
import { keepSchema } from './schema-keeper.ts';
import { createLoadMemory } from './spread.ts';
import { type Admin, startAdmin } from './telemetry/admin.ts';
import { combine, createCounterMemory, slotOf } from './telemetry/counters.ts';
import { startSelfTelemetry } from './telemetry/self.ts';
import { acquireDirectoryLock } from './wal/lock.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';
import { watchWorker } from './worker-watch.ts';

/**
 * Young objects of a lane's thread. A lane makes few an item: with V8's own limit they fill 17 MB
 * before anyone looks, and the gateway costs no CPU less for it.
 */
const youngMegabytesMax = 6;

export type GatewayParts = {
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Version of this obsctl, for its own telemetry. */
  readonly version: string;
};

export type Gateway = {
  readonly otlpGrpc: Address;
  readonly otlpHttp: Address;
  readonly admin: Address;
  /** Rejects when a worker ends by itself. */
  readonly failed: Promise<never>;
  /** Finishes what is under way, delivers for up to the grace; bytes of the log that are left. */
  readonly stop: () => Promise<number>;
};

type RunningWorker = {
  readonly memory: SharedArrayBuffer;
  readonly ready: Promise<Extract<FromWorker, { kind: 'ready' }>>;
  /** Bytes left; rejects when the worker fails. */
  readonly stopped: Promise<number>;
  readonly stop: (graceMs: number) => void;
  readonly post: (message: ToWorker) => void;
};

/** A thread that does not end this long after its grace is ended. */
const workerEndMs = 5_000;

export async function startGateway(config: GatewayConfig, parts: GatewayParts): Promise<Gateway> {
  const { clock } = parts;
  checkRedaction(config.redaction, config.influxStrings);
  const startedMs = clock.nowMs();
  const lock = acquireDirectoryLock(config.dataDir);
  const cleanUp: (() => unknown)[] = [() => lock.release()];
  const unwind = async (): Promise<void> => {
    for (const undo of cleanUp.reverse()) await undo();
  };
  try {
    const gatewayId = readGatewayId(config.dataDir);
    let workers: readonly RunningWorker[] = [];
    const guarding = startGuarding(config, {
      ...parts,
      onChange: (material) => {
        for (const worker of workers) worker.post({ kind: 'guard', material });
      },
    });
    cleanUp.push(() => guarding.cancel());
    // Beside the workers' start: recovery does not wait for ClickHouse.
    const schema = keepSchema(config, parts);
    cleanUp.push(() => schema.cancel());
    const rollups = keepRollups(config, parts);
    cleanUp.push(() => rollups.cancel());
    const grpc = await probeAddress(config.otlpGrpc);
    const http = await probeAddress(config.otlpHttp);
    const reusePort = config.workers > 1;
    // One worker finds a free port when it listens: one found before may be taken meanwhile.
    const listen = reusePort
      ? { grpc, http, reusePort }
      : { grpc: config.otlpGrpc, http: config.otlpHttp, reusePort };
    const guard = guarding.start();
    workers = startWorkers(config, { gatewayId, listen, guard }, parts);
    cleanUp.push(async () => {
      for (const worker of workers) worker.stop(0);
      await Promise.allSettled(workers.map((worker) => worker.stopped));
    });
    let fault: string | undefined;
    const failed = Promise.race(workers.map(failure));
    failed.catch(() => {
      fault = 'lane_stopped';
    });
    const read = (): Float64Array => readCounters(workers, guarding);
    const faults = (): readonly string[] => (fault === undefined ? [] : [fault]);
    const admin: Admin = await startAdmin({
      address: config.admin,
      read,
      faults,
      book: guarding.adminBook,
      clock,
    });
    cleanUp.push(() => admin.close());
    const [first] = await Promise.all(workers.map((worker) => worker.ready));
    await schema.tried;
    const otlpHttp = first?.http ?? http;
    if (config.telemetryIntervalMs > 0) {
      const timer = startSelfTelemetry({
        target: { address: first?.own ?? otlpHttp, secret: guard.ownSecret },
        intervalMs: config.telemetryIntervalMs,
        read,
        origin: { gatewayId, version: parts.version, startedMs },
        clock,
      });
      cleanUp.push(() => timer.cancel());
    }
    return {
      otlpGrpc: first?.grpc ?? grpc,
      otlpHttp,
      admin: admin.address,
      failed,
      stop: async () => {
        for (const worker of workers) worker.stop(config.graceMs);
        try {
          return await bytesLeft(workers);
        } finally {
          await unwind();
        }
      },
    };
  } catch (error) {
    await unwind();
    throw error;
  }
}

/** Waits for every worker, also behind one that failed; then its failure is thrown. */
async function bytesLeft(workers: readonly RunningWorker[]): Promise<number> {
  const stopped = workers.map((worker) => worker.stopped);
  await Promise.allSettled(stopped);
  return (await Promise.all(stopped)).reduce((sum, bytes) => sum + bytes, 0);
}

/** Delivers what a data directory holds, without listening. Bytes of the log that are left. */
export async function drainGateway(
  config: GatewayConfig,
  parts: GatewayParts,
  signal: AbortSignal,
): Promise<number> {
  const lock = acquireDirectoryLock(config.dataDir);
  try {
    const schema = keepSchema(config, parts);
    await schema.tried;
    const gatewayId = readGatewayId(config.dataDir);
    const alone = { gatewayId, listen: undefined, guard: undefined };
    const workers = startWorkers(config, alone, parts);
    const stop = (): void => {
      for (const worker of workers) worker.stop(0);
    };
    signal.addEventListener('abort', stop, { once: true });
    return await bytesLeft(workers).finally(() => schema.cancel());
  } finally {
    lock.release();
  }
}

function startWorkers(
  config: GatewayConfig,
  { gatewayId, listen, guard }: Pick<WorkerStart, 'gatewayId' | 'listen' | 'guard'>,
  parts: GatewayParts,
): readonly RunningWorker[] {
  const names = laneNames(config);
  const throttleMemory = createThrottleMemory();
  const redactionKey = readRedactionKey(config.redaction, config.redactionKeyFile);
  const loadMemory = createLoadMemory(config.workers);
  const resendMemory = config.resendWindowMs > 0 ? createResendMemory(names.length) : undefined;
  return Array.from({ length: config.workers }, (_, index) =>
    startWorker(
      {
        config,
        gatewayId,
        laneNames: names.filter((_name, place) => place % config.workers === index),
        counterMemory: createCounterMemory(),
        resendMemory,
        throttleMemory,
        redactionKey,
        loadMemory,
        index,
        listen,
        // One way in for our own report is enough.
        guard: guard && { ...guard, ownSecret: index === 0 ? guard.ownSecret : undefined },
      },
      parts,
    ),
  );
}

/** Directories on disk first, so that a start with fewer workers adopts every one. */
function laneNames(config: GatewayConfig): readonly string[] {
  const directory = join(config.dataDir, 'lanes');
  mkdirSync(directory, { recursive: true });
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  while (names.length < config.workers) names.push(randomBytes(16).toString('hex'));
  return names;
}

function startWorker(start: WorkerStart, { clock, log }: GatewayParts): RunningWorker {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const worker = new Worker(new URL(`./lane-worker${extension}`, import.meta.url), {
    workerData: start,
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
  });
  const ready = Promise.withResolvers<Extract<FromWorker, { kind: 'ready' }>>();
  const stopped = Promise.withResolvers<number>();
  const fail = (error: Error): void => {
    ready.reject(error);
    stopped.reject(error);
    watch.end();
  };
  const watch = watchWorker(clock, (silentMs) => {
    const text = `a lane has done nothing for ${silentMs / 1000} s`;
    fail(new Problem('OBS-2040', text, { reach: 'outside' }));
  });
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'alive') watch.alive();
    else if (message.kind === 'ready') ready.resolve(message);
    else if (message.kind === 'log') log(message.level, message.message);
    else if (message.kind === 'stopped') stopped.resolve(message.left);
    else fail(new Problem('OBS-2040', message.message, { reach: 'outside' }));
  });
  worker.on('error', (error) => {
    const text = Error.isError(error) ? error.message : String(error);
    fail(new Problem('OBS-2040', text, { cause: error, reach: 'outside' }));
  });
  worker.on('exit', () => fail(new Problem('OBS-2040', 'a lane ended', { reach: 'outside' })));
  // Whoever waits sees the failure; nobody waiting is no unhandled rejection.
  ready.promise.catch(() => {});
  stopped.promise.catch(() => {});
  return {
    memory: start.counterMemory,
    ready: ready.promise,
    stopped: stopped.promise,
    post: (message) => worker.postMessage(message),
    stop: (graceMs) => {
      worker.postMessage({ kind: 'stop', graceMs } satisfies ToWorker);
      const ending = AbortSignal.timeout(graceMs + workerEndMs);
      ending.addEventListener('abort', () => void worker.terminate(), { once: true });
    },
  };
}

async function failure(worker: RunningWorker): Promise<never> {
  await worker.stopped;
  return await new Promise<never>(() => {});
}

const residentSlot = slotOf('process.memory.usage');
const userSlot = slotOf('process.cpu.time', 'user');
const systemSlot = slotOf('process.cpu.time', 'system');
const secondsPerMicrosecond = 1e-6;

function readCounters(workers: readonly RunningWorker[], guarding: Guarding): Float64Array {
  const values = combine(workers.map((worker) => new Float64Array(worker.memory)));
  const { user, system } = process.cpuUsage();
  guarding.write(values);
  values[residentSlot] = process.memoryUsage.rss();
  values[userSlot] = user * secondsPerMicrosecond;
  values[systemSlot] = system * secondsPerMicrosecond;
  return values;
}

/** Random and kept: it names this gateway in receipts and telemetry. */
function readGatewayId(dataDir: string): string {
  const path = join(dataDir, 'gateway-id');
  try {
    const text = readFileSync(path, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(text)) return text;
  } catch {
    // A new data directory has none.
  }
  const id = randomBytes(16).toString('hex');
  writeFileSync(`${path}.new`, `${id}\n`);
  renameSync(`${path}.new`, path);
  return id;
}

/**
 * The gateway as one thing: takes the data directory, brings the schema up to date, starts the
 * workers on a shared port, the admin listener and the report about itself.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { ArchiveThread } from './archive-thread.ts';
import { type GatewayConfig, ofEachShard } from './config.ts';
import { type DogstatsdThread, startDogstatsd } from './dogstatsd-thread.ts';
import { keepEdges } from './edge-keeper.ts';
import { keepFlows } from './flow-keeper.ts';
import { type Guarding, startGuarding } from './guarding.ts';
import { keepHours } from './hour-keeper.ts';
import type { LaneLog } from './lane/lane-types.ts';
import { createResendMemory } from './lane/resend-table.ts';
import { type Opamp, startOpamp } from './opamp/opamp.ts';
import { type Address, probeAddress } from './receive/listen.ts';
import { checkRedaction, readRedactionKey } from './redact/key.ts';
import { keepRollups } from './rollup-keeper.ts';
import { type RunningWorker, startWorker } from './running-worker.ts';
import { createThrottleMemory } from './sampling/throttle.ts';
import { keepSchema } from './schema-keeper.ts';
import { createLoadMemory } from './spread.ts';
import { type Admin, startAdmin } from './telemetry/admin.ts';
import { archivePrefix } from './telemetry/archive-counters.ts';
import { combine, createCounterMemory, slotOf, takeOver } from './telemetry/counters.ts';
import { dogstatsdPrefix } from './telemetry/dogstatsd-counters.ts';
import { startSelfTelemetry } from './telemetry/self.ts';
import { acquireDirectoryLock } from './wal/lock.ts';
import type { WorkerStart } from './worker-messages.ts';

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
  /** Absent when nobody listens for datagrams. */
  readonly dogstatsd: Address | undefined;
  readonly admin: Address;
  /** Rejects when a worker ends by itself. */
  readonly failed: Promise<never>;
  /** Finishes what is under way, delivers for up to the grace; bytes of the log that are left. */
  readonly stop: () => Promise<number>;
};

/** Its part of the grace. */
const dogstatsdGrace = 0.25;

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
    let dogstatsd: DogstatsdThread | undefined;
    const guarding = startGuarding(config, {
      ...parts,
      onChange: (material) => {
        for (const worker of workers) worker.post({ kind: 'guard', material });
      },
    });
    const opamp = startOpamp(config, parts);
    // Beside the workers' start: recovery does not wait for ClickHouse.
    const database = keepDatabase(config, parts);
    for (const part of [guarding, opamp, database]) cleanUp.push(() => part.cancel());
    const { grpc, http, listen } = await addressesOf(config);
    const guard = guarding.start();
    const names = laneNames(config);
    const archive = new ArchiveThread(config, { gatewayId, laneNames: names }, parts);
    const ways = { gatewayId, listen, guard, archiveMemory: archive.memory };
    workers = startWorkers(config, names, ways, { ...parts, opamp });
    cleanUp.push(async () => {
      for (const worker of workers) worker.stop(0);
      await Promise.allSettled(workers.map((worker) => worker.stopped));
    });
    let fault: string | undefined;
    const ended = Promise.withResolvers<never>();
    const failed = Promise.race([...workers.map(failure), ended.promise]);
    failed.catch(() => {
      fault = 'lane_stopped';
    });
    const read = () => readCounters(workers, { dogstatsd, archive }, [guarding, opamp]);
    const faults = (): readonly string[] => (fault === undefined ? [] : [fault]);
    const book = guarding.adminBook;
    const admin: Admin = await startAdmin({ address: config.admin, read, faults, book, clock });
    cleanUp.push(() => admin.close());
    const [first] = await Promise.all(workers.map((worker) => worker.ready));
    archive.start(ended.reject);
    cleanUp.push(async () => await archive.stop(0));
    await database.tried;
    const otlpHttp = first?.http ?? http;
    const target = { address: first?.own ?? otlpHttp, secret: guard.ownSecret };
    dogstatsd = await startDogstatsd(config, target, parts);
    cleanUp.push(async () => await dogstatsd?.stop(0));
    let broken: Error | undefined;
    dogstatsd?.failed.catch((error: Error) => {
      broken = error;
      ended.reject(error);
    });
    const origin = { gatewayId, version: parts.version, startedMs };
    cleanUp.push(startReport(config, { target, read, origin, clock }));
    return {
      otlpGrpc: first?.grpc ?? grpc,
      otlpHttp,
      dogstatsd: dogstatsd?.udp,
      admin: admin.address,
      failed,
      stop: async () => {
        // First of all, so that what it brings is stored by lanes that still take requests.
        await dogstatsd?.stop(config.graceMs * dogstatsdGrace);
        for (const worker of workers) worker.stop(config.graceMs);
        try {
          const left = await bytesLeft(workers);
          await archive.stop(config.graceMs);
          if (broken !== undefined) throw broken;
          return left;
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

/** The gateway's report about itself, where one is wanted; gives what ends it. */
function startReport(
  { telemetryIntervalMs: intervalMs }: GatewayConfig,
  parts: Omit<Parameters<typeof startSelfTelemetry>[0], 'intervalMs'>,
): () => void {
  if (intervalMs === 0) return () => {};
  const timer = startSelfTelemetry({ ...parts, intervalMs });
  return () => timer.cancel();
}

/** The schema brought up to date, and what is made of closed hours, on every shard. */
function keepDatabase(config: GatewayConfig, parts: GatewayParts) {
  const schema = keepSchema(config, parts);
  const keepers = [keepRollups, keepEdges, keepHours, keepFlows];
  const timers = ofEachShard(config).flatMap((shard) => keepers.map((keep) => keep(shard, parts)));
  const cancel = (): void => {
    for (const one of [schema, ...timers]) one.cancel();
  };
  return { tried: schema.tried, cancel };
}

/** Where to listen, with free ports for those that are 0. */
async function addressesOf({ otlpGrpc, otlpHttp, workers }: GatewayConfig) {
  const grpc = await probeAddress(otlpGrpc);
  const http = await probeAddress(otlpHttp);
  const reusePort = workers > 1;
  // One worker finds a free port when it listens: one found before may be taken meanwhile.
  const wanted = reusePort ? { grpc, http } : { grpc: otlpGrpc, http: otlpHttp };
  return { grpc, http, listen: { ...wanted, reusePort } };
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
    const names = laneNames(config);
    const archive = new ArchiveThread(config, { gatewayId, laneNames: names }, parts);
    const { memory: archiveMemory } = archive;
    const alone = { gatewayId, listen: undefined, guard: undefined, archiveMemory };
    const workers = startWorkers(config, names, alone, parts);
    const stop = (): void => {
      for (const worker of workers) worker.stop(0);
    };
    signal.addEventListener('abort', stop, { once: true });
    const left = await bytesLeft(workers).finally(() => schema.cancel());
    archive.start();
    await archive.stop(config.graceMs);
    return left;
  } finally {
    lock.release();
  }
}

function startWorkers(
  config: GatewayConfig,
  names: readonly string[],
  ways: Pick<WorkerStart, 'gatewayId' | 'listen' | 'guard' | 'archiveMemory'>,
  parts: GatewayParts & { readonly opamp?: Opamp },
): readonly RunningWorker[] {
  const { guard } = ways;
  const throttleMemory = createThrottleMemory();
  const redactionKey = readRedactionKey(config.redaction, config.redactionKeyFile);
  const loadMemory = createLoadMemory(config.workers);
  const resendMemory = config.resendWindowMs > 0 ? createResendMemory(names.length) : undefined;
  return Array.from({ length: config.workers }, (_, index) =>
    startWorker(
      { program: 'lane-worker', name: 'a lane' },
      {
        ...ways,
        config,
        laneNames: names.filter((_name, place) => place % config.workers === index),
        counterMemory: createCounterMemory(),
        resendMemory,
        throttleMemory,
        redactionKey,
        loadMemory,
        index,
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

async function failure(worker: RunningWorker): Promise<never> {
  await worker.stopped;
  return await new Promise<never>(() => {});
}

const residentSlot = slotOf('process.memory.usage');
const userSlot = slotOf('process.cpu.time', 'user');
const systemSlot = slotOf('process.cpu.time', 'system');
const secondsPerMicrosecond = 1e-6;

function readCounters(
  workers: readonly RunningWorker[],
  {
    dogstatsd,
    archive,
  }: {
    readonly dogstatsd: DogstatsdThread | undefined;
    readonly archive: ArchiveThread;
  },
  mainParts: readonly Pick<Guarding, 'write'>[],
): Float64Array {
  const values = combine(workers.map((worker) => new Float64Array(worker.memory)));
  if (dogstatsd !== undefined) takeOver(values, dogstatsd.memory, dogstatsdPrefix);
  takeOver(values, archive.counterMemory, archivePrefix);
  const { user, system } = process.cpuUsage();
  for (const part of mainParts) part.write(values);
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

/**
 * The program of one worker thread: opens its lanes, listens, and reports through shared memory.
 * The first lane takes requests; further ones were left by a start with more workers and are
 * only delivered.
 */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort, workerData } from 'node:worker_threads';
import { followCredentials } from '../clickhouse/credentials.ts';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { formatProblem, isProblem } from '../core/problem.ts';
import { credentialSource } from './clickhouse-connection.ts';
import type { GatewayConfig } from './config.ts';
import { createOpenBlocks } from './decode/blocks.ts';
import { decodeInto } from './decode/decode.ts';
import { useCore } from './decode/wasm/core.ts';
import { openDeadLetter } from './deliver/dead-letter.ts';
import { createDestination } from './deliver/destination.ts';
import { createInsertClient } from './deliver/insert-client.ts';
import { corsOf } from './guard/cors.ts';
import { type Guard, ownGuard } from './guard/guard.ts';
import type { GuardMaterial } from './guard/material.ts';
import type { GuardStart } from './guarding.ts';
import { busyAnswer } from './lane/busy.ts';
import { destinationName, Lane } from './lane/lane.ts';
import { type LaneLog, retentionDaysOf } from './lane/lane-types.ts';
import { ResendTable } from './lane/resend-table.ts';
import { Resends } from './lane/resends.ts';
import { warmUp } from './lane/warm-up.ts';
import { Admission } from './receive/admission.ts';
import { Aside } from './receive/aside.ts';
import { startGrpc } from './receive/grpc.ts';
import { startHttp } from './receive/http.ts';
import type { Address } from './receive/listen.ts';
import type { Receiver } from './receive/receiver.ts';
import { Redaction } from './redact/redaction.ts';
import { samplesAnything, Throttles } from './sampling/throttle.ts';
import { startSpreading } from './spread.ts';
import { LaneCounters } from './telemetry/lane-counters.ts';
import { openWal } from './wal/wal.ts';
import { guardOf, sharesOf } from './worker-guard.ts';
import { alivePeriodMs } from './worker-watch.ts';

export type WorkerStart = {
  readonly config: GatewayConfig;
  readonly gatewayId: string;
  /** Names of lane directories; the first takes requests. */
  readonly laneNames: readonly string[];
  readonly counterMemory: SharedArrayBuffer;
  /** Shared by all workers; absent: resends are stored like everything else. */
  readonly resendMemory: SharedArrayBuffer | undefined;
  /** How busy each worker is, and which of them this one is. */
  readonly loadMemory: SharedArrayBuffer;
  readonly index: number;
  /** Shared by all workers. */
  readonly throttleMemory: SharedArrayBuffer;
  readonly redactionKey: Uint8Array;
  /** Absent: deliver what is there, then stop. */
  readonly listen:
    | { readonly grpc: Address; readonly http: Address; readonly reusePort: boolean }
    | undefined;
  /** Absent only when nothing listens. */
  readonly guard: GuardStart | undefined;
};

export type ToWorker =
  | { readonly kind: 'stop'; readonly graceMs: number }
  /** The guard's files have changed. */
  | { readonly kind: 'guard'; readonly material: GuardMaterial };

export type FromWorker =
  | {
      readonly kind: 'ready';
      readonly grpc?: Address;
      readonly http?: Address;
      /** Where the gateway's own report is let in, when everything else is guarded. */
      readonly own?: Address;
    }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly message: string;
    }
  | { readonly kind: 'failed'; readonly message: string }
  /** Said all the time, so that a worker that hangs is noticed. */
  | { readonly kind: 'alive' }
  /** The log is closed; `left` bytes of it ClickHouse has not acknowledged. */
  | { readonly kind: 'stopped'; readonly left: number };

const tickPeriodMs = 50;
/** How often a worker looks whether the others have read their logs. */
const recoveryPollMs = 5;
const gaugePeriodMs = 500;
/** Between two looks at how late the event loop is. */
const loopSampleMs = 20;
/** Connections to ClickHouse a worker: two seals of four units, and questions. */
const connectionsMax = 10;
/** The log demands room for four of the largest records. */
const walRecordsMin = 4;
const seconds = 1e-9;

async function runLaneWorker(start: WorkerStart, clock: Clock): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'a lane worker runs in a worker thread');
  const post = (message: FromWorker): void => port.postMessage(message);
  const { config } = start;
  const counters = new LaneCounters(start.counterMemory);
  counters.unready('starting', true);
  const client = createInsertClient({
    url: config.clickhouseUrl,
    database: config.database,
    credentials: followCredentials(credentialSource(config)),
    connectionsMax,
  });
  const log: LaneLog = (level, message) => post({ kind: 'log', level, message });
  const table = start.resendMemory && new ResendTable(start.resendMemory, config.resendWindowMs);
  let lane: Lane | undefined;
  const guard =
    start.guard && guardOf(start.guard, config, clock, (tenant) => lane?.fullAt(tenant));
  const lanes = await openLanes(start, { counters, clock, log, client, table, guard });
  [lane] = lanes;
  assert(lane !== undefined, 'a worker has a lane');
  useCore(start.config.decodeCore);
  warmUp(clock);
  // A request whose answer got lost may be in the log of any lane.
  while (table?.isRecovered() === false) await clock.sleep(recoveryPollMs);
  const admission = new Admission(Math.ceil(config.bytesInFlightMax / config.workers));
  counters.gauge('obsctl.gateway.in_flight.limit', admission.bytesMax);
  const receivers = await startReceivers(start, { lane, admission, counters, clock, guard });
  const ticking = clock.every(tickPeriodMs, () => {
    for (const entry of lanes) entry.tick();
  });
  const living = clock.every(alivePeriodMs, () => post({ kind: 'alive' }));
  const gauging = startGauges({ ...start, lanes, admission, receivers, counters, clock });
  const [grpc, http, own] = receivers;
  const spreading = startSpreading(start.loadMemory, start.index, clock, () => {
    grpc?.moveOne();
  });
  counters.unready('starting', false);
  post({
    kind: 'ready',
    ...(grpc !== undefined && { grpc: grpc.address }),
    ...(http !== undefined && { http: http.address }),
    ...(own !== undefined && { own: own.address }),
  });
  const graceMs = await stopRequested(start, lanes, clock, (material) => {
    guard?.update(material);
    const { tls } = material;
    if (tls !== undefined) for (const receiver of [grpc, http]) receiver?.setTls(tls);
  });
  counters.unready('shutting_down', true);
  const deadline = AbortSignal.timeout(graceMs);
  // Half of the grace for senders that keep their connections, the rest for delivery.
  await Promise.all(receivers.map((receiver) => receiver.close(graceMs / 2)));
  for (const entry of lanes) entry.stopAccepting();
  await Promise.all(lanes.map((entry) => entry.drain(deadline)));
  ticking.cancel();
  gauging.cancel();
  living.cancel();
  spreading.cancel();
  const closing = lanes.map((entry) => entry.close());
  client.destroy();
  await Promise.all(closing);
  const left = lanes.map((entry) => entry.state()).map((s) => s.durable - s.acknowledged);
  post({ kind: 'stopped', left: left.reduce((sum, bytes) => sum + bytes, 0) });
  port.close();
}

type LaneShared = {
  readonly counters: LaneCounters;
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly client: ReturnType<typeof createInsertClient>;
  readonly table: ResendTable | undefined;
  readonly guard: Guard | undefined;
};

async function openLanes(start: WorkerStart, shared: LaneShared): Promise<readonly Lane[]> {
  const { config } = start;
  const { counters, clock, log, client, table, guard } = shared;
  const destination = createDestination({
    client,
    database: config.database,
    insertTimeoutMs: config.insertTimeoutMs,
    clock,
  });
  const { sampling } = config;
  const throttles = samplesAnything(sampling)
    ? new Throttles(start.throttleMemory, sampling, clock.nowMs)
    : undefined;
  const redaction =
    config.redaction.rules.length > 0
      ? new Redaction(config.redaction, start.redactionKey)
      : undefined;
  const lanes: Lane[] = [];
  for (const name of start.laneNames) {
    const { wal, recovery, logId } = await openWal({
      dir: join(config.dataDir, 'lanes', name),
      clock,
      sizeBytesMax: walBytesPerLane(config),
      recordBytesMax: config.bodyBytesMax,
      destinations: [destinationName],
    });
    for (const note of recovery.notes) log('info', `lane ${name}: ${note}`);
    for (const { from, to, reason } of recovery.damaged) {
      log('error', `lane ${name}: positions ${from} to ${to} are damaged and skipped: ${reason}`);
      counters.dropped('log_damaged', 1);
    }
    const lane = new Lane({
      id: logId,
      gateway: start.gatewayId,
      wal,
      decoder: { createBlocks: createOpenBlocks, decode: decodeInto },
      destination,
      deadLetter: openDeadLetter({
        directory: join(config.dataDir, 'dead-letter'),
        gateway: start.gatewayId,
        lane: logId,
      }),
      order: config.deliveryOrder,
      clock,
      random: Math.random,
      counters,
      resends:
        table === undefined
          ? undefined
          : new Resends(table, clock, (signal) => counters.resent(signal)),
      shares: sharesOf(config, walBytesPerLane(config)),
      onDecoded: (tenant, items) => guard?.decoded(tenant, items),
      throttles,
      redaction,
      limits: { ...config, retentionDays: retentionDaysOf(config.retentionDays) },
      log,
      at: (point) => {
        if (point === config.crashAt) process.kill(process.pid, 'SIGKILL');
        if (`${point}:throw` === config.crashAt) throw new Error('asked for by OBSCTL_CRASH_AT');
        while (`${point}:hang` === config.crashAt);
      },
    });
    await lane.recover();
    table?.laneRecovered();
    lanes.push(lane);
  }
  return lanes;
}

function walBytesPerLane(config: GatewayConfig): number {
  const least = (config.bodyBytesMax + 4096) * walRecordsMin;
  return Math.max(Math.floor(config.walBytesMax / config.workers), least);
}

async function startReceivers(
  start: WorkerStart,
  parts: {
    readonly lane: Lane;
    readonly admission: Admission;
    readonly counters: LaneCounters;
    readonly clock: Clock;
    readonly guard: Guard | undefined;
  },
): Promise<readonly Receiver[]> {
  const { lane, admission, counters, clock, guard } = parts;
  if (start.listen === undefined || guard === undefined) return [];
  const tls = start.guard?.material.tls;
  const { influxStrings, retentionDays } = start.config;
  const { logs: logsDays } = retentionDaysOf(retentionDays);
  const common = {
    acceptor: lane,
    admission,
    clock,
    counters: counters.receivers(),
    limits: { bodyBytesMax: start.config.bodyBytesMax },
    reusePort: start.listen.reusePort,
    aside: new Aside(clock),
    protocols: { influx: { strings: influxStrings, logsDays } },
    gate: () => {
      const reason = lane.refusal();
      return reason === undefined ? undefined : busyAnswer(reason);
    },
  };
  const guarded = { ...common, guard, tls };
  const cors = corsOf(start.config.corsOrigins);
  const framing = start.config.grpcFraming;
  const grpc = await startGrpc({ ...guarded, ...start.listen.grpc, framing });
  const http = await startHttp({ ...guarded, cors, ...start.listen.http });
  const secret = start.guard?.ownSecret;
  if (secret === undefined) return [grpc, http];
  const own = { ...common, guard: ownGuard(secret), reusePort: false };
  return [grpc, http, await startHttp({ ...own, host: '127.0.0.1', port: 0 })];
}

type Gauged = {
  readonly lanes: readonly Lane[];
  readonly admission: Admission;
  readonly receivers: readonly Receiver[];
  readonly counters: LaneCounters;
  readonly clock: Clock;
  readonly config: GatewayConfig;
  readonly index: number;
};

function startGauges(parts: Gauged): { readonly cancel: () => void } {
  const delay = monitorEventLoopDelay({ resolution: loopSampleMs });
  delay.enable();
  const update = (): void => {
    writeGauges(parts);
    // What is measured is the time between two samples, so a loop that is never late shows theirs.
    const late = delay.percentile(99) * seconds - loopSampleMs / 1000;
    parts.counters.eventLoopDelay(parts.index, Math.max(0, late));
    delay.reset();
  };
  update();
  return parts.clock.every(gaugePeriodMs, update);
}

function writeGauges({ lanes, admission, receivers, counters, clock, config }: Gauged): void {
  const states = lanes.map((lane) => lane.state());
  const sum = (pick: (state: (typeof states)[number]) => number): number =>
    states.reduce((total, state) => total + pick(state), 0);
  counters.position(
    'written',
    sum((state) => state.written),
  );
  counters.position(
    'durable',
    sum((state) => state.durable),
  );
  counters.position(
    'sealed',
    sum((state) => state.sealed),
  );
  counters.position(
    'acknowledged',
    sum((state) => state.acknowledged),
  );
  counters.gauge(
    'obsctl.gateway.wal.size',
    sum((state) => state.walBytes),
  );
  counters.gauge('obsctl.gateway.wal.limit', walBytesPerLane(config) * lanes.length);
  counters.gauge(
    'obsctl.gateway.open.rows',
    sum((state) => state.openRows),
  );
  counters.gauge(
    'obsctl.gateway.sealed.backlog',
    sum((state) => state.backlogSeals),
  );
  counters.gauge(
    'obsctl.gateway.parked.seals',
    sum((state) => state.parkedSeals),
  );
  const received = states.flatMap((state) => state.oldestReceivedMs ?? []);
  const oldestMs = received.length === 0 ? clock.nowMs() : Math.min(...received);
  counters.gauge('obsctl.gateway.lag', Math.max(0, clock.nowMs() - oldestMs) / 1000);
  counters.gauge('obsctl.gateway.in_flight.size', admission.inFlightBytes);
  const isUp = states.every((state) => state.isClickHouseUp);
  counters.gauge('obsctl.gateway.clickhouse.up', isUp ? 1 : 0);
  const [grpc, http] = receivers;
  counters.connections('grpc', grpc?.connectionCount() ?? 0);
  counters.connections('http', http?.connectionCount() ?? 0);
  const refusals = states.map((state) => state.refusal);
  counters.unready('disk_error', refusals.includes('disk_error'));
  counters.unready('disk_budget', refusals.includes('disk_budget'));
}

/** Resolves with the grace when the main thread says stop, or when a drain is complete. */
function stopRequested(
  start: WorkerStart,
  lanes: readonly Lane[],
  clock: Clock,
  onMaterial: (material: GuardMaterial) => void,
): Promise<number> {
  return new Promise((resolve) => {
    parentPort?.on('message', (message: ToWorker) => {
      if (message.kind === 'guard') onMaterial(message.material);
      else resolve(message.graceMs);
    });
    if (start.listen !== undefined) return;
    const whole = new AbortController().signal;
    void Promise.all(lanes.map((lane) => lane.drain(whole))).then(async () => {
      await clock.sleep(0);
      resolve(start.config.graceMs);
    });
  });
}

function describe(error: unknown): string {
  if (isProblem(error)) return formatProblem(error);
  return Error.isError(error) ? (error.stack ?? error.message) : String(error);
}

runLaneWorker(workerData as WorkerStart, systemClock).catch((error: unknown) => {
  parentPort?.postMessage({ kind: 'failed', message: describe(error) } satisfies FromWorker);
  parentPort?.close();
});

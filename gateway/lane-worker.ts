/**
 * The program of one worker thread: opens its lanes, listens, and reports through shared memory.
 * The first lane takes requests; further ones were left by a start with more workers and are
 * only delivered.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { followCredentials } from '../clickhouse/credentials.ts';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { formatProblem, isProblem } from '../core/problem.ts';
import { ArchivePositions, archiveDestination } from './archive/positions.ts';
import { credentialSource } from './clickhouse-connection.ts';
import { createOpenBlocks } from './decode/blocks.ts';
import { decodeInto } from './decode/decode.ts';
import { useCore } from './decode/wasm/core.ts';
import { openDeadLetter } from './deliver/dead-letter.ts';
import { openShards } from './deliver/open-shards.ts';
import type { Shards } from './deliver/shards.ts';
import type { Guard } from './guard/guard.ts';
import { SeriesGuard } from './guard/series-guard.ts';
import { destinationName, Lane } from './lane/lane.ts';
import { type LaneLog, retentionDaysOf } from './lane/lane-types.ts';
import { ResendTable } from './lane/resend-table.ts';
import { Resends } from './lane/resends.ts';
import { warmUp } from './lane/warm-up.ts';
import { OpampRelay } from './opamp/relay.ts';
import { Admission } from './receive/admission.ts';
import type { Receiver } from './receive/receiver.ts';
import { Redaction } from './redact/redaction.ts';
import { samplesAnything, Throttles } from './sampling/throttle.ts';
import { startSpreading } from './spread.ts';
import { LaneCounters } from './telemetry/lane-counters.ts';
import { openWal } from './wal/wal.ts';
import type { Wal } from './wal/wal-types.ts';
import { startGauges, walBytesPerLane } from './worker-gauges.ts';
import { guardOf, seriesGuardOf, sharesOf } from './worker-guard.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';
import { startReceivers } from './worker-receivers.ts';
import { alivePeriodMs } from './worker-watch.ts';

const tickPeriodMs = 50;
/** How often a worker looks whether the others have read their logs. */
const recoveryPollMs = 5;
/** Connections to ClickHouse a worker: two seals of four units, and questions. */
const connectionsMax = 10;

async function runLaneWorker(start: WorkerStart, clock: Clock): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'a lane worker runs in a worker thread');
  const post = (message: FromWorker): void => port.postMessage(message);
  const { config } = start;
  const counters = new LaneCounters(start.counterMemory);
  counters.unready('starting', true);
  const credentials = followCredentials(credentialSource(config));
  const { database } = config;
  const log: LaneLog = (level, message) => post({ kind: 'log', level, message });
  const { shards, destroy } = openShards({
    ...{ urls: config.clickhouseShards, database, credentials, connectionsMax },
    ...{ insertTimeoutMs: config.insertTimeoutMs, insertQuorum: config.insertQuorum },
    ...{ clock, firstReplica: start.index },
    onMove: (message) => log('warn', message),
  });
  const table = start.resendMemory && new ResendTable(start.resendMemory, config.resendWindowMs);
  let lane: Lane | undefined;
  const guard =
    start.guard && guardOf(start.guard, config, clock, (tenant) => lane?.fullAt(tenant));
  const opened = await openLanes(start, { counters, clock, log, shards, table, guard });
  const lanes = opened.map((entry) => entry.lane);
  const meetArchive = archiveMeeting(start, opened);
  meetArchive();
  [lane] = lanes;
  assert(lane !== undefined, 'a worker has a lane');
  useCore(start.config.decodeCore);
  warmUp(clock);
  // A request whose answer got lost may be in the log of any lane.
  while (table?.isRecovered() === false) await clock.sleep(recoveryPollMs);
  const admission = new Admission(Math.ceil(config.bytesInFlightMax / config.workers));
  counters.gauge('obsctl.gateway.in_flight.limit', admission.bytesMax);
  const relay = new OpampRelay(post);
  const receivers = await startReceivers(config, start, {
    lane,
    admission,
    counters,
    clock,
    guard,
    askOpamp: (tenant, body) => relay.ask(tenant, body),
  });
  const ticking = clock.every(tickPeriodMs, () => {
    for (const entry of lanes) entry.tick();
    meetArchive();
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
  const graceMs = await stopRequested(start, lanes, clock, (message) => {
    if (message.kind === 'opamp') {
      relay.take(message);
      return;
    }
    const { material } = message;
    guard?.update(material);
    const { tls } = material;
    if (tls !== undefined) for (const receiver of [grpc, http]) receiver?.setTls(tls);
  });
  counters.unready('shutting_down', true);
  await finish(receivers, lanes, graceMs);
  meetArchive();
  for (const timer of [ticking, gauging, living, spreading]) timer.cancel();
  const closing = lanes.map((entry) => entry.close());
  destroy();
  await Promise.all(closing);
  const left = lanes.map((entry) => entry.state()).map((s) => s.durable - s.acknowledged);
  post({ kind: 'stopped', left: left.reduce((sum, bytes) => sum + bytes, 0) });
  port.close();
}

/** Takes nothing more in, and brings what is there as far as it goes in the time. */
async function finish(
  receivers: readonly Receiver[],
  lanes: readonly Lane[],
  graceMs: number,
): Promise<void> {
  const deadline = AbortSignal.timeout(graceMs);
  // Half of the grace for senders that keep their connections, the rest for delivery.
  await Promise.all(receivers.map((receiver) => receiver.close(graceMs / 2)));
  for (const entry of lanes) entry.stopAccepting();
  await Promise.all(lanes.map((entry) => entry.drain(deadline)));
}

type OpenLane = { readonly lane: Lane; readonly wal: Wal };

type LaneShared = {
  readonly counters: LaneCounters;
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly shards: Shards;
  readonly table: ResendTable | undefined;
  readonly guard: Guard | undefined;
};

async function openLanes(start: WorkerStart, shared: LaneShared): Promise<readonly OpenLane[]> {
  const { config } = start;
  const { counters, clock, log, shards, table, guard } = shared;
  const createBlocks = (count = shards.count) => createOpenBlocks({ shards: count });
  const { sampling } = config;
  const throttles = samplesAnything(sampling)
    ? new Throttles(start.throttleMemory, sampling, clock.nowMs)
    : undefined;
  const redaction =
    config.redaction.rules.length > 0
      ? new Redaction(config.redaction, start.redactionKey)
      : undefined;
  const series = seriesGuardOf(config, clock, counters, log);
  const mayChange = series === undefined ? undefined : SeriesGuard.counts;
  const isArchived = start.archiveMemory !== undefined;
  const lanes: OpenLane[] = [];
  for (const name of start.laneNames) {
    const { wal, recovery, logId } = await openWal({
      dir: join(config.dataDir, 'lanes', name),
      clock,
      sizeBytesMax: walBytesPerLane(config),
      recordBytesMax: config.bodyBytesMax,
      destinations: isArchived ? [destinationName, archiveDestination] : [destinationName],
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
      decoder: { createBlocks, decode: decodeInto },
      shards,
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
          : new Resends(table, clock, (signal) => counters.resent(signal), mayChange),
      shares: sharesOf(config, walBytesPerLane(config)),
      onDecoded: (tenant, items) => guard?.decoded(tenant, items),
      series,
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
    lanes.push({ lane, wal });
  }
  return lanes;
}

/** Tells the archive's thread what is durable, and the logs what is archived. */
function archiveMeeting(start: WorkerStart, opened: readonly OpenLane[]): () => void {
  if (start.archiveMemory === undefined) return () => {};
  const positions = new ArchivePositions(start.archiveMemory);
  // As `gateway.ts` deals lanes out.
  const slot = (place: number): number => start.index + place * start.config.workers;
  return () => {
    for (const [place, { wal }] of opened.entries()) positions.exchange(slot(place), wal);
  };
}

/** Resolves with the grace when the main thread says stop, or when a drain is complete. */
function stopRequested(
  start: WorkerStart,
  lanes: readonly Lane[],
  clock: Clock,
  onMessage: (message: Extract<ToWorker, { kind: 'guard' | 'opamp' }>) => void,
): Promise<number> {
  return new Promise((resolve) => {
    parentPort?.on('message', (message: ToWorker) => {
      if (message.kind === 'guard' || message.kind === 'opamp') onMessage(message);
      else if (message.kind === 'stop') resolve(message.graceMs);
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

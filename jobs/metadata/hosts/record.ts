/**
 * Keeps `entity_hosts` true to what agents outside Kubernetes say, and to lists that people bring.
 * Runs are idempotent: what has not changed writes nothing.
 */
import type { ClickHouse } from '../../../clickhouse/client.ts';
import type { Clock } from '../../../core/clock.ts';
import type { Entity } from '../entity.ts';
import { Recorder } from '../recorder.ts';
import { EntityStore } from '../store.ts';
import { noCluster } from './host.ts';
import { seenHosts } from './telemetry.ts';

/** An agent that was silent for so long has gone; its machine is not erased, but has ended. */
const silentMs = 86_400_000;
/** Agents report more often than that. */
const windowSeconds = 600;
const periodMs = 60_000;
/** Who is silent is looked for over a day of rows, and so not each time. */
const silentPeriodMs = 3_600_000;

export type HostsWritten = {
  readonly hosts: number;
  readonly versions: number;
  readonly events: number;
};

/** Records machines every minute until `signal` aborts; what fails is said and tried again. */
export async function followHosts(server: ClickHouse, parts: FollowParts): Promise<void> {
  const { clock, signal } = parts;
  let silentAtMs = -silentPeriodMs;
  while (!signal.aborted) {
    const looksForSilent = clock.monotonicMs() - silentAtMs >= silentPeriodMs;
    try {
      parts.onWritten(await recordTelemetryHosts(server, clock.nowMs(), looksForSilent));
      if (looksForSilent) silentAtMs = clock.monotonicMs();
    } catch (error) {
      if (signal.aborted) return;
      parts.onTrouble(`hosts: ${Error.isError(error) ? error.message : String(error)}`);
    }
    await clock.sleep(periodMs, signal).catch(() => undefined);
  }
}

type FollowParts = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onTrouble: (text: string) => void;
  readonly onWritten: (written: HostsWritten) => void;
};

async function recorderOf(store: EntityStore, nowMs: number): Promise<Recorder> {
  return new Recorder(await store.recorded(new Map(), nowMs));
}

/**
 * Records the machines whose agents were heard lately. With `looksForSilent` those end of which
 * nothing was heard for a day.
 */
export async function recordTelemetryHosts(
  server: ClickHouse,
  nowMs: number,
  looksForSilent = true,
): Promise<HostsWritten> {
  const store = new EntityStore(server, noCluster);
  const recorder = await recorderOf(store, nowMs);
  const seen = await seenHosts(server, server.database, { nowMs, seconds: windowSeconds });
  const ids = new Set(seen.map(({ entity }) => entity.id));
  const silent = recorder.entities.filter(
    ({ id, own }) => own['Origin'] === 'telemetry' && !ids.has(id),
  );
  for (const { entity, lastMs } of seen) recorder.see(entity, lastMs);
  if (looksForSilent && silent.length > 0) {
    const heard = await seenHosts(server, server.database, { nowMs, seconds: silentMs / 1000 });
    const lastOf = new Map(heard.map(({ entity, lastMs }) => [entity.id, lastMs]));
    for (const { id } of silent) {
      if (!lastOf.has(id)) recorder.lose(id, BigInt(nowMs), nowMs - silentMs);
    }
  }
  return await write(store, recorder, seen.length);
}

/**
 * Makes the entities of `origin` those of a list: new ones begin, those that are not in it any
 * more end, and others are left alone.
 */
export async function recordList(
  server: ClickHouse,
  origin: string,
  entities: readonly Entity[],
  nowMs: number,
): Promise<HostsWritten> {
  const store = new EntityStore(server, noCluster);
  const recorder = await recorderOf(store, nowMs);
  const ids = new Set(entities.map(({ id }) => id));
  for (const { id, own } of recorder.entities) {
    if (own['Origin'] === origin && !ids.has(id)) recorder.lose(id, BigInt(nowMs), nowMs);
  }
  for (const entity of entities) recorder.see(entity, nowMs);
  return await write(store, recorder, entities.length);
}

async function write(store: EntityStore, recorder: Recorder, hosts: number): Promise<HostsWritten> {
  const rows = recorder.take();
  await store.write(rows);
  return { hosts, versions: rows.versions.length, events: rows.events.length };
}

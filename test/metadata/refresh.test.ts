/** A name that changes is known within a minute, though nobody asks for it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { lookUp } from '../../clickhouse/lookups.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { nodeLookup } from '../../clickhouse/schema/lookups.ts';
import { systemClock } from '../../core/clock.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { see } from '../support/entities.ts';

/** What is promised. */
const knownMsMax = 60_000;
let engine: TestEngine;
let clickhouse: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  await migrate(clickhouse, { lookups: {} });
});
afterAll(async () => {
  await clickhouse?.close();
  await engine?.stop();
});

const zoneNow = async (): Promise<string> => {
  const ask = lookUp(nodeLookup, 'Zone', ["'lab'", "'node-1'"], 'now64(3)', 'otel');
  const [row] = await clickhouse.rows<{ zone: string }>(`SELECT ${ask} AS zone`);
  return row?.zone ?? '';
};

it(
  'reaches the lookups within a minute',
  async () => {
    const store = new EntityStore(clickhouse, 'lab');
    const recorder = new Recorder(await store.recorded(new Map(), 0));
    const tell = async (zone: string, version: bigint, atMs: number): Promise<void> => {
      const metadata = {
        ...{ uid: 'uid', name: 'node-1', labels: { 'topology.kubernetes.io/zone': zone } },
        creationTimestamp: new Date(atMs).toISOString(),
      };
      see(recorder, 'Node', { metadata, spec: {}, status: {} }, { version, atMs });
      await store.write(recorder.take());
    };
    const beganMs = systemClock.nowMs();
    await tell('before', 1n, beganMs - 60_000);
    expect(await zoneNow()).toBe('before');
    await tell('after', 2n, beganMs);
    while ((await zoneNow()) !== 'after') {
      expect(systemClock.nowMs() - beganMs).toBeLessThan(knownMsMax);
      await sleep(500);
    }
  },
  2 * knownMsMax,
);

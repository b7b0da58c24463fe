/**
 * The grants of the rendered users, enforced by the engine: `schema` makes the lookups, `gateway`
 * fills what they are made of, `reader` asks them, and each no more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ClickHouse } from '../clickhouse/client.ts';
import { lookUp } from '../clickhouse/lookups.ts';
import { migrate } from '../clickhouse/migrate.ts';
import { addressLookup } from '../clickhouse/schema/lookups.ts';
import { entityOf, watchedKinds } from '../jobs/metadata/kubernetes/kinds.ts';
import { Recorder } from '../jobs/metadata/recorder.ts';
import { EntityStore } from '../jobs/metadata/store.ts';
import { startAsUser } from '../test/support/as-user.ts';
import { lookupsCollection, serverConfig, usersConfig } from './clickhouse-files.ts';

const testMsMax = 120_000;
const users = usersConfig('otel', [], [], false, true);
const config = serverConfig([], undefined, true);
const nowMs = Date.now();
const pod = {
  metadata: { uid: 'u1', name: 'web-0', namespace: 'shop', resourceVersion: '7' },
  status: { podIP: '10.0.0.7' },
};
let dataDir = '';

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-rights-'));
});
afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

async function as(user: string, work: (server: ClickHouse) => Promise<void>): Promise<void> {
  const server = await startAsUser(dataDir, user, users, config);
  try {
    await work(server);
  } finally {
    await server.close();
  }
}

const denied = (server: ClickHouse, statement: string) =>
  expect(server.run(statement)).rejects.toThrow(/ACCESS_DENIED|Not enough privileges/);

it(
  'each of the users does its part',
  async () => {
    const lookups = { collection: lookupsCollection };
    await as('schema', async (server) => {
      await migrate(server, { lookups });
      expect((await migrate(server, { lookups })).statements).toEqual([]);
      // As one that was made by an older obsctl.
      expect((await migrate(server, { lookups: {} })).statements).toHaveLength(12);
      await migrate(server, { lookups });
      await denied(server, 'DROP TABLE otel.entity_pods');
    });
    await as('gateway', async (server) => {
      const store = new EntityStore(server, 'lab');
      const recorder = new Recorder(await store.recorded(await store.positions(), nowMs));
      const [watched] = watchedKinds.filter(({ kind }) => kind === 'Pod');
      if (watched === undefined) throw new Error('no pods');
      recorder.see(entityOf(watched, pod, { labels: [], annotations: [] }), nowMs);
      await store.write(recorder.take());
      await store.writePositions(new Map([['pods', 7n]]), nowMs);
      await denied(server, 'DROP DICTIONARY otel.entity_address');
    });
    await as('reader', async (server) => {
      const key = ["'lab'", "'10.0.0.7'"];
      const time = `fromUnixTimestamp64Milli(toInt64(${nowMs}))`;
      const name = lookUp(addressLookup, 'Name', key, time, 'otel');
      expect(await server.rows(`SELECT ${name} AS name`)).toEqual([{ name: 'web-0' }]);
      expect(await server.rows('SELECT Pod FROM otel.otel_logs_tagged')).toEqual([]);
      await denied(server, 'INSERT INTO otel.entity_positions (Kind) VALUES (1)');
    });
  },
  testMsMax,
);

/**
 * The grants of the rendered users, enforced by the engine: all that a run of a snapshot does goes
 * through with those of `snapshots`, and nothing beside it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClickHouse } from '../clickhouse/client.ts';
import { findCluster } from '../clickhouse/migrate-nodes.ts';
import { Dictionaries } from '../jobs/snapshot/dictionaries.ts';
import { makeJson } from '../jobs/snapshot/json.ts';
import { keptLayout, viewSql } from '../jobs/snapshot/kept.ts';
import type { TablePlan } from '../jobs/snapshot/plan.ts';
import { lastRuns, recordRuns } from '../jobs/snapshot/runs.ts';
import { Target } from '../jobs/snapshot/target.ts';
import { startAsUser } from '../test/support/as-user.ts';
import {
  dictionariesCollection,
  serverConfig,
  snapshotGrants,
  usersConfig,
} from './clickhouse-files.ts';

const startMsMax = 120_000;
const testMsMax = 60_000;
/** Rows of long ago would be past their retention. */
const timeMs = Date.now();
const users = usersConfig('otel', ['shop'], ['shop']);
const config = serverConfig(['shop']);

const column = {
  name: 'id',
  sourceType: 'bigint',
  isNullable: false,
  isGenerated: false,
  mapped: { type: 'Int64', types: ['Int64', 'String'], edge: 'fail', canBeNull: true },
} as const;

const total = { ...column, name: 'total' } as const;

const plan: TablePlan = {
  name: 'orders',
  source: {
    schema: 'public',
    name: 'orders',
    kind: 'table',
    columns: [column, total],
    primaryKey: ['id'],
    estimatedRows: 2,
  },
  columns: [
    { source: column, name: 'id', type: 'Int64', edge: 'fail' },
    { source: total, name: 'total', type: 'Int64', edge: 'fail' },
  ],
  hashed: [false, false],
  dropped: [],
};

const noted: TablePlan = {
  ...plan,
  name: 'noted',
  source: { ...plan.source, primaryKey: [] },
  columns: [{ source: column, name: 'note', type: 'String', edge: 'fail', becomes: 'JSON' }],
  hashed: [false],
};

const dictionary = {
  name: 'order',
  plan,
  key: [{ name: 'id', type: 'Int64' }],
  attributes: [{ name: 'total', type: 'Int64' }],
  layout: 'complex_key_hashed',
  lifetimeMs: 60_000,
  collection: dictionariesCollection,
} as const;

let dataDir = '';
let server: ClickHouse;

/** As `jobs/snapshot/run.ts` does it, with rows of our own. */
async function runOnce(run: string, values: string): Promise<void> {
  const target = new Target(server, 'shop', 'shop', run);
  const dictionaries = new Dictionaries(server, target, { snapshot: 'shop', run }, [dictionary]);
  await dictionaries.prepare();
  await target.prepare([plan]);
  const into = await target.create(plan, `run ${run}`);
  await server.run(`INSERT INTO ${into} VALUES ${values}`);
  await server.rows(`SELECT count(), min(id) FROM ${into}`);
  expect(await target.columns(target.loadingName(plan))).toHaveLength(2);
  const notes = await target.create(noted, `run ${run}`);
  await server.run(`INSERT INTO ${notes} VALUES ('{"a": 1}')`);
  await makeJson(server, notes, noted, new AbortController().signal);
  await target.discard(noted);
  expect(await target.key(target.loadingName(plan))).toMatch(/^\(?id\)?$/);
  await dictionaries.rehearse();
  await target.swap(plan);
  await dictionaries.replace();
  const view = { ...plan, name: 'kept' };
  const [rows, more] = [target.rowsName(view), target.loadingName({ name: 'more' })];
  for (const name of [rows, more]) {
    const made = await target.create(view, `rows of ${name}`, keptLayout(view, name, 1n));
    await server.run(`INSERT INTO ${made} (id, total) VALUES ${values}`);
  }
  await target.createView(view, rows, 'ab', viewSql(view, target.place(rows)));
  await target.swap(view);
  await target.attach(target.place(rows), target.place(more));
  await target.discard({ name: 'more' });
  await target.forget(view, 0);
  await target.sweep();
  await target.forget(plan, 0);
  await dictionaries.discard();
  await target.discard(plan);
  const report = { run, snapshot: 'shop', address: 'db:5432/shop', position: '', notes: [] };
  await recordRuns(
    server,
    { ...report, tables: [], dictionaries: [], startedMs: timeMs },
    timeMs,
    'for a row',
  );
}

const denied = (statement: string) =>
  expect(server.run(statement)).rejects.toThrow(/ACCESS_DENIED|Not enough privileges/);

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'obsctl-rights-'));
  const admin = await startAsUser(dataDir, 'admin');
  await admin.run('CREATE DATABASE otel');
  await admin.run('CREATE TABLE otel.otel_logs (Body String) ENGINE = MergeTree ORDER BY ()');
  await admin.run('CREATE DATABASE crm');
  await admin.run(
    'CREATE TABLE crm.people (name String, other String) ENGINE = MergeTree ORDER BY ()',
  );
  await admin.close();
}, startMsMax);

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

describe('the user of the snapshots', () => {
  beforeAll(async () => {
    server = await startAsUser(dataDir, 'snapshots', users, config);
  }, startMsMax);
  afterAll(() => server.close());

  it(
    'does all that a first and a second run do, from nothing',
    async () => {
      await runOnce('20260101T000000Z_0001', '(1, 10)');
      await runOnce('20260101T010000Z_0002', '(1, 10), (2, 20)');
      expect(await server.rows('SELECT count() AS n FROM shop.orders')).toEqual([{ n: 2 }]);
      const names = "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name";
      expect(await server.rows(names)).toEqual([
        { name: 'kept' },
        { name: 'kept__rows_20260101T010000Z_0002' },
        { name: 'order' },
        { name: 'orders' },
      ]);
      const asked = "SELECT dictGet('shop.order', 'total', 2) AS total";
      expect(await server.rows(asked)).toEqual([{ total: 20 }]);
      const [last] = await lastRuns(server, ['shop']);
      expect(last).toMatchObject({ error: 'for a row', result: 'failed' });
      expect(last?.ageS).toBeLessThan(testMsMax / 1_000);
    },
    testMsMax,
  );

  it.each([
    'SELECT * FROM otel.otel_logs',
    "INSERT INTO otel.otel_logs VALUES ('x')",
    'DROP TABLE otel.otel_logs',
    'DROP TABLE otel.snapshot_runs',
    'TRUNCATE TABLE otel.snapshot_runs',
    'CREATE TABLE otel.mine (x Int8) ENGINE = Memory',
    'SELECT * FROM crm.people',
    'DROP TABLE crm.people',
    'DROP DATABASE shop',
    'DROP DATABASE otel',
    'CREATE DATABASE another',
    'CREATE DICTIONARY otel.d (a Int64, b Int64) PRIMARY KEY a SOURCE(NULL()) LIFETIME(1) ' +
      'LAYOUT(COMPLEX_KEY_HASHED())',
    'SYSTEM RELOAD DICTIONARIES',
    'ALTER TABLE shop.orders ADD COLUMN more Int8',
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
    'GRANT SELECT ON otel.* TO default',
    'SYSTEM FLUSH LOGS',
  ])('may not %s', async (statement) => await denied(statement));
});

describe('the user of the snapshots on a cluster', () => {
  const asked = (grants: readonly string[]): string =>
    grants.map((one) => `        <query>${one}</query>`).join('\n');
  const onCluster = users.replace(
    asked(snapshotGrants('otel', ['shop'])),
    asked(snapshotGrants('otel', ['shop'], true)),
  );
  const servers =
    '<remote_servers><main><shard><replica><host>127.0.0.1</host><port>9000</port></replica>' +
    '</shard></main></remote_servers>';
  beforeAll(async () => {
    const admin = await startAsUser(dataDir, 'admin', undefined, servers);
    await admin.run(
      "CREATE TABLE otel.otel_traces (a Int8) ENGINE = Distributed('main', 'otel', 'stored')",
    );
    await admin.close();
    server = await startAsUser(dataDir, 'snapshots', onCluster, config + servers);
  }, startMsMax);
  afterAll(() => server.close());

  it('sees on which, and none of its rows', async () => {
    expect(await findCluster(server, 'otel')).toBe('main');
    await denied('SELECT * FROM otel.otel_traces');
    await denied('INSERT INTO otel.otel_traces VALUES (1)');
  });

  it('may ask all nodes, and wait for their rows in its own database', async () => {
    // It is allowed to, and nobody is there.
    const all = server.rows("SELECT 1 FROM clusterAllReplicas('main', system.one)");
    await expect(all).rejects.toThrow(/NO_REMOTE_SHARD_AVAILABLE/);
    await server.rows('SELECT count() FROM system.clusters');
    // The same, and the table has no replicas.
    const sync = server.run('SYSTEM SYNC REPLICA shop.orders');
    await expect(sync).rejects.toThrow(/BAD_ARGUMENTS|not replicated/);
    await denied('SYSTEM SYNC REPLICA crm.people');
  });
});

describe('a dictionary by the collection of the cluster', () => {
  beforeAll(async () => {
    server = await startAsUser(dataDir, 'snapshots', users, config);
  }, startMsMax);
  afterAll(() => server.close());

  it('reads no other database', async () => {
    await server.run(
      'CREATE DICTIONARY shop.people (name String, other String) PRIMARY KEY name SOURCE(' +
        `CLICKHOUSE(NAME ${dictionariesCollection} DB 'crm' TABLE 'people')) LIFETIME(1) ` +
        'LAYOUT(COMPLEX_KEY_HASHED())',
    );
    await denied('SELECT * FROM shop.people');
    await server.run('DROP DICTIONARY shop.people');
  });
});

describe('the reader', () => {
  beforeAll(async () => {
    server = await startAsUser(dataDir, 'reader', users, config);
  }, startMsMax);
  afterAll(() => server.close());

  it('reads telemetry beside snapshots', async () => {
    const joined = 'SELECT count() AS n FROM otel.snapshot_runs, shop.orders';
    expect(await server.rows(joined)).toEqual([{ n: 4 }]);
  });

  it('enriches rows by dictionaries', async () => {
    const asked = "SELECT dictGet('shop.order', 'total', id) AS total FROM shop.orders ORDER BY id";
    expect(await server.rows(asked)).toEqual([{ total: 10 }, { total: 20 }]);
  });

  it.each([
    'INSERT INTO shop.orders VALUES (9)',
    'DROP TABLE shop.orders',
    'DROP DICTIONARY shop.order',
    'SELECT * FROM crm.people',
  ])('may not %s', async (statement) => await denied(statement));
});

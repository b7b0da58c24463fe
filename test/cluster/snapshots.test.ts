/** Snapshots of a real Postgres on real engines that are replicas over a real ZooKeeper. */
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { migrations } from '../../clickhouse/schema/ours.ts';
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { RunReport } from '../../jobs/snapshot/run.ts';
import { lastRuns } from '../../jobs/snapshot/runs.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { describeWithPeers } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { runOnce, snapshotConfig } from '../support/snapshot.ts';
import { startCluster, type TestCluster, type TestNode } from './cluster.ts';
import { openSnapshotTarget, type SnapshotTarget } from './snapshot-target.ts';

jest.setTimeout(300_000);

const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const replicas = [
  ['01', 'replica-0'],
  ['02', 'replica-0'],
] as const;

const schema = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TABLE owners (service text PRIMARY KEY, team text NOT NULL);
  INSERT INTO owners VALUES ('checkout', 'Pay'), ('cart', 'Shop');
  CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2), updated_at timestamptz
    NOT NULL DEFAULT now() - interval '1 day');
  INSERT INTO orders SELECT i, i / 100.0 FROM generate_series(1, 1000) i;
  ANALYZE;
`;
const dictionaries = [
  { name: 'teams', table: 'public.owners', key: ['service'], attributes: ['team'] },
];
const incremental = [{ match: 'public.orders', cursor: 'updated_at', deletes: 'compare' }];
const history = [{ match: 'public.orders' }];

const peers = ['zookeeper', 'postgres'] as const;
describeWithPeers(peers, 'a snapshot on two shards', snapshotsOf, refusal);
describeWithPeers(peers, 'a snapshot on a cluster of one node', aloneOf, refusal);

function snapshotsOf([jarsDir = '', programs = '']: readonly string[]): void {
  let cluster: TestCluster;
  let target: SnapshotTarget;
  let database: PostgresServer;
  let source: Source;
  let second: TestNode;

  beforeAll(async () => {
    [cluster, database] = await Promise.all([
      startCluster(jarsDir, replicas),
      startPostgres(programs),
    ]);
    second = cluster.nodes[1] as TestNode;
    await migrate(cluster.sql, {
      cluster: clusterMacro,
      tables: [traces, snapshotRuns, migrations],
    });
    target = openSnapshotTarget(cluster);
  });
  beforeEach(async () => {
    await database.psql(schema);
    source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
    await cluster.sql.run("DROP DATABASE IF EXISTS shop ON CLUSTER '{cluster}' SYNC");
    target.statements.length = 0;
  });
  afterAll(async () => {
    await target?.close();
    await cluster?.stop();
    await database?.stop();
  });

  const run = async (more: object = { dictionaries }): Promise<RunReport> =>
    await runOnce({ config: snapshotConfig({ ...more }), source, server: target.server });
  /** The same question of each node, in their order. */
  const both = async (query: string): Promise<readonly (readonly string[])[]> =>
    await Promise.all([target.ask(0, query), target.ask(1, query)]);
  const expectSame = async (query: string): Promise<readonly string[]> => {
    const [one, other] = await both(query);
    expect(other).toEqual(one);
    return one ?? [];
  };
  const names = "SELECT name, engine FROM system.tables WHERE database = 'shop' ORDER BY name";

  it('makes each table once, of which every node is a replica with all rows', async () => {
    const { notes } = await run();
    expect(notes).toEqual([]);
    expect(await expectSame(names)).toEqual([
      'orders|ReplicatedMergeTree',
      'owners|ReplicatedMergeTree',
      'teams|Dictionary',
    ]);
    const uuids = "SELECT uuid FROM system.tables WHERE database = 'shop' AND name != 'teams'";
    expect(new Set(await expectSame(`${uuids} ORDER BY name`)).size).toBe(2);
    const logs =
      'SELECT table, total_replicas, active_replicas, zookeeper_path FROM system.replicas ' +
      "WHERE database = 'shop' ORDER BY table";
    expect(await expectSame(logs)).toEqual([
      expect.stringMatching(/^orders\|2\|2\|\/clickhouse\/tables\/[0-9a-f-]{36}\/all$/),
      expect.stringMatching(/^owners\|2\|2\|\/clickhouse\/tables\/[0-9a-f-]{36}\/all$/),
    ]);
    expect(await expectSame('SELECT count(), sum(total) FROM shop.orders')).toEqual(['1000|5005']);
    expect(await expectSame("SELECT dictGet('shop.teams', 'team', 'cart')")).toEqual(['Shop']);
    const runs = await lastRuns(target.server, ['shop']);
    expect(runs.map(({ table, isEqual }) => [table, isEqual])).toEqual([
      ['public.orders', true],
      ['public.owners', true],
    ]);
  });

  it('has the dictionary loaded on every node before anybody asks', async () => {
    await run();
    await run();
    const loaded =
      "SELECT name, status, element_count FROM system.dictionaries WHERE name = 'teams'";
    expect(await expectSame(loaded)).toEqual(['teams|LOADED|2']);
  });

  it('takes the place of the tables before on every node, and leaves nothing behind', async () => {
    await run({ dictionaries, keep: 1 });
    for (const team of ['Bank', 'Cash']) {
      await database.psql(`UPDATE owners SET team = '${team}' WHERE service = 'cart'`);
      await run({ dictionaries, keep: 1 });
      expect(await expectSame("SELECT team FROM shop.owners WHERE service = 'cart'")).toEqual([
        team,
      ]);
      expect(await expectSame("SELECT dictGet('shop.teams', 'team', 'cart')")).toEqual([team]);
    }
    const left = await expectSame(names);
    expect(left.filter((name) => name.startsWith('owners__old_'))).toHaveLength(1);
    expect(left).toHaveLength(5);
  });

  it('says to which nodes its statements go, and asks for all rows before a swap', async () => {
    await run();
    await run();
    const changing = target.statements.filter((one) => !/^(INSERT|SYSTEM|ALTER)/.test(one));
    for (const one of changing) expect(one).toContain(" ON CLUSTER '{cluster}'");
    const swap = target.statements.findIndex((one) => one.startsWith('EXCHANGE TABLES'));
    const [, loading = ''] = /TABLES (\S+)/.exec(target.statements[swap] ?? '') ?? [];
    const synced = target.statements.indexOf(
      `SYSTEM SYNC REPLICA ON CLUSTER '{cluster}' ${loading}`,
    );
    expect(synced).toBeGreaterThan(0);
    expect(synced).toBeLessThan(swap);
  });

  it('leaves all as it was when a node has not got the rows', async () => {
    await run();
    await database.psql('DELETE FROM orders');
    const lame = {
      ...target.server,
      run: async (statement: string): Promise<void> => {
        if (!statement.startsWith('SYSTEM SYNC')) await target.server.run(statement);
      },
    };
    await database.psql('INSERT INTO orders VALUES (1, 1)');
    const failed = runOnce({ config: snapshotConfig(), source, server: lame });
    await expect(failed).rejects.toMatchObject({ code: 'OBS-6045' });
    expect(await expectSame('SELECT count() FROM shop.orders')).toEqual(['1000']);
    expect(await expectSame(names)).toHaveLength(3);
  });

  // Tables are empty when a node joins them: it would fetch rows at once, and end.
  it('goes on without a node that is away, which takes part again when it is back', async () => {
    const config = { tables: ['public.orders'] };
    await run(config);
    second.isAway = true;
    await database.psql('DELETE FROM orders');
    const { notes } = await run(config);
    expect(notes).toEqual([expect.stringMatching(/^1 of 2 nodes answer/)]);
    const count = 'SELECT count() FROM shop.orders';
    expect(await both(count)).toEqual([['0'], ['1000']]);
    await cluster.comeBack(second);
    expect(await expectSame(count)).toEqual(['0']);
    const uuid = "SELECT uuid FROM system.tables WHERE database = 'shop' AND name = 'orders'";
    await expectSame(uuid);
    await database.psql('INSERT INTO orders VALUES (1, 1)');
    expect((await run(config)).notes).toEqual([]);
    expect(await expectSame(count)).toEqual(['1']);
  });

  it('gives all to a node whose queue has forgotten', async () => {
    await database.psql('DELETE FROM orders');
    await run({ dictionaries, history, keep: 0 });
    await second.run('DROP DICTIONARY shop.teams');
    await second.run('DROP DATABASE shop SYNC');
    await database.psql('INSERT INTO orders VALUES (1, 1)');
    await run({ dictionaries, history, keep: 0 });
    expect(await expectSame('SELECT count() FROM shop.orders')).toEqual(['1']);
    expect(await expectSame('SELECT id, total FROM shop.orders_history')).toEqual(['1|1']);
    expect(await expectSame("SELECT dictGet('shop.teams', 'team', 'cart')")).toEqual(['Shop']);
    expect(await expectSame(names)).toHaveLength(5);
  });

  it('adds to the rows of every node once, deletes and versions with them', async () => {
    const modes = { tables: ['public.orders'], incremental, history };
    const wanted = 'SELECT count(), sum(total), max(id) FROM shop.orders';
    const versions =
      'SELECT count(), countIf(valid_to > now64(6)), uniqExact(id) FROM shop.orders_history';
    await run(modes);
    expect(await expectSame(wanted)).toEqual(['1000|5005|1000']);
    await database.psql(
      'DELETE FROM orders WHERE id = 1; UPDATE orders SET total = 0, updated_at = now() - ' +
        "interval '1 minute' WHERE id = 2; INSERT INTO orders VALUES (1001, 10.01)",
    );
    const { tables } = await run(modes);
    expect(tables[0]).toMatchObject({ mode: 'incremental', deleted: 1 });
    expect(await expectSame(wanted)).toEqual(['1000|5014.98|1001']);
    expect(await expectSame(versions)).toEqual(['1002|1000|1001']);
    const whole = await run({ ...modes, incremental: [{ ...incremental[0], overlap: '1h' }] });
    expect(whole.tables[0]).toMatchObject({ mode: 'incremental', deleted: 0 });
    expect(await expectSame(wanted)).toEqual(['1000|5014.98|1001']);
    expect(await expectSame(versions)).toEqual(['1002|1000|1001']);
    expect(await expectSame(names)).toHaveLength(4);
  });
}

/** What needs parts of other replicas runs for real where there is none. */
function aloneOf([jarsDir = '', programs = '']: readonly string[]): void {
  it('attaches what changed, and makes JSON, in replicated tables', async () => {
    const [cluster, database] = await Promise.all([
      startCluster(jarsDir, [['01', 'replica-0']]),
      startPostgres(programs),
    ]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => cluster.stop());
    stack.defer(() => database.stop());
    await migrate(cluster.sql, {
      cluster: clusterMacro,
      tables: [traces, snapshotRuns, migrations],
    });
    const target = openSnapshotTarget(cluster);
    stack.defer(() => target.close());
    await database.psql(`${schema} CREATE TABLE notes (id int PRIMARY KEY, note jsonb);
      INSERT INTO notes VALUES (1, '{"a": 1}')`);
    const source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
    const columns = [{ match: 'public.notes.note', type: 'JSON' }];
    const run = async (): Promise<RunReport> =>
      await runOnce({
        ...{ config: snapshotConfig({ incremental, history, columns }), source },
        server: target.server,
      });
    await run();
    await database.psql('DELETE FROM orders WHERE id = 1; INSERT INTO orders VALUES (1001, 1)');
    const { tables } = await run();
    expect(tables.find(({ table }) => table === 'orders')).toMatchObject({ mode: 'incremental' });
    expect(target.statements.filter((one) => one.includes(' ATTACH PARTITION '))).toHaveLength(2);
    expect(await target.ask(0, 'SELECT count(), max(id) FROM shop.orders')).toEqual(['1000|1001']);
    expect(await target.ask(0, 'SELECT count() FROM shop.orders_history')).toEqual(['1001']);
    expect(await target.ask(0, 'SELECT note.a FROM shop.notes')).toEqual(['1']);
  });
}

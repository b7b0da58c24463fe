/** The schema of a cluster on real engines that are replicas over a real ZooKeeper. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { clusterMacro } from '../../clickhouse/cluster.ts';
import { showCreate, type TableOptions } from '../../clickhouse/ddl.ts';
import { showDistributed } from '../../clickhouse/distributed.ts';
import { clusterOptions } from '../../clickhouse/golden.ts';
import { type MigrateOptions, migrate } from '../../clickhouse/migrate.ts';
import { logPatterns } from '../../clickhouse/schema/log-patterns.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { shardingKeyOf } from '../../clickhouse/schema/placement.ts';
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { describeWithPeers } from '../support/peer.ts';
import { startCluster, type TestCluster, type TestNode } from './cluster.ts';

// `interserver.ts` knows the engine's code for this kind of machine.
const isKnown = process.platform === 'linux' && process.arch === 'x64';
const refusal = isKnown ? undefined : 'the engine can be a replica on Linux x64';
const shardOfTwo = [
  ['01', 'replica-0'],
  ['01', 'replica-1'],
] as const;

const onCluster: MigrateOptions = { cluster: clusterMacro };

async function createOf(node: TestNode, table: string): Promise<string> {
  const [row] = await node.rows<{ statement: string }>(`SHOW CREATE TABLE otel.${table}`);
  return row?.statement ?? '';
}

async function columnsOf(node: TestNode, table: string): Promise<readonly string[]> {
  const rows = await node.rows<{ name: string }>(
    `SELECT name FROM system.columns WHERE database = 'otel' AND table = '${table}'`,
  );
  return rows.map(({ name }) => name);
}

/** Replicas take a change from their table's log a moment after it is made. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
}

describeWithPeers(['zookeeper'], 'two replicas of a shard', replicasOf, refusal);

function replicasOf([jarsDir = '']: readonly string[]): void {
  let cluster: TestCluster;
  let first: TestNode;
  let second: TestNode;

  beforeAll(async () => {
    cluster = await startCluster(jarsDir, shardOfTwo);
    [first, second] = cluster.nodes as [TestNode, TestNode];
  }, 120_000);

  afterAll(async () => {
    await cluster?.stop();
  });

  const extra = { name: 'Added', type: 'String', source: 'test', comment: 'New', origin: 'ours' };
  const longer = { ...logs, columns: [...logs.columns, extra] } as TableDef;

  it('are planned whole, without a change', async () => {
    const { statements } = await migrate(cluster.sql, { ...onCluster, plan: true });
    expect(statements).toHaveLength(1 + tables.length + tables.filter(isSharded).length);
    expect(statements.every((statement) => statement.includes(" ON CLUSTER '{cluster}'"))).toBe(
      true,
    );
    expect(await first.rows("SELECT 1 FROM system.databases WHERE name = 'otel'")).toEqual([]);
  });

  it('settle when two runs make the schema at once, and nothing is left', async () => {
    await Promise.all([migrate(cluster.sql, onCluster), migrate(cluster.sql, onCluster)]);
    expect((await migrate(cluster.sql, onCluster)).statements).toEqual([]);
  }, 120_000);

  it('have every table as declared, and share its log', async () => {
    const options: TableOptions = clusterOptions;
    for (const node of cluster.nodes) {
      for (const table of tables) {
        if (isSharded(table)) {
          expect(await createOf(node, `${table.name}_local`)).toBe(showCreate(table, options));
          expect(await createOf(node, table.name)).toBe(showDistributed(table, options));
        } else {
          expect(await createOf(node, table.name)).toBe(showCreate(table, options));
        }
      }
      const replicas = await node.rows<{ table: string; total: number; readonly: number }>(
        `SELECT table, total_replicas AS total, is_readonly AS readonly FROM system.replicas
          WHERE total != 2 OR readonly != 0`,
      );
      expect(replicas).toEqual([]);
    }
  });

  it('store an insert once whose token is sent again to the other', async () => {
    const insert = (token: string, body: string) =>
      `INSERT INTO otel.otel_logs_local (Timestamp, Body) SELECT now64(9), '${body}'
        SETTINGS insert_deduplication_token = '${token}', async_insert = 0`;
    await first.run(insert('x', 'one'));
    await second.run(insert('x', 'one'));
    await second.run(insert('y', 'two'));
    await first.run(insert('y', 'two'));
    const stored = await Promise.all(
      cluster.nodes.map((node) =>
        node.rows<{ Body: string }>('SELECT Body FROM otel.otel_logs_local'),
      ),
    );
    expect(stored.flat().map(({ Body }) => Body)).toEqual(['one', 'two']);
  });

  it('refuse an insert without ZooKeeper, and store it once by way of the other', async () => {
    const insert = `INSERT INTO otel.otel_logs_local (Timestamp, Body) SELECT now64(9), 'cut off'
      SETTINGS insert_deduplication_token = 'z', async_insert = 0, insert_keeper_max_retries = 0`;
    first.proxy.cut();
    // Read-only, a lost session or an unknown end: whichever, who sent it sends it again.
    const refused = await first.run(insert).then(
      () => 'stored',
      (error: Error) => error.message,
    );
    first.proxy.open();
    expect(refused).toMatch(/^Code: (242|319|999)\./);
    await second.run(insert);
    // As a gateway does: again, until it is answered. Then all tables are to be back.
    await until(() =>
      first.run(insert).then(
        () => true,
        () => false,
      ),
    );
    await until(async () => {
      const query = 'SELECT count() AS away FROM system.replicas WHERE is_readonly';
      const [row] = await first.rows<{ away: number }>(query);
      return row?.away === 0;
    });
    const stored = await Promise.all(
      cluster.nodes.map((node) =>
        node.rows<{ Body: string }>("SELECT Body FROM otel.otel_logs_local WHERE Body = 'cut off'"),
      ),
    );
    expect(stored.flat()).toHaveLength(1);
  }, 120_000);

  it('need no --cluster once the schema is there', async () => {
    const { statements, flavour } = await migrate(cluster.sql, { plan: true });
    expect([statements, flavour]).toEqual([[], 'replicated']);
  });

  it('catch up when one was away and the queue has forgotten', async () => {
    second.isAway = true;
    const { notes } = await migrate(cluster.sql, { ...onCluster, tables: [longer] });
    expect(notes).toContainEqual(expect.stringMatching(/^1 of 2 nodes answer/));
    expect(second.queue).not.toEqual([]);
    second.queue.length = 0;
    await cluster.comeBack(second);
    const again = await migrate(cluster.sql, { ...onCluster, tables: [longer] });
    expect(again.statements).toHaveLength(1);
    expect(again.statements[0]).toMatch(/^ALTER TABLE otel\.otel_logs ON CLUSTER .* ADD COLUMN/);
    expect(await columnsOf(second, 'otel_logs')).toContain('Added');
    // The stored table has it by its own log.
    await until(async () => (await columnsOf(second, 'otel_logs_local')).includes('Added'));
  }, 120_000);

  it('are refused when they do not share a table, or one holds rows itself', async () => {
    const wanted = [snapshotRuns, logPatterns];
    const [apart, name] = ['otel.otel_log_patterns_local', 'otel.otel_log_patterns'];
    const statement = await createOf(second, 'otel_log_patterns_local');
    await second.run(`DROP TABLE ${apart} SYNC`);
    const other = `CREATE TABLE ${apart} UUID '11111111-1111-4111-8111-111111111111'`;
    await second.run(statement.replace(`CREATE TABLE ${apart}`, other));
    const split = await migrate(cluster.sql, { ...onCluster, tables: wanted });
    expect(split.refusals).toHaveLength(1);
    expect(split.refusals[0]?.differences[0]).toMatch(/^nodes do not share one table: .*11111111-/);

    await second.run(`DROP TABLE ${apart} SYNC`);
    await migrate(cluster.sql, { ...onCluster, tables: wanted });
    await second.run(`DROP TABLE ${name} SYNC`);
    await second.run(`CREATE TABLE ${name} (A UInt8) ENGINE = MergeTree ORDER BY A`);
    const held = await migrate(cluster.sql, { ...onCluster, tables: wanted });
    expect(held.refusals[0]?.differences).toEqual([
      '01/replica-1 has it as MergeTree, not Distributed',
    ]);
    expect(held.statements).toEqual([]);
    await second.run(`DROP TABLE ${name} SYNC`);
    const again = await migrate(cluster.sql, { ...onCluster, tables: wanted });
    expect([again.statements.length, again.refusals.length]).toEqual([1, 0]);
  }, 120_000);

  it('take in another that joins later, with the UUIDs of the others', async () => {
    // Its parts could not be fetched here.
    await first.run('TRUNCATE TABLE otel.obsctl_migrations');
    for (const node of [first, second]) await node.run('TRUNCATE TABLE otel.otel_logs_local');
    const third = await cluster.join('01', 'replica-2');
    const wanted = tables.map((table) => (table.name === logs.name ? longer : table));
    const plan = await migrate(cluster.sql, { ...onCluster, tables: wanted, plan: true });
    expect(plan.notes).toContain('otel.otel_logs_local: 01/replica-2 joins');
    await migrate(cluster.sql, { ...onCluster, tables: wanted });
    const [row] = await third.rows<{ others: number; total: number }>(
      `SELECT count() AS others, any(total_replicas) AS total FROM system.replicas
        WHERE total_replicas = 3 AND NOT is_readonly`,
    );
    expect(row).toEqual({ others: tables.length, total: 3 });
    expect(await columnsOf(third, 'otel_logs_local')).toContain('Added');
  }, 120_000);
}

function isSharded(table: TableDef): boolean {
  return shardingKeyOf(table.name) !== undefined;
}

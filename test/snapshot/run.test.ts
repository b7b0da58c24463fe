/** Whole runs: a real Postgres, the real engine, and what readers find in between. */
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const schema = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TABLE users (id int PRIMARY KEY, email text, plan text NOT NULL);
  INSERT INTO users
    SELECT i, 'u' || i || '@example.com', CASE i % 2 WHEN 0 THEN 'free' ELSE 'pro' END
    FROM generate_series(1, 1000) i;
  CREATE TABLE orders (id bigint PRIMARY KEY, user_id int NOT NULL, total numeric(12,2), born date);
  INSERT INTO orders SELECT i, i % 1000 + 1, i / 100.0, date '2026-01-01' + i % 300
    FROM generate_series(1, 20000) i;
  CREATE TABLE nothing (id int PRIMARY KEY);
  ANALYZE;
`;

describeWithPeer('postgres', 'a snapshot of a real Postgres', (programs) => {
  let database: PostgresServer;
  let engine: TestEngine;
  let source: Source;
  let server: ClickHouse;

  beforeAll(async () => {
    [database, engine] = await Promise.all([startPostgres(programs), startEngine()]);
    server = connectTarget(engine.url);
  });
  beforeEach(async () => {
    await database.psql(schema);
    await ask(engine.url, 'DROP DATABASE IF EXISTS shop SYNC');
    source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
  });
  afterAll(async () => {
    await server?.close();
    await Promise.all([database?.stop(), engine?.stop()]);
  });

  const tables = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name");
  const failures = async (): Promise<readonly string[]> =>
    await ask(
      engine.url,
      "SELECT Error FROM otel.snapshot_runs WHERE Result = 'failed' ORDER BY Time DESC LIMIT 1",
    );

  it('copies every row, verified, and says so in snapshot_runs', async () => {
    const report = await runOnce({ config: snapshotConfig(), source, server });
    expect(report.tables.map(({ source: from, table, sent }) => [from, table, sent.rows])).toEqual([
      ['public.nothing', 'nothing', 0],
      ['public.orders', 'orders', 20_000],
      ['public.users', 'users', 1_000],
    ]);
    const sum = await database.psql('SELECT count(*), sum(total), min(born), max(id) FROM orders');
    const [stored] = await ask(
      engine.url,
      "SELECT concat(count(), '|', toDecimalString(sum(total), 2), '|', min(born), '|', max(id)) " +
        'FROM shop.orders',
    );
    expect(stored).toBe(sum);
    expect(await tables()).toEqual(['nothing', 'orders', 'users']);
    const rows = await ask(
      engine.url,
      'SELECT SourceTable, Result, Rows = RowsStored, Checksum = ChecksumStored, KeyMin, KeyMax, ' +
        'KeyMin = KeyMinStored AND KeyMax = KeyMaxStored ' +
        `FROM otel.snapshot_runs WHERE Run = '${report.run}' ORDER BY SourceTable`,
    );
    expect(rows).toEqual([
      'public.nothing\tok\t1\t1\t\t\t1',
      'public.orders\tok\t1\t1\t1\t20000\t1',
      'public.users\tok\t1\t1\t1\t1000\t1',
    ]);
  });

  it('takes the place of the table before, and keeps as many as it is told', async () => {
    const config = snapshotConfig({ keep: 1, tables: ['public.users'] });
    await runOnce({ config, source, server });
    for (const left of [999, 998, 997]) {
      await database.psql(`DELETE FROM users WHERE id > ${left}`);
      await runOnce({ config, source, server });
      expect(await ask(engine.url, 'SELECT count() FROM shop.users')).toEqual([String(left)]);
    }
    const [, old, ...more] = await tables();
    expect(more).toEqual([]);
    expect(await ask(engine.url, `SELECT count() FROM shop.${old}`)).toEqual(['998']);
  });

  it('leaves the old tables when one value fits nowhere, and nothing of the new ones', async () => {
    await runOnce({ config: snapshotConfig(), source, server });
    await database.psql("UPDATE orders SET born = 'infinity' WHERE id = 17; DELETE FROM users");
    const columns = [{ match: '*.born', edge: 'fail' }];
    const failed = runOnce({ config: snapshotConfig({ columns }), source, server });
    await expect(failed).rejects.toThrow(/born/);
    expect(await tables()).toEqual(['nothing', 'orders', 'users']);
    expect(await ask(engine.url, 'SELECT count() FROM shop.users')).toEqual(['1000']);
    expect(await failures()).toEqual([expect.stringContaining('born')]);
  });

  it('counts values at an edge and names the first', async () => {
    await database.psql("UPDATE orders SET born = 'infinity' WHERE id IN (17, 18)");
    const columns = [{ match: '*.born', edge: 'null' }];
    const { tables: all } = await runOnce({ config: snapshotConfig({ columns }), source, server });
    expect(all.find(({ table }) => table === 'orders')?.edges).toEqual([
      {
        column: 'born',
        policy: 'null',
        count: 2,
        value: 'infinity',
        key: expect.stringMatching(/1[78]/),
      },
    ]);
    const nulls =
      'SELECT groupArray(id) FROM (SELECT id FROM shop.orders WHERE born IS NULL ORDER BY id)';
    expect(await ask(engine.url, nulls)).toEqual(['[17,18]']);
  });

  it('fails when what is stored is not what was sent', async () => {
    await runOnce({ config: snapshotConfig(), source, server });
    // A faulty network or server: every block is stored twice, under tokens of its own.
    const doubling: ClickHouse = {
      ...server,
      insert: async (statement, body, settings, signal) => {
        await server.insert(statement, body, settings, signal);
        const insert_deduplication_token = `${settings['insert_deduplication_token']}!`;
        await server.insert(statement, body, { ...settings, insert_deduplication_token }, signal);
      },
    };
    const failed = runOnce({ config: snapshotConfig(), source, server: doubling });
    await expect(failed).rejects.toMatchObject({ code: 'OBS-6045' });
    expect(await tables()).toEqual(['nothing', 'orders', 'users']);
  });

  it('touches no table that it did not make', async () => {
    await ask(engine.url, 'CREATE DATABASE shop ENGINE = Atomic');
    await ask(engine.url, 'CREATE TABLE shop.users (id UInt8) ENGINE = MergeTree ORDER BY id');
    const failed = runOnce({ config: snapshotConfig(), source, server });
    await expect(failed).rejects.toMatchObject({ code: 'OBS-6044' });
    expect(await tables()).toEqual(['users']);
  });

  it('removes what a run that died left behind, and only that', async () => {
    await runOnce({ config: snapshotConfig(), source, server });
    const left = 'users__loading_20261101T000000Z_dead';
    await ask(engine.url, `CREATE TABLE shop.${left} AS shop.users`);
    await ask(engine.url, `CREATE TABLE shop.theirs__loading_x (id UInt8) ENGINE = Log`);
    await runOnce({ config: snapshotConfig(), source, server });
    expect(await tables()).toEqual(['nothing', 'orders', 'theirs__loading_x', 'users']);
  });

  it('tells what changed in the schema', async () => {
    const config = snapshotConfig({ tables: ['public.users'] });
    const { tables: first } = await runOnce({ config, source, server });
    expect(first[0]?.changes).toEqual([]);
    await database.psql(
      'ALTER TABLE users RENAME email TO mail; ALTER TABLE users ALTER id TYPE bigint;' +
        'ALTER TABLE users ADD age smallint',
    );
    const { tables: second } = await runOnce({ config, source, server });
    expect(second[0]?.changes).toEqual([
      'renamed, as it looks: email to mail',
      'added: age Nullable(Int16)',
      'type: id Int32 to Int64',
    ]);
  });

  it('hashes and drops what must not leave, and reads only the rows of the filter', async () => {
    const columns = [
      { match: '*.email', action: 'hash', name: 'email_sha256' },
      { match: '*.plan', action: 'drop' },
    ];
    const filters = [{ match: 'public.users', where: 'id <= 3' }];
    const config = snapshotConfig({ tables: ['public.users'], columns, filters });
    await database.psql('UPDATE users SET email = NULL WHERE id = 2');
    await runOnce({ config, source, server });
    const sha = (text: string): string => `lower(hex(SHA256('${text}')))`;
    const rows = await ask(
      engine.url,
      `SELECT id, email_sha256 = ${sha('u1@example.com')}, ` +
        `email_sha256 = ${sha('u3@example.com')} ` +
        'FROM shop.users ORDER BY id',
    );
    expect(rows).toEqual(['1\t1\t0', '2\t\\N\t\\N', '3\t0\t1']);
    const named = "SELECT name FROM system.columns WHERE database = 'shop' ORDER BY position";
    expect(await ask(engine.url, named)).toEqual(['id', 'email_sha256']);
  });

  it('stops when it is told to, and leaves nothing', async () => {
    const stop = new AbortController();
    const config = snapshotConfig({ rows_per_second: 100 });
    const run = runOnce({ config, source, server, signal: stop.signal });
    await untilLoading(tables);
    stop.abort();
    await expect(run).rejects.toThrow();
    expect(await tables()).toEqual([]);
  });

  it('shows one point in time of all tables, while money moves between them', async () => {
    await database.psql(
      'CREATE TABLE a (id int PRIMARY KEY, cents bigint NOT NULL); INSERT INTO a SELECT i, 1000 ' +
        'FROM generate_series(1, 100) i; CREATE TABLE b AS SELECT * FROM a; ' +
        'ALTER TABLE b ADD PRIMARY KEY (id)',
    );
    const config = snapshotConfig({ tables: ['public.a', 'public.b'] });
    const client = new Client(database.dsn());
    await client.connect();
    let isMoving = true;
    const moving = (async () => {
      for (let i = 1; isMoving; i = (i % 100) + 1) {
        await client.query('BEGIN');
        await client.query(`UPDATE a SET cents = cents - 7 WHERE id = ${i}`);
        await client.query(`UPDATE b SET cents = cents + 7 WHERE id = ${i}`);
        await client.query('COMMIT');
      }
    })();
    const sums = new Set<string>();
    for (let round = 0; round < 50; round += 1) {
      await runOnce({ config, source, server });
      const sum = 'SELECT (SELECT sum(cents) FROM shop.a) + (SELECT sum(cents) FROM shop.b)';
      for (const one of await ask(engine.url, sum)) sums.add(one);
    }
    isMoving = false;
    await moving;
    await client.end();
    expect([...sums]).toEqual(['200000']);
  }, 900_000);
});

async function untilLoading(tables: () => Promise<readonly string[]>): Promise<void> {
  while (!(await tables()).some((name) => name.includes('__loading_'))) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

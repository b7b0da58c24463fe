/** Versions of rows, and telemetry joined with what was true then: a real Postgres and engine. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { createTable, defaultTableOptions } from '../../clickhouse/ddl.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { TableReport } from '../../jobs/snapshot/run.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, dyingAt, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const schema = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TABLE customers (id int PRIMARY KEY, plan text, updated_at timestamptz DEFAULT now());
  INSERT INTO customers SELECT i, 'free' FROM generate_series(1, 100) i;
  ANALYZE;
`;
const history = [{ match: 'public.customers' }];
const incremental = [{ match: 'public.customers', cursor: 'updated_at', deletes: 'compare' }];

describeWithPeer('postgres', 'the history of rows', (programs) => {
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

  const run = async (
    more: Readonly<Record<string, unknown>> = {},
    into: ClickHouse = server,
  ): Promise<TableReport> => {
    const config = snapshotConfig({ history, ...more });
    const report = await runOnce({ config, source, server: into });
    return report.tables[0] as TableReport;
  };
  /** Versions of customer `id`, the oldest first: plan, and whether it is open. */
  const versions = async (id: number): Promise<readonly string[]> =>
    await ask(
      engine.url,
      "SELECT ifNull(plan, '-'), valid_to > now64(6) FROM shop.customers_history " +
        `WHERE id = ${id} ORDER BY valid_from`,
    );
  /** What is open is what the table has; versions of a row follow each other without overlap. */
  const expectWhole = async (): Promise<void> => {
    const columns = 'id, plan, updated_at';
    const open = `SELECT ${columns} FROM shop.customers_history WHERE valid_to > now64(6)`;
    const now = `SELECT ${columns} FROM shop.customers`;
    for (const [a, b] of [
      [open, now],
      [now, open],
    ]) {
      expect(await ask(engine.url, `${a} EXCEPT ${b}`)).toEqual([]);
    }
    const overlaps =
      'SELECT count() FROM (SELECT valid_from, valid_to, leadInFrame(valid_from, 1, valid_to) ' +
      'OVER (PARTITION BY id ORDER BY valid_from ROWS BETWEEN UNBOUNDED PRECEDING AND ' +
      'UNBOUNDED FOLLOWING) AS next FROM shop.customers_history) ' +
      'WHERE valid_to > next OR valid_from >= valid_to';
    expect(await ask(engine.url, overlaps)).toEqual(['0']);
    const twice = 'SELECT count() - uniqExact(id) FROM shop.customers';
    expect(await ask(engine.url, twice)).toEqual(['0']);
  };

  it.each([
    ['read whole', {}],
    ['of which changes are read', { incremental }],
  ])('of a table %s has each version once, and joins with what was true then', async (_, more) => {
    expect((await run(more)).history).toEqual({ opened: 100, closed: 0 });
    await ask(
      engine.url,
      'CREATE OR REPLACE TABLE otel.hits (at DateTime64(6), id Int32) ' +
        'ENGINE = MergeTree ORDER BY at',
    );
    const hit = 'INSERT INTO otel.hits SELECT now64(6), 7';
    await ask(engine.url, hit);
    await database.psql(
      "UPDATE customers SET plan = 'pro', updated_at = now() WHERE id = 7;" +
        'DELETE FROM customers WHERE id = 8;' +
        'UPDATE customers SET plan = NULL, updated_at = now() WHERE id = 9',
    );
    expect((await run(more)).history).toEqual({ opened: 2, closed: 3 });
    await ask(engine.url, hit);
    expect((await run(more)).history).toEqual({ opened: 0, closed: 0 });
    expect(await versions(7)).toEqual(['free\t0', 'pro\t1']);
    expect(await versions(8)).toEqual(['free\t0']);
    expect(await versions(9)).toEqual(['free\t0', '-\t1']);
    await expectWhole();
    const joined = await ask(
      engine.url,
      'SELECT plan FROM otel.hits AS hits ASOF JOIN shop.customers_history AS customers ' +
        'ON customers.id = hits.id AND hits.at >= customers.valid_from ' +
        'WHERE hits.at < customers.valid_to ORDER BY hits.at',
    );
    expect(joined).toEqual(['free', 'pro']);
    await database.psql("INSERT INTO customers VALUES (8, 'back', now())");
    await run(more);
    expect(await versions(8)).toEqual(['free\t0', 'back\t1']);
    await expectWhole();
  });

  it('joins errors with the plan of then by the query of the guide', async () => {
    const guide = await readFile('docs/guide/snapshots.md', 'utf8');
    const query = /^```sql\n(-- Errors by the plan .*?)^```/ms.exec(guide)?.[1] ?? '';
    await run();
    await server.run(createTable(logs, { ...defaultTableOptions, database: 'otel' }));
    const error = (customer: string): string =>
      'INSERT INTO otel.otel_logs (Timestamp, SeverityNumber, LogAttributes) ' +
      `SELECT now64(9), 17, map('customer.id', '${customer}')`;
    for (const customer of ['7', '7', '8', 'none']) await ask(engine.url, error(customer));
    await database.psql("UPDATE customers SET plan = 'pro' WHERE id = 7");
    await run();
    await ask(engine.url, error('7'));
    expect(await ask(engine.url, query)).toEqual(['free\t3', 'pro\t1']);
  });

  it('lives on when a column comes, and begins anew when one goes', async () => {
    await run();
    await database.psql(
      "ALTER TABLE customers ADD note text; UPDATE customers SET note = 'x' WHERE id = 1",
    );
    expect((await run()).history).toEqual({ opened: 1, closed: 1 });
    await expectWhole();
    await database.psql('ALTER TABLE customers DROP note');
    const cut = await run();
    expect(cut.history).toEqual({ opened: 100, closed: 0 });
    expect(cut.changes).toContainEqual(expect.stringMatching(/^history: begins anew/));
    const [until] = await ask(
      engine.url,
      "SELECT name FROM system.tables WHERE database = 'shop' AND name LIKE '%__until_%'",
    );
    await run();
    expect(await ask(engine.url, `SELECT count() FROM shop.${until}`)).toEqual(['101']);
    await expectWhole();
  });

  it('is not kept without a key, and not in the place of another table', async () => {
    await database.psql('ALTER TABLE customers DROP CONSTRAINT customers_pkey');
    expect((await run()).changes).toEqual(['without history: no primary key']);
    await database.psql('ALTER TABLE customers ADD PRIMARY KEY (id)');
    await database.psql('CREATE TABLE customers_history (id int)');
    await expect(run()).rejects.toMatchObject({ code: 'OBS-6042' });
  });

  it.each([
    ['read whole', {}],
    ['of which changes are read', { incremental }],
  ])('is the same after a run that died, of a table %s', async (_, more) => {
    await run(more);
    let isOver = false;
    for (let fatal = 1; !isOver; fatal += 1) {
      await database.psql(
        `UPDATE customers SET plan = 'r${fatal}', updated_at = clock_timestamp() WHERE id < 20`,
      );
      isOver = await run(more, dyingAt(server, fatal)).then(
        () => true,
        () => false,
      );
      if (!isOver) await run(more);
      await expectWhole();
      expect((await versions(1)).length).toBe(fatal + 1);
      expect(await versions(50)).toEqual(['free\t1']);
      const left = await ask(
        engine.url,
        "SELECT count() FROM system.tables WHERE database = 'shop' AND name LIKE '%__loading_%'",
      );
      expect(left).toEqual(['0']);
    }
  });
});

/** Runs that read only what changed: a real Postgres, the real engine, compared value by value. */
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import type { ClickHouse } from '../../clickhouse/client.ts';
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
  CREATE TABLE orders (
    id bigint PRIMARY KEY, state text, total numeric(12,2),
    updated_at timestamptz NOT NULL DEFAULT now());
  INSERT INTO orders SELECT i, CASE WHEN i % 7 > 0 THEN 'new' END, i / 100.0,
    now() - interval '2 days' + i * interval '1 second' FROM generate_series(1, 5000) i;
  ANALYZE;
`;
const entry = { match: 'public.orders', cursor: 'updated_at', overlap: '10m' };

describeWithPeer('postgres', 'a table of which only changes are read', (programs) => {
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
    options: { readonly isFull?: boolean; readonly server?: ClickHouse } = {},
  ): Promise<TableReport> => {
    const config = snapshotConfig({ incremental: [{ ...entry, ...more }] });
    const report = await runOnce({ config, source, server, ...options });
    return report.tables[0] as TableReport;
  };
  /** Every row as text, from the source and as a reader of ClickHouse finds it. */
  const expectEqual = async (): Promise<void> => {
    const here = await ask(
      engine.url,
      "SELECT id, ifNull(state, '-'), toDecimalString(total, 2), updated_at FROM shop.orders " +
        'ORDER BY id FORMAT TSV',
    );
    const there = await database.psql(
      "SELECT concat_ws(E'\\t', id, coalesce(state, '-'), total, " +
        "to_char(updated_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')) " +
        'FROM orders ORDER BY id',
    );
    expect(here).toEqual(there === '' ? [] : there.split('\n'));
  };
  const tables = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name");

  it('reads all rows first, then those that changed, and readers find each once', async () => {
    const first = await run();
    expect(first).toMatchObject({ mode: 'full', since: '', sent: { rows: 5_000 } });
    expect(first.changes).toEqual(['read whole: the first run of this kind']);
    await expectEqual();
    await database.psql(
      "UPDATE orders SET state = 'paid', updated_at = now() - interval '1 minute' WHERE id <= 20;" +
        "INSERT INTO orders SELECT i, 'new', 1 FROM generate_series(5001, 5010) i",
    );
    const second = await run();
    expect(second).toMatchObject({ mode: 'incremental', changes: [], deleted: 0 });
    // What changed, and the overlap of ten minutes with one row a second.
    expect(second.sent.rows).toBe(20 + 10 + 601);
    expect(second.mark > first.mark).toBe(true);
    await expectEqual();
    const names = await tables();
    expect(names).toEqual(['orders', expect.stringMatching(/^orders__rows_/)]);
    const rows = await ask(
      engine.url,
      "SELECT Mode, Rows = RowsStored, Checksum = ChecksumStored, Mark = '" +
        `${second.mark}' FROM otel.snapshot_runs WHERE SourceTable = 'public.orders' ` +
        'ORDER BY Time DESC LIMIT 1',
    );
    expect(rows).toEqual(['incremental\t1\t1\t1']);
  });

  it('takes up what was committed late, within the overlap', async () => {
    const late = new Client(database.dsn());
    await late.connect();
    await late.query('BEGIN');
    await late.query("INSERT INTO orders VALUES (9001, 'late', 1, now())");
    await database.psql("INSERT INTO orders VALUES (9002, 'early', 1, clock_timestamp())");
    const first = await run();
    await late.query('COMMIT');
    await late.end();
    const second = await run();
    expect([first.sent.rows, second.sent.rows]).toEqual([5_001, 2]);
    await expectEqual();
  });

  it.each([
    ['a column that came', 'ALTER TABLE orders ADD note text', {}],
    [
      'another key',
      'ALTER TABLE orders DROP CONSTRAINT orders_pkey, ADD line int DEFAULT 0, ' +
        'ADD PRIMARY KEY (id, line)',
      {},
    ],
    ['another cursor', 'ALTER TABLE orders ADD changed timestamptz', { cursor: 'changed' }],
    ['a wish', 'SELECT 1', { isFull: true }],
  ] as readonly [string, string, { cursor?: string; isFull?: boolean }][])(
    'reads all rows again for %s, and says why',
    async (_, sql, { isFull, ...more }) => {
      await run();
      await database.psql(`UPDATE orders SET state = 'silent' WHERE id = 1; ${sql}`);
      const report = await run(more, { isFull: isFull === true });
      expect(report).toMatchObject({ mode: 'full', sent: { rows: 5_000 } });
      expect(report.changes[0]).toMatch(/^read whole: (columns, key|as was asked)/);
      expect(report.since).toBe('');
      await expectEqual();
      expect(await tables()).toHaveLength(2);
    },
  );

  it('reads whole what it must, and refuses an entry that fits nothing', async () => {
    await database.psql('CREATE TABLE bare (id int, updated_at timestamptz)');
    const globbed = { incremental: [{ ...entry, match: 'public.*' }] };
    const report = await runOnce({ config: snapshotConfig(globbed), source, server });
    expect(report.tables.map(({ table, mode, changes }) => [table, mode, changes])).toEqual([
      ['bare', 'full', ['read whole: no primary key']],
      ['orders', 'full', ['read whole: the first run of this kind']],
    ]);
    await database.psql('DROP TABLE bare');
    expect((await run({ cursor: 'gone' })).changes[0]).toBe('read whole: no column gone is copied');
    expect((await run({ cursor: 'state' })).changes[0]).toMatch(
      /state is Nullable\(String\): no time/,
    );
    expect((await run({ overlap: 5 })).changes[0]).toMatch(/updated_at must be a duration/);
    await expect(run({ match: 'public.order' })).rejects.toMatchObject({ code: 'OBS-6048' });
  });

  it('reads rows without a cursor each time; one of the future leads it nowhere', async () => {
    await database.psql(
      'ALTER TABLE orders ALTER updated_at DROP NOT NULL;' +
        'UPDATE orders SET updated_at = NULL WHERE id <= 3;' +
        "UPDATE orders SET updated_at = now() + interval '1 year' WHERE id = 4;" +
        'UPDATE orders SET updated_at = now() WHERE id = 5',
    );
    await run();
    await database.psql(
      "UPDATE orders SET state = 'changed' WHERE id <= 4;" +
        "UPDATE orders SET state = 'changed', updated_at = now() WHERE id = 6",
    );
    const { mode, sent } = await run();
    expect([mode, sent.rows]).toEqual(['incremental', 6]);
    const changed = "SELECT groupArraySorted(9)(id) FROM shop.orders WHERE state = 'changed'";
    expect(await ask(engine.url, changed)).toEqual(['[1,2,3,4,6]']);
  });

  it('goes by integers, far below zero too', async () => {
    await database.psql('ALTER TABLE orders ADD seq int; UPDATE orders SET seq = id - 5000');
    const cursor = { cursor: 'seq', overlap: 10 };
    await run(cursor);
    await database.psql("UPDATE orders SET seq = 1, state = 'x' WHERE id = 7");
    const { sent, since, mark } = await run(cursor);
    expect([sent.rows, since, mark]).toEqual([12, '-10', '1']);
    await expectEqual();
  });

  it('takes a table from whole to kept and back', async () => {
    const whole = snapshotConfig();
    await runOnce({ config: whole, source, server });
    expect((await run()).mode).toBe('full');
    expect((await run()).mode).toBe('incremental');
    await runOnce({ config: whole, source, server });
    expect(await tables()).toEqual(['orders']);
    await expectEqual();
  });

  it('finds what is deleted by comparing keys, and never takes out all', async () => {
    const compare = { deletes: 'compare' };
    await run(compare);
    await database.psql(
      "DELETE FROM orders WHERE id % 10 = 3; INSERT INTO orders VALUES (7001, 'new', 1);",
    );
    expect(await run(compare)).toMatchObject({ mode: 'incremental', deleted: 500 });
    await expectEqual();
    // What was deleted may come again.
    await database.psql("INSERT INTO orders VALUES (13, 'again', 1, now())");
    expect(await run(compare)).toMatchObject({ mode: 'incremental', deleted: 0 });
    await expectEqual();
    await database.psql('CREATE TABLE aside AS TABLE orders; DELETE FROM orders');
    const emptied = run({ ...compare });
    await expect(emptied).rejects.toMatchObject({ code: 'OBS-6050' });
    expect(await ask(engine.url, 'SELECT count() FROM shop.orders')).toEqual(['4502']);
    expect(await tables()).toHaveLength(2);
    const config = snapshotConfig({ tables: ['public.orders'], incremental: [{ ...entry }] });
    await runOnce({ config, source, server, isFull: true });
    await expectEqual();
  });

  it('leaves deleted rows when not comparing; else sees a commit beyond the overlap', async () => {
    await run();
    const old = "now() - interval '1 year'";
    await database.psql(
      `DELETE FROM orders WHERE id <= 2; INSERT INTO orders VALUES (8001, 'x', 1, ${old})`,
    );
    expect(await run()).toMatchObject({ mode: 'incremental', deleted: 0 });
    const left = 'SELECT groupArraySorted(9)(id) FROM shop.orders WHERE id IN (1, 2, 8001)';
    expect(await ask(engine.url, left)).toEqual(['[1,2]']);
    const healed = await run({ deletes: 'compare' });
    expect(healed.changes).toEqual(['read whole: 1 rows were committed later than the overlap']);
    await expectEqual();
  });

  it('is the same after a run that died at any statement', async () => {
    await run({ deletes: 'compare' });
    const change = (round: number): string =>
      `UPDATE orders SET state = 'r${round}', updated_at = clock_timestamp() ` +
      `WHERE id % 9 = ${round % 9}; DELETE FROM orders WHERE id = ${100 + round}`;
    let isOver = false;
    for (let fatal = 1; !isOver; fatal += 1) {
      await database.psql(change(fatal));
      const before = await ask(engine.url, 'SELECT sum(cityHash64(*)) FROM shop.orders');
      const dying = dyingAt(server, fatal);
      isOver = await run({ deletes: 'compare' }, { server: dying }).then(
        () => true,
        () => false,
      );
      if (!isOver) {
        // Whole: as before, or as the source is now.
        const now = await ask(engine.url, 'SELECT sum(cityHash64(*)) FROM shop.orders');
        if (now[0] !== before[0]) await expectEqual();
        expect(await run({ deletes: 'compare' })).toMatchObject({ mode: 'incremental' });
      }
      await expectEqual();
      expect(await tables()).toHaveLength(2);
    }
  });
});

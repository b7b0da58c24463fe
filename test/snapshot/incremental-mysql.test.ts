/** Runs that read only what changed, of a real MariaDB, compared with it value by value. */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openMysql } from '../../jobs/snapshot/mysql/source.ts';
import type { TableReport } from '../../jobs/snapshot/run.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { type MariaDb, startMariaDb } from '../support/mariadb.ts';
import { describeWithPeer } from '../support/peer.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

describeWithPeer('mariadb-10.11', 'changes of a MariaDB', (program) => {
  let db: MariaDb;
  let engine: TestEngine;
  let server: ClickHouse;

  beforeAll(async () => {
    [db, engine] = await Promise.all([startMariaDb(program), startEngine()]);
    server = connectTarget(engine.url);
    db.run(`
      CREATE DATABASE shop CHARACTER SET utf8mb4;
      USE shop;
      CREATE TABLE customers (
        code VARCHAR(20), id BIGINT UNSIGNED, plan VARCHAR(20) NULL, born DATE NOT NULL,
        \`changed at\` DATETIME(3) NULL, PRIMARY KEY (code, id));
      INSERT INTO customers SELECT CONCAT('c', seq % 50), seq, 'free', '2026-01-01',
        UTC_TIMESTAMP(3) - INTERVAL 2 DAY + INTERVAL seq SECOND FROM seq_1_to_3000;`);
  });
  afterAll(async () => {
    await server?.close();
    await Promise.all([db?.stop(), engine?.stop()]);
  });

  const run = async (cursor: string): Promise<TableReport> => {
    const source = await openMysql({ dsn: db.dsn('shop') });
    const entry = { match: 'shop.customers', cursor, deletes: 'compare' };
    const config = snapshotConfig({
      tables: ['shop.*'],
      incremental: [entry],
      history: [{ match: 'shop.*' }],
    });
    const report = await runOnce({ config, source, server, home: 'shop' });
    await source.close();
    return report.tables[0] as TableReport;
  };
  const expectEqual = async (): Promise<void> => {
    const here = await ask(
      engine.url,
      "SELECT code, id, ifNull(plan, '-'), born, ifNull(toString(`changed at`), '-') " +
        'FROM shop.customers ORDER BY id',
    );
    const there = db.run(
      "SELECT code, id, IFNULL(plan, '-'), born, IFNULL(`changed at`, '-') FROM customers " +
        'ORDER BY id',
      'shop',
    );
    expect(here).toEqual(there.split('\n').slice(0, -1));
  };

  it('are read from the mark on, with deleted ones and versions', async () => {
    const first = await run('changed at');
    expect(first).toMatchObject({ mode: 'full', sent: { rows: 3_000 } });
    await expectEqual();
    db.run(
      "UPDATE customers SET plan = 'pro', `changed at` = UTC_TIMESTAMP(3) WHERE id <= 5;" +
        "UPDATE customers SET plan = 'unknown', `changed at` = NULL WHERE id = 6;" +
        'DELETE FROM customers WHERE id BETWEEN 100 AND 109',
      'shop',
    );
    const second = await run('changed at');
    expect(second).toMatchObject({
      mode: 'incremental',
      deleted: 10,
      history: { opened: 6, closed: 16 },
    });
    // Those of the overlap: ten minutes with a row each second, up to the mark.
    expect(second.sent.rows).toBe(601 + 6);
    await expectEqual();
  });

  it('are taken up when they are committed after a run that came later', async () => {
    await run('changed at');
    // By the whole key: a row that is only looked for by a part of it is locked, too.
    const change = (id: number): string =>
      `UPDATE customers SET plan = 'late ${id}', \`changed at\` = UTC_TIMESTAMP(3) ` +
      `WHERE code = 'c${id % 50}' AND id = ${id}`;
    const late = db.hold(`START TRANSACTION; ${change(7)}`, 'shop');
    await late.ready;
    db.run(change(8), 'shop');
    expect((await run('changed at')).mode).toBe('incremental');
    await expectEqual();
    await late.release('COMMIT;');
    expect((await run('changed at')).mode).toBe('incremental');
    await expectEqual();
    expect(await ask(engine.url, "SELECT id FROM shop.customers WHERE plan LIKE 'late%'")).toEqual([
      '7',
      '8',
    ]);
  });

  it('are read by a date and by an integer too', async () => {
    for (const [cursor, change] of [
      ['born', "born = UTC_DATE(), plan = 'by date'"],
      ['id', "id = id + 100000, plan = 'by number'"],
    ]) {
      expect((await run(cursor ?? '')).mode).toBe('full');
      db.run(`UPDATE customers SET ${change} WHERE id = 2999`, 'shop');
      expect((await run(cursor ?? '')).mode).toBe('incremental');
      await expectEqual();
    }
  });
});

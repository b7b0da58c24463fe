/** Streaming: one moment for all readers, backpressure, and ends before the end. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type MariaDb, startMariaDb } from '../../../test/support/mariadb.ts';
import { recordRows } from '../../../test/support/mysql-columns.ts';
import { planAll, readTable } from '../../../test/support/mysql-reading.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import type { Source, SourceSnapshot, SourceTable } from '../source.ts';
import { openMysql } from './source.ts';

const rounds = 50;
const accounts = 400;
const balance = 1000;

describeWithPeer('mariadb-10.11', 'reading from MySQL', (program) => {
  let db: MariaDb;
  let source: Source;
  let tables: ReadonlyMap<string, SourceTable>;

  beforeAll(async () => {
    db = await startMariaDb(program);
    const columns = Array.from({ length: 1016 }, (_, at) => `c${at} INT`);
    const wide = Array.from({ length: 1016 }, (_, at) => at);
    db.run('CREATE DATABASE bank');
    db.run(
      `CREATE TABLE a (id INT PRIMARY KEY, balance BIGINT NOT NULL);
       INSERT INTO a SELECT seq, ${balance} FROM seq_1_to_${accounts};
       CREATE TABLE b LIKE a; INSERT INTO b SELECT * FROM a; ANALYZE TABLE a, b;
       CREATE TABLE big (id INT PRIMARY KEY, text VARCHAR(100) NOT NULL);
       INSERT INTO big SELECT seq, REPEAT('x', 100) FROM seq_1_to_200000;
       CREATE TABLE wide (id INT PRIMARY KEY, ${columns.join(', ')}) ENGINE=InnoDB;
       INSERT INTO wide VALUES (1, ${wide.join(', ')})`,
      'bank',
    );
    source = await openMysql({ dsn: db.dsn('bank') });
    tables = new Map((await source.tables()).map((table) => [table.name, table]));
  }, 120_000);

  afterAll(async () => {
    await source?.close();
    await db?.stop();
  });

  it('sees one moment in all tables and chunks, however money moves meanwhile', async () => {
    const transfers = db.hold(transfer(1).repeat(50_000), 'bank');
    const positions = new Set<string>();
    const seen = new Set<string>();
    for (let round = 0; round < rounds; round += 1) {
      const snapshot = await source.begin(3);
      const [a, b] = await Promise.all(
        ['a', 'b'].map((name) => readTable(snapshot, tableOf(name), { rows: 50 })),
      );
      await snapshot.end();
      const sums = [a, b].map((rows) => (rows ?? []).reduce((sum, row) => sum + Number(row[1]), 0));
      positions.add(snapshot.position);
      seen.add(sums.join());
      expect([a?.length, b?.length]).toEqual([accounts, accounts]);
      expect((sums[0] ?? 0) + (sums[1] ?? 0)).toBe(2 * accounts * balance);
    }
    await transfers.stop();
    // Money did move: else nothing was shown.
    expect(positions.size).toBeGreaterThan(rounds / 2);
    expect(seen.size).toBeGreaterThan(rounds / 2);
  }, 240_000);

  it('reads as many columns as InnoDB allows', async () => {
    const snapshot = await source.begin(1);
    const [row] = await readTable(snapshot, tableOf('wide'));
    await snapshot.end();
    expect(row).toEqual([1, ...Array.from({ length: 1016 }, (_, at) => at)]);
  });

  it('takes no row while a block is being sent', async () => {
    const snapshot = await source.begin(1);
    let flushes = 0;
    const rows = await readBig(snapshot, async (recorder) => {
      flushes += 1;
      const before = recorder.rows.length;
      if (flushes < 5) await source.tables();
      expect(recorder.rows.length).toBe(before);
    });
    await snapshot.end();
    expect(rows.length).toBe(200_000);
    expect(flushes).toBe(20);
  });

  it('ends when it is aborted, and its reader can read again', async () => {
    const snapshot = await source.begin(1);
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = readBig(snapshot, async () => controller.abort(reason), controller.signal);
    await expect(reading).rejects.toBe(reason);
    const idle =
      "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT `id`%'";
    expect(db.run(idle).trim()).toBe('0');
    expect(await readTable(snapshot, tableOf('a'))).toHaveLength(accounts);
    await snapshot.end();
  });

  it('fails when the target fails, with what it said', async () => {
    const snapshot = await source.begin(1);
    const reading = readBig(snapshot, async () => {
      throw new Error('disk full');
    });
    await expect(reading).rejects.toThrow('disk full');
    await snapshot.end();
  });

  it('fails when its connection is killed, and gives no short table', async () => {
    const snapshot = await source.begin(1);
    const reading = readBig(snapshot, async () => {
      const ids = "SELECT ID FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT `id`%'";
      for (const id of db.run(ids).split('\n').filter(Boolean)) db.run(`KILL ${id}`);
    });
    await expect(reading).rejects.toMatchObject({ code: 'OBS-6126' });
    await snapshot.end();
  });

  it('fails when a statement takes too long', async () => {
    const slow = await openMysql({ dsn: db.dsn('bank'), statementTimeoutMs: 1000 });
    const snapshot = await slow.begin(1);
    const planned = { ...planAll(tableOf('a')), filter: 'SLEEP(60) = 0' };
    const { writer } = recordRows(planned.columns.map(({ type }) => type));
    const out = { writer, edges: { met: () => undefined }, flush: async () => undefined };
    const { signal } = new AbortController();
    const reading = snapshot.read(planned, { id: 'all', where: '' }, out, signal);
    await expect(reading).rejects.toMatchObject({
      code: 'OBS-6126',
      message: expect.stringContaining('max_statement_time exceeded'),
    });
    await slow.close();
  });

  it('fails when the server ends', async () => {
    const snapshot = await source.begin(1);
    const reading = readBig(snapshot, async () => await db.kill());
    await expect(reading).rejects.toMatchObject({ code: 'OBS-6126' });
    await snapshot.end();
  });

  function tableOf(name: string): SourceTable {
    const table = tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }

  async function readBig(
    snapshot: SourceSnapshot,
    onFlush: (recorder: ReturnType<typeof recordRows>) => Promise<void>,
    signal = new AbortController().signal,
  ) {
    const planned = planAll(tableOf('big'));
    const recorder = recordRows(
      planned.columns.map(({ type }) => type),
      10_000,
    );
    const out = {
      writer: recorder.writer,
      edges: { met: () => undefined },
      flush: async () => {
        await onFlush(recorder);
        recorder.drain();
      },
    };
    await snapshot.read(planned, { id: 'all', where: '' }, out, signal);
    return recorder.rows;
  }
});

/** From one table to the other, in one transaction. */
function transfer(amount: number): string {
  return `SET @at = 1 + FLOOR(RAND() * ${accounts}); BEGIN;
    UPDATE a SET balance = balance - ${amount} WHERE id = @at;
    UPDATE b SET balance = balance + ${amount} WHERE id = @at; COMMIT;\n`;
}

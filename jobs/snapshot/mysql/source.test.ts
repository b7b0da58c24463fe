/** Catalog, session, one point in time and errors, against a real MariaDB. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { freePort } from '../../../test/support/free-ports.ts';
import { type MariaDb, startMariaDb } from '../../../test/support/mariadb.ts';
import { readTable } from '../../../test/support/mysql-reading.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import type { SourceTable } from '../source.ts';
import { openMysql } from './source.ts';

describeWithPeer('mariadb-10.11', 'MySQL as a source', (program) => {
  let db: MariaDb;

  beforeAll(async () => {
    db = await startMariaDb(program);
    db.run(`
      CREATE DATABASE shop CHARACTER SET utf8mb4;
      USE shop;
      CREATE TABLE orders (
        tenant INT NOT NULL, id BIGINT UNSIGNED NOT NULL, note VARCHAR(20) NULL,
        total DECIMAL(12,2) NOT NULL, twice DECIMAL(13,2) AS (total * 2) STORED,
        hidden INT INVISIBLE DEFAULT 7, PRIMARY KEY (tenant, id));
      CREATE TABLE \`größe "x\`\`y\` (\`a b\` INT NOT NULL) ENGINE=MyISAM;
      CREATE TABLE parts (id INT PRIMARY KEY)
        PARTITION BY HASH(id) PARTITIONS 3;
      CREATE VIEW big AS SELECT id, total FROM orders WHERE total > 100;
      CREATE TABLE empty (id INT PRIMARY KEY);
      INSERT INTO orders (tenant, id, note, total) VALUES
        (1, 18446744073709551615, NULL, 1.50), (2, 1, 'ü😀', 200);
      INSERT INTO \`größe "x\`\`y\` VALUES (1), (2);
      INSERT INTO parts SELECT seq FROM seq_1_to_100;
      CREATE USER reader@'%' IDENTIFIED BY 'pa:ss';
      GRANT SELECT ON shop.orders TO reader@'%';`);
  }, 60_000);

  afterAll(async () => await db?.stop());

  it('lists tables, views and partitioned tables with keys and types', async () => {
    const source = await openMysql({ dsn: db.dsn('shop') });
    const tables = await source.tables();
    await source.close();
    expect(tables.map(({ name, kind }) => [name, kind])).toEqual([
      ['big', 'view'],
      ['empty', 'table'],
      ['größe "x`y', 'table'],
      ['orders', 'table'],
      ['parts', 'partitioned'],
    ]);
    const orders = named(tables, 'orders');
    expect(orders.primaryKey).toEqual(['tenant', 'id']);
    expect(
      orders.columns.map((one) => [one.name, one.sourceType, one.isNullable, one.isGenerated]),
    ).toEqual([
      ['tenant', 'int(11)', false, false],
      ['id', 'bigint(20) unsigned', false, false],
      ['note', 'varchar(20)', true, false],
      ['total', 'decimal(12,2)', false, false],
      ['twice', 'decimal(13,2)', true, true],
      ['hidden', 'int(11)', true, false],
    ]);
  });

  it('sees every database but those of the system when the address names none', async () => {
    const source = await openMysql({ dsn: db.dsn('') });
    const schemas = new Set((await source.tables()).map(({ schema }) => schema));
    await source.close();
    expect([...schemas]).toEqual(['shop']);
  });

  it('reads tables, views, partitions, generated and hidden columns, and odd names', async () => {
    const source = await openMysql({ dsn: db.dsn('shop') });
    const snapshot = await source.begin(2);
    const tables = await source.tables();
    const read = async (name: string) => await readTable(snapshot, named(tables, name));
    expect(await read('orders')).toEqual([
      [1, 18446744073709551615n, null, 150n, 300n, 7],
      [2, 1n, Buffer.from('ü😀').toString('hex'), 20_000n, 40_000n, 7],
    ]);
    expect(await read('größe "x`y')).toEqual([[1], [2]]);
    expect(await read('big')).toEqual([[1n, 20_000n]]);
    expect(await read('empty')).toEqual([]);
    const parts = (await read('parts')).map(([id]) => Number(id));
    expect(parts.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    await source.close();
  });

  it('says where the snapshot is, and which tables have none', async () => {
    const source = await openMysql({ dsn: db.dsn('shop') });
    const snapshot = await source.begin(3);
    const [file, position] = db.run('SHOW MASTER STATUS').split('\t');
    expect(snapshot.position).toContain(`${file}:${position}, GTID 0-1-`);
    expect(snapshot.readers).toBe(3);
    expect(snapshot.notes).toEqual([
      'no snapshot in engines without transactions, read as they are then: ' +
        'shop.größe "x`y (MyISAM)',
    ]);
    await source.close();
  });

  it('reads with one connection and says so where RELOAD is missing', async () => {
    const source = await openMysql({ dsn: db.dsn('shop', 'reader', 'pa%3Ass') });
    const snapshot = await source.begin(3);
    const [orders] = await source.tables();
    db.run("UPDATE orders SET note = 'later' WHERE tenant = 1", 'shop');
    const rows = await readTable(snapshot, orders!);
    db.run('UPDATE orders SET note = NULL WHERE tenant = 1', 'shop');
    await source.close();
    expect(snapshot.readers).toBe(1);
    expect(snapshot.notes[0]).toContain('the user has not the privilege RELOAD');
    expect(snapshot.position).toMatch(/^binlog\.\d+:\d+/);
    expect(rows[0]?.[2]).toBeNull();
  });

  it('gives the lock up when a long statement holds a table, and holds nobody up', async () => {
    const holder = await openMysql({ dsn: db.dsn('shop') });
    const held = await holder.begin(1);
    const source = await openMysql({ dsn: db.dsn('shop'), lockWaitSeconds: 1 });
    const blocker = db.hold('LOCK TABLES shop.parts WRITE');
    await blocker.ready;
    const snapshot = await source.begin(2);
    await blocker.release();
    expect(snapshot.readers).toBe(1);
    expect(snapshot.notes[0]).toContain('the lock was not had in time');
    await held.end();
    await source.close();
    await holder.close();
  });

  it('keeps a point in time for every reader while rows change', async () => {
    const source = await openMysql({ dsn: db.dsn('shop') });
    const snapshot = await source.begin(2);
    db.run('INSERT INTO empty VALUES (1)', 'shop');
    const table = named(await source.tables(), 'empty');
    const both = await Promise.all([readTable(snapshot, table), readTable(snapshot, table)]);
    db.run('DELETE FROM empty', 'shop');
    await source.close();
    expect(both).toEqual([[], []]);
  });

  it.each([
    ['OBS-6122', 'a wrong password', () => db.dsn('shop', 'reader', 'secret-word')],
    ['OBS-6123', 'an unknown database', () => db.dsn('shopp')],
    ['OBS-6123', 'a database of others', () => db.dsn('mysql', 'reader', 'pa%3Ass')],
    ['OBS-6120', 'a password with a slash', () => 'mysql://root:1@2/secret-word@localhost/shop'],
    ['OBS-6120', 'a bare host', () => 'secret-word'],
    ['OBS-6120', 'parameters', () => 'mysql://u:secret-word@h/d?ssl=1'],
    ['OBS-6120', 'a bad percent', () => 'mysql://u:secret-word%@h/d'],
    ['OBS-6120', 'another protocol', () => 'postgres://u:secret-word@h/d'],
    ['OBS-6121', 'an unknown host', () => 'mysql://u:secret-word@nowhere.invalid/d'],
  ])('says %s for %s, without the password', async (code, _what, dsn) => {
    const error = await refused(openMysql({ dsn: dsn() }));
    expect(error).toMatchObject({ code });
    expect(JSON.stringify(error) + error.message + String(error.stack)).not.toContain(
      'secret-word',
    );
  });

  it('says that nothing listens, and that TLS is missing', async () => {
    const port = await freePort();
    const dsn = `mysql://root:secret-word@127.0.0.1:${port}/shop`;
    expect(await refused(openMysql({ dsn }))).toMatchObject({
      code: 'OBS-6121',
      where: `127.0.0.1:${port}/shop`,
    });
    expect(await refused(openMysql({ dsn: db.dsn('shop'), tls: {} }))).toMatchObject({
      code: 'OBS-6124',
    });
  });

  it('names the privilege that a table lacks', async () => {
    const source = await openMysql({ dsn: db.dsn('shop', 'reader', 'pa%3Ass') });
    const admin = await openMysql({ dsn: db.dsn('shop') });
    const parts = named(await admin.tables(), 'parts');
    const snapshot = await source.begin(1);
    const error = await refused(readTable(snapshot, parts));
    expect(error).toMatchObject({ code: 'OBS-6125' });
    expect(error.message).toContain('shop.parts');
    await source.close();
    await admin.close();
  });
});

function named(tables: readonly SourceTable[], name: string): SourceTable {
  const found = tables.find((table) => table.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}

async function refused(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (Error.isError(error)) return error;
  }
  throw new Error('it was not refused');
}

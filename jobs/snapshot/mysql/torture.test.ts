/**
 * Every type of MySQL and MariaDB with its edge values, through the product's columns into a real
 * engine. The judge is MariaDB itself, asked by its own client: both sides print each value, and
 * the texts are compared as hex.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { type MariaDb, startMariaDb } from '../../../test/support/mariadb.ts';
import { askEngine, intoEngine } from '../../../test/support/mysql-engine.ts';
import { planAll, type Wishes } from '../../../test/support/mysql-reading.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import type { SourceTable } from '../source.ts';
import { openMysql } from './source.ts';
import { type Kind, kinds } from './testdata/kinds.ts';

describeWithPeer('mariadb-10.11', 'types of MySQL', (program) => {
  let db: MariaDb;
  let engine: TestEngine;
  const rows = Math.max(...kinds.map(({ values }) => values.length)) + 1;

  beforeAll(async () => {
    [db, engine] = await Promise.all([startMariaDb(program), startEngine()]);
    const columns = kinds.map(({ ddl, isRequired }, at) => {
      return `c${at} ${ddl} ${isRequired === true ? 'NOT NULL' : 'NULL'}`;
    });
    db.run('CREATE DATABASE torture CHARACTER SET utf8mb4');
    db.run(`CREATE TABLE kinds (id INT PRIMARY KEY, ${columns.join(', ')})`, 'torture');
    // After its own values a column has NULL, and its first value again where it may not.
    const values = Array.from({ length: rows }, (_, row) => {
      const cells = kinds.map((kind) => valueAt(kind, row));
      return `(${row}, ${cells.join(', ')})`;
    });
    const modes = "SET sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'";
    db.run(`${modes}; INSERT INTO kinds VALUES ${values.join(',\n')}`, 'torture');
  }, 120_000);

  afterAll(async () => {
    await Promise.all([db?.stop(), engine?.stop()]);
  });

  it('come out as MariaDB prints them, by the type table', async () => {
    const met = await copy();
    const [there, here] = [new Map<string, unknown>(), new Map<string, unknown>()];
    for (const [at, kind] of kinds.entries()) {
      there.set(kind.ddl, (await askEngine(engine, printed(at, kind.clickhouse))).flat());
      const text = kind.mysql(`c${at}`);
      here.set(kind.ddl, asked(`SELECT CONCAT('x', HEX(${text})) FROM kinds ORDER BY id`));
    }
    expect(there).toEqual(here);
    const edges = met.map(([column, value, key]) => {
      return `${kinds[Number(column.slice(1))]?.ddl} ${value} ${key}`;
    });
    expect(edges).toEqual([
      'date 0000-00-00 id=0',
      'datetime 0000-00-00 00:00:00 id=0',
      'timestamp 0000-00-00 00:00:00 id=0',
      'date 2024-00-10 id=1',
      'datetime 2024-02-00 00:00:00 id=1',
      'date 1000-01-01 id=2',
      'datetime 0000-01-01 00:00:00 id=2',
      'date 9999-12-31 id=3',
      'datetime 2023-02-31 01:02:03 id=3',
      'date 2023-02-31 id=4',
    ]);
  });

  it('come out as MariaDB prints them when String is asked for', async () => {
    await copy(Object.fromEntries(kinds.map((_, at) => [`c${at}`, { type: 'String' }])));
    const [there, here] = [new Map<string, unknown>(), new Map<string, unknown>()];
    for (const [at, kind] of kinds.entries()) {
      const answer = await askEngine(
        engine,
        printed(at, (name) => name),
      );
      there.set(kind.ddl, answer.flat());
      const text = (kind.mysqlText ?? ((name: string) => `CAST(${name} AS CHAR)`))(`c${at}`);
      here.set(kind.ddl, asked(`SELECT CONCAT('x', HEX(${text})) FROM kinds ORDER BY id`));
    }
    expect(there).toEqual(here);
  });

  it('keep every bit of floats', async () => {
    const doubles = [0.1, -2.5, 5e-324, 1.7976931348623157e308, 2 ** 53 + 2, 1e22, 1e23, 1 / 3];
    const singles = [0.1, -2.5, 1e-45, 3.4028234663852886e38, 16777217, 1e10, 1 / 3];
    const rows = doubles.map((value, at) => `(${at}, ${text(value)}, ${text(singles[at] ?? 0)})`);
    db.run(
      'CREATE TABLE floats (id INT PRIMARY KEY, d DOUBLE NOT NULL, f FLOAT NOT NULL)',
      'torture',
    );
    db.run(`INSERT INTO floats VALUES ${rows.join(', ')}`, 'torture');
    await copy({}, 'floats');
    const bits = 'reinterpretAsUInt64(d), reinterpretAsUInt32(f)';
    const there = await askEngine(engine, `SELECT ${bits} FROM copy ORDER BY id`);
    const view = new DataView(new ArrayBuffer(8));
    const here = doubles.map((value, at) => {
      view.setFloat64(0, value);
      const double = String(view.getBigUint64(0));
      view.setFloat32(0, singles[at] ?? 0);
      return [double, String(view.getUint32(0))];
    });
    expect(there).toEqual(here);
  });

  it('clamps, refuses, and counts dates at the edge as told', async () => {
    const dates = kinds.findIndex(({ ddl }) => ddl === 'date');
    const met = await copy({ [`c${dates}`]: { edge: 'clamp' } });
    const there = await askEngine(engine, `SELECT c${dates} FROM copy ORDER BY id`);
    expect(there.flat().slice(0, 6)).toEqual([
      '1900-01-01',
      '2024-01-10',
      '1900-01-01',
      '2299-12-31',
      '2023-02-28',
      '1900-01-01',
    ]);
    expect(met.filter(([column]) => column === `c${dates}`)).toHaveLength(5);
    await expect(copy({ [`c${dates}`]: { edge: 'fail' } })).rejects.toMatchObject({
      code: 'OBS-6127',
      message: `column c${dates}: 0000-00-00 (date) does not fit Nullable(Date32); row id=0`,
    });
  });

  async function copy(wishes: Wishes = {}, name = 'kinds') {
    const source = await openMysql({ dsn: db.dsn('torture') });
    const table = (await source.tables()).find((one) => one.name === name) as SourceTable;
    const snapshot = await source.begin(1);
    try {
      return await intoEngine(engine, snapshot, planAll(table, wishes));
    } finally {
      await source.close();
    }
  }

  /** Lines of the server's own client, in UTC. */
  function asked(sql: string): readonly string[] {
    const pinned = "SET time_zone = '+00:00', sql_mode = ''";
    return db.run(`${pinned}; ${sql}`, 'torture').trimEnd().split('\n');
  }
});

/** In exponents, or the server reads a decimal. MariaDB stores no -0. */
function text(value: number): string {
  return value.toExponential();
}

function valueAt(kind: Kind, row: number): string {
  return kind.values[row] ?? (kind.isRequired === true ? (kind.values[0] ?? 'NULL') : 'NULL');
}

/** Hex of the printed value; NULL as MariaDB's client prints it. */
function printed(at: number, print: (name: string) => string): string {
  const text = print(`c${at}`);
  return `SELECT ifNull(concat('x', hex(${text})), 'NULL') FROM copy ORDER BY id`;
}

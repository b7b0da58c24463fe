/** Options of columns that change what a table holds: NULL told apart, and JSON as such. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openMysql } from '../../jobs/snapshot/mysql/source.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { describeWithPeer } from '../support/peer.ts';
import { startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

const startMsMax = 180_000;
const limitMs = 120_000;

type Database = {
  readonly source: Source;
  /** Schema of its tables. */
  readonly schema: string;
  readonly run: (sql: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
};

let engine: TestEngine;
let server: ClickHouse;
beforeAll(async () => {
  engine = await startEngine();
  server = connectTarget(engine.url);
}, startMsMax);
afterAll(async () => {
  await server?.close();
  await engine?.stop();
});

describeWithPeer('postgres', 'of Postgres', (programs) => {
  promised('jsonb', async () => {
    const database = await startPostgres(programs);
    return {
      source: await openPostgres({ dsn: database.dsn() }),
      schema: 'public',
      run: (sql) => database.psql(sql),
      stop: () => database.stop(),
    };
  });
});

describeWithPeer('mariadb-10.11', 'of MariaDB', (program) => {
  promised('json', async () => {
    const database = await startMariaDb(program);
    database.run('CREATE DATABASE shop');
    return {
      source: await openMysql({ dsn: database.dsn('shop') }),
      schema: 'shop',
      run: async (sql) => database.run(sql, 'shop'),
      stop: () => database.stop(),
    };
  });
});

function promised(json: string, start: () => Promise<Database>): void {
  let database: Database;
  beforeAll(async () => {
    database = await start();
    const isPostgres = json === 'jsonb';
    const [list, one, none] = isPostgres
      ? ['text[]', "ARRAY['a', 'b']", 'ARRAY[]::text[]']
      : ["set('a', 'b')", "'a,b'", "''"];
    const point = isPostgres ? "'(1.5,2)'" : 'POINT(1.5, 2)';
    await database.run(
      `CREATE TABLE places (id int PRIMARY KEY, tags ${list}, spot point);
       INSERT INTO places VALUES (1, ${one}, ${point}), (2, ${none}, NULL), (3, NULL, NULL);
       CREATE TABLE events (id int PRIMARY KEY, payload ${json}, needed ${json} NOT NULL);
       INSERT INTO events VALUES
         (1, '{"plan": {"name": "gold", "seats": 3}, "n": 12345678901234567890}', '{}'),
         (2, NULL, '{"list": [1, 2]}')`,
    );
  }, startMsMax);
  afterAll(async () => {
    await database?.source.close();
    await database?.stop();
  });

  const snapshotOf = async (
    table: string,
    columns: readonly object[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<void> => {
    const { source, schema } = database;
    const config = snapshotConfig({ tables: [`${schema}.${table}`], columns, ...more });
    const { tables } = await runOnce({ config, source, server, home: schema });
    expect(tables[0]?.sent.checksum).toBe(tables[0]?.stored.checksum);
  };

  it(
    'tell NULL from nothing in columns that cannot hold it',
    async () => {
      await snapshotOf('places', [
        { match: '*.tags', null_flag: 'tags_is_null' },
        { match: '*.spot', null_flag: 'no_spot' },
      ]);
      const rows = await ask(
        engine.url,
        'SELECT id, tags, tags_is_null, spot, no_spot FROM shop.places ORDER BY id',
      );
      expect(rows).toEqual([
        "1\t['a','b']\tfalse\t(1.5,2)\tfalse",
        '2\t[]\tfalse\t(nan,nan)\ttrue',
        '3\t[]\ttrue\t(nan,nan)\ttrue',
      ]);
    },
    limitMs,
  );

  it(
    'make JSON of texts that were verified',
    async () => {
      const columns = [{ match: '*.events.*', type: 'JSON' }];
      await snapshotOf('events', [{ match: '*.events.id' }, ...columns]);
      const types =
        "SELECT type FROM system.columns WHERE database = 'shop' AND table = 'events' " +
        'ORDER BY position';
      expect(await ask(engine.url, types)).toEqual(['Int32', 'Nullable(JSON)', 'JSON']);
      const rows = await ask(
        engine.url,
        'SELECT id, payload.plan.name, payload.n, needed.list, payload IS NULL FROM shop.events ' +
          'ORDER BY id',
      );
      expect(rows).toEqual(['1\tgold\t12345678901234567890\t\\N\t0', '2\t\\N\t\\N\t[1,2]\t1']);
    },
    limitMs,
  );

  it(
    'add JSON to JSON where only what changed is read',
    async () => {
      const columns = [{ match: '*.events.id' }, { match: '*.events.*', type: 'JSON' }];
      const incremental = [{ match: '*.events', cursor: 'id', overlap: 0 }];
      await snapshotOf('events', columns, { database: `more_${json}`, incremental });
      await database.run(`INSERT INTO events VALUES (3, '{"plan": {"name": "free"}}', '{}')`);
      await snapshotOf('events', columns, { database: `more_${json}`, incremental });
      const names = `SELECT id, payload.plan.name FROM more_${json}.events ORDER BY id`;
      expect(await ask(engine.url, names)).toEqual(['1\tgold', '2\t\\N', '3\tfree']);
      const modes = await ask(
        engine.url,
        `SELECT Mode FROM otel.snapshot_runs WHERE Database = 'more_${json}' ORDER BY Started`,
      );
      expect(modes).toEqual(['full', 'incremental']);
      await database.run('DELETE FROM events WHERE id = 3');
    },
    limitMs,
  );

  describe('a value that is no object', () => {
    it(
      'ends the run with its row, and the table of before stays',
      async () => {
        await database.run(`INSERT INTO events VALUES (7, '[1, 2]', '{}')`);
        const columns = [{ match: '*.events.id' }, { match: '*.events.*', type: 'JSON' }];
        const message = 'column payload: 1 values are no objects of JSON, one in the row id=7';
        await expect(snapshotOf('events', columns)).rejects.toMatchObject({
          code: 'OBS-6051',
          message,
        });
        const left = await ask(
          engine.url,
          "SELECT name FROM system.tables WHERE database = 'shop' AND name LIKE 'events%'",
        );
        expect(left).toEqual(['events']);
        expect(await ask(engine.url, 'SELECT max(id) FROM shop.events')).toEqual(['2']);
        await database.run('DELETE FROM events WHERE id = 7');
      },
      limitMs,
    );
  });
}

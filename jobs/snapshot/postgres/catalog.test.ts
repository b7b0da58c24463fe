import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { findTable, readAll } from '../../../test/support/snapshot-reading.ts';
import type { Source } from '../source.ts';
import { openPostgres } from './open.ts';

describeWithPeer('postgres', 'tables of every kind', (programs) => {
  let server: PostgresServer;
  let source: Source;

  beforeAll(async () => {
    server = await startPostgres(programs);
    source = await openPostgres({ dsn: server.dsn() });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });

  const rowsOf = async (name: string): Promise<unknown> =>
    (await readAll(source, name, { chunkRows: 100 })).rows.toSorted(
      (left, right) => Number(left[0]) - Number(right[0]),
    );

  it('reads partitions of partitions once, with columns in any order', async () => {
    await server.psql(`CREATE TABLE parent (id int, at date, v text) PARTITION BY RANGE (at);
      CREATE TABLE "p ""one" PARTITION OF parent FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
      CREATE TABLE p2 PARTITION OF parent FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')
        PARTITION BY HASH (id);
      CREATE TABLE p2a (gone int, v text, at date, id int);
      ALTER TABLE p2a DROP gone;
      ALTER TABLE p2 ATTACH PARTITION p2a FOR VALUES WITH (MODULUS 1, REMAINDER 0);
      INSERT INTO parent SELECT n, '2020-01-01'::date + n % 700, repeat('v', 300)
        FROM generate_series(1, 3000) n;
      ANALYZE parent`);
    const { table, chunks, rows } = await readAll(source, 'public.parent', { chunkRows: 300 });
    expect(table).toMatchObject({ kind: 'partitioned', estimatedRows: 3000 });
    expect(chunks.length).toBeGreaterThan(8);
    expect(rows.map(([id]) => id).sort((left, right) => Number(left) - Number(right))).toEqual(
      Array.from({ length: 3000 }, (_, index) => index + 1),
    );
    expect(new Set(rows.map(([, , v]) => v))).toEqual(new Set(['v'.repeat(300)]));
    const names = (await source.tables()).map(({ name }) => name);
    expect(names.filter((name) => /^p( |2)/.test(name))).toEqual([]);
  });

  it('reads views of both kinds, and a parent by inheritance without its children', async () => {
    await server.psql(`CREATE TABLE base (id int PRIMARY KEY, v text NOT NULL);
      INSERT INTO base VALUES (1, 'a'), (2, 'b');
      CREATE TABLE child (extra int) INHERITS (base); INSERT INTO child VALUES (3, 'c', 0);
      CREATE VIEW seen AS SELECT id, v FROM ONLY base;
      CREATE MATERIALIZED VIEW kept AS SELECT id, v FROM base`);
    expect(await rowsOf('public.base')).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(await rowsOf('public.child')).toEqual([[3, 'c', 0]]);
    expect(await rowsOf('public.seen')).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(await rowsOf('public.kept')).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    const view = await findTable(source, 'public.seen');
    expect(view.kind).toBe('view');
    expect(view.columns.map(({ isNullable }) => isNullable)).toEqual([true, true]);
    const base = await findTable(source, 'public.base');
    expect(base.columns.map(({ isNullable }) => isNullable)).toEqual([false, false]);
  });

  it('tells types, nullability, generated columns and the key in its order', async () => {
    await server.psql(`CREATE DOMAIN always AS int NOT NULL;
      CREATE TABLE told (b text, gone int, a int, twice int GENERATED ALWAYS AS (a * 2) STORED,
        own always, n numeric(12, 2) NOT NULL, at timestamptz(3),
        who int GENERATED ALWAYS AS IDENTITY,
        PRIMARY KEY (b, a) INCLUDE (n));
      ALTER TABLE told DROP gone;
      INSERT INTO told (b, a, own, n) VALUES ('x', 21, 1, 2)`);
    const told = await findTable(source, 'public.told');
    expect(told.primaryKey).toEqual(['b', 'a']);
    expect(
      told.columns.map((one) => [one.name, one.sourceType, one.isNullable, one.isGenerated]),
    ).toEqual([
      ['b', 'text', false, false],
      ['a', 'integer', false, false],
      ['twice', 'integer', true, true],
      // A domain that says NOT NULL may be NULL after an outer join.
      ['own', 'always', true, false],
      ['n', 'numeric(12,2)', false, false],
      ['at', 'timestamp(3) with time zone', true, false],
      ['who', 'integer', false, false],
    ]);
    expect(await rowsOf('public.told')).toEqual([['x', 21, 42, 1, 200n, null, 1]]);
  });

  it('reads 1600 columns, no rows, no key, and names that need quotes', async () => {
    const columns = Array.from({ length: 1600 }, (_, index) => `c${index} int`);
    await server.psql(`CREATE TABLE wide (${columns.join(', ')});
      INSERT INTO wide (c0, c1599) VALUES (1, 2), (3, 4);
      CREATE TABLE empty (id int PRIMARY KEY, v numeric[]);
      CREATE SCHEMA "Schéma ""x""";
      CREATE TABLE "Schéma ""x"""."tàble; DROP" ("a b" int, "ü""" text, "select" int, "C" int);
      INSERT INTO "Schéma ""x"""."tàble; DROP" VALUES (1, 'x', 2, 3), (1, 'x', 2, 3)`);
    const wide = await readAll(source, 'public.wide');
    expect(wide.rows.map((row) => [row.length, row[0], row[1], row[1599]])).toEqual([
      ...[
        [1600, 1, null, 2],
        [1600, 3, null, 4],
      ],
    ]);
    expect(await rowsOf('public.empty')).toEqual([]);
    expect(await rowsOf('Schéma "x".tàble; DROP')).toEqual([
      [1, 'x', 2, 3],
      [1, 'x', 2, 3],
    ]);
  });

  it('filters rows by a condition, even one that ends in a comment', async () => {
    await server.psql('CREATE TABLE few AS SELECT n AS id FROM generate_series(1, 9) n');
    const { rows } = await readAll(source, 'public.few', { filter: 'id > 7 OR id = 1 -- best' });
    expect(rows.map(([id]) => id)).toEqual([1, 8, 9]);
    await expect(readAll(source, 'public.few', { filter: 'id > ' })).rejects.toMatchObject({
      code: 'OBS-6068',
    });
  });
});

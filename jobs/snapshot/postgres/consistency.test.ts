import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Client } from 'pg';
import { describeWithPeer } from '../../../test/support/peer.ts';
import { type PostgresServer, startPostgres } from '../../../test/support/postgres.ts';
import { findTable, planTable, readChunkRows } from '../../../test/support/snapshot-reading.ts';
import type { Chunk, PlannedTable, Source, SourceSnapshot } from '../source.ts';
import { rangesOf } from './chunks.ts';
import { openPostgres } from './open.ts';

const accounts = 4000;
const balance = 1000;

describeWithPeer('postgres', 'one moment for all readers', (programs) => {
  let server: PostgresServer;
  let source: Source;

  beforeAll(async () => {
    server = await startPostgres(programs);
    await server.psql(`CREATE TABLE account (id int PRIMARY KEY, money int NOT NULL, pad text);
      INSERT INTO account SELECT n, ${balance}, repeat('x', 200)
        FROM generate_series(1, ${accounts}) n;
      CREATE TABLE reserve (id int PRIMARY KEY, money int NOT NULL);
      INSERT INTO reserve SELECT n, ${balance} FROM generate_series(1, ${accounts}) n;
      ANALYZE account, reserve`);
    source = await openPostgres({ dsn: server.dsn() });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });

  /** Rows of all chunks by as many readers as there are. */
  async function readParallel(
    snapshot: SourceSnapshot,
    table: PlannedTable,
    chunks: readonly Chunk[],
  ): Promise<readonly (readonly unknown[])[]> {
    const waiting = [...chunks];
    const rows: (readonly unknown[])[] = [];
    const work = async (): Promise<void> => {
      for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) {
        rows.push(...(await readChunkRows(snapshot, table, chunk)));
      }
    };
    await Promise.all(Array.from({ length: snapshot.readers }, work));
    return rows;
  }

  /** Moves money between rows and tables until told to stop; gives the count of transfers. */
  async function transfer(isOver: () => boolean): Promise<number> {
    const client = new Client(server.dsn());
    await client.connect();
    let count = 0;
    for (; !isOver(); count += 1) {
      // Always upwards, so that two of these never wait for each other.
      const from = (count * 7919) % (accounts - 1);
      const to = from + 1 + ((count * 104_729) % (accounts - 1 - from));
      const target = count % 2 === 0 ? 'account' : 'reserve';
      await client.query(`BEGIN;
        UPDATE account SET money = money - 5 WHERE id = ${from + 1};
        UPDATE ${target} SET money = money + 5 WHERE id = ${to + 1};
        COMMIT`);
    }
    await client.end();
    return count;
  }

  it('sees no transfer by halves, 50 times, with rows moving under three readers', async () => {
    const tables = await source.tables();
    const planned = tables.map((table) => planTable(table, { columns: ['id', 'money'] }));
    let isOver = false;
    const transfers = Promise.all([transfer(() => isOver), transfer(() => isOver)]);
    const sums: number[] = [];
    const counts = new Set<number>();
    const positions = new Set<string>();
    let chunksSeen = 0;
    try {
      for (let time = 0; time < 50; time += 1) {
        const snapshot = await source.begin(3);
        let sum = 0;
        for (const table of planned) {
          const chunks = await snapshot.chunks(table, 300);
          chunksSeen = Math.max(chunksSeen, chunks.length);
          const rows = await readParallel(snapshot, table, chunks);
          sum += rows.reduce((total, row) => total + Number(row[1]), 0);
          counts.add(new Set(rows.map((row) => row[0])).size === rows.length ? rows.length : -1);
        }
        positions.add(snapshot.position);
        await snapshot.end();
        sums.push(sum);
      }
    } finally {
      isOver = true;
    }
    const done = await transfers;
    expect(Math.min(...done)).toBeGreaterThan(10);
    expect(chunksSeen).toBeGreaterThan(5);
    expect([...counts]).toEqual([accounts]);
    expect(new Set(sums)).toEqual(new Set([2 * accounts * balance]));
    expect(positions.size).toBeGreaterThan(10);
  }, 240_000);

  it('chunks of pages follow on each other without gap or overlap, whatever the statistics', () => {
    fc.assert(
      fc.property(
        fc.record({
          pages: fc.nat(2000),
          rows: fc.oneof(fc.constant(-1), fc.nat(1_000_000_000)),
          stat_pages: fc.nat(2000),
        }),
        fc.integer({ min: 1, max: 10_000_000 }),
        (relation, rows) => {
          const chunks = rangesOf(relation, rows, '');
          const bounds = chunks.map(({ where }) => [
            Number(/ctid >= '\((\d+),0\)'/.exec(where)?.[1] ?? 0),
            Number(/ctid < '\((\d+),0\)'/.exec(where)?.[1] ?? Number.POSITIVE_INFINITY),
          ]);
          const ends = bounds.map(([, end]) => end);
          expect(bounds.map(([start]) => start)).toEqual([0, ...ends.slice(0, -1)]);
          expect(ends.at(-1)).toBe(Number.POSITIVE_INFINITY);
          expect(bounds.every(([start = 0, end = 0]) => start < end)).toBe(true);
          expect(new Set(chunks.map(({ id }) => id)).size).toBe(chunks.length);
        },
      ),
      { seed: 20_261_122, numRuns: 50 },
    );
    const huge = rangesOf({ pages: 4_000_000_000, rows: -1, stat_pages: 0 }, 1, '');
    expect(huge.length).toBeLessThanOrEqual(100_001);
  });

  it('reads each row once in chunks of every size, with the same ids each time', async () => {
    await server.psql('DELETE FROM account WHERE id % 3 = 0');
    await server.psql('VACUUM account');
    await server.psql(
      `INSERT INTO account SELECT n, ${balance}, 'y' FROM generate_series(10001, 10500) n`,
    );
    const ids = (await server.psql('SELECT id FROM account ORDER BY id')).split('\n').map(Number);
    const table = planTable(await findTable(source, 'public.account'), { columns: ['id'] });
    const snapshot = await source.begin(2);
    for (const rows of [1, 40, 1000, 100_000]) {
      const chunks = await snapshot.chunks(table, rows);
      expect(await snapshot.chunks(table, rows)).toEqual(chunks);
      const got = (await readParallel(snapshot, table, chunks)).map(([id]) => Number(id));
      expect(got.sort((left, right) => left - right)).toEqual(ids);
    }
    await snapshot.end();
  }, 60_000);

  it('keeps a TRUNCATE waiting until it ends', async () => {
    await server.psql('CREATE TABLE short AS SELECT 1 AS id');
    const table = planTable(await findTable(source, 'public.short'));
    const snapshot = await source.begin(1);
    const [chunk = { id: '', where: '' }] = await snapshot.chunks(table, 10);
    await expect(server.psql("SET lock_timeout = '100ms'; TRUNCATE short")).rejects.toThrow(
      'lock timeout',
    );
    expect(await readChunkRows(snapshot, table, chunk)).toEqual([[1]]);
    await snapshot.end();
    await server.psql('TRUNCATE short');
  });

  it('says that a table was rewritten, emptied or altered since', async () => {
    const changes: readonly (readonly [string, string, string])[] = [
      ['rewritten', 'TRUNCATE rewritten', 'rewritten or emptied'],
      ['altered', 'ALTER TABLE altered ALTER id TYPE bigint', 'rewritten or emptied'],
      ['dropped', 'ALTER TABLE dropped DROP id', '"id" does not exist'],
      ['gone', 'DROP TABLE gone', 'does not exist'],
      ['swapped', 'ALTER TABLE swapped DROP id; ALTER TABLE swapped ADD id text', 'column id'],
      ['parted', 'TRUNCATE part', 'rewritten or emptied'],
    ];
    await server.psql(`CREATE TABLE rewritten (id int, a int); CREATE TABLE altered (id int, a int);
      CREATE TABLE dropped (id int, a int); CREATE TABLE gone (id int, a int);
      CREATE TABLE swapped (id int, a int);
      CREATE TABLE parted (id int, a int) PARTITION BY LIST (id);
      CREATE TABLE part PARTITION OF parted DEFAULT;`);
    const planned = new Map(
      (await source.tables()).map((table) => [table.name, planTable(table)] as const),
    );
    const snapshot = await source.begin(1);
    for (const [name, sql, message] of changes) {
      await server.psql(sql);
      await expect(snapshot.chunks(planned.get(name)!, 10)).rejects.toMatchObject({
        code: 'OBS-6066',
        message: expect.stringContaining(message),
      });
    }
    expect((await snapshot.chunks(planned.get('reserve')!, 10_000)).length).toBe(1);
    await snapshot.end();
    // Between looking at the catalog and the snapshot.
    await server.psql('CREATE TABLE early (id int)');
    const table = planTable(await findTable(source, 'public.early'));
    await server.psql('ALTER TABLE early ALTER id TYPE text');
    const later = await source.begin(1);
    await expect(later.chunks(table, 10)).rejects.toThrow('column id was integer and is text');
    await later.end();
  }, 60_000);
});

import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RowWriter, ValueColumn } from '../../../clickhouse/native/values/types.ts';
import { formatProblem, isProblem } from '../../../core/problem.ts';
import { freePort } from '../../../test/support/free-ports.ts';
import { describeWithPeer } from '../../../test/support/peer.ts';
import {
  type PostgresServer,
  postgresPassword,
  startPostgres,
} from '../../../test/support/postgres.ts';
import {
  findTable,
  planTable,
  readAll,
  readChunkRows,
} from '../../../test/support/snapshot-reading.ts';
import type { PlannedTable, Source } from '../source.ts';
import { parseAddress } from './address.ts';
import { openPostgres } from './open.ts';

describe('an address', () => {
  it('is taken apart as libpq does', () => {
    const dsn = 'postgresql://us%40er:p%3Aw@[::1]:6000,db.example:7000/shop?sslmode=verify-full';
    expect(parseAddress(dsn)).toEqual({
      hosts: [
        { host: '::1', port: 6000 },
        { host: 'db.example', port: 7000 },
      ],
      ...{ user: 'us@er', password: 'p:w', database: 'shop', tls: 'verify-full' },
    });
    expect(parseAddress('postgres://me@/?host=/run/pg')).toMatchObject({
      hosts: [{ host: '/run/pg', port: 5432 }],
      ...{ password: '', database: 'me', tls: 'prefer' },
    });
  });

  it('is never repeated when it is malformed', () => {
    for (const dsn of [
      'postgres://me:secret@db:secret/x',
      'postgres://me:sec%ret@db/x',
      'postgres://me:secret@secret@db/x',
      'me:secret@db',
      'postgres://me:secret@db:99999/x',
      'postgres://me:secret@db/x?secret=1&password-secret=1',
      'postgres://me:secret@db/x?sslmode=secret',
      'postgres://:secret@db/x',
    ]) {
      let text = '';
      try {
        parseAddress(dsn);
      } catch (error) {
        text = isProblem(error) ? formatProblem(error) : '';
      }
      expect(text).toContain('OBS-6060');
      expect(text.replaceAll('its parameter secret', '')).not.toMatch(/sec%?ret|cret@/);
    }
  });
});

describeWithPeer('postgres', 'faults of PostgreSQL', (programs) => {
  let server: PostgresServer;
  let source: Source;

  beforeAll(async () => {
    server = await startPostgres(programs, ['wal_level=replica', 'max_wal_senders=4']);
    await server.psql(`CREATE TABLE big (id int PRIMARY KEY, v text);
      INSERT INTO big SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n; ANALYZE big`);
    source = await openPostgres({ dsn: server.dsn() });
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
  });

  const tableOf = async (name: string): Promise<PlannedTable> =>
    planTable(await findTable(source, name));

  it('each way not to get in is told apart, without the password', async () => {
    const [nobody] = [await freePort()];
    const good = server.dsn();
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [good.replace(`:${server.port}`, `:${nobody}`), 'OBS-6061', /Start the server/],
      [good.replace('correct', 'wrong'), 'OBS-6062', /password/],
      [good.replace('//postgres:', '//stranger:'), 'OBS-6062', /./],
      [server.dsn('nowhere'), 'OBS-6062', /name of the database/],
      [`${good}?sslmode=require`, 'OBS-6063', /sslmode=disable/],
    ];
    for (const [dsn, code, next] of cases) {
      const error: unknown = await openPostgres({ dsn }).catch((reason: unknown) => reason);
      const text = isProblem(error) ? formatProblem(error) : String(error);
      expect(text).toMatch(next);
      expect(text).toContain(code);
      expect(text).toMatch(/127\.0\.0\.1:\d+\/\w+/);
      expect(text).not.toContain(postgresPassword);
      expect(text).not.toMatch(/horse|wrong/);
    }
  });

  it('pins what a role, a database and the server set otherwise', async () => {
    await server.psql(`ALTER ROLE postgres SET timezone = 'Asia/Kolkata';
      ALTER ROLE postgres SET datestyle = 'German'; ALTER ROLE postgres SET bytea_output = 'escape';
      ALTER ROLE postgres SET intervalstyle = 'postgres_verbose';
      ALTER ROLE postgres SET extra_float_digits = -5;
      ALTER DATABASE postgres SET idle_in_transaction_session_timeout = 5`);
    await server.psql(`CREATE TABLE pinned AS SELECT '2020-01-01 06:30Z'::timestamptz AS a,
      '2020-02-01'::date AS b, '1 day'::interval AS c, 0.1::float8 AS d, '\\x00'::bytea AS e`);
    const table = await findTable(source, 'public.pinned');
    const names = ['a', 'b', 'c', 'd', 'e'];
    const types = Object.fromEntries(names.slice(0, 4).map((name) => [name, 'String']));
    expect((await readAll(source, 'public.pinned', { types })).rows).toEqual([
      ['2020-01-01 06:30:00+00', '2020-02-01', 'P1D', '0.1', '\0'],
    ]);
    expect(table.columns.length).toBe(5);
    await server.psql('ALTER ROLE postgres RESET ALL; ALTER DATABASE postgres RESET ALL');
  });

  it('a table that may not be read, and one under row-level security, are refused', async () => {
    await server.psql(`CREATE ROLE reader LOGIN PASSWORD 'reader';
      CREATE TABLE closed (id int); CREATE TABLE veiled (id int);
      ALTER TABLE veiled ENABLE ROW LEVEL SECURITY; GRANT SELECT ON veiled TO reader;
      INSERT INTO veiled VALUES (1), (2); CREATE POLICY one ON veiled USING (id = 1)`);
    const dsn = `postgres://reader:reader@127.0.0.1:${server.port}/postgres`;
    const reader = await openPostgres({ dsn });
    for (const name of ['closed', 'veiled']) {
      await expect(readAll(reader, `public.${name}`)).rejects.toMatchObject({
        code: 'OBS-6064',
        where: expect.stringContaining(`public.${name}`),
      });
    }
    const filtered = await openPostgres({ dsn, rowSecurity: 'apply' });
    expect((await readAll(filtered, 'public.veiled')).rows).toEqual([[1]]);
    const snapshot = await filtered.begin(1);
    expect(snapshot.notes.join()).toContain('row-level security');
    await snapshot.end();
  });

  it('a connection that is killed in the middle of a table gives an error', async () => {
    const table = await tableOf('public.big');
    const snapshot = await source.begin(1);
    const [chunk = { id: '', where: '' }] = await snapshot.chunks(table, 1_000_000);
    const killing = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE query LIKE 'COPY%' AND application_name = 'obsctl'`;
    let flushes = 0;
    const writer = fullAtOnce();
    const reading = snapshot.read(
      table,
      chunk,
      {
        writer,
        edges: { met: () => undefined },
        flush: async () => {
          flushes += 1;
          writer.empty();
          if (flushes === 1) await server.psql(killing);
        },
      },
      new AbortController().signal,
    );
    await expect(reading).rejects.toMatchObject({ name: 'Problem' });
    expect(flushes).toBeGreaterThan(0);
    // The snapshot itself lives: the chunk is read again on a new connection.
    expect((await readChunkRows(snapshot, table, chunk)).length).toBe(20_000);
    await snapshot.end();
  });

  it('a coordinator that is gone ends the snapshot', async () => {
    const table = await tableOf('public.big');
    const snapshot = await source.begin(1);
    const [chunk = { id: '', where: '' }] = await snapshot.chunks(table, 1_000_000);
    await server.psql(`SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
      WHERE application_name = 'obsctl'`);
    await expect(readChunkRows(snapshot, table, chunk)).rejects.toMatchObject({ name: 'Problem' });
    await expect(readChunkRows(snapshot, table, chunk)).rejects.toMatchObject({ name: 'Problem' });
    await snapshot.end();
  });

  it('an abort ends the query on the server, also one that waits', async () => {
    const slow = { ...(await tableOf('public.big')), filter: 'pg_sleep(3600) IS NOT NULL' };
    const snapshot = await source.begin(1);
    const [chunk = { id: '', where: '' }] = await snapshot.chunks(slow, 1_000_000);
    const controller = new AbortController();
    const reading = readChunkRows(snapshot, slow, chunk, [], controller.signal);
    const running = `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY%sleep%'
      AND state = 'active' AND application_name = 'obsctl'`;
    while ((await server.psql(running)) !== '1');
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    while ((await server.psql(running)) !== '0');
    await snapshot.end();
  });

  it('a time limit of the server says so', async () => {
    const hasty = await openPostgres({ dsn: server.dsn(), statementTimeoutMs: 50 });
    await expect(
      readAll(hasty, 'public.big', { filter: 'pg_sleep(3600) IS NOT NULL' }),
    ).rejects.toMatchObject({ code: 'OBS-6068', next: expect.stringContaining('timeout') });
  });

  it('what ends a connection without a word gives an error as well', async () => {
    const proxy = await cutAfter(server.port, 300_000);
    const dsn = server.dsn().replace(`:${server.port}/`, `:${proxy.port}/`);
    const behind = await openPostgres({ dsn });
    await expect(readAll(behind, 'public.big')).rejects.toMatchObject({ name: 'Problem' });
    await new Promise((resolve) => proxy.server.close(resolve));
  });

  it('reads from a standby, and prefers one when asked', async () => {
    const standby = await server.standby();
    const dsn = server.dsn().replace(/\/postgres$/, `,127.0.0.1:${standby.port}/postgres`);
    const replica = await openPostgres({ dsn, preferReplica: true });
    expect(replica.address).toBe(`127.0.0.1:${standby.port}/postgres`);
    const first = await openPostgres({ dsn });
    expect(first.address).toBe(`127.0.0.1:${server.port}/postgres`);
    const snapshot = await replica.begin(3);
    expect(snapshot.position).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    const table = planTable(await findTable(replica, 'public.big'));
    const chunks = await snapshot.chunks(table, 5000);
    expect(chunks.length).toBeGreaterThan(2);
    const rows = await Promise.all(
      chunks.slice(0, 3).map((one) => readChunkRows(snapshot, table, one)),
    );
    expect(rows.flat().length).toBeGreaterThan(10_000);
    await snapshot.end();
  }, 60_000);
});

/** A writer that is full after each row, so that every row asks for a flush. */
function fullAtOnce(): RowWriter & { empty: () => void } {
  let rows = 0;
  const text: ValueColumn = { kind: 'bytes', type: 'String', pushBytes: () => undefined };
  const nothing = (): void => undefined;
  return {
    columns: [
      { kind: 'number', type: 'Int32', pushNumber: nothing },
      {
        ...({ kind: 'nullable', type: 'Nullable(String)', inner: text } as const),
        ...{ pushNull: nothing, pushValid: nothing },
      },
    ],
    get rows() {
      return rows;
    },
    endRow: () => {
      rows += 1;
    },
    cutRow: nothing,
    isFull: () => rows > 0,
    empty: () => {
      rows = 0;
    },
  };
}

/** Passes connections on to `port`, and ends each cleanly after so many bytes of answer. */
async function cutAfter(port: number, bytesMax: number): Promise<{ port: number; server: Server }> {
  const { connect } = await import('node:net');
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let bytes = 0;
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.pipe(upstream);
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > bytesMax) {
        client.end();
        upstream.destroy();
      } else {
        client.write(piece);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, server };
}

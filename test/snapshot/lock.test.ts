/** Two real runs of one snapshot at once, and what a run that dies leaves of its lock. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openMysql } from '../../jobs/snapshot/mysql/source.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { RunReport } from '../../jobs/snapshot/run.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type Program, startProgram } from '../support/program.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const rows = 4_000;
const underWay = '^another run is under way since [-\\d]{10} [\\d:]{8} UTC';
const ended =
  "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted";

describeWithPeer('postgres', 'a second run while one is under way', (programs) => {
  let folder: string;
  let database: PostgresServer;
  let engine: TestEngine;
  let source: Source;
  let server: ClickHouse;
  const programsRunning: Program[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'obsctl-lock-'));
    [database, engine] = await Promise.all([startPostgres(programs), startEngine()]);
    server = connectTarget(engine.url);
    await database.psql(
      `CREATE TABLE a (id int PRIMARY KEY); INSERT INTO a SELECT generate_series(1, ${rows})`,
    );
    source = await openPostgres({ dsn: database.dsn() });
  });
  beforeEach(async () => {
    await ask(engine.url, 'DROP DATABASE IF EXISTS shop SYNC');
  });
  afterAll(async () => {
    for (const program of programsRunning) program.kill('SIGKILL');
    await server?.close();
    await Promise.all([database?.stop(), engine?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  const run = (more: Readonly<Record<string, unknown>> = {}): Promise<RunReport> =>
    runOnce({ config: snapshotConfig(more), source, server });
  const tables = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name");
  const isLoading = async (): Promise<boolean> =>
    (await tables()).some((name) => name.includes('__loading_'));
  const untilLoading = async (over: Promise<unknown>): Promise<void> => {
    const isOver = over.then(() => true);
    while (!(await isLoading())) {
      if (await Promise.race([isOver, setTimeout(20, false)])) throw new Error('it ended early');
    }
  };
  /** A run that has begun, and sends no row before it is told to. */
  const hold = async (from = source): Promise<() => Promise<RunReport>> => {
    const gate = Promise.withResolvers<void>();
    const slow: ClickHouse = {
      ...server,
      insert: async (...words) => {
        await gate.promise;
        await server.insert(...words);
      },
    };
    const report = runOnce({ config: snapshotConfig(), source: from, server: slow });
    await untilLoading(report);
    return async () => {
      gate.resolve();
      return await report;
    };
  };
  /** A run in a process of its own, which lasts until it is killed. */
  const startEndless = async (): Promise<Program> => {
    const file = join(folder, 'obs.yaml');
    await writeFile(
      file,
      'name: shop\nsnapshots:\n  - name: shop\n' +
        `    source: {postgres: {dsn: "\${env:SHOP_DSN}"}}\n` +
        '    tables: ["public.*"]\n    rows_per_second: 1\n',
    );
    const words = ['snapshot', 'run', '-f', file, '--clickhouse', `${engine.url}/otel`];
    const env = { SHOP_DSN: database.dsn(), NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
    const program = startProgram(process.execPath, ['cli/main.ts', ...words], { env });
    programsRunning.push(program);
    await untilLoading(program.ended);
    return program;
  };
  const failures = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT Error FROM otel.snapshot_runs WHERE Result = 'failed'");

  it('is refused with who and since when, and leaves the first one alone', async () => {
    await run();
    const finish = await hold();
    const loading = await tables();
    const before = await failures();
    await expect(run()).rejects.toMatchObject({
      code: 'OBS-6059',
      message: expect.stringMatching(
        new RegExp(`${underWay}: process \\d+ of postgres from 127\\.0\\.0\\.1$`),
      ),
      next: expect.stringContaining('pg_terminate_backend'),
    });
    expect(await tables()).toEqual(loading);
    expect((await finish()).tables).toHaveLength(1);
    expect(await failures()).toEqual(before);
    expect(await ask(engine.url, 'SELECT count() FROM shop.a')).toEqual([String(rows)]);
    await run();
    expect(await tables()).toEqual(['a']);
  });

  it('is not refused for another snapshot, nor for another target', async () => {
    const finish = await hold();
    await run({ name: 'other', database: 'shop_too' });
    await run({ database: 'shop_too_2' });
    expect((await finish()).tables).toHaveLength(1);
  });

  it('goes on at once when the first one was killed', async () => {
    for (let kill = 0; kill < 3; kill += 1) {
      const first = await startEndless();
      first.kill('SIGKILL');
      await run();
      await first.ended;
      expect(await tables()).toEqual(['a']);
      expect(await ask(engine.url, 'SELECT count() FROM shop.a')).toEqual([String(rows)]);
    }
  });

  it('is given way to by a run that lost its lock', async () => {
    await run();
    await database.psql('DELETE FROM a WHERE id = 1');
    const finish = await hold();
    expect(await database.psql(ended)).toBe('1');
    await expect(finish()).rejects.toMatchObject({ code: 'OBS-6061' });
    await database.psql('INSERT INTO a VALUES (1)');
    expect(await ask(engine.url, 'SELECT count() FROM shop.a')).toEqual([String(rows)]);
    expect(await tables()).toEqual(['a']);
  });

  it('is refused on a standby too', async () => {
    const standby = await database.standby();
    const replica = await openPostgres({ dsn: standby.dsn() });
    const finish = await hold(replica);
    const second = runOnce({ config: snapshotConfig(), source: replica, server });
    await expect(second).rejects.toMatchObject({ code: 'OBS-6059' });
    expect((await finish()).tables).toHaveLength(1);
    await runOnce({ config: snapshotConfig(), source: replica, server });
    expect(await tables()).toEqual(['a']);
    await replica.close();
  });
});

describeWithPeer('mariadb-10.11', 'the lock of a run in MySQL', (program) => {
  it('is had by one connection, and goes with it', async () => {
    const db = await startMariaDb(program);
    const source = await openMysql({ dsn: db.dsn('mysql') });
    try {
      const first = await source.lock('one');
      await first.check();
      await (await source.lock('two')).release();
      const refused = await source.lock('one').catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: 'OBS-6059',
        message: expect.stringMatching(new RegExp(`${underWay}: connection \\d+ of root from `)),
      });
      const since = Date.parse(`${/since (.*) UTC/.exec(String(refused))?.[1]}Z`);
      expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
      db.run(/KILL \d+/.exec(JSON.stringify(refused))?.[0] ?? '');
      await expect(first.check()).rejects.toMatchObject({ code: 'OBS-6126' });
      const second = await source.lock('one');
      await second.release();
      await (await source.lock('one')).release();
    } finally {
      await source.close();
      await db.stop();
    }
  });
});

/**
 * What may end a run at any moment: the job, the source or ClickHouse killed, a table altered.
 * Readers find a whole table at all times, the next run succeeds, and nothing is left behind.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { freePort } from '../support/free-ports.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { type Program, startProgram } from '../support/program.ts';
import { seededRandom } from '../support/random.ts';
import { ask } from '../support/snapshot.ts';

jest.setTimeout(600_000);

const seed = Number(process.env['SEED'] ?? Date.now() % 100_000);
const random = seededRandom(seed);
const rows = 20_000;
const kills = 12;
/** A run takes about a second and a half; later ones have ended before they are killed. */
const killMsMax = 2_500;

describeWithPeer('postgres', `a run that is cut short (SEED=${seed})`, (programs) => {
  let folder: string;
  let database: PostgresServer;
  let engine: TestEngine;
  let port: number;

  const startTarget = async (): Promise<TestEngine> =>
    await startEngine({ dataDir: join(folder, 'data'), listen: `127.0.0.1:${port}` });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'obsctl-snapshot-'));
    port = await freePort();
    [database, engine] = await Promise.all([startPostgres(programs), startTarget()]);
    await database.psql(
      'CREATE TABLE a (id int PRIMARY KEY, version int NOT NULL); CREATE TABLE b (LIKE a);' +
        `INSERT INTO a SELECT i, 0 FROM generate_series(1, ${rows}) i; INSERT INTO b TABLE a;` +
        'ANALYZE',
    );
  });
  afterAll(async () => {
    await Promise.all([database?.stop(), engine?.stop()]);
    await rm(folder, { recursive: true, force: true });
  });

  /** A run in a process of its own; `pace` in rows a second makes it last. */
  const start = async (pace = rows): Promise<Program> => {
    const file = join(folder, 'obs.yaml');
    await writeFile(
      file,
      'name: shop\nsnapshots:\n  - name: shop\n' +
        `    source: {postgres: {dsn: "\${env:SHOP_DSN}"}}\n` +
        `    tables: ["public.*"]\n    rows_per_second: ${pace}\n`,
    );
    const words = ['snapshot', 'run', '-f', file, '--clickhouse', `${engine.url}/otel`];
    const env = { SHOP_DSN: database.dsn(), NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
    return startProgram(process.execPath, ['cli/main.ts', ...words], { env });
  };
  const setVersion = async (version: number): Promise<void> => {
    await database.psql(`UPDATE a SET version = ${version}; UPDATE b SET version = ${version}`);
  };
  /** Rows and versions of a table: `20000 [3]`. */
  const read = async (table: string): Promise<string> => {
    const [line] = await ask(
      engine.url,
      `SELECT concat(count(), ' ', toString(groupUniqArray(version))) FROM shop.${table}`,
    );
    return line ?? '';
  };
  const tables = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name");
  const loaded = async (): Promise<number> => {
    const [count] = await ask(
      engine.url,
      'SELECT sum(ifNull(total_rows, 0)) FROM system.tables ' +
        "WHERE database = 'shop' AND name LIKE '%loading%'",
    );
    return Number(count);
  };
  const untilLoaded = async (program: Program): Promise<void> => {
    const over = program.ended.then(() => true);
    while ((await loaded()) === 0) {
      if (!(await Promise.race([over, setTimeout(10, false)]))) continue;
      throw new Error(`the run ended too early:\n${program.talk()}`);
    }
  };

  it('leaves whole tables whenever the job is killed, and the next run cleans up', async () => {
    expect((await (await start()).ended).code).toBe(0);
    for (let version = 1; version <= kills; version += 1) {
      await setVersion(version);
      const program = await start(rows * 4);
      await setTimeout(random.below(killMsMax));
      program.kill('SIGKILL');
      await program.ended;
      for (const table of ['a', 'b']) {
        expect(await read(table)).toMatch(new RegExp(`^${rows} \\[\\d+\\]$`));
      }
    }
    expect((await (await start()).ended).code).toBe(0);
    expect(await tables()).toEqual(['a', 'b']);
    expect(await read('a')).toBe(`${rows} [${kills}]`);
    expect(await read('b')).toBe(`${rows} [${kills}]`);
  });

  it('goes on, and doubles nothing, when ClickHouse dies and comes back', async () => {
    await setVersion(100);
    const program = await start(rows / 4);
    await untilLoaded(program);
    await engine.kill();
    engine = await startTarget();
    const { code, stderr } = await program.ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining('verified')]);
    expect(await read('a')).toBe(`${rows} [100]`);
    expect(await tables()).toEqual(['a', 'b']);
  });

  it('keeps the tables when the source hangs up, and says so', async () => {
    await setVersion(200);
    const program = await start(rows / 4);
    await untilLoaded(program);
    const others =
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'obsctl'";
    await database.psql(others);
    const { code, stderr } = await program.ended;
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/OBS-\d{4}/);
    expect(await read('a')).toBe(`${rows} [100]`);
    expect(await tables()).toEqual(['a', 'b']);
    expect((await (await start()).ended).code).toBe(0);
    expect(await read('a')).toBe(`${rows} [200]`);
  });

  it('is not disturbed by whoever alters or empties a table meanwhile', async () => {
    await setVersion(300);
    const program = await start(rows / 2);
    await untilLoaded(program);
    const quick = "SET lock_timeout = '200ms';";
    await expect(database.psql(`${quick} TRUNCATE a`)).rejects.toThrow(/lock timeout/);
    await expect(database.psql(`${quick} ALTER TABLE a DROP version`)).rejects.toThrow(/lock/);
    expect((await program.ended).code).toBe(0);
    expect(await read('a')).toBe(`${rows} [300]`);
  });
});

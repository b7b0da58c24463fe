/** Nothing that a client sends reaches files, programs or other hosts; users with passwords. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { ask, runSql } from '../../test/support/engine-http.ts';

let engine: TestEngine;
let folder: string;
let secret: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-reach-'));
  secret = join(folder, 'secret.csv');
  await writeFile(secret, '1,2\n');
  await writeFile(join(folder, 'users'), '# people\nreader:s3cret:with colon\n', { mode: 0o600 });
  engine = await startEngine();
  await runSql(engine.url, 'CREATE TABLE t (n UInt32, path String) ENGINE MergeTree ORDER BY n');
});

afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a statement', () => {
  // PATH is a file that exists and that the engine could read or write if it were asked to.
  it.each([
    "SELECT * FROM file('PATH')",
    "SELECT * FROM FiLe ('PATH')",
    "SELECT * FROM `file`('PATH')",
    "SELECT * FROM /* x */ file /* y */ ('PATH')",
    "SELECT file('PATH')",
    "INSERT INTO t VALUES (1, file('PATH'))",
    'INSERT INTO t VALUES (1, (SELECT * FROM `PATH`))',
    "SELECT 1 /* /* */ ' */, file('PATH') -- '",
    "SELECT 1 // '\n, file('PATH') -- '",
    "SELECT $a$ ' $a$, file('PATH') -- '",
    'SELECT * FROM numbers(1) select, `PATH`',
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = 'PATH'",
    "SELECT * FROM 'PATH'",
    'SELECT * FROM `PATH`',
    'SELECT * FROM "PATH"',
    'SELECT * FROM default.`PATH`',
    'SELECT * FROM t, `PATH`',
    'SELECT * FROM t AS limit, `PATH`',
    'SELECT * FROM t JOIN `PATH` ON 1',
    'SELECT 1 IN `PATH`',
    'SELECT * FROM (SELECT * FROM `PATH`)',
    'WITH x AS (SELECT * FROM `PATH`) SELECT * FROM x',
    'DESCRIBE `PATH`',
    'DESCRIBE TABLE `PATH`',
    'CREATE VIEW v AS SELECT * FROM `PATH`',
    "CREATE TABLE f (a Int8) ENGINE = File(CSV, 'PATH')",
    "CREATE TABLE f (a Int8) ENGINE File(CSV, 'PATH')",
    "CREATE TABLE f AS file('PATH')",
    "CREATE DATABASE d ENGINE = Filesystem('/')",
    "CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(FILE(path 'PATH')) LAYOUT(FLAT())",
    ...[
      "QUERY 'SELECT 1 FROM file(\\'PATH\\')'",
      "TABLE 't' WHERE '1 IN file(\\'PATH\\')'",
      "DB 'default' TABLE 'PATH'",
      'NAME elsewhere',
      "`host` '127.0.0.2' TABLE 't'",
    ].map(
      (from) =>
        `CREATE DICTIONARY d (a UInt8) PRIMARY KEY a SOURCE(CLICKHOUSE(${from})) LAYOUT(FLAT())`,
    ),
    "INSERT INTO FUNCTION file('PATH.out') SELECT 1",
    "INSERT INTO TABLE FUNCTION file('PATH.out', CSV) VALUES (1)",
    "INSERT INTO t FROM INFILE 'PATH' FORMAT CSV",
    "INSERT INTO `PATH.out` SELECT 1, 'x'",
    "SELECT 1 INTO OUTFILE 'PATH.out'",
    "SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a Int8')",
    "SELECT * FROM remote('127.0.0.1:1', system.one)",
    "SELECT * FROM executable('ls', TSV, 'a String')",
    "SELECT * FROM s3('http://127.0.0.1:1/x', CSV, 'a Int8')",
    "BACKUP TABLE t TO File('PATH.out')",
    'SYSTEM SHUTDOWN',
    'DROP DATABASE default',
    'DETACH DATABASE `default`',
  ])('is refused: %s', async (sql) => {
    const answer = await ask(engine.url, { body: sql.replaceAll('PATH', secret) });
    expect(answer.text).toContain('(ACCESS_DENIED)');
    expect(answer.status).toBe(403);
    expect((await readdir(folder)).sort()).toEqual(['secret.csv', 'users']);
  });

  it.each([
    ['typographic quotes', 'SELECT * FROM “PATH”'],
    ['a blank that is not ASCII', "SELECT * FROM file\u00a0('PATH')"],
    ['a lone dollar', "SELECT $ ' $, file('PATH') -- '"],
    ['a second statement', "SELECT 1; SELECT * FROM file('PATH')"],
  ])('with %s is a syntax error', async (_, sql) => {
    const answer = await ask(engine.url, { body: sql.replaceAll('PATH', secret) });
    expect([answer.status, answer.headers['x-clickhouse-exception-code']]).toEqual([400, '62']);
  });

  it.each([
    ['Values', "(1, 'a'); SELECT 1 INTO OUTFILE 'PATH.out'"],
    ['JSONEachRow', '{"n":1}\n\nSELECT 1 INTO OUTFILE \'PATH.out\''],
    ['TSV', "1\ta\n\nSELECT 1 INTO OUTFILE 'PATH.out'"],
  ])('never starts among the data of an INSERT in %s', async (format, data) => {
    await ask(engine.url, {
      query: { query: `INSERT INTO t FORMAT ${format}` },
      body: data.replaceAll('PATH', secret),
    });
    expect((await readdir(folder)).sort()).toEqual(['secret.csv', 'users']);
  });

  it.each(['dialect', 'implicit_table_at_top_level', 'additional_table_filters', 'format_schema'])(
    'is refused with the setting %s',
    async (name) => {
      const answer = await ask(engine.url, { query: { [name]: secret }, body: 'SELECT 1' });
      expect(answer.text).toContain('(ACCESS_DENIED)');
    },
  );

  it('is refused when a parameter names a file', async () => {
    const answer = await ask(engine.url, {
      query: { param_x: secret },
      body: 'SELECT * FROM {x:Identifier}',
    });
    expect(answer.text).toContain('(ACCESS_DENIED)');
  });

  it.each([
    "SELECT count() FROM t WHERE path = '/cart' OR path IN ('/a', '/b')",
    'SELECT count() AS `req/s` FROM t GROUP BY path ORDER BY `req/s`',
    "SELECT t.path AS \"a/b\" FROM t JOIN numbers(1) AS k ON t.path IN ('/x', '/y')",
    "SELECT * FROM values('a String', '/x', '/y')",
    "SELECT substring(path FROM 2) FROM t WHERE path LIKE '/%'",
    'SELECT engine, name FROM system.tables LIMIT 1',
    "SELECT file FROM (SELECT '/etc/passwd' AS file)",
    "INSERT INTO t VALUES (1, '/cart'), (2, 'file(x)')",
    "INSERT INTO t SELECT number, '/p' FROM numbers(3)",
    "CREATE TABLE IF NOT EXISTS m (a Int8) ENGINE = Memory COMMENT 'a/b'",
  ])('is run: %s', async (sql) => {
    expect((await ask(engine.url, { body: sql })).text).not.toMatch(/Exception/);
  });
});

describe('a users file', () => {
  it('replaces the open user by its passwords, in every way a client sends them', async () => {
    const guarded = await startEngine({ usersFile: join(folder, 'users') });
    try {
      const body = 'SELECT 1';
      const user = 'reader';
      const password = 's3cret:with colon';
      const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
      const status = async (options: Parameters<typeof ask>[1]): Promise<number> =>
        (await ask(guarded.url, { body, ...options })).status;
      expect(await status({})).toBe(403);
      expect(await status({ query: { user, password: 'wrong' } })).toBe(403);
      expect(await status({ query: { user, password } })).toBe(200);
      expect(await status({ headers: { authorization: basic } })).toBe(200);
      const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password };
      expect(await status({ headers })).toBe(200);
      expect((await ask(guarded.url, { method: 'GET', path: '/queries' })).status).toBe(403);
    } finally {
      await guarded.stop();
    }
  });

  it('is demanded beyond loopback', async () => {
    await expect(startEngine({ listen: '0.0.0.0:0' })).rejects.toMatchObject({
      code: 'OBS-3105',
    });
  });

  it('is refused when other users of the machine can read it', async () => {
    const open = join(folder, 'open');
    await writeFile(open, 'a:b\n', { mode: 0o644 });
    await expect(startEngine({ usersFile: open })).rejects.toMatchObject({
      code: 'OBS-3106',
    });
    await rm(open);
  });
});

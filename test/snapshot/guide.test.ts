/**
 * The SQL and the stack file of docs/guide/snapshots.md and of examples/snapshots, run as they are
 * written: a real Postgres read by the role of the guide, logs that came in by the real gateway.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse } from 'yaml';
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { SnapshotConfig } from '../../jobs/snapshot/config.ts';
import { openMysql } from '../../jobs/snapshot/mysql/source.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { snapshotGrants, usersConfig } from '../../k8s/clickhouse-files.ts';
import { passwordOfUsers, startAsUser } from '../support/as-user.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startMariaDb } from '../support/mariadb.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const root = join(import.meta.dirname, '../..');
const guide = readFileSync(join(root, 'docs/guide/snapshots.md'), 'utf8');
const example = readFileSync(join(root, 'examples/snapshots/README.md'), 'utf8');
const exampleStack = readFileSync(join(root, 'examples/snapshots/obs.yaml'), 'utf8');

/** The blocks of a page in that language, without the indentation of a list. */
function blocks(page: string, language: string): readonly string[] {
  const found = page.matchAll(new RegExp(`^( *)\`\`\`${language}\n([\\s\\S]*?)^ *\`\`\``, 'gm'));
  return [...found].map(([, indent = '', text = '']) =>
    text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  );
}

/** The one block that begins so, or has such a line. */
function block(page: string, line: RegExp): string {
  const found = blocks(page, 'sql').filter((text) => line.test(text));
  if (found.length !== 1) throw new Error(`${found.length} blocks of SQL have ${line}`);
  return found[0] ?? '';
}

/** `snapshots[0]` of a stack file, with every default. */
function configOf(text: string): SnapshotConfig {
  const { name, tables, ...more } = parse(text).snapshots[0];
  // Where the source is the test knows better.
  const { source: _, schedule: _2, ...rest } = more;
  return snapshotConfig({ name, ...(tables !== undefined && { tables }), ...rest });
}

const shop = `
  CREATE TABLE customers (id int PRIMARY KEY, email text, phone text, plan text NOT NULL);
  INSERT INTO customers VALUES (1, 'a@example.com', '1', 'pro'), (2, 'b@example.com', '2', 'free'),
    (3, NULL, NULL, 'pro');
  CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL,
    created_at timestamptz NOT NULL, paid_at timestamptz);
  INSERT INTO orders VALUES (1, 1, now(), 'infinity'), (2, 1, '2001-01-01', NULL);
  CREATE TABLE audit_log (id int);
  CREATE TABLE service_owners (service text PRIMARY KEY, team text NOT NULL, owner text,
    cost_center int NOT NULL);
  INSERT INTO service_owners
    VALUES ('checkout', 'Payments', 'ada', 4711), ('cart', 'Shop', NULL, 7);
`;

/** Logs as an SDK sends them: of a service, with a severity, of a customer. */
function logsOf(service: string, severities: readonly number[], customer: number): unknown {
  const timeUnixNano = `${BigInt(Date.now()) * 1_000_000n}`;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const logRecords = severities.map((severityNumber, at) => ({
    timeUnixNano: `${BigInt(timeUnixNano) + BigInt(at)}`,
    severityNumber,
    body: { stringValue: `${service} ${severityNumber}` },
    attributes: [text('customer.id', String(customer))],
  }));
  const resource = { attributes: [text('service.name', service)] };
  return { resource, scopeLogs: [{ logRecords }] };
}

describeWithPeer('postgres', 'the guide of the snapshots', (programs) => {
  let database: PostgresServer;
  let engine: TestEngine;
  let gateway: TestGateway;
  let source: Source;
  let server: ClickHouse;

  beforeAll(async () => {
    [database, engine] = await Promise.all([startPostgres(programs), startEngine()]);
    server = connectTarget(engine.url);
    await database.psql('CREATE DATABASE shop');
    await database.psql(shop, 'shop');
    await database.psql(block(guide, /^CREATE ROLE obsctl/m), 'shop');
    // Made after the rights were given: the default privileges show it too.
    await database.psql('CREATE TABLE coupons (id int PRIMARY KEY)', 'shop');
    const user = `obsctl:${encodeURIComponent('…')}@127.0.0.1:${database.port}`;
    source = await openPostgres({ dsn: `postgres://${user}/shop` });
    gateway = await startGateway({ clickhouseUrl: engine.url });
    const resourceLogs = [
      logsOf('checkout', [17, 21, 9], 1),
      logsOf('cart', [17], 2),
      logsOf('nobody', [17], 3),
    ];
    const { status } = await fetch(`${gateway.http}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs }),
    });
    expect(status).toBe(200);
    // The end of the gateway delivers what it has.
    await gateway.stop();
    expect(await ask(engine.url, 'SELECT count() FROM otel.otel_logs')).toEqual(['5']);
  });
  afterAll(async () => {
    await source?.close();
    await server?.close();
    await gateway?.stop();
    await Promise.all([database?.stop(), engine?.stop()]);
  });

  const run = (config: SnapshotConfig) => runOnce({ config, source, server });

  it('has a stack file that runs with the rights of its role', async () => {
    const [first = '', dictionaries = ''] = blocks(guide, 'yaml');
    const { tables, dictionaries: made } = await run({
      ...configOf(first),
      dictionaries: configOf(dictionaries).dictionaries,
    });
    expect(tables.map(({ table, sent }) => [table, sent.rows])).toEqual([
      ['coupons', 0],
      ['customers', 3],
      ['orders', 1],
      ['service_owners', 2],
    ]);
    expect(tables.find(({ table }) => table === 'orders')?.edges).toMatchObject([
      { column: 'paid_at', policy: 'clamp', count: 1 },
    ]);
    expect(made).toMatchObject([{ name: 'owners', keys: 2, nullable: ['owner'] }]);
    const columns =
      "SELECT name FROM system.columns WHERE database = 'shop' AND table = 'customers'";
    expect(await ask(engine.url, columns)).toEqual(['id', 'email_sha256', 'plan']);
  });

  it('joins logs with customers', async () => {
    expect(await ask(engine.url, block(guide, /^-- Errors of the last hour by plan/m))).toEqual([
      'pro\t3',
      'free\t1',
    ]);
  });

  it('tells how old each table is, and that it is equal', async () => {
    const answers = await ask(engine.url, block(guide, /^-- How old each table is/m));
    const shown = answers.map((line) => line.split('\t'));
    expect(shown.map(([name, table, , rows, equal]) => [name, table, rows, equal])).toEqual(
      expect.arrayContaining([
        ['shop', 'public.customers', '3', '1'],
        ['shop', 'public.orders', '1', '1'],
      ]),
    );
    const ages = shown.map(([, , last = '']) => Date.now() - Date.parse(`${last}Z`));
    expect(Math.max(...ages)).toBeLessThan(3_600_000);
  });

  it('gives errors a team and a cost centre', async () => {
    const sql = block(guide, /^-- Errors of the last hour by team/m);
    expect((await ask(engine.url, sql)).toSorted()).toEqual(
      ['Payments\t4711\t2', 'Shop\t7\t1', '\t0\t1'].toSorted(),
    );
  });

  it('has an example whose log rows have an owner, as of the newest run', async () => {
    const config = configOf(exampleStack);
    await database.psql('UPDATE orders SET paid_at = now()', 'shop');
    await run(config);
    const sql = block(example, /dictGet/);
    const rows = async (): Promise<readonly string[]> =>
      (await ask(engine.url, sql))
        .map((line) => line.split('\t'))
        .map(([team, owner, center, , body]) => [team, owner, center, body].join('|'))
        .toSorted();
    const others = ['Shop|\\N|7|cart 17', '|\\N|0|nobody 17'];
    expect(await rows()).toEqual(
      ['Payments|ada|4711|checkout 17', 'Payments|ada|4711|checkout 21', ...others].toSorted(),
    );
    await database.psql(
      "UPDATE service_owners SET owner = 'bob', team = 'Cash' WHERE team = 'Payments'",
      'shop',
    );
    await run(config);
    expect(await rows()).toEqual(
      ['Cash|bob|4711|checkout 17', 'Cash|bob|4711|checkout 21', ...others].toSorted(),
    );
    expect(await ask(engine.url, block(example, /INNER JOIN/))).toEqual(['pro\t3', 'free\t1']);
  });

  it('has every block of SQL in one of these tests', () => {
    // The join with a history is run in history.test.ts.
    expect(blocks(guide, 'sql')).toHaveLength(10);
    expect(blocks(example, 'sql')).toHaveLength(2);
  });
});

describeWithPeer('mariadb-10.11', 'the rights of the guide in MySQL', (program) => {
  it('are enough for several readers at one point in time', async () => {
    const db = await startMariaDb(program);
    try {
      db.run('CREATE DATABASE crm; CREATE TABLE crm.owners (id INT PRIMARY KEY, name TEXT)');
      db.run('CREATE VIEW crm.names AS SELECT name FROM crm.owners');
      db.run(block(guide, /^CREATE USER obsctl@/m));
      const user = `obsctl:${encodeURIComponent('…')}@127.0.0.1:${db.port}`;
      const source = await openMysql({ dsn: `mysql://${user}/crm` });
      expect((await source.tables()).map(({ name }) => name)).toEqual(['names', 'owners']);
      const snapshot = await source.begin(3);
      expect([snapshot.readers, snapshot.notes]).toEqual([3, []]);
      await source.close();
    } finally {
      await db.stop();
    }
  });
});

describe('the rights of the guide in ClickHouse', () => {
  const givenTo = (user: string): readonly string[] => {
    const grant = new RegExp(`^(GRANT .*) TO ${user};(?:  --.*)?$`, 'gm');
    return blocks(guide, 'sql').flatMap((text) =>
      [...text.matchAll(grant)].map(([, one = '']) => one),
    );
  };

  // Those of the cluster are enforced by the engine in k8s/snapshot-rights.test.ts.
  it.each([
    ['otel', 'snapshots'],
    ['reader', 'reader'],
  ])('of %s are those that %s has in the cluster', (user, inCluster) => {
    const users = usersConfig('otel', ['shop'], ['shop']);
    const own = new RegExp(`<${inCluster}>\\s*<password[\\s\\S]*?</${inCluster}>`).exec(users)?.[0];
    const granted = [...(own ?? '').matchAll(/<query>(.*)<\/query>/g)].map(([, one]) => one);
    const onCluster = snapshotGrants('otel', ['shop'], true);
    const all = [...new Set([...granted, ...onCluster])];
    if (user === 'otel') expect(givenTo(user).toSorted()).toEqual(all.toSorted());
    else expect(granted).toEqual(expect.arrayContaining([...givenTo(user)]));
  });

  it('let a dictionary read by the collection, whose password it does not show', async () => {
    const queries = [...givenTo('otel'), 'GRANT CREATE NAMED COLLECTION ON *'];
    const grants = queries.map((one) => `<query>${one}</query>`).join('');
    const users =
      '<clickhouse><profiles></profiles><users><otel><password from_env="OTEL_PASSWORD"/>' +
      '<networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>' +
      `<grants>${grants}</grants></otel></users></clickhouse>`;
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-guide-'));
    const server = await startAsUser(folder, 'otel', users);
    try {
      await server.run(block(guide, /^CREATE NAMED COLLECTION/m).replace('…', passwordOfUsers));
      await server.run('CREATE DATABASE shop');
      await server.run('CREATE TABLE shop.t (a String, b String) ENGINE = MergeTree ORDER BY a');
      await server.run("INSERT INTO shop.t VALUES ('x', 'y')");
      await server.run(
        'CREATE DICTIONARY shop.d (a String, b String) PRIMARY KEY a SOURCE(CLICKHOUSE(' +
          "NAME obsctl_dictionaries DB 'shop' TABLE 't')) LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(9)",
      );
      expect(await server.rows("SELECT dictGet('shop.d', 'b', 'x') AS b")).toEqual([{ b: 'y' }]);
      const [shown] = await server.rows('SHOW CREATE DICTIONARY shop.d');
      expect(JSON.stringify(shown)).not.toContain(passwordOfUsers);
    } finally {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Dictionaries that runs of a real Postgres make in the real engine, as `dictGet` finds them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, jest } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { RunReport } from '../../jobs/snapshot/run.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const schema = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TYPE tier AS ENUM ('gold', 'it''s');
  CREATE TABLE service_owners (service text, team text NOT NULL, owner text, tier tier NOT NULL);
  INSERT INTO service_owners
    VALUES ('checkout', 'Pay', 'ada', 'gold'), ('cart', 'Shop', NULL, 'it''s');
  CREATE TABLE plans (id int PRIMARY KEY, price numeric(12,2) NOT NULL, span interval);
  INSERT INTO plans VALUES (-1, 0.5, NULL), (7, 12.34, NULL);
  CREATE TABLE prices (country text NOT NULL, plan int NOT NULL, cents bigint NOT NULL);
  INSERT INTO prices VALUES ('NL', 7, 700), ('DE', 7, 800);
`;
const owners = {
  name: 'owners',
  table: 'public.service_owners',
  key: ['service'],
  attributes: ['team', 'owner', 'tier'],
};

describeWithPeer('postgres', 'a dictionary over a snapshot', (programs) => {
  let dataDir: string;
  let database: PostgresServer;
  let engine: TestEngine;
  let source: Source;
  let server: ClickHouse;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'obsctl-dictionaries-'));
    [database, engine] = await Promise.all([startPostgres(programs), startEngine({ dataDir })]);
    server = connectTarget(engine.url);
  });
  beforeEach(async () => {
    await database.psql(schema);
    await ask(engine.url, 'DROP DATABASE IF EXISTS shop SYNC');
    source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
  });
  afterAll(async () => {
    await server?.close();
    await Promise.all([database?.stop(), engine?.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  });

  const run = async (...dictionaries: readonly object[]): Promise<RunReport> =>
    await runOnce({ config: snapshotConfig({ dictionaries }), source, server });
  const one = async (sql: string): Promise<string> => (await ask(engine.url, sql)).join('\n');
  const ownerOf = async (service: string): Promise<string> =>
    await one(`SELECT dictGet('shop.owners', ('team', 'owner', 'tier'), '${service}')`);
  const objects = async (): Promise<readonly string[]> =>
    await ask(engine.url, "SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name");
  const all = ['owners', 'plans', 'prices', 'service_owners'];

  it('answers with the rows of the run, NULL with NULL, and is told of in the report', async () => {
    const report = await run(owners);
    expect(report.dictionaries).toEqual([
      {
        name: 'owners',
        database: 'shop',
        source: 'public.service_owners',
        layout: 'complex_key_hashed',
        keys: 2,
        nullable: ['owner'],
      },
    ]);
    expect(await ownerOf('checkout')).toBe("('Pay','ada','gold')");
    expect(await ownerOf('cart')).toBe("('Shop',NULL,'it\\'s')");
    expect(await ownerOf('nobody')).toBe("('',NULL,'')");
    expect(await objects()).toEqual(all);
  });

  it('has the new rows as soon as the next run has ended, and after a restart', async () => {
    const long = { ...owners, lifetime: '24h' };
    await run(long);
    expect(await ownerOf('checkout')).toBe("('Pay','ada','gold')");
    for (const team of ['Bank', 'Cash']) {
      await database.psql(`UPDATE service_owners SET team = '${team}' WHERE service = 'checkout'`);
      await run(long);
      expect(await ownerOf('checkout')).toBe(`('${team}','ada','gold')`);
      expect(await objects()).toEqual(all);
    }
    await server.close();
    await engine.kill();
    engine = await startEngine({ dataDir });
    server = connectTarget(engine.url);
    expect(await ownerOf('checkout')).toBe("('Cash','ada','gold')");
    await database.psql("DELETE FROM service_owners WHERE service = 'checkout'");
    await run(long);
    expect(await ownerOf('checkout')).toBe("('',NULL,'')");
  });

  it('takes signed and several columns as a key, and a changed definition', async () => {
    const plans = { name: 'plan', table: 'public.plans', key: ['id'], attributes: ['price'] };
    const prices = { ...plans, name: 'price', table: 'public.prices' };
    await run(plans, { ...prices, key: ['country', 'plan'], attributes: ['cents'] });
    expect(await one("SELECT dictGet('shop.plan', 'price', -1)")).toBe('0.5');
    expect(await one("SELECT dictGet('shop.price', 'cents', ('DE', 7))")).toBe('800');
    const { dictionaries } = await run(plans, {
      ...prices,
      key: ['plan', 'country'],
      attributes: ['cents'],
    });
    expect(dictionaries.map(({ name, layout }) => [name, layout])).toEqual([
      ['plan', 'complex_key_hashed'],
      ['price', 'complex_key_hashed'],
    ]);
    expect(await one("SELECT dictGet('shop.price', 'cents', (7, 'NL'))")).toBe('700');
    await database.psql('DELETE FROM plans WHERE id < 0');
    await run({ ...plans, layout: 'flat' });
    expect(await one("SELECT dictGet('shop.plan', 'price', 7)")).toBe('12.34');
  });

  it.each([
    [
      'a key that is not unique',
      "INSERT INTO service_owners VALUES ('cart', 'B', 'b', 'gold')",
      owners,
      'OBS-6057',
      /\(service\) is not unique: 2 rows of public\.service_owners have \('cart'\)/,
    ],
    [
      'a NULL in the key',
      "INSERT INTO service_owners VALUES (NULL, 'B', 'b', 'gold')",
      owners,
      'OBS-6057',
      /1 rows of public\.service_owners have NULL in its key/,
    ],
    [
      'a column that was dropped',
      'ALTER TABLE service_owners DROP team',
      owners,
      'OBS-6057',
      /no column team; there are service, owner, tier/,
    ],
    [
      'a number that the layout cannot hold',
      'UPDATE plans SET id = 500000 WHERE id = -1',
      { name: 'owners', table: 'public.plans', key: ['id'], attributes: ['price'], layout: 'flat' },
      'OBS-6057',
      /flat cannot hold its keys, which are 7 to 500000/,
    ],
    [
      'a collection that there is none of',
      'DELETE FROM plans',
      { ...owners, collection: 'elsewhere' },
      'OBS-6058',
      /elsewhere/,
    ],
  ])(
    'leaves the old tables and the old dictionary at %s',
    async (_, change, dictionary, code, text) => {
      await run(owners);
      await database.psql(`UPDATE service_owners SET owner = 'new'; ${change}`);
      const failed = run(dictionary);
      await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
      expect(await ownerOf('checkout')).toBe("('Pay','ada','gold')");
      expect(await one("SELECT countIf(owner = 'new') FROM shop.service_owners")).toBe('0');
      expect(await objects()).toEqual(all);
    },
  );

  it('touches nothing of its name that it did not make', async () => {
    await ask(engine.url, 'CREATE DATABASE shop ENGINE = Atomic');
    await ask(engine.url, 'CREATE TABLE shop.owners (x UInt8) ENGINE = Memory');
    await expect(run(owners)).rejects.toMatchObject({ code: 'OBS-6044' });
    expect(await objects()).toEqual(['owners']);
  });

  it('removes what a run that died left behind, which would hold its table', async () => {
    await run(owners);
    const left = '20260101T000000Z_dead';
    await ask(engine.url, `CREATE TABLE shop.plans__loading_${left} AS shop.plans`);
    await ask(
      engine.url,
      `CREATE DICTIONARY shop.owners__loading_${left} (id Int32, price Decimal(12, 2)) ` +
        `PRIMARY KEY id SOURCE(CLICKHOUSE(DB 'shop' TABLE 'plans__loading_${left}')) ` +
        "LIFETIME(9) LAYOUT(FLAT()) COMMENT 'obsctl dictionary shop: left'",
    );
    await run();
    expect(await objects()).toEqual(all);
    expect(await ownerOf('checkout')).toBe("('Pay','ada','gold')");
  });
});

/**
 * A product alert from its stack file to what is told: customers in a real Postgres, snapshots
 * into a real engine, and the watcher that evaluates the rules of the file.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ruleOptionsOf } from '../../cli/render/alert-options.ts';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { provisioningText } from '../../dashboards/alerts/grafana.ts';
import type { AlertRule } from '../../dashboards/alerts/rule.ts';
import { openPostgres } from '../../jobs/snapshot/postgres/open.ts';
import type { Source } from '../../jobs/snapshot/source.ts';
import { Watcher } from '../../jobs/watch/watch.ts';
import { loadStack } from '../../stack/load.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { ask, connectTarget, runOnce, snapshotConfig } from '../support/snapshot.ts';

jest.setTimeout(300_000);

const minuteMs = 60_000;
const query = 'SELECT count() FROM shop.customers WHERE created_at > as_of - INTERVAL 1 HOUR';
const fileWith = (text: string): string => `name: shop
clickhouse: {mode: embedded}
snapshots:
  - {name: shop, source: {postgres: {dsn: "\${env:SHOP_DSN}"}}, tables: ["public.*"]}
alerts:
  product:
    - name: no-sign-ups
      snapshot: shop
      summary: "{value} sign-ups within an hour, as {snapshot} has it"
      query: ${JSON.stringify(text)}
      below: 1
      for: 5m
      max_age: 1h
`;

function rulesOf(text: string): readonly AlertRule[] {
  const result = loadStack(text, 'obs.yaml');
  if ('faults' in result) throw new Error(result.faults.map(({ message }) => message).join('\n'));
  return alertRules(ruleOptionsOf(result.stack));
}

describeWithPeer('postgres', 'a product alert', (programs) => {
  let database: PostgresServer;
  let engine: TestEngine;
  let source: Source;
  let target: ClickHouse;
  let reader: ClickHouse;
  let startMs: number;

  beforeAll(async () => {
    [database, engine] = await Promise.all([startPostgres(programs), startEngine()]);
    target = connectTarget(engine.url);
    await migrate(target);
    source = await openPostgres({ dsn: database.dsn(), statementTimeoutMs: 600_000 });
    // As `obsctl watch` asks: nothing can be written.
    const settings = { readonly: '2', max_execution_time: 20 };
    const url = `${engine.url}/otel`;
    reader = connectClickHouse({ url, sessionDatabase: 'otel', settings });
  });
  beforeEach(async () => {
    await database.psql(`
      DROP TABLE IF EXISTS customers;
      CREATE TABLE customers (id int PRIMARY KEY, created_at timestamptz NOT NULL)`);
    await ask(engine.url, 'DROP DATABASE IF EXISTS shop SYNC');
    await ask(engine.url, 'TRUNCATE TABLE otel.snapshot_runs');
    startMs = systemClock.nowMs();
  });
  afterAll(async () => {
    await source?.close();
    await target?.close();
    await reader?.close();
    await Promise.all([database?.stop(), engine?.stop()]);
  });

  const signUp = (id: number, minutesAgo: number): Promise<string> =>
    database.psql(`INSERT INTO customers VALUES (${id}, now() - interval '${minutesAgo} minutes')`);
  const snapshot = () => runOnce({ config: snapshotConfig(), source, server: target });

  /** A watcher of these rules, whose clock is moved by hand. */
  async function watching(text: string) {
    let nowMs = 0;
    const rules = rulesOf(text).filter(({ group }) => group === 'snapshots');
    const watcher = await Watcher.open({
      rules,
      rows: (sql, signal) => reader.rows(sql, signal),
      clock: { nowMs: () => nowMs },
      channels: [],
      routing: { channels: [], routes: [], muteTimings: [] },
      silences: async () => [],
      intervalMs: minuteMs,
    });
    /** What changes from `from` to `to` minutes from now on, and what failed. */
    return async (from: number, to: number): Promise<readonly string[]> => {
      const told: string[] = [];
      for (let minute = from; minute <= to; minute += 1) {
        // Runs of this test took seconds; the next whole minute is after them.
        nowMs = startMs + (minute + 1) * minuteMs;
        const round = await watcher.round(new AbortController().signal);
        for (const { rule, error } of round.found) {
          if (error !== undefined) told.push(`${rule.id}: ${String(error)}`);
        }
        for (const { status, labels, annotations } of round.changes) {
          told.push(`${minute} ${labels['alertname']} ${status}: ${annotations['summary']}`);
        }
      }
      return told;
    };
  }

  it('fires when nobody signs up for an hour, and resolves with the next who does', async () => {
    const watch = await watching(fileWith(query));
    await signUp(1, 10);
    await snapshot();
    expect(await watch(0, 10)).toEqual([]);
    // An hour passes: what is in the table is an hour older.
    await database.psql("UPDATE customers SET created_at = created_at - interval '1 hour'");
    await snapshot();
    expect(await watch(11, 25)).toEqual([
      '16 product-no-sign-ups firing: 0 sign-ups within an hour, as shop has it',
    ]);
    await signUp(2, 0);
    expect(await watch(26, 26)).toEqual([]);
    await snapshot();
    expect(await watch(27, 35)).toEqual([
      '27 product-no-sign-ups resolved: 1 sign-ups within an hour, as shop has it',
    ]);
  });

  it('is not fooled by a snapshot that gets old, and that it is old is told', async () => {
    const watch = await watching(fileWith(query));
    await signUp(1, 10);
    await snapshot();
    expect(await watch(0, 10)).toEqual([]);
    // Two hours without a run, in which customers may well have come.
    await ask(
      engine.url,
      'ALTER TABLE otel.snapshot_runs UPDATE Started = Started - INTERVAL 2 HOUR WHERE 1' +
        ' SETTINGS mutations_sync = 1',
    );
    await database.psql("UPDATE customers SET created_at = created_at - interval '1 hour'");
    expect(await watch(11, 20)).toEqual([
      expect.stringMatching(/^11 stale-no-sign-ups firing: the snapshot shop is 13\d min old/),
    ]);
    await signUp(2, 0);
    await snapshot();
    expect(await watch(21, 21)).toEqual([
      expect.stringMatching(/^21 stale-no-sign-ups resolved: /),
    ]);
  });

  it('says nothing without a good run, but that there is none', async () => {
    const watch = await watching(fileWith(query));
    await ask(engine.url, 'CREATE DATABASE shop');
    await ask(
      engine.url,
      "CREATE TABLE shop.customers (created_at DateTime64(6, 'UTC')) ORDER BY tuple()",
    );
    expect(await watch(0, 10)).toEqual([
      '0 stale-no-sign-ups firing: the snapshot shop is 86400 min old, so nobody knows about ' +
        'no-sign-ups',
    ]);
  });

  it.each([
    ['two numbers', 'SELECT 1, 2'],
    ['two rows', 'SELECT number FROM numbers(2)'],
    ['a text', "SELECT 'none'"],
  ])('with %s instead of one number is a fault that is told, and no alert', async (_, text) => {
    const watch = await watching(fileWith(text));
    await signUp(1, 10);
    await snapshot();
    expect(await watch(0, 0)).toEqual([
      expect.stringMatching(/^product-no-sign-ups: .*\(code \d+\)/s),
    ]);
  });
});

describe('the query of a product alert', () => {
  it.each([
    'DROP TABLE shop.customers',
    'SELECT 1; DROP TABLE shop.customers',
    'SELECT 1) AS value, (SELECT 2',
    'SELECT 1 -- more',
    'SELECT 1 /* more */',
    'SELECT $__toTime',
    'SELECT count() FROM shop.customers WHERE created_at > now() - 3600',
    'SELECT count() FROM shop.customers WHERE day = today()',
    "SELECT 'open",
  ])('is not %s', (text) => {
    expect(() => rulesOf(fileWith(text))).toThrow(/alerts\.product\[0\]\.query/);
  });

  it.each([
    "SELECT count() FROM shop.customers WHERE name = 'now() ; -- )'",
    'SELECT countIf("now" = `today`) FROM shop.customers',
    'WITH (SELECT 1) AS one SELECT one',
    "SELECT countIf(name = 'it''s ; now()') FROM shop.customers",
  ])('may be %s', (text) => {
    expect(rulesOf(fileWith(text)).map(({ id }) => id)).toContain('product-no-sign-ups');
  });

  it('is the same in the file for Grafana', () => {
    const text = provisioningText(rulesOf(fileWith(query)));
    expect(text).toContain(query);
    expect(text).toContain('uid: obsctl-product-no-sign-ups');
    expect(text).toContain('uid: obsctl-stale-no-sign-ups');
  });
});

/** The shop's Postgres as the demo runs it, its copies in a real engine, and its dashboard. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { connectClickHouse } from '../../../clickhouse/client.ts';
import { migrate } from '../../../clickhouse/migrate.ts';
import { systemClock } from '../../../core/clock.ts';
import { dashboards } from '../../../dashboards/catalog.ts';
import { expandQuery } from '../../../dashboards/vocabulary/macros.ts';
import { startEngine, type TestEngine } from '../../../test/support/engine.ts';
import { describeWithPeers } from '../../../test/support/peer.ts';
import type { CliContext } from '../../context.ts';
import { openStore, type Store } from '../shop/store.ts';
import { shopDashboard } from './dashboard.ts';
import { type ShopDatabase, startShopDatabase } from './shop-database.ts';

jest.setTimeout(300_000);

const pauseMs = 200;
const orders = [
  { customer: 100, reference: 'o-1', cents: 2_990 },
  { customer: 104, reference: 'o-2', cents: 5_980 },
  { customer: 101, reference: 'o-3', cents: 1 },
];
/** Customers whom the seeded errors hit; 100 is on enterprise, 104 on team, 101 on free. */
const hit = ['100', '104', '104', '101', 'nobody', '5'];

const unreachable = process.getuid?.() === 0 && !existsSync('/usr/lib/postgresql');

describeWithPeers(
  ['postgres'],
  "the shop's database",
  ([programsDir = '']) => {
    let folder: string;
    let engine: TestEngine;
    let database: ShopDatabase;
    let copies: { readonly stop: () => Promise<void> };
    let store: Store;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'obsctl-shop-'));
      engine = await startEngine();
      const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
      await migrate(clickhouse).finally(() => clickhouse.close());
      const path = `${programsDir}:${process.env['PATH'] ?? ''}`;
      const context = contextOf({ ...process.env, PATH: path });
      const started = await startShopDatabase(folder, context);
      if (started === undefined) throw new Error('the database did not start');
      database = started;
      store = openStore(database.dsn);
      for (const order of orders) await store.addOrder(order);
      expect(await store.addCustomer('team')).toBe(1_000);
      const rows = hit.map((id, index) =>
        JSON.stringify({
          Timestamp: (systemClock.nowMs() / 1000 - index).toFixed(3),
          ServiceName: 'checkout',
          SeverityNumber: 17,
          LogAttributes: { 'shop.customer.id': id },
        }),
      );
      await ask(`INSERT INTO otel.otel_logs FORMAT JSONEachRow ${rows.join('\n')}`);
      await ask(
        'INSERT INTO otel.otel_red_1s (Time, ServiceName, SpanName, SpanKind, StatusCode, Count)' +
          " VALUES (now(), 'checkout', 'POST', 'Server', 'Error', 1)," +
          " (now(), 'checkout', 'POST', 'Server', 'Unset', 3)",
      );
      copies = await database.startCopies({
        clickhouseUrl: `${engine.url}/otel`,
        otlpHttp: 'http://127.0.0.1:9',
      });
      const runs = "SELECT count() AS n FROM otel.snapshot_runs WHERE Result = 'ok'";
      while (Number((await ask(runs).catch(() => []))[0]?.['n'] ?? 0) === 0) {
        await systemClock.sleep(pauseMs);
      }
    });

    let isStopped = false;
    const stop = async (): Promise<void> => {
      if (isStopped) return;
      isStopped = true;
      await copies?.stop();
      await store?.close();
      await database?.stop();
    };

    afterAll(async () => {
      await stop();
      await engine?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const ask = async (sql: string): Promise<readonly Record<string, unknown>[]> => {
      const format = 'database=otel&default_format=JSON&output_format_json_quote_64bit_integers=0';
      const answer = await fetch(`${engine.url}/?${format}`, { method: 'POST', body: sql });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${text}\n${sql}`);
      return text === '' ? [] : JSON.parse(text).data;
    };
    const panels = shopDashboard().panels.filter(({ type }) => type !== 'row');
    const panelRows = async (title: string) => {
      const found = panels.find((panel) => panel.title === title)?.targets?.[0]?.rawSql ?? '';
      const toMs = systemClock.nowMs() + 1_000;
      const scope = { fromMs: toMs - 900_000, toMs, intervalMs: 10_000, variables: {} };
      return await ask(expandQuery(found, scope));
    };

    it.each(panels.map(({ title }) => title))('has rows for %s', async (title) => {
      expect((await panelRows(title)).length).toBeGreaterThan(0);
    });

    it('tells errors, customers and revenue by plan, as plain arithmetic does', async () => {
      const client = new Client({ connectionString: database.dsn });
      await client.connect();
      const { rows } = await client.query('SELECT id, plan FROM customers');
      await client.end();
      const planOf = new Map(rows.map(({ id, plan }) => [String(id), String(plan)]));
      const expected = ['enterprise', 'free', 'team'].map((plan) => {
        const errors = hit.filter((id) => planOf.get(id) === plan);
        const ordered = orders.filter(({ customer }) => planOf.get(String(customer)) === plan);
        return {
          Plan: plan,
          Customers: [...planOf.values()].filter((one) => one === plan).length,
          Hit: new Set(errors).size,
          Errors: errors.length,
          Revenue: ordered.reduce((sum, { cents }) => sum + cents, 0) / 100,
        };
      });
      const found = [...(await panelRows('Plans'))];
      const byPlan = (left: object, right: object) =>
        JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
      expect(found.sort(byPlan)).toEqual(expected);
      expect(expected.map(({ Errors }) => Errors)).toEqual([1, 1, 2]);
    });

    it('is gone after the demo', async () => {
      await stop();
      const client = new Client({ connectionString: database.dsn });
      await expect(client.connect()).rejects.toThrow('ECONNREFUSED');
    });
  },
  unreachable ? 'root cannot lend its own copy to an unprivileged user' : undefined,
);

describe("the shop's dashboard", () => {
  it('has an address of its own, and panels that say what they show', () => {
    const board = shopDashboard();
    expect(dashboards().map(({ uid }) => uid)).not.toContain(board.uid);
    for (const { type, description } of board.panels) {
      if (type !== 'row') expect((description ?? '').length).toBeGreaterThan(40);
    }
  });
});

function contextOf(env: CliContext['env']): CliContext {
  return {
    env,
    stdout: () => {},
    stderr: () => {},
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: () => {},
  };
}

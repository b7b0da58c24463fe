import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { runSql } from '../test/support/engine-http.ts';
import { connectClickHouse } from './client.ts';
import { migrate } from './migrate.ts';
import { tables } from './schema/tables.ts';
import { tenantDatabase, tenantViews } from './tenant-views.ts';

const tenant = 'shop-1.eu';
const own = `\`${tenantDatabase('otel', tenant)}\``;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  const connection = connectClickHouse({ url: engine.url });
  await migrate(connection, { database: 'otel' });
  await connection.close();
  for (const statement of tenantViews('otel', tenant)) await runSql(engine.url, statement);
});
afterAll(() => engine.stop());

describe('the database of a tenant', () => {
  it('has every table that has tenants, with all columns; made again nothing changes', async () => {
    const structure = async (database: string, table: string): Promise<string> =>
      await runSql(
        engine.url,
        `SELECT name, type FROM system.columns WHERE database = '${database}'
          AND table = '${table}' ORDER BY position FORMAT TSV`,
      );
    for (const statement of tenantViews('otel', tenant)) await runSql(engine.url, statement);
    const tenanted = tables.filter(({ columns }) => columns.some(({ name }) => name === 'Tenant'));
    expect(tenanted.length).toBeGreaterThan(8);
    for (const { name } of tenanted) {
      const seen = await structure(tenantDatabase('otel', tenant), name);
      expect([name, seen]).toEqual([name, await structure('otel', name)]);
      expect(seen).not.toBe('');
    }
  });

  it('is made on every node of a cluster', () => {
    const statements = tenantViews('otel', tenant, 'c');
    const plain = statements.map((one) => one.replace(" ON CLUSTER 'c'", ''));
    expect(statements.every((one) => one.includes(" ON CLUSTER 'c'"))).toBe(true);
    expect(plain).toEqual(tenantViews('otel', tenant));
  });

  it('has the rows of that tenant alone, and the times of its traces', async () => {
    const rows = [
      "'a', 'shop-1.eu', 10",
      "'a', 'shop-1.eu', 20",
      "'b', 'other', 30",
      "'a', '', 40",
    ];
    const values = rows.map((row) => `(${row})`).join(', ');
    await runSql(
      engine.url,
      `INSERT INTO otel.otel_traces (TraceId, Tenant, Timestamp)
        SELECT TraceId, Tenant, toDateTime64(today(), 9) + Second
        FROM VALUES('TraceId String, Tenant String, Second UInt32', ${values})`,
    );
    const ask = async (sql: string) => (await runSql(engine.url, sql)).trim();
    expect(await ask(`SELECT count() FROM ${own}.otel_traces`)).toBe('2');
    const ranges = `SELECT TraceId, End - Start FROM ${own}.otel_traces_trace_id_ts FORMAT TSV`;
    expect(await ask(ranges)).toBe('a\t10');
  });
});

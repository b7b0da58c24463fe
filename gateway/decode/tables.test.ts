import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDatabase, createTable, defaultTableOptions } from '../../clickhouse/ddl.ts';
import { tables } from '../../clickhouse/schema/tables.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { ask, readRows, sortMaps, unitBytes } from './testdata/engine-rows.ts';
import { expectedTables } from './testdata/expected.ts';
import { logBody, metricBody, traceBody } from './testdata/load.ts';

const { database } = defaultTableOptions;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await ask(engine.url, createDatabase(database));
  const options = { ...defaultTableOptions, flavour: 'embedded' } as const;
  for (const table of tables) await ask(engine.url, createTable(table, options));
});
afterAll(() => engine.stop());

describe('the real tables', () => {
  it('take every unit of a seal whole, as one part, and hold the rows that were sent', async () => {
    // Retention counts from the engine's clock.
    const nowNs = BigInt(await ask(engine.url, 'SELECT toUnixTimestamp64Nano(now64(9))'));
    const blocks = createOpenBlocks();
    const bodies = {
      traces: traceBody(200, 1, nowNs),
      logs: logBody(200, 2, nowNs),
      metrics: metricBody(300, 3, nowNs),
    };
    const expected = new Map<string, unknown[]>();
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      const body = bodies[signal];
      const receivedAtNs = nowNs;
      const input = { signal, contentType: 'protobuf', body, receivedAtNs } as const;
      expect(decodeInto(blocks, input)).toMatchObject({ outcome: 'decoded', rejected: 0 });
      for (const { table, rows } of expectedTables(signal, body, receivedAtNs)) {
        expected.set(table, rows.map(sortMaps));
      }
      for (const unit of blocks.encode(7n)) {
        const sql = `INSERT INTO ${database}.${unit.table} FORMAT Native`;
        await ask(engine.url, sql, unitBytes(unit));
        const parts = await ask(
          engine.url,
          `SELECT count(), sum(rows) FROM system.parts WHERE active
             AND database = '${database}' AND table = '${unit.table}' FORMAT TSV`,
        );
        expect([unit.table, parts.trim()]).toEqual([unit.table, `1\t${unit.rows}`]);
      }
      blocks.clear();
    }
    for (const [table, rows] of expected) {
      const stored = await readRows(engine.url, database, table);
      expect([table, sorted(stored)]).toEqual([table, sorted(rows)]);
    }
  });
});

/** Tables sort their rows; so does the comparison. */
function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row as object).sort())).sort();
}

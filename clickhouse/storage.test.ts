import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { agentTables } from './schema/agents.ts';
import { costTables } from './schema/costs.ts';
import { entityTables } from './schema/entities.ts';
import { tables } from './schema/tables.ts';
import { keptFile, measureStorage, type StorageFigure, worsened } from './storage.ts';
import { storageCases, storageSeed } from './storage-data.ts';

let engine: TestEngine;
let sql: ClickHouse;
let now: StorageFigure[];
let kept: { readonly seed: number; readonly tables: StorageFigure[] };

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  now = await measureStorage(sql, 'storage_test');
  kept = JSON.parse(await readFile(keptFile, 'utf8'));
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

describe('storage', () => {
  it('takes at most a tenth more bytes a row than the kept figures', () => {
    expect(worsened(kept.tables, now)).toEqual([]);
  });

  it('is measured for every table that holds telemetry, on the kept seed', () => {
    // Minutes and edges are made of other rows; of migrations, runs, entities, agents and cost
    // there are few.
    const rebuilt = ['otel_red_1m', 'otel_red_1h', 'otel_red_1d', 'otel_service_edges_1m'];
    rebuilt.push('otel_log_patterns_1m', 'otel_log_patterns');
    rebuilt.push('otel_attributes_15m', 'otel_series_15m');
    rebuilt.push('otel_metrics_1m', 'otel_metrics_1h');
    const beside = [...entityTables, ...agentTables, ...costTables];
    const entities = beside.map(({ name }) => name);
    rebuilt.push('flow_logs', 'flow_seconds', 'flow_minutes', 'l7_calls');
    const apart = ['obsctl_migrations', 'snapshot_runs', ...entities, ...rebuilt];
    const names = tables.map((table) => table.name).filter((name) => !apart.includes(name));
    expect(storageCases.map((one) => one.table)).toEqual(names);
    expect(kept.seed).toBe(storageSeed);
    expect(now.map((one) => one.rows)).toEqual(storageCases.map((one) => one.rows));
  });

  it('gives the same figures twice', async () => {
    const some = storageCases.filter((one) => one.table === 'otel_logs');
    const again = await measureStorage(sql, 'storage_again', some);
    expect(again).toEqual(now.filter((one) => one.table === 'otel_logs'));
  });

  it('notices a table that got more than a tenth worse, or was never measured', () => {
    const [first] = now;
    if (first === undefined) throw new Error('nothing measured');
    const worse = { ...first, bytesPerRow: first.bytesPerRow * 1.11 };
    expect(worsened([first], [{ ...first, bytesPerRow: first.bytesPerRow * 1.09 }])).toEqual([]);
    expect(worsened([first], [worse])).toHaveLength(1);
    expect(worsened([first], [{ ...first, bytesPerRow: Number.NaN }])).toHaveLength(1);
    expect(worsened([], [first])).toHaveLength(1);
  });
});

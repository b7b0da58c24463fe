/** What `obsctl snapshot list` finds in the real engine after good and bad runs. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { connectTarget } from '../../test/support/snapshot.ts';
import type { TableReport } from './run.ts';
import { lastRuns, recordRuns } from './runs.ts';

const startMsMax = 120_000;
const table: TableReport = {
  source: 'public.a',
  database: 'shop',
  table: 'a',
  sent: { rows: 1, bytes: 1, checksum: 7n, keys: { min: '1', max: '1' } },
  stored: { rows: 1, checksum: 7n, keyMin: '1', keyMax: '1' },
  edges: [],
  changes: [],
  mode: 'full',
  since: '',
  mark: '',
  deleted: 0,
  readMs: 0,
  verifyMs: 0,
};

let engine: TestEngine;
let server: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  server = connectTarget(engine.url);
}, startMsMax);
afterAll(async () => {
  await server?.close();
  await engine?.stop();
});

it('tells a failure until a run comes after it', async () => {
  // Rows of long ago would be past their retention.
  const startedMs = Date.now();
  const record = async (run: number, error?: string): Promise<void> => {
    const tables = error === undefined ? [table] : [];
    const head = { run: String(run), snapshot: 'shop', address: 'db', position: '', notes: [] };
    const report = { ...head, tables, dictionaries: [], startedMs };
    await recordRuns(server, report, startedMs + run, error);
  };
  const found = async (): Promise<readonly string[]> =>
    (await lastRuns(server, ['shop'])).map((one) => `${one.table} ${one.result} ${one.error}`);
  await record(1);
  await record(2, 'away');
  expect(await found()).toEqual([' failed away', 'public.a ok ']);
  await record(3);
  expect(await found()).toEqual(['public.a ok ']);
});

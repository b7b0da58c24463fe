/** Every query of the cookbook, run as it stands, and what the first ones say, computed by hand. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { rebuildMinuteRollup } from '../../clickhouse/rollups.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { ask } from '../support/engine-http.ts';
import { seconds } from '../support/seed-points.ts';
import { type Seeded, seedTelemetry } from '../support/seed-telemetry.ts';
import { recipes } from './recipes.ts';

const seed = 11;
const repeatedCalls = 8;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
let engine: TestEngine;
let seeded: Seeded;

beforeAll(async () => {
  engine = await startEngine();
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    seeded = await seedTelemetry(clickhouse, { endMs: systemClock.nowMs(), seed });
    for (const day of new Set([dayOf(seeded.fromMs), dayOf(seeded.toMs)])) {
      await rebuildMinuteRollup(clickhouse, day);
    }
    // One span that asks the same again and again.
    await clickhouse.client.insert({
      table: 'otel.otel_traces',
      values: Array.from({ length: repeatedCalls }, (_, at) => ({
        Timestamp: seconds(seeded.toMs - 60_000),
        TraceId: 'ab'.repeat(16),
        SpanId: `${at}`.repeat(16),
        ParentSpanId: 'cd'.repeat(8),
        ServiceName: 'orders',
        SpanName: 'SELECT orders.lines',
        SpanKind: 'Client',
        Duration: 1_000_000,
      })),
      format: 'JSONEachRow',
    });
  } finally {
    await clickhouse.close();
  }
}, 120_000);

afterAll(() => engine?.stop());

type Row = Readonly<Record<string, string | number>>;

async function rowsOf(title: string): Promise<Row[]> {
  const sql = recipes.find((recipe) => recipe.title === title)?.sql;
  if (sql === undefined) throw new Error(`the cookbook has no "${title}"`);
  const query = { database: 'otel', output_format_json_quote_64bit_integers: '0' };
  const answer = await ask(engine.url, { query, body: `${sql} FORMAT JSON` });
  if (answer.status !== 200) throw new Error(answer.text);
  return JSON.parse(answer.text).data;
}

describe('the cookbook', () => {
  it('has a title for every query, and bounds each by time', () => {
    expect(recipes.length).toBeGreaterThan(25);
    expect(new Set(recipes.map(({ title }) => title)).size).toBe(recipes.length);
    const unbounded = recipes.filter(({ sql }) => !/INTERVAL|system\./.test(sql));
    expect(unbounded.map(({ title }) => title)).toEqual([]);
  });

  it.each(recipes.map(({ title }) => title))('answers "%s"', async (title) => {
    expect((await rowsOf(title)).length).toBeGreaterThan(0);
  });

  it('counts requests and failures as they were sent', async () => {
    const wanted = new Map<string, [number, number]>();
    for (const { service, kind, failed } of seeded.spans) {
      if (kind !== 'Server' && kind !== 'Consumer') continue;
      const [requests, errors] = wanted.get(service) ?? [0, 0];
      wanted.set(service, [requests + 1, errors + Number(failed)]);
    }
    const said = await rowsOf('Where is it worst?');
    const percent = ([requests, errors]: [number, number]) =>
      Math.round((10_000 * errors) / requests) / 100;
    expect(new Map(said.map((row) => [row['ServiceName'], row['error_percent']]))).toEqual(
      new Map([...wanted].map(([service, counts]) => [service, percent(counts)])),
    );
  });

  it('finds who calls whom, with what failed on the way', async () => {
    const byId = new Map(seeded.spans.map((span) => [span.spanId, span]));
    const wanted: Record<string, [number, number]> = {};
    for (const { parentSpanId, service, failed } of seeded.spans) {
      const caller = byId.get(parentSpanId)?.service;
      if (caller === undefined || caller === service) continue;
      const [calls, errors] = wanted[`${caller} ${service}`] ?? [0, 0];
      wanted[`${caller} ${service}`] = [calls + 1, errors + Number(failed)];
    }
    const said = await rowsOf('Who calls whom?');
    const edges = said.map((row) => [
      `${row['caller']} ${row['callee']}`,
      [row['calls'], row['failed']],
    ]);
    expect(Object.fromEntries(edges)).toEqual(wanted);
  });

  it('sees the call that comes again and again', async () => {
    const said = await rowsOf('The same call again and again in one trace');
    expect(said).toMatchObject([
      { ServiceName: 'orders', SpanName: 'SELECT orders.lines', calls_each: repeatedCalls },
    ]);
  });
});

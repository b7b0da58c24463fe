/** The views against the real engine: what they count is what a query over the spans counts. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { schemaScript } from './script.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'views';
const script = schemaScript({
  database,
  profile: 'balanced',
  flavour: 'embedded',
  serverVersion: [25, 8],
  retentionDays: { traces: 9000, rollups: 9000 },
  views: true,
});

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  await runScript();
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

async function runScript(): Promise<void> {
  for (const statement of script.split(';\n').filter((text) => text.trim() !== '')) {
    await sql.run(statement);
  }
}

/** Spans over three minutes, with the columns that the Collector's exporter names. */
async function insertSpans(spans: number): Promise<void> {
  await sql.run(
    `INSERT INTO ${database}.otel_traces (Timestamp, TraceId, SpanId, SpanName, SpanKind,
        ServiceName, Duration, StatusCode)
      SELECT toDateTime64('2026-03-05 10:00:00', 9, 'UTC') + toIntervalMillisecond(number * 37),
        hex(number % 97), hex(number), concat('op', toString(number % 3)),
        if(number % 5 = 0, 'Client', 'Server'), concat('s', toString(number % 2)),
        if(number % 11 = 0, 0, number * number * 1000), if(number % 7 = 0, 'Error', 'Unset')
      FROM numbers(${spans}) SETTINGS async_insert = 0`,
  );
}

describe('the views that count for the stock Collector', () => {
  const spans = 4000;
  beforeAll(() => insertSpans(spans));

  it.each(['otel_red_1s', 'otel_red_1m'])('%s has every span once', async (table) => {
    const [row] = await sql.rows<Record<string, string>>(
      `SELECT toString(sum(Count)) AS spans, toString(sum(DurationSum)) AS duration,
        toString(sum(arraySum(\`Buckets.Count\`))) AS bucketed,
        toString(sumIf(Count, StatusCode = 'Error')) AS errors FROM ${database}.${table}`,
    );
    let duration = 0n;
    let errors = 0;
    for (let number = 0; number < spans; number += 1) {
      if (number % 11 !== 0) duration += BigInt(number) * BigInt(number) * 1000n;
      if (number % 7 === 0) errors += 1;
    }
    expect(row).toEqual({
      spans: String(spans),
      duration: String(duration),
      bucketed: String(spans),
      errors: String(errors),
    });
  });

  it('puts a duration into the bucket that dashboards read it from', async () => {
    const rows = await sql.rows<{ index: number; low: string; high: string }>(
      `SELECT arrayJoin(\`Buckets.Index\`) AS index, toString(min(DurationMin)) AS low,
        toString(max(DurationMax)) AS high FROM ${database}.otel_red_1s
        WHERE Count = 1 AND DurationMin > 0 GROUP BY index ORDER BY index`,
    );
    expect(rows.length).toBeGreaterThan(20);
    for (const { index, low, high } of rows) {
      expect(Number(low)).toBeGreaterThanOrEqual(2 ** (index / 8) * (1 - 1e-9));
      expect(Number(high)).toBeLessThanOrEqual(2 ** ((index + 1) / 8) * (1 + 1e-9));
    }
  });

  it('keeps the first and last second of each trace', async () => {
    const [row] = await sql.rows<{ wrong: string; traces: string }>(
      `SELECT toString(count()) AS traces,
        toString(countIf(s != ranges.1 OR e != ranges.2)) AS wrong
      FROM (SELECT TraceId, min(Start) AS s, max(End) AS e
        FROM ${database}.otel_traces_trace_id_ts GROUP BY TraceId) AS kept
      LEFT JOIN (SELECT TraceId, (toDateTime(min(Timestamp)), toDateTime(max(Timestamp))) AS ranges
        FROM ${database}.otel_traces GROUP BY TraceId) AS told USING TraceId`,
    );
    expect(row).toEqual({ traces: '97', wrong: '0' });
  });

  it('is a script that may run again', async () => {
    await runScript();
    const [row] = await sql.rows<{ spans: string }>(
      `SELECT toString(sum(Count)) AS spans FROM ${database}.otel_red_1s`,
    );
    expect(row?.spans).toBe(String(spans));
  });
});

/** Rates are the same whichever rollups they are read from, and exact at the edges of a window. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import {
  rebuildDayRollup,
  rebuildHourRollup,
  rebuildMinuteRollup,
} from '../../clickhouse/rollups.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { expandQuery } from './macros.ts';
import { red, withRed, withWindowBefore } from './red.ts';

const database = 'red';
const days = ['2026-03-05', '2026-03-06', '2026-03-07'] as const;
const start = Date.parse(`${days[0]}T00:00:00Z`) / 1000;
const length = days.length * 86_400;
const count = 4000;

let engine: TestEngine;
let sql: ClickHouse;
let seconds: readonly { readonly time: number; readonly spans: number }[];

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: `${engine.url}/${database}` });
  const forEver = 9000;
  await migrate(sql, { database, retentionDays: { traces: forEver, rollups: forEver } });
  // Evenly spread by a step that is prime to all grains, a few spans each.
  seconds = Array.from({ length: count }, (_, at) => ({
    time: start + ((at * 7919) % length),
    spans: 1 + (at % 3),
  }));
  await sql.client.insert({
    table: `${database}.otel_red_1s`,
    values: seconds.map(({ time, spans }) => ({
      Time: time,
      ServiceName: 'cart',
      SpanName: 'op',
      SpanKind: 'Server',
      StatusCode: 'Unset',
      Count: spans,
    })),
    format: 'JSONEachRow',
  });
}, 60_000);

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

async function rebuild(until: number): Promise<void> {
  for (const grain of ['1m', '1h', '1d']) {
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_${grain}`);
  }
  const options = { database, until };
  for (const day of days) await rebuildMinuteRollup(sql, day, options);
  for (const day of days) await rebuildHourRollup(sql, day, { database, until: until - 1800 });
  await rebuildDayRollup(sql, days[0], { database, until: until - 1800 });
}

const spansIn = (from: number, to: number): number =>
  seconds.filter(({ time }) => time >= from && time <= to).reduce((sum, one) => sum + one.spans, 0);

async function asked(from: number, to: number, intervalMs: number, before = false) {
  const body = before ? withRed('1', withWindowBefore) : withRed('1');
  const text = expandQuery(`WITH ${body} SELECT toFloat64(sum(${red.count})) AS spans FROM red`, {
    fromMs: from * 1000,
    toMs: to * 1000,
    intervalMs,
    variables: {},
  });
  const answer = await fetch(`${engine.url}/?database=${database}&default_format=JSON`, {
    method: 'POST',
    body: text,
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()).data[0].spans;
}

describe('requests of a window', () => {
  const window = fc
    .tuple(fc.integer({ min: 0, max: length }), fc.integer({ min: 1, max: length }))
    .map(([from, width]) => [start + from, start + from + width] as const);

  it.each([
    ['nothing has been rebuilt', start - 7200],
    ['half of the time has been rebuilt', start + length / 2 + 1234],
    ['everything has been rebuilt', start + length + 7200],
  ])(
    'are all of them, and each once, when %s',
    async (_, until) => {
      await rebuild(until);
      await fc.assert(
        fc.asyncProperty(window, async ([from, to]) => {
          const wanted = spansIn(from, to);
          for (const width of [10, 60, 3600, 86_400]) {
            expect([width, await asked(from, to, width * 1000)]).toEqual([width, wanted]);
          }
        }),
        { numRuns: 12 },
      );
    },
    60_000,
  );

  it('may be those of the window before as well', async () => {
    await rebuild(start + length + 7200);
    const [from, to] = [start + 90_061, start + 180_007];
    const wanted = spansIn(from - (to - from), to);
    for (const width of [60, 3600]) expect(await asked(from, to, width * 1000, true)).toBe(wanted);
  });

  it('come from what is left when the finer rows have expired', async () => {
    await rebuild(start + length + 7200);
    const all = spansIn(start, start + length);
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1m`);
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1s`);
    expect(await asked(start, start + length, 3_600_000)).toBe(all);
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1h`);
    expect(await asked(start, start + length, 86_400_000)).toBe(all);
    expect(await asked(start, start + length, 3_600_000)).toBe(0);
  });
});

/** Log patterns against the real engine; the oracle counts in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { rebuildHour, staleHours } from './hour-rollup.ts';
import { secondsSinceReplaced } from './hours.ts';
import { logPatternRollup } from './log-patterns.ts';
import { migrate } from './migrate.ts';
import { logPatternMinutes } from './schema/log-patterns.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'patterns';
const options = { database } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The hours of the tests lie in the past; nothing may expire while they run.
  await migrate(sql, { database, retentionDays: { logs: 9000, rollups: 9000, hours: 9000 } });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

const hour = Date.UTC(2026, 2, 5, 23) / 1000;

type Log = {
  readonly at: number;
  readonly service: string;
  readonly number: number;
  readonly text: string;
  readonly body: string;
  readonly tenant: string;
  readonly weight: number;
};

/** Bodies, and by hand what their patterns are. */
const bodies: Readonly<Record<string, string>> = {
  'order 7 placed in 12.5 ms': 'order # placed in # ms',
  'order 8 placed in 9 ms': 'order # placed in # ms',
  "it's \\ 2026-03-05T10:11:12.5 done": "it's \\ # done",
  'user 0189ab5c-abcd-efab-beef-dddddddddddd left': 'user # left',
  'pod cart-7d9f8c6b5-x2x9k is ready': 'pod cart-# is ready',
  'größe ünbekannt €5': 'größe ünbekannt €#',
  [`${'ü'.repeat(299)}a9b`]: `${'ü'.repeat(299)}a`,
  '': '',
};

const log: fc.Arbitrary<Log> = fc.record({
  at: fc.oneof(
    fc.integer({ min: 0, max: 3599 }),
    fc.integer({ min: 100, max: 130 }),
    // The hour after it is another day.
    fc.integer({ min: -70, max: 3700 }),
  ),
  service: fc.constantFrom('cart', "o'rders", ''),
  number: fc.constantFrom(0, 1, 9, 12, 13, 17, 21, 25),
  text: fc.constantFrom('', 'ERROR', 'warning', 'Notice'),
  body: fc.constantFrom(...Object.keys(bodies)),
  tenant: fc.constantFrom('', '', 'a'),
  // Halves: their sums are exact in any order.
  weight: fc.constantFrom(1, 1, 2.5, 8),
});

/** Each insert is a seal of its own, or the engine would take a repeat for a retry. */
let seal = 0;

async function insertLogs(logs: readonly Log[]): Promise<void> {
  seal += 1;
  const rows = logs.map((one) => ({
    Timestamp: `${hour + one.at}.000000005`,
    ServiceName: one.service,
    SeverityNumber: one.number,
    SeverityText: one.text,
    Body: one.body,
    Tenant: one.tenant,
    Seal: seal,
    SamplingWeight: one.weight,
  }));
  await sql.client.insert({
    table: `${database}.otel_logs`,
    values: rows,
    format: 'JSONEachRow',
  });
}

function wordOf({ number, text }: Log): string {
  if (number > 0) {
    const words = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'];
    return words[Math.min(5, Math.floor((number - 1) / 4))] ?? '';
  }
  return { ERROR: 'error', warning: 'warn' }[text] ?? 'unknown';
}

type Group = { readonly key: string; readonly logs: readonly Log[] };

function groupsOf(logs: readonly Log[], keyOf: (log: Log) => unknown[]): Group[] {
  const groups = new Map<string, Log[]>();
  for (const one of logs) {
    const key = JSON.stringify(keyOf(one));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].map(([key, own]) => ({ key, logs: own }));
}

const kindOf = (one: Log): unknown[] => [
  one.service,
  wordOf(one),
  bodies[one.body] ?? one.body,
  one.tenant,
];

function expectedMinutes(logs: readonly Log[]): unknown[] {
  const minute = ({ at }: Log): number => hour + at - (((at % 60) + 60) % 60);
  return groupsOf(logs, (one) => [minute(one), ...kindOf(one)])
    .map(({ key, logs: own }) => [
      ...JSON.parse(key),
      own.length,
      own.reduce((total, { weight }) => total + weight, 0),
      hour + Math.min(...own.map(({ at }) => at)),
      hour + Math.max(...own.map(({ at }) => at)),
    ])
    .sort(byText);
}

function expectedPatterns(logs: readonly Log[]): unknown[] {
  return groupsOf(logs, kindOf)
    .map(({ key, logs: own }) => [
      ...JSON.parse(key),
      hour + Math.min(...own.map(({ at }) => at)),
      hour + Math.max(...own.map(({ at }) => at)),
    ])
    .sort(byText);
}

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

async function rowsOf(query: string): Promise<unknown[]> {
  const answer = await sql.client.query({
    query,
    format: 'JSONCompact',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  return ((await answer.json()) as { data: unknown[] }).data.sort(byText);
}

const storedMinutes = (): Promise<unknown[]> =>
  rowsOf(`SELECT toUnixTimestamp(Time), ServiceName, Severity, Pattern, Tenant, Rows, Records,
    toUnixTimestamp(FirstSeen), toUnixTimestamp(LastSeen) FROM ${database}.otel_log_patterns_1m`);

const storedPatterns = (): Promise<unknown[]> =>
  rowsOf(`SELECT ServiceName, Severity, Pattern, Tenant, toUnixTimestamp(min(FirstSeen)),
    toUnixTimestamp(max(LastSeen)) FROM ${database}.otel_log_patterns
    GROUP BY ServiceName, Severity, Pattern, Tenant`);

async function clear(): Promise<void> {
  for (const table of ['otel_logs', 'otel_log_patterns_1m', 'otel_log_patterns']) {
    await sql.run(`TRUNCATE TABLE ${database}.${table}`);
  }
}

/** What a keeper does: hours that have more rows than were counted. */
async function rebuildStale(): Promise<readonly number[]> {
  const hours = await staleHours(sql, logPatternRollup, options);
  for (const each of hours) await rebuildHour(sql, logPatternRollup, each, options);
  return hours;
}

const line: Log = {
  at: 70,
  service: 'cart',
  number: 9,
  text: '',
  body: 'order 7 placed in 12.5 ms',
  tenant: '',
  weight: 1,
};

describe('log patterns', () => {
  it('are what GROUP BY over raw rows gives, with late rows, repeats, two at once', async () => {
    const seed = Date.now() % 2 ** 31;
    const logs = fc.array(log, { minLength: 1, maxLength: 80 });
    const waves = fc.array(fc.nat({ max: 3 }), { minLength: 80, maxLength: 80 });
    const from = fc.integer({ min: 0, max: 3600 });
    const property = fc.asyncProperty(logs, waves, from, async (all, which, begin) => {
      await clear();
      const wave = (index: number): Log[] => all.filter((_, place) => which[place] === index);
      await insertLogs([...wave(0), ...wave(1)]);
      await rebuildStale();
      // Records that come late, and some that come again.
      await insertLogs([...wave(2), ...wave(0)]);
      await rebuildHour(sql, logPatternRollup, hour, { ...options, from: hour + begin });
      await insertLogs(wave(3));
      await Promise.all([rebuildStale(), rebuildStale()]);
      expect(await rebuildStale()).toEqual([]);
      expect(await storedMinutes()).toEqual(expectedMinutes([...all, ...wave(0)]));
      expect(await storedPatterns()).toEqual(expectedPatterns(all));
    });
    // A failure prints the seed; shrinking would take longer than the test may.
    await fc.assert(property, { seed, numRuns: 8, endOnFailure: true });
    expect(await sql.rows(`SHOW TABLES FROM ${database} LIKE '%staging%'`)).toEqual([]);
  }, 240_000);

  it('count again only the minutes that have more rows', async () => {
    await clear();
    await insertLogs([line, { ...line, at: 190 }]);
    expect(await rebuildHour(sql, logPatternRollup, hour, options)).toEqual({
      start: hour,
      units: 2,
    });
    await insertLogs([{ ...line, at: 191 }]);
    expect(await rebuildHour(sql, logPatternRollup, hour, options)).toEqual({
      start: hour,
      units: 1,
    });
    expect(await rebuildHour(sql, logPatternRollup, hour, options)).toEqual({
      start: hour,
      units: 0,
    });
    expect(await secondsSinceReplaced(sql, logPatternMinutes, hour, options)).toBeLessThan(60);
  });

  it('beyond the most frequent ones are counted together, and none is lost', async () => {
    await clear();
    const rare = Array.from({ length: 130 }, (_, index) => ({
      ...line,
      body: `rare ${String.fromCharCode(0x4e00 + index)}`,
    }));
    await insertLogs([...rare, line, line]);
    await rebuildStale();
    const found = await rowsOf(`SELECT Pattern, Rows FROM ${database}.otel_log_patterns_1m
      ORDER BY Rows DESC LIMIT 2`);
    expect(found).toEqual([
      ['order # placed in # ms', 2],
      ['…', 31],
    ]);
    const [kept] = await rowsOf(`SELECT uniqExact(Pattern), sum(Rows)
      FROM ${database}.otel_log_patterns_1m`);
    expect(kept).toEqual([101, 132]);
    expect(await storedPatterns()).toHaveLength(100);
  });

  it('are kept when records have begun to expire', async () => {
    await clear();
    await insertLogs([line, line]);
    await rebuildStale();
    const before = await storedMinutes();
    await sql.run(`TRUNCATE TABLE ${database}.otel_logs`);
    await insertLogs([{ ...line, at: 300 }]);
    await rebuildHour(sql, logPatternRollup, hour, options);
    expect(await storedMinutes()).toEqual(
      [...before, ...expectedMinutes([{ ...line, at: 300 }])].sort(byText),
    );
  });
});

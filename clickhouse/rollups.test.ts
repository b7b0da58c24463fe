/** Rollups against the real engine; the oracle adds up in JavaScript. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { launchEngine } from './embedded/launch.ts';
import { migrate } from './migrate.ts';
import {
  daysWithoutHours,
  rebuildDayRollup,
  rebuildHourRollup,
  rebuildMinuteRollup,
} from './rollups.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'rollups';
const options = { database } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The days of the tests lie in the past; nothing may expire while they run.
  await migrate(sql, { database, retentionDays: { traces: 9000, rollups: 9000, hours: 9000 } });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

type Second = {
  readonly at: number;
  readonly service: string;
  readonly status: string;
  readonly tenant: string;
  readonly durations: readonly bigint[];
};

const dayStart = Date.UTC(2026, 2, 5) / 1000;

const second: fc.Arbitrary<Second> = fc.record({
  // Few minutes and any second in them, so that most minutes get several seconds.
  at: fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 59 }))
    .map(([group, offset]) => dayStart + group * 21_540 + offset),
  service: fc.constantFrom('cart', "it's", ''),
  status: fc.constantFrom('Ok', 'Error'),
  tenant: fc.constantFrom('', 'a'),
  durations: fc.array(fc.bigInt({ min: 0n, max: 2n ** 45n }), { minLength: 1, maxLength: 9 }),
});

/** Any function of the duration does: the rollup only has to keep buckets apart. */
function bucketOf(duration: bigint): number {
  return duration.toString(2).length;
}

function bucketsOf(durations: readonly bigint[]): Map<number, bigint> {
  const buckets = new Map<number, bigint>();
  const indexes = durations.map(bucketOf).sort((left, right) => left - right);
  for (const index of indexes) buckets.set(index, (buckets.get(index) ?? 0n) + 1n);
  return buckets;
}

function summary(durations: readonly bigint[]): Record<string, unknown> {
  const buckets = bucketsOf(durations);
  const sorted = [...durations].sort((left, right) => (left < right ? -1 : 1));
  return {
    Count: String(durations.length),
    DurationSum: String(durations.reduce((sum, one) => sum + one, 0n)),
    DurationMin: String(sorted.at(0)),
    DurationMax: String(sorted.at(-1)),
    'Buckets.Index': [...buckets.keys()],
    'Buckets.Count': [...buckets.values()].map(String),
  };
}

async function insertSeconds(seconds: readonly Second[]): Promise<void> {
  const rows = seconds.map(({ at, service, status, tenant, durations }) => ({
    Time: at,
    ServiceName: service,
    SpanName: 'op',
    SpanKind: 'Server',
    StatusCode: status,
    Tenant: tenant,
    ...summary(durations),
  }));
  await sql.client.insert({
    table: `${database}.otel_red_1s`,
    values: rows,
    format: 'JSONEachRow',
    clickhouse_settings: { insert_deduplication_token: Math.random().toString() },
  });
}

/** What rows of `width` seconds must be, grouped and added up without the engine. */
function expectedBy(width: number, seconds: readonly Second[]): Record<string, unknown>[] {
  const groups = new Map<string, { first: Second; durations: bigint[] }>();
  for (const one of seconds) {
    const start = one.at - (one.at % width);
    const name = JSON.stringify([start, one.service, one.status, one.tenant]);
    const group = groups.get(name) ?? { first: { ...one, at: start }, durations: [] };
    group.durations.push(...one.durations);
    groups.set(name, group);
  }
  const rows = [...groups.values()].map(({ first, durations }) => ({
    Time: first.at,
    ServiceName: first.service,
    StatusCode: first.status,
    Tenant: first.tenant,
    ...summary(durations),
  }));
  return rows.sort(byText);
}

const expectedMinutes = (seconds: readonly Second[]) => expectedBy(60, seconds);

function byText(left: unknown, right: unknown): number {
  return JSON.stringify(left) < JSON.stringify(right) ? -1 : 1;
}

const storedMinutes = () => stored('otel_red_1m');

async function stored(table: string): Promise<Record<string, unknown>[]> {
  const rows = await sql.rows<Record<string, unknown>>(
    `SELECT toUnixTimestamp(Time) AS Time, ServiceName, StatusCode, Tenant, Count, DurationSum,
      DurationMin, DurationMax, \`Buckets.Index\`, \`Buckets.Count\`
      FROM ${database}.${table}`,
  );
  return rows.sort(byText);
}

async function clear(): Promise<void> {
  for (const grain of ['1s', '1m', '1h', '1d']) {
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_${grain}`);
  }
}

async function stagingTables(): Promise<number> {
  const rows = await sql.rows(
    `SELECT name FROM system.tables WHERE database = '${database}' AND name LIKE '%staging%'`,
  );
  return rows.length;
}

const one: Second = {
  at: dayStart + 61,
  service: 'cart',
  status: 'Ok',
  tenant: '',
  durations: [5n, 900n],
};

describe('rebuildMinuteRollup', () => {
  it('gives counts, sums, minima, maxima and buckets equal to those of the seconds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(second, { minLength: 1, maxLength: 40 }), async (seconds) => {
        await clear();
        await insertSeconds(seconds);
        const result = await rebuildMinuteRollup(sql, '2026-03-05', options);
        const expected = expectedMinutes(seconds);
        expect(result).toEqual({ day: '2026-03-05', rows: expected.length, replaced: true });
        expect(await storedMinutes()).toEqual(expected);
      }),
      { numRuns: 12 },
    );
    expect(await stagingTables()).toBe(0);
  });

  it('gives the same rows again, and takes seconds that came late', async () => {
    await clear();
    await insertSeconds([one]);
    await rebuildMinuteRollup(sql, '2026-03-05', options);
    await rebuildMinuteRollup(sql, '2026-03-05', options);
    expect(await storedMinutes()).toEqual(expectedMinutes([one]));
    const late = { ...one, at: one.at + 1 };
    await insertSeconds([late]);
    await rebuildMinuteRollup(sql, '2026-03-05', options);
    expect(await storedMinutes()).toEqual(expectedMinutes([one, late]));
  });

  it('survives two runs for the same day at once', async () => {
    await clear();
    await insertSeconds([one]);
    const run = () => rebuildMinuteRollup(sql, '2026-03-05', options);
    await Promise.all([run(), run()]);
    expect(await storedMinutes()).toEqual(expectedMinutes([one]));
    expect(await stagingTables()).toBe(0);
  });

  it('touches no other day', async () => {
    await clear();
    const next = { ...one, at: one.at + 86_400 };
    await insertSeconds([one, next]);
    await rebuildMinuteRollup(sql, '2026-03-05', options);
    await rebuildMinuteRollup(sql, '2026-03-06', options);
    expect(await storedMinutes()).toEqual(expectedMinutes([one, next]));
  });

  it('keeps the minutes when the seconds have begun to expire', async () => {
    await clear();
    const other = { ...one, at: one.at + 600 };
    await insertSeconds([one, other]);
    await rebuildMinuteRollup(sql, '2026-03-05', options);
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1s`);
    expect((await rebuildMinuteRollup(sql, '2026-03-05', options)).replaced).toBe(false);
    await insertSeconds([other]);
    expect((await rebuildMinuteRollup(sql, '2026-03-05', options)).replaced).toBe(false);
    expect(await storedMinutes()).toEqual(expectedMinutes([one, other]));
  });

  it('drops its staging table when it fails, and refuses what is not a day', async () => {
    const failing = { ...sql, run: failOn('REPLACE PARTITION') };
    await clear();
    await insertSeconds([one]);
    await expect(rebuildMinuteRollup(failing, '2026-03-05', options)).rejects.toThrow('cut');
    expect(await stagingTables()).toBe(0);
    await expect(rebuildMinuteRollup(sql, "x' OR 1", options)).rejects.toMatchObject({
      code: 'OBS-1003',
    });
  });
});

describe('hours and days', () => {
  const days = ['2026-03-05', '2026-03-06'];
  const rebuildAll = async (until?: number): Promise<void> => {
    const closed = until === undefined ? options : { ...options, until };
    for (const day of days) {
      await rebuildMinuteRollup(sql, day, options);
      await rebuildHourRollup(sql, day, closed);
      await rebuildDayRollup(sql, day, closed);
    }
  };

  it('equal the seconds, also when these come late and runs repeat', async () => {
    const anywhere = fc
      .tuple(second, fc.integer({ min: 0, max: 2 * 86_400 - 1 }))
      .map(([one, offset]) => ({ ...one, at: dayStart + offset }));
    const some = fc.array(anywhere, { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(some, some, async (early, late) => {
        await clear();
        await insertSeconds(early);
        await rebuildAll();
        await insertSeconds(late);
        await rebuildAll();
        const seconds = [...early, ...late];
        expect(await stored('otel_red_1h')).toEqual(expectedBy(3600, seconds));
        expect(await stored('otel_red_1d')).toEqual(expectedBy(86_400, seconds));
      }),
      { numRuns: 5 },
    );
    expect(await stagingTables()).toBe(0);
  });

  it('are counted when they are over', async () => {
    await clear();
    const seconds = [0, 3599, 3600, 86_399, 86_400].map((at) => ({ ...one, at: dayStart + at }));
    await insertSeconds(seconds);
    const hours = async (): Promise<unknown[]> =>
      (await stored('otel_red_1h')).map((row) => Number(row['Time']) - dayStart).sort();
    await rebuildAll(dayStart + 3599);
    expect(await hours()).toEqual([]);
    await rebuildAll(dayStart + 7199);
    expect(await hours()).toEqual([0]);
    await rebuildAll(dayStart + 86_399);
    expect(await hours()).toEqual([0, 3600]);
    expect(await stored('otel_red_1d')).toEqual([]);
    await rebuildAll(dayStart + 86_400);
    expect(await stored('otel_red_1d')).toEqual(expectedBy(86_400, seconds.slice(0, 4)));
  });

  it('are kept when what is finer has begun to expire', async () => {
    await clear();
    const other = { ...one, at: one.at + 7200 };
    await insertSeconds([one, other]);
    await rebuildAll();
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1m`);
    expect((await rebuildHourRollup(sql, '2026-03-05', options)).replaced).toBe(false);
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_1h`);
    const day = await rebuildDayRollup(sql, '2026-03-05', options);
    expect(day).toEqual({ day: '2026-03-01', rows: 1, replaced: false });
    expect(await stored('otel_red_1d')).toEqual(expectedBy(86_400, [one, other]));
  });

  it('are known to be missing', async () => {
    await clear();
    await insertSeconds([one, { ...one, at: one.at + 86_400 }]);
    for (const day of days) await rebuildMinuteRollup(sql, day, options);
    expect(await daysWithoutHours(sql, options)).toEqual(days);
    await rebuildHourRollup(sql, '2026-03-06', options);
    expect(await daysWithoutHours(sql, options)).toEqual(['2026-03-05']);
  });
});

describe('a server in another time zone', () => {
  it('keeps the days of UTC, so that an insert of one day is one part', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'obsctl-zone-'));
    const env = { ...process.env, TZ: 'America/New_York' };
    const far = await launchEngine({ listen: '127.0.0.1:0', dataDir, env, stderr: () => {} });
    const there = connectClickHouse({ url: far.url });
    try {
      expect(await there.rows('SELECT serverTimezone() AS zone')).toEqual([
        { zone: 'America/New_York' },
      ]);
      await migrate(there, {
        database,
        retentionDays: { traces: 9000, rollups: 9000, hours: 9000 },
      });
      await there.run(
        `INSERT INTO ${database}.otel_red_1s (Time, Count)
          SELECT toDateTime(${dayStart} + number * 3600), 1 FROM numbers(24)`,
      );
      const parts = await there.rows(
        `SELECT partition_id FROM system.parts WHERE database = '${database}'
          AND table = 'otel_red_1s' AND active`,
      );
      expect(parts).toEqual([{ partition_id: '20260305' }]);
      const result = await rebuildMinuteRollup(there, '2026-03-05', options);
      expect(result).toEqual({ day: '2026-03-05', rows: 24, replaced: true });
      await rebuildHourRollup(there, '2026-03-05', options);
      const day = await rebuildDayRollup(there, '2026-03-05', options);
      expect(day).toEqual({ day: '2026-03-01', rows: 1, replaced: true });
    } finally {
      await there.close();
      far.process.kill('SIGTERM');
      await far.exited;
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});

/** The real connection, cut when a statement has `words` in it. */
function failOn(words: string): ClickHouse['run'] {
  return (statement) =>
    statement.includes(words) ? Promise.reject(new Error('cut')) : sql.run(statement);
}

/**
 * Rates are exact while the shards of a cluster have been counted to different moments. What a
 * cluster does is played by views over two databases, with the shard's number as a column.
 */
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
import { red, withRed } from './red.ts';

const shards = ['shard_one', 'shard_two'] as const;
const grains = ['1s', '1m', '1h', '1d'] as const;
const days = ['2026-03-05', '2026-03-06'] as const;
const start = Date.parse(`${days[0]}T00:00:00Z`) / 1000;
const length = days.length * 86_400;
const count = 3000;
/** Until when the shard is counted that is behind. */
const behind = start + length / 2 + 1234;
/** Each asks four questions of a quarter of a second: `OBSCTL_REACH_RUNS=50` looks longer. */
const runs = Number(process.env['OBSCTL_REACH_RUNS'] ?? 5);
const seconds = Array.from({ length: count }, (_, at) => start + ((at * 7919) % length));

let engine: TestEngine;
let sql: ClickHouse;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  const forEver = 9000;
  for (const [index, database] of shards.entries()) {
    await migrate(sql, { database, retentionDays: { traces: forEver, rollups: forEver } });
    await sql.client.insert({
      table: `${database}.otel_red_1s`,
      values: seconds
        .filter((_, at) => at % shards.length === index)
        .map((Time) => ({
          ...{ Time, ServiceName: 'cart', SpanName: 'op', SpanKind: 'Server' },
          ...{ StatusCode: 'Unset', Count: 1 },
        })),
      format: 'JSONEachRow',
    });
  }
  await sql.run('CREATE DATABASE cluster');
  for (const grain of grains) {
    const parts = shards.map(
      (database, index) => `SELECT *, ${index + 1} AS shard FROM ${database}.otel_red_${grain}`,
    );
    await sql.run(`CREATE VIEW cluster.otel_red_${grain} AS ${parts.join(' UNION ALL ')}`);
  }
}, 60_000);

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

async function rebuild(database: string, until: number): Promise<void> {
  for (const grain of grains.slice(1))
    await sql.run(`TRUNCATE TABLE ${database}.otel_red_${grain}`);
  if (until <= start) return;
  const options = { database, until };
  for (const day of days) await rebuildMinuteRollup(sql, day, options);
  for (const day of days) await rebuildHourRollup(sql, day, options);
  await rebuildDayRollup(sql, days[0], options);
}

async function asked(from: number, to: number, intervalMs: number): Promise<number> {
  const text = `WITH ${withRed('1')} SELECT toFloat64(sum(${red.count})) AS spans FROM red`;
  const range = { fromMs: from * 1000, toMs: to * 1000, intervalMs, variables: {} };
  const query = expandQuery(text, range)
    .replaceAll('shardNum()', 'shard')
    .replaceAll('shardCount()', String(shards.length))
    .replaceAll('otel_red_', 'cluster.otel_red_');
  const [row] = await sql.rows<{ spans: number }>(query);
  return row?.spans ?? Number.NaN;
}

describe('requests on two shards', () => {
  const window = fc
    .tuple(fc.integer({ min: 0, max: length }), fc.integer({ min: 1, max: length }))
    .map(([from, width]) => [start + from, start + from + width] as const);
  const end = start + length;
  // Around what one has counted, and across a day of which it has a part.
  const edges: [readonly [number, number]][] = [
    [[behind - 4000, behind + 4000]],
    [[start + 59, end - 3601]],
  ];

  it.each([
    ['both are counted to the end', end, end],
    ['one is behind', end, behind],
    ['one has never been counted', end, start],
    ['none has been counted', start, start],
  ])(
    'are all of them, and each once, when %s',
    async (_, ...until) => {
      for (const [index, database] of shards.entries()) {
        await rebuild(database, until[index] ?? start);
      }
      await fc.assert(
        fc.asyncProperty(window, async ([from, to]) => {
          const wanted = seconds.filter((time) => time >= from && time <= to).length;
          for (const width of [10, 60, 3600, 86_400]) {
            expect([width, await asked(from, to, width * 1000)]).toEqual([width, wanted]);
          }
        }),
        { numRuns: runs, examples: edges },
      );
    },
    60_000,
  );
});

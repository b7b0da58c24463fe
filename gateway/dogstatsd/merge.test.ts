/**
 * What several gateways stored of the same series, put together by the queries of the guide in a
 * real ClickHouse: counts add up, distributions merge, sets unite.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type Random, seededRandom } from '../../test/support/random.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { ask, createMemoryTables, unitBytes } from '../decode/testdata/engine-rows.ts';
import type { ClosedDistribution } from './aggregate/distribution-cell.ts';
import { emissionOf } from './emission.ts';
import { zeroSeconds } from './testdata/decoded.ts';
import { createIntake } from './testdata/intakes.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { wrapSettingsDefault } from './wrap/settings.ts';

const seed = 1 + (Date.now() % 1_000_000);
const nowNs = BigInt(zeroSeconds) * 1_000_000_000n;
const guide = readFileSync(join(import.meta.dirname, '../../docs/guide/dogstatsd.md'), 'utf8');
const [union, largeUnion, distribution] = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(
  ([, sql]) => String(sql),
);
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

/** Stores what each gateway was sent, and asks a query of the guide. */
async function stored(gateways: readonly (readonly string[])[], sql: string): Promise<any[]> {
  const database = `merge_${Math.floor(Math.random() * 1e9)}`;
  await createMemoryTables(engine.url, database);
  for (const lines of gateways) {
    const intake = createIntake();
    for (const [position, line] of lines.entries()) {
      intake.fold(position, nowNs, Buffer.from(line));
    }
    const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
    const closing = intake.close(nowNs + 20_000_000_000n);
    const wrapper = datadogWrapper(wrapSettingsDefault);
    for (const body of emissionOf(closing, wrapper, counts, 1e7).metrics) {
      const blocks = createOpenBlocks();
      const input = {
        signal: 'metrics',
        contentType: 'protobuf',
        body,
        receivedAtNs: nowNs,
      } as const;
      expect(decodeInto(blocks, input)).toMatchObject({ outcome: 'decoded', rejected: 0 });
      for (const unit of blocks.encode(1n)) {
        await ask(
          engine.url,
          `INSERT INTO ${database}.${unit.table} FORMAT Native`,
          unitBytes(unit),
        );
      }
    }
  }
  const query = sql.replaceAll(/\bFROM (otel_\w+)/g, `FROM ${database}.$1`);
  return JSON.parse(await ask(engine.url, `${query} FORMAT JSON`)).data;
}

/** Members that several gateways see, some of them the same. */
function members(random: Random, count: number, of: number): readonly string[] {
  return Array.from({ length: count }, () => `user-${random.below(of)}`);
}

describe('over several gateways', () => {
  it(`small sets unite exactly, within a window (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const seen = [members(random, 500, 900), members(random, 700, 900), ['only']];
    const lines = seen.map((all) => all.map((member) => `users:${member}|s|#host:h`));
    const [row] = await stored(lines, union!);
    expect(Number(row.users)).toBe(new Set(seen.flat()).size);
    const [same] = await stored(lines, largeUnion!);
    expect(Number(same.users)).toBe(new Set(seen.flat()).size);
  });

  it('large sets unite to a few percent', async () => {
    // Not of chance: the same members each time.
    const random = seededRandom(7);
    const seen = [
      members(random, 9_000, 12_000),
      members(random, 9_000, 12_000),
      members(random, 90, 900),
    ];
    const lines = seen.map((all) => all.map((member) => `users:${member}|s`));
    const [row] = await stored(lines, largeUnion!);
    expect(Math.abs(Number(row.users) / new Set(seen.flat()).size - 1)).toBeLessThan(0.1);
  });

  it(`distributions merge without losing a count (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const values = [1, 9, 200].map((spread) =>
      Array.from({ length: 400 }, () => 2 ** ((random.below(1000) / 1000) * spread - spread / 2)),
    );
    const lines = values.map((all) => all.map((value) => `payload:${value}|d`));
    const [row] = await stored(lines, distribution!);
    const all = values.flat();
    expect([Number(row.count), row.least, row.greatest]).toEqual([
      1200,
      Math.min(...all),
      Math.max(...all),
    ]);
    expect(row.sum / all.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 12);
    // One intake that was sent everything has the same buckets.
    const intake = createIntake();
    for (const [position, line] of lines.flat().entries())
      intake.fold(position, nowNs, Buffer.from(line));
    const [series] = intake.close(nowNs + 20_000_000_000n).windows[0]!.series;
    const { positive } = (series as unknown as { buckets: ClosedDistribution }).buckets;
    const expected = positive.counts
      .map((count, index) => [positive.offset + index, count])
      .filter(([, count]) => count !== 0);
    const [indexes, counts] = row.positive as [string[], string[]];
    const merged = indexes.map((index, place) => [Number(index), Number(counts[place])]);
    expect(merged.filter(([, count]) => count !== 0)).toEqual(expected);
  });
});

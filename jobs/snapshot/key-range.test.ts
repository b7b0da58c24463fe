/** The range of keys that are sent, against what ClickHouse finds of the same values. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { ValueColumn } from '../../clickhouse/native/values/types.ts';
import { openRowWriter } from '../../clickhouse/native/values/writer.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { type Random, seededRandom } from '../../test/support/random.ts';
import { connectTarget } from '../../test/support/snapshot.ts';
import { joinRanges, type KeyBounds, keeps, ranged } from './key-range.ts';

const startMsMax = 120_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 1e9);
const integers = [8, 16, 32, 64].flatMap((bits) => [`Int${bits}`, `UInt${bits}`]);
const types = [...integers, 'String', 'LowCardinality(String)', 'UUID'];

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

describe(`seed ${seed}`, () => {
  it.each(types)('%s', async (type) => {
    const random = seededRandom(seed);
    for (let round = 0; round < 5; round += 1) {
      await server.run('DROP TABLE IF EXISTS k SYNC');
      await server.run(`CREATE TABLE k (key ${type}) ENGINE = MergeTree ORDER BY key`);
      const bounds: KeyBounds[] = [];
      // Two readers, as a snapshot has them; each of a few rows, so that the ends vary.
      for (const reader of [0, 1]) {
        const writer = openRowWriter([type], { rowsMax: 1_000, bytesMax: 1e6 });
        const kept = ranged(writer.columns[0] as ValueColumn);
        if (kept === undefined) throw new Error(`no range of ${type}`);
        bounds.push(kept.range);
        const rows = random.below(9);
        for (let row = 0; row < rows; row += 1) {
          push(kept.column, random);
          writer.endRow();
        }
        if (rows === 0) continue;
        const settings = { insert_deduplication_token: String(reader) };
        await server.insert('INSERT INTO k FORMAT Native', writer.take(['key']).chunks, settings);
      }
      const [found] = await server.rows(
        "SELECT if(count() = 0, '', toString(min(key))) AS min, " +
          "if(count() = 0, '', toString(max(key))) AS max FROM k",
      );
      expect(joinRanges(type, bounds)).toEqual(found);
    }
  });
});

it.each(['Float64', 'Decimal(12, 2)', 'Date32', "DateTime64(6, 'UTC')", 'FixedString(3)'])(
  'keeps none of %s',
  (type) => {
    expect(keeps(type)).toBe(false);
    const writer = openRowWriter([type], { rowsMax: 10, bytesMax: 1_000 });
    expect(ranged(writer.columns[0] as ValueColumn)).toBeUndefined();
  },
);

/** Any value of the column's type, often at an end of it. */
function push(column: ValueColumn, random: Random): void {
  if (column.kind === 'number') {
    const bits = Number(column.type.replace(/\D/g, ''));
    const least = column.type.startsWith('U') ? 0 : -(2 ** (bits - 1));
    const end = random.oneIn(2) ? 0 : 2 ** bits - 1;
    column.pushNumber(least + (random.oneIn(3) ? end : random.below(2 ** bits)));
  } else if (column.kind === 'long') {
    const [low, high] = [anyHalf(random), anyHalf(random)];
    const value = (BigInt(high) << 32n) | BigInt(low >>> 0);
    if (random.oneIn(2)) column.pushHalves(low, high);
    else column.pushBigInt(column.type === 'UInt64' ? BigInt.asUintN(64, value) : value);
  } else if (column.kind === 'bytes') {
    const length = column.type === 'UUID' ? 16 : random.below(5);
    // Letters beyond ASCII are in the order of their bytes, not of UTF-16.
    const letters = Array.from({ length }, () => random.below(95) + 32);
    const text = column.type === 'UUID' ? '' : ['', 'é', '\u{1f600}', '\uffee'][random.below(4)];
    const bytes = Buffer.concat([Buffer.from('--'), Buffer.from(text ?? ''), Buffer.from(letters)]);
    column.pushBytes(bytes, 2, bytes.length);
  }
}

function anyHalf(random: Random): number {
  const ends = [0, 1, -1, 0x7fff_ffff, -0x8000_0000];
  return ends[random.below(6)] ?? random.below(2 ** 32) | 0;
}

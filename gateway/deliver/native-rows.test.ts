/** Rows picked out of a block, judged by what a real engine reads from both. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { seededRandom } from '../../test/support/random.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { createMemoryTables, roundTrip } from '../decode/testdata/engine-rows.ts';
import { logBody, metricBody, traceBody } from '../decode/testdata/load.ts';
import { NativeRows } from './native-rows.ts';

const seed = 1 + (Date.now() % 1_000_000);
const database = 'picked';
const nowNs = 1_763_712_000_000_000_000n;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await createMemoryTables(engine.url, database);
});
afterAll(() => engine.stop());

function units(): readonly EncodedUnit[] {
  const blocks = createOpenBlocks();
  const bodies = {
    traces: traceBody(60, 1, nowNs),
    logs: logBody(60, 2, nowNs),
    metrics: metricBody(120, 3, nowNs),
  };
  for (const signal of ['traces', 'logs', 'metrics'] as const) {
    const body = bodies[signal];
    decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs: nowNs });
  }
  return blocks.encode(7n);
}

describe('rows of a Native block', () => {
  it('are the same bytes again when all are taken', () => {
    for (const unit of units()) {
      const again = Buffer.concat(NativeRows.parse(unit.chunks).encode());
      expect([unit.table, again.equals(Buffer.concat(unit.chunks))]).toEqual([unit.table, true]);
    }
  });

  it(`are what an engine reads at their places in the whole (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const tables = new Set<string>();
    for (const unit of units()) {
      const whole = await roundTrip(engine.url, database, unit);
      const all = Array.from({ length: unit.rows }, (_, row) => row);
      for (const keep of [all.filter(() => random.oneIn(3)), all.slice(-1), all.slice(0, 1)]) {
        if (keep.length === 0) continue;
        const picked = NativeRows.parse(unit.chunks).pick(Uint32Array.from(keep));
        const chunks = picked.encode();
        const rows = await roundTrip(engine.url, database, { ...unit, chunks });
        expect(rows).toEqual(keep.map((row) => whole[row]));
      }
      tables.add(unit.table);
    }
    expect(tables.size).toBeGreaterThan(6);
  });

  it('are refused when the block is cut anywhere', () => {
    const [unit] = units();
    const whole = Buffer.concat(unit?.chunks ?? []);
    for (let size = 0; size < whole.byteLength; size += 97) {
      expect(() => NativeRows.parse([whole.subarray(0, size)])).toThrow();
    }
  });
});

/** Requests through the decoder and a real engine, rows back out of it: for tests. */
import { afterAll, beforeAll } from '@jest/globals';
import { startEngine, type TestEngine } from '../../../../test/support/engine.ts';
import { type Blocks, createOpenBlocks } from '../../blocks.ts';
import type { DecodeResult } from '../../decode-types.ts';
import { ask, createMemoryTables, roundTrip } from '../../testdata/engine-rows.ts';
import type { Row } from '../../testdata/expected.ts';
import type { Piece } from '../../testdata/wire-writer.ts';
import { decodeWrite, type Version } from './decode-write.ts';
import { nowMs } from './times.ts';
import { bitsOf, type Label, type Sample, type Series } from './write-request.ts';

export const sample = (value: number, timeMs: bigint = nowMs): Sample => ({
  bits: bitsOf(value),
  timeMs,
});

/** A series of one sample. */
export function series(name: string, labels: Readonly<Record<string, string>> = {}): Series {
  return { labels: labelsOf(name, labels), samples: [sample(1)] };
}

export function labelsOf(name: string, labels: Readonly<Record<string, string>> = {}): Label[] {
  return [['__name__', name], ...Object.entries(labels)];
}

type Stored = {
  readonly result: DecodeResult;
  /** By table, days in order. */
  readonly rows: Readonly<Record<string, readonly Row[]>>;
  /** The same of `otel_metrics_gauge`. */
  readonly gauges: readonly Row[];
  readonly sums: readonly Row[];
};

export type EngineRows = {
  /** What a request comes to in an engine. */
  readonly store: (version: Version, body: Piece, keepsTarget?: boolean) => Promise<Stored>;
  /** All rows of `blocks`, by `table day`. */
  readonly rowsIn: (blocks: Blocks) => Promise<Map<string, readonly Row[]>>;
  /** The bits of a column of doubles, or of lists of them, of the last rows of `table`. */
  readonly bitsIn: (table: string, column: string) => Promise<bigint[]>;
};

/** An engine for the tests of one file. */
export function useEngine(database: string): EngineRows {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
    await createMemoryTables(engine.url, database);
  });
  afterAll(() => engine.stop());
  return {
    store: async (version, body, keepsTarget) => {
      const blocks = createOpenBlocks();
      const result = decodeWrite(version, body, blocks, keepsTarget);
      const rows: Record<string, Row[]> = {};
      for (const unit of blocks.encode(7n)) {
        const more = await roundTrip(engine.url, database, unit);
        rows[unit.table] = [...(rows[unit.table] ?? []), ...more];
      }
      const { otel_metrics_gauge: gauges = [], otel_metrics_sum: sums = [] } = rows;
      return { result, rows, gauges, sums };
    },
    rowsIn: async (blocks) => {
      const rows = new Map<string, readonly Row[]>();
      for (const unit of blocks.encode(7n)) {
        rows.set(`${unit.table} ${unit.partition}`, await roundTrip(engine.url, database, unit));
      }
      return rows;
    },
    bitsIn: async (table, column) => {
      const list = `arrayFlatten([\`${column}\`])`;
      const bits = `arrayJoin(arrayMap(one -> reinterpretAsUInt64(one), ${list}))`;
      const sql = `SELECT ${bits} FROM ${database}.${table} FORMAT TSV`;
      return (await ask(engine.url, sql)).trim().split('\n').map(BigInt);
    },
  };
}

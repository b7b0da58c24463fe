/** Rows over several shards: all of them, each once, and what belongs together on one shard. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { shardingKeyOf } from '../../clickhouse/schema/placement.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import type { Signal } from '../answer.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import type { EncodedUnit } from './decode-types.ts';
import { partitionOf, shardOfResource, shardOfTrace, splitPartition } from './shard.ts';
import { receivedAtNs, requestOf } from './testdata/arbitrary.ts';
import { ask, createMemoryTables, roundTrip, sortMaps } from './testdata/engine-rows.ts';
import { expectedTables, type Row } from './testdata/expected.ts';
import { encodeRequest } from './testdata/otlp.ts';
import { attribute, fixed64, join, len, request } from './testdata/wire-writer.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const database = 'shard_test';
const rollups = new Set(['otel_red_1s', 'otel_traces_trace_id_ts']);
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await createMemoryTables(engine.url, database);
});
afterAll(() => engine.stop());

function unitsOf(shards: number, signal: Signal, bodies: readonly Uint8Array[]): EncodedUnit[] {
  const blocks = createOpenBlocks({ shards });
  for (const body of bodies) {
    const input = { signal, contentType: 'protobuf', body, receivedAtNs } as const;
    expect(decodeInto(blocks, input)).toMatchObject({ outcome: 'decoded' });
  }
  return [...blocks.encode(7n)];
}

const textOf = (row: Row): string => JSON.stringify(Object.entries(row).sort());

const togetherOf = (signal: Signal, row: Row): string =>
  JSON.stringify(signal === 'traces' ? row['TraceId'] : row['ResourceAttributes']);

/**
 * How many things were sent that rows which look alike may stem from: a trace is one, whoever sent
 * it; resources go by the bytes that were sent, and a value that is absent is stored as an empty
 * one is.
 */
function wholesOf(signal: Signal, requests: readonly object[]): (together: string) => number {
  if (signal === 'traces') return () => 1;
  const sent = new Map<string, Set<string>>();
  for (const request of requests) {
    for (const [field, groups] of Object.entries(request)) {
      for (const group of groups as readonly { readonly resource?: object }[]) {
        const body = encodeRequest(signal, { [field]: [group] });
        for (const { rows } of expectedTables(signal, body, receivedAtNs)) {
          for (const row of rows) {
            const together = togetherOf(signal, sortMaps(row));
            const resources = sent.get(together) ?? new Set();
            sent.set(together, resources.add(JSON.stringify(group.resource) ?? ''));
          }
        }
      }
    }
  }
  return (together) => sent.get(together)?.size ?? 0;
}

describe('rows over several shards', () => {
  it.each(signals)(
    'are all of %s, each once, and together what belongs together',
    async (signal) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(requestOf(signal), { minLength: 1, maxLength: 3 }),
          fc.integer({ min: 2, max: 5 }),
          async (requests, shards) => {
            const bodies = requests.map((one) => encodeRequest(signal, one));
            const units = unitsOf(shards, signal, bodies).filter(
              ({ table }) => !rollups.has(table),
            );
            const whole = new Uint8Array(Buffer.concat(bodies));
            const wholes = wholesOf(signal, requests);
            const shardsOf = new Map<string, Set<number>>();
            for (const { table, day, rows } of expectedTables(signal, whole, receivedAtNs)) {
              const stored: Row[] = [];
              for (const unit of units) {
                const { days, shard } = splitPartition(unit.partition);
                if (unit.table !== table || days !== day) continue;
                expect(shard).toBeLessThan(shards);
                for (const row of await roundTrip(engine.url, database, unit)) {
                  const together = togetherOf(signal, row);
                  const found = (shardsOf.get(together) ?? new Set()).add(shard);
                  shardsOf.set(together, found);
                  expect(found.size).toBeLessThanOrEqual(wholes(together));
                  stored.push(row);
                }
              }
              expect(stored.map(textOf).sort()).toEqual(rows.map(sortMaps).map(textOf).sort());
            }
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it('are cut the same way every time, and one shard is what it was', () => {
    fc.assert(
      fc.property(requestOf('traces'), (one) => {
        const bodies = [encodeRequest('traces', one)];
        const names = (shards: number): readonly string[] =>
          unitsOf(shards, 'traces', bodies).map(
            ({ table, partition, checksum }) => `${table} ${partition} ${checksum}`,
          );
        expect(names(3)).toEqual(names(3));
        expect(names(1).filter((name) => name.includes('@'))).toEqual([]);
      }),
    );
  });

  it('go by a trace id that comes late, and by the last of two', async () => {
    const spanId = len(2, new Uint8Array(8).fill(7) as never);
    const startsAt = fixed64(7, receivedAtNs);
    const id = (last: number): Uint8Array => new Uint8Array(16).fill(1, 0, 15).fill(last, 15);
    const bytes = (content: Uint8Array) => len(1, content);
    for (const fields of [
      [startsAt, attribute(9, 'k', 'v'), bytes(id(2)), spanId],
      [attribute(9, 'k', 'v'), startsAt, bytes(id(2)), spanId],
      [bytes(id(1)), spanId, startsAt, attribute(9, 'k', 'v'), bytes(id(2))],
    ]) {
      const [unit, ...others] = unitsOf(3, 'traces', [request([join(...fields)])]).filter(
        ({ table }) => table === 'otel_traces',
      );
      expect(others).toEqual([]);
      expect(splitPartition(unit!.partition).shard).toBe(shardOfTrace(id(2), 0, 3));
      expect(unit!.rows).toBe(1);
    }
  });

  it('are of a trace where the sharding key of the cluster says', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.integer({ min: 2, max: 9 }),
        async (id, shards) => {
          const key = shardingKeyOf('otel_traces');
          const traceId = Buffer.from(id).toString('hex');
          const asked = `SELECT ${key} % ${shards} FROM (SELECT '${traceId}' AS TraceId)`;
          expect(Number(await ask(engine.url, asked))).toBe(shardOfTrace(id, 0, shards));
        },
      ),
    );
  });

  it('keep the rollups of spans with their spans', async () => {
    await fc.assert(
      fc.asyncProperty(requestOf('traces'), async (one) => {
        const units = unitsOf(3, 'traces', [encodeRequest('traces', one)]);
        const placesOf = (table: string): ReadonlySet<number> =>
          new Set(
            units
              .filter((unit) => unit.table === table)
              .map(({ partition }) => splitPartition(partition).shard),
          );
        expect(placesOf('otel_red_1s')).toEqual(placesOf('otel_traces'));
        expect(placesOf('otel_traces_trace_id_ts')).toEqual(placesOf('otel_traces'));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the shard of a resource', () => {
  const parts = ['a', 'b', 'c', 'd'].map((key) => attribute(1, key, `value of ${key}`));

  it('is the same in whatever order its attributes come', () => {
    const shardOf = (order: readonly number[]): number => {
      const bytes = join(...order.map((place) => parts[place]!));
      return shardOfResource(bytes, bytes.length, 1_000_003);
    };
    expect(
      new Set(
        [
          [0, 1, 2, 3],
          [3, 2, 1, 0],
          [2, 0, 3, 1],
        ].map(shardOf),
      ).size,
    ).toBe(1);
    expect(shardOf([0, 1, 2])).not.toBe(shardOf([0, 1, 3]));
  });

  it('is one for any bytes, also of no message', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 1, max: 7 }), (bytes, n) => {
        const shard = shardOfResource(bytes, bytes.length, n);
        expect(Number.isInteger(shard) && shard >= 0 && shard < n).toBe(true);
      }),
    );
  });

  it('spreads a thousand pods evenly', () => {
    const counts = [0, 0, 0, 0];
    for (let pod = 0; pod < 1_000; pod += 1) {
      const bytes = attribute(1, 'k8s.pod.name', `orders-6d4cf56db6-${pod.toString(36)}`);
      counts[shardOfResource(bytes, bytes.length, counts.length)]! += 1;
    }
    for (const count of counts) expect(Math.abs(count - 250)).toBeLessThan(70);
  });
});

describe('partitions', () => {
  it('name every shard but the first', () => {
    expect(partitionOf('2026-11-21', 0)).toBe('2026-11-21');
    for (const shard of [0, 1, 12]) {
      const days = '2026-11-21';
      expect(splitPartition(partitionOf(days, shard))).toEqual({ days, shard });
    }
    expect(splitPartition('')).toEqual({ days: '', shard: 0 });
  });
});

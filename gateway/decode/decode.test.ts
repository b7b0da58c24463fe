import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import type { Signal } from '../answer.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import { receivedAtNs, requestOf } from './testdata/arbitrary.ts';
import { createMemoryTables, roundTrip, sortMaps } from './testdata/engine-rows.ts';
import { expectedTables } from './testdata/expected.ts';
import { toOtlpJson } from './testdata/json-form.ts';
import { encodeRequest } from './testdata/otlp.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const database = 'decode_test';
const rollups = new Set(['otel_red_1s', 'otel_traces_trace_id_ts']);
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await createMemoryTables(engine.url, database);
});
afterAll(() => engine.stop());

describe('decoding OTLP into columns', () => {
  it.each(signals)(
    'stores every field of %s as an independent decoder reads it',
    async (signal) => {
      const blocks = createOpenBlocks();
      await fc.assert(
        fc.asyncProperty(
          fc.array(requestOf(signal), { minLength: 1, maxLength: 2 }),
          async (requests) => {
            blocks.clear();
            const bodies = requests.map((request) => encodeRequest(signal, request));
            for (const body of bodies) {
              const result = decodeInto(blocks, {
                signal,
                contentType: 'protobuf',
                body,
                receivedAtNs,
              });
              expect(result).toMatchObject({ outcome: 'decoded', rejected: 0 });
            }
            const units = blocks.encode(7n).filter(({ table }) => !rollups.has(table));
            // Messages follow each other on the wire: two bodies are one request.
            const whole = new Uint8Array(Buffer.concat(bodies));
            const expected = expectedTables(signal, whole, receivedAtNs);
            expect(units.map(({ table, partition }) => `${table} ${partition}`).sort()).toEqual(
              expected.map(({ table, day }) => `${table} ${day}`).sort(),
            );
            for (const { table, day, rows } of expected) {
              const unit = units.find((one) => one.table === table && one.partition === day)!;
              expect(await roundTrip(engine.url, database, unit)).toEqual(rows.map(sortMaps));
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it.each(signals)('gives the same blocks for the JSON form of %s', (signal) => {
    fc.assert(
      fc.property(requestOf(signal), (request) => {
        const body = encodeRequest(signal, request);
        const json = new Uint8Array(Buffer.from(toOtlpJson(signal, body)));
        const one = createOpenBlocks();
        const other = createOpenBlocks();
        decodeInto(one, { signal, contentType: 'protobuf', body, receivedAtNs });
        const result = decodeInto(other, { signal, contentType: 'json', body: json, receivedAtNs });
        expect(result).toMatchObject({ outcome: 'decoded' });
        expect(bytesOf(other)).toEqual(bytesOf(one));
      }),
      { numRuns: 100 },
    );
  });
});

function bytesOf(blocks: ReturnType<typeof createOpenBlocks>): unknown[] {
  return blocks
    .encode(7n)
    .map(({ chunks, ...unit }) => ({ ...unit, body: Buffer.concat(chunks).toString('latin1') }));
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checksumOf } from '../../clickhouse/native/checksum.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { seededRandom } from '../../test/support/random.ts';
import type { Signal } from '../answer.ts';
import { type Blocks, createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import type { DecodeResult } from './decode-types.ts';
import { receivedAtNs as aroundNs, requestOf } from './testdata/arbitrary.ts';
import { ask, createMemoryTables, unitBytes } from './testdata/engine-rows.ts';
import { logBody, metricBody, receivedAtNs, traceBody } from './testdata/load.ts';
import { encodeRequest, requestType } from './testdata/otlp.ts';
import { attribute, request, span } from './testdata/wire-writer.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const goldens: Readonly<Record<Signal, Uint8Array>> = {
  traces: traceBody(4, 1),
  logs: logBody(4, 2),
  metrics: metricBody(6, 3),
};

function decode(blocks: Blocks, signal: Signal, body: Uint8Array): DecodeResult {
  return decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs });
}

/** All that `encode` gives, so that two states of blocks can be compared. */
function snapshot(blocks: Blocks): unknown {
  return blocks
    .encode(9n)
    .map(({ chunks, ...unit }) => ({ ...unit, body: Buffer.concat(chunks).toString('latin1') }));
}

describe('a body that is cut off or changed', () => {
  it.each(signals)('is judged at every byte of %s as protobufjs judges it', (signal) => {
    const body = goldens[signal];
    const type = requestType(signal);
    const blocks = createOpenBlocks();
    decode(blocks, signal, body);
    const before = snapshot(blocks);
    for (let size = 0; size < body.length; size += 1) {
      const cut = body.slice(0, size);
      const isValid = (() => {
        try {
          type.decode(cut);
          return true;
        } catch {
          return false;
        }
      })();
      const mark = blocks.mark();
      const result = decode(blocks, signal, cut);
      expect([size, result.outcome]).toEqual([size, isValid ? 'decoded' : 'malformed']);
      if (isValid) blocks.cutBack(mark);
      else if (size % 97 === 0) expect(snapshot(blocks)).toEqual(before);
    }
    expect(snapshot(blocks)).toEqual(before);
  });

  it.each(signals)('changed at random, %s is decoded or refused, never half stored', (signal) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = seededRandom(seed);
    const blocks = createOpenBlocks();
    decode(blocks, signal, goldens[signal]);
    const before = snapshot(blocks);
    let refused = 0;
    for (let round = 0; round < 3000; round += 1) {
      const body = goldens[signal].slice();
      for (let change = random.below(3); change >= 0; change -= 1) {
        body[random.below(body.length)] = random.below(256);
      }
      const mark = blocks.mark();
      const { outcome } = decode(blocks, signal, body);
      if (outcome === 'decoded') blocks.cutBack(mark);
      else refused += 1;
      if (round % 100 === 0)
        expect({ seed, round, now: snapshot(blocks) }).toEqual({ seed, round, now: before });
    }
    expect({ seed, now: snapshot(blocks) }).toEqual({ seed, now: before });
    expect(refused).toBeGreaterThan(100);
  });
});

describe('a body that is refused in the middle of a map with a repeated key', () => {
  it('leaves nothing behind that changes later rows', () => {
    const blocks = createOpenBlocks();
    const other = createOpenBlocks();
    const first = request([span(receivedAtNs, attribute(9, 'k', '1'))]);
    const twice = [attribute(9, 'a', '1'), attribute(9, 'a', '2'), Uint8Array.from([0x4a, 0x7f])];
    for (const one of [blocks, other])
      decode(one, 'traces', request([span(receivedAtNs, attribute(9, 'k', '0'))]));
    for (const one of [blocks, other]) decode(one, 'traces', first);
    expect(decode(blocks, 'traces', request([span(receivedAtNs, ...twice)])).outcome).toBe(
      'malformed',
    );
    for (const one of [blocks, other]) decode(one, 'traces', request([span(receivedAtNs)]));
    expect(snapshot(blocks)).toEqual(snapshot(other));
  });
});

describe('marks', () => {
  it('cut back any later requests, days and dictionaries', () => {
    const step = fc
      .constantFrom(...signals)
      .chain((signal) =>
        requestOf(signal).map((data) => ({ signal, body: encodeRequest(signal, data) })),
      );
    const steps = fc.array(step, { maxLength: 4 });
    fc.assert(
      fc.property(steps, steps, steps, (kept, lost, later) => {
        const apply = (blocks: Blocks, list: typeof kept): void => {
          for (const { signal, body } of list) {
            const input = {
              signal,
              contentType: 'protobuf',
              body,
              receivedAtNs: aroundNs,
            } as const;
            expect(decodeInto(blocks, input).outcome).toBe('decoded');
          }
        };
        const blocks = createOpenBlocks();
        const other = createOpenBlocks({ hashSeed: { low: 1, high: 2 } });
        apply(blocks, kept);
        const mark = blocks.mark();
        apply(blocks, lost);
        blocks.cutBack(mark);
        apply(blocks, later);
        apply(other, [...kept, ...later]);
        expect(snapshot(blocks)).toEqual(snapshot(other));
        expect(blocks.rowCount()).toBe(other.rowCount());
        expect(blocks.byteCount()).toBe(other.byteCount());
      }),
      { numRuns: 100 },
    );
  });

  it('hold when a day without rows was given up, and when buffers were given back', () => {
    const blocks = createOpenBlocks({ partitionsMax: 1 });
    const dayNs = 86_400_000_000_000n;
    const rejected = request([new Uint8Array(Buffer.from('2a0466617274', 'hex'))]);
    expect(decode(blocks, 'traces', rejected)).toMatchObject({ rejected: 1 });
    const mark = blocks.mark();
    expect(decode(blocks, 'traces', request([span(receivedAtNs - dayNs)])).outcome).toBe('decoded');
    blocks.cutBack(mark);
    expect(blocks.encode(9n)).toEqual([]);
    expect(decode(blocks, 'logs', request([attribute(6, 'k', 'v')])).outcome).toBe('decoded');
    blocks.cutBack(mark);
    expect(blocks.rowCount()).toBe(0);
  });

  it('are refused when they are older than the last clear', () => {
    const blocks = createOpenBlocks();
    const mark = blocks.mark();
    blocks.clear();
    expect(() => blocks.cutBack(mark)).toThrow(/not older than the last clear/);
  });
});

describe('the same requests again', () => {
  it('give the same bytes after clear, whatever was decoded before', () => {
    const blocks = createOpenBlocks();
    for (const signal of signals) decode(blocks, signal, goldens[signal]);
    const first = snapshot(blocks);
    blocks.clear();
    decode(blocks, 'traces', traceBody(50, 77));
    decode(blocks, 'logs', Uint8Array.from([0x0a, 0x05]));
    blocks.clear();
    expect(blocks.rowCount()).toBe(0);
    expect(blocks.encode(9n)).toEqual([]);
    for (const signal of signals) decode(blocks, signal, goldens[signal]);
    expect(snapshot(blocks)).toEqual(first);
  });
});

describe('bounds', () => {
  const big = (size: number): Uint8Array =>
    request([span(receivedAtNs, attribute(9, 'k', 'x'.repeat(size)))]);

  it('answer full and keep what was there when the buffers are at their bound', () => {
    const blocks = createOpenBlocks({ bytesMax: 4 * 1024 * 1024 });
    let count = 0;
    while (decode(blocks, 'traces', big(300_000)).outcome === 'decoded') count += 1;
    const before = snapshot(blocks);
    expect(count).toBeGreaterThan(4);
    expect(decode(blocks, 'traces', big(3_000_000))).toEqual({ outcome: 'full' });
    expect(snapshot(blocks)).toEqual(before);
    blocks.clear();
    expect(decode(blocks, 'traces', big(300_000)).outcome).toBe('decoded');
  });

  it('answer full with nothing open when a request alone is too large', () => {
    const blocks = createOpenBlocks({ bytesMax: 1024 * 1024 });
    expect(decode(blocks, 'traces', big(2_000_000))).toEqual({ outcome: 'full' });
    expect(blocks.rowCount()).toBe(0);
  });

  it('give memory that another signal left behind to a request that needs it', () => {
    const blocks = createOpenBlocks({ bytesMax: 6 * 1024 * 1024 });
    expect(decode(blocks, 'traces', big(3_000_000)).outcome).toBe('decoded');
    blocks.clear();
    const log = request([attribute(6, 'k', 'x'.repeat(4_000_000))]);
    expect(decode(blocks, 'logs', log).outcome).toBe('decoded');
  });

  it('answer full when a request opens more days than may be open', () => {
    const blocks = createOpenBlocks({ partitionsMax: 3 });
    const days = (count: number): Uint8Array =>
      request(
        Array.from({ length: count }, (_, day) =>
          span(receivedAtNs - BigInt(day) * 86_400_000_000_000n),
        ),
      );
    expect(decode(blocks, 'traces', days(4))).toEqual({ outcome: 'full' });
    expect(blocks.rowCount()).toBe(0);
    expect(decode(blocks, 'traces', days(3)).outcome).toBe('decoded');
  });

  it('answer full when one huge resource is repeated in too many rows', () => {
    const blocks = createOpenBlocks();
    const resource = attribute(1, 'k', 'x'.repeat(1_000_000));
    const spans = Array.from({ length: 200 }, () => span(receivedAtNs));
    expect(decode(blocks, 'traces', request(spans, resource))).toEqual({ outcome: 'full' });
    expect(decode(blocks, 'traces', request(spans.slice(0, 50), resource)).outcome).toBe('decoded');
  });

  it('take a hundred thousand attributes with repeated keys in linear time', () => {
    const blocks = createOpenBlocks();
    const pairs = Array.from({ length: 100_000 }, (_, index) =>
      attribute(9, `k${index % 50_000}`, ''),
    );
    const start = process.cpuUsage();
    expect(
      decode(blocks, 'traces', request([span(receivedAtNs, new Uint8Array(Buffer.concat(pairs)))]))
        .outcome,
    ).toBe('decoded');
    const resource = Buffer.concat(pairs.map((pair) => Buffer.from(pair).fill(0x0a, 0, 1)));
    expect(
      decode(blocks, 'traces', request([span(receivedAtNs)], new Uint8Array(resource))).outcome,
    ).toBe('decoded');
    expect(blocks.counts.repeatedKeys).toBe(50_000);
    expect(process.cpuUsage(start).user).toBeLessThan(3_000_000);
  });

  it('hold little memory when nothing was decoded, and after a small request', () => {
    const blocks = createOpenBlocks();
    expect(blocks.capacityBytes()).toBe(0);
    for (const signal of signals) decode(blocks, signal, goldens[signal]);
    expect(blocks.capacityBytes()).toBeLessThan(2 * 1024 * 1024);
  });
});

describe('what is counted about spans', () => {
  const database = 'rollup_test';
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
    await createMemoryTables(engine.url, database);
  });
  afterAll(() => engine.stop());

  it('equals what the engine computes from the rows, over several days', async () => {
    const blocks = createOpenBlocks();
    for (let day = 0; day < 9; day += 4) {
      const shiftedNs = receivedAtNs + BigInt(day) * 86_400_000_000_000n;
      for (let seed = 1; seed < 4; seed += 1) {
        const body = shifted(traceBody(300, seed), shiftedNs - receivedAtNs);
        const input = {
          signal: 'traces',
          contentType: 'protobuf',
          body,
          receivedAtNs: shiftedNs,
        } as const;
        expect(decodeInto(blocks, input)).toMatchObject({ outcome: 'decoded', accepted: 300 });
      }
    }
    for (const unit of blocks.encode(9n)) {
      await ask(engine.url, `INSERT INTO ${database}.${unit.table} FORMAT Native`, unitBytes(unit));
    }
    const compared = async (left: string, right: string): Promise<[number, number, number]> => {
      const sql = `SELECT (SELECT count() FROM (${left})), (SELECT count() FROM (${right})),
        (SELECT count() FROM (${left} EXCEPT ${right})) FORMAT JSONCompact`;
      return JSON.parse(await ask(engine.url, sql)).data[0].map(Number);
    };
    const groups = 'toDateTime(Timestamp) AS Time, ServiceName, SpanName, SpanKind, StatusCode';
    const red = await compared(
      `SELECT Time, ServiceName::String, SpanName::String, SpanKind::String, StatusCode::String,
         Count, DurationSum, DurationMin, DurationMax FROM ${database}.otel_red_1s`,
      `SELECT ${groups}, count(), sum(Duration), min(Duration), max(Duration)
         FROM ${database}.otel_traces GROUP BY ALL`,
    );
    expect(red[0]).toBe(red[1]);
    expect(red[2]).toBe(0);
    const buckets = await compared(
      `SELECT Time, ServiceName::String, SpanName::String, SpanKind::String,
         StatusCode::String, i, n FROM ${database}.otel_red_1s
         ARRAY JOIN Buckets.Index AS i, Buckets.Count AS n`,
      `SELECT ${groups}, if(Duration = 0, 0, floor(log2(Duration) * 8))::UInt16, count()
         FROM ${database}.otel_traces GROUP BY ALL`,
    );
    expect(buckets[0]).toBe(buckets[1]);
    expect(buckets[2]).toBe(0);
    const ranges = await compared(
      `SELECT TraceId, Start, End FROM ${database}.otel_traces_trace_id_ts`,
      `SELECT TraceId, min(toDateTime(Timestamp)), max(toDateTime(Timestamp))
         FROM ${database}.otel_traces GROUP BY TraceId, toStartOfWeek(Timestamp)`,
    );
    expect(ranges[0]).toBe(ranges[1]);
    expect(ranges[2]).toBe(0);
  });

  it('has the event range and the checksum of each unit right', async () => {
    const blocks = createOpenBlocks();
    decode(blocks, 'traces', traceBody(100, 5));
    const units = blocks.encode(9n);
    expect(units.map(({ table }) => table)).toEqual([
      'otel_traces',
      'otel_traces_trace_id_ts',
      'otel_red_1s',
    ]);
    for (const unit of units) {
      const body = unitBytes(unit);
      expect([unit.bytes, unit.checksum]).toEqual([body.length, checksumOf([body])]);
      expect(unit.firstEventNs).toBeLessThanOrEqual(unit.lastEventNs);
      expect(unit.lastEventNs).toBeLessThanOrEqual(receivedAtNs);
    }
  });
});

/** The same request with all start and end times moved. */
function shifted(body: Uint8Array, byNs: bigint): Uint8Array {
  const type = requestType('traces');
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the descriptors say
  const data: any = type.toObject(type.decode(body), { longs: String });
  for (const one of data.resource_spans[0].scope_spans[0].spans) {
    one.start_time_unix_nano = String(BigInt(one.start_time_unix_nano) + byNs);
    one.end_time_unix_nano = String(BigInt(one.end_time_unix_nano) + byNs);
  }
  return encodeRequest('traces', data);
}

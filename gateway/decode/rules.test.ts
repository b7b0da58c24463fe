import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import type { Signal } from '../answer.ts';
import { createOpenBlocks } from './blocks.ts';
import { decodeInto } from './decode.ts';
import type { DecodeResult } from './decode-types.ts';
import { createMemoryTables, roundTrip } from './testdata/engine-rows.ts';
import type { Row } from './testdata/expected.ts';
import {
  attribute,
  double,
  fixed64,
  int,
  join,
  len,
  type Piece,
  request,
  span,
  spanId,
  tag,
  traceId,
  varint,
} from './testdata/wire-writer.ts';

const database = 'rules_test';
const nowNs = 1_795_003_200_000_000_000n;
const dayNs = 86_400_000_000_000n;
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
  await createMemoryTables(engine.url, database);
});
afterAll(() => engine.stop());

function decode(
  signal: Signal,
  body: Piece,
  blocks = createOpenBlocks(),
  contentType: 'protobuf' | 'json' = 'protobuf',
): DecodeResult {
  return decodeInto(blocks, { signal, contentType, body, receivedAtNs: nowNs });
}

/** The rows that `body` brings to the table that the signal's items go to. */
async function rowsOf(signal: Signal, body: Piece, message = ''): Promise<Row[]> {
  const blocks = createOpenBlocks();
  const result = decode(signal, body, blocks);
  expect(result).toMatchObject({ outcome: 'decoded', message });
  const unit = blocks.encode(7n)[0]!;
  return roundTrip(engine.url, database, unit);
}

async function firstSpan(...more: Piece[]): Promise<Row> {
  const rows = await rowsOf('traces', request([span(nowNs, ...more)]));
  return rows[0]!;
}

function rejectionOf(signal: Signal, ...items: Piece[]): string {
  const result = decode(signal, request(items));
  expect(result).toMatchObject({ outcome: 'decoded', accepted: items.length - 1, rejected: 1 });
  return result.outcome === 'decoded' ? result.message : '';
}

function isMalformed(body: Piece, signal: Signal = 'traces'): void {
  expect(decode(signal, body)).toMatchObject({ outcome: 'malformed' });
}

describe('items that can never be stored', () => {
  const good = span(nowNs);
  it.each([
    ['a trace id of 15 bytes', join(len(1, traceId.subarray(1)), len(2, spanId)), /trace_id/],
    ['no trace id', len(2, spanId), /trace_id/],
    ['a trace id of zeros', join(len(1, new Uint8Array(16)), len(2, spanId)), /zeros/],
    ['a span id of 9 bytes', join(len(1, traceId), len(2, new Uint8Array(9))), /span_id/],
    ['a parent of 4 bytes', span(nowNs, len(4, spanId.subarray(4))), /parent_span_id/],
    ['a link with a short trace id', span(nowNs, len(13, len(1, spanId))), /link/],
    ['a start 401 days ago', span(nowNs - 401n * dayNs), /time range/],
    ['a start 25 hours ahead', span(nowNs + dayNs + 3_600_000_000_000n), /time range/],
    ['a start past 2^63', span(2n ** 63n + 1n), /time range/],
  ])('rejects a span with %s and keeps its neighbours', (_, bad, reason) => {
    expect(rejectionOf('traces', good, bad, good)).toMatch(reason);
  });

  it('rejects a log record with a wrong id and a point with a wrong exemplar id', () => {
    expect(rejectionOf('logs', fixed64(1, nowNs), len(9, spanId))).toMatch(/trace_id/);
    const point = len(1, len(5, len(4, traceId)));
    const fine = len(1, double(4, 1));
    const body = request([join(len(1, 'm'), len(5, join(fine, point)))]);
    expect(decode('metrics', body)).toMatchObject({ accepted: 1, rejected: 1 });
  });

  it('leaves nothing of a rejected span in any column', async () => {
    const attributes = Array.from({ length: 3 }, (_, index) => attribute(9, `k${index}`, 'v'));
    const bad = join(len(1, spanId), len(2, spanId), fixed64(7, nowNs), ...attributes);
    const full = join(
      bad,
      len(11, join(len(2, 'e'), attribute(3, 'x', 'y'))),
      len(13, len(3, 's')),
    );
    const rows = await rowsOf(
      'traces',
      request([full, span(nowNs, attribute(9, 'a', 'b')), full]),
      'a span has a trace_id that is not 16 bytes',
    );
    expect(rows).toMatchObject([{ SpanAttributes: [['a', 'b']], 'Events.Name': [] }]);
  });

  it('accepts items exactly at the bounds of the time range', () => {
    const body = request([span(nowNs - 400n * dayNs), span(nowNs + dayNs)]);
    expect(decode('traces', body)).toMatchObject({ accepted: 2, rejected: 0 });
  });
});

describe('values that are filled in or mended', () => {
  it('fills a zero start with the receive time, wherever the field stands', async () => {
    const late = join(
      attribute(9, 'a', '1'),
      len(1, traceId),
      len(2, spanId),
      fixed64(7, nowNs - 5n),
    );
    const none = join(len(1, traceId), len(2, spanId), attribute(9, 'a', '2'));
    const twice = span(nowNs - 9n, attribute(9, 'a', '3'), fixed64(7, nowNs - 7n));
    const rows = await rowsOf('traces', request([late, none, twice]));
    expect(rows.map((row) => [row['Timestamp'], row['SpanAttributes']])).toEqual([
      ['1795003199.999999995', [['a', '1']]],
      ['1795003200.000000000', [['a', '2']]],
      ['1795003199.999999993', [['a', '3']]],
    ]);
  });

  it('finds the right day for a start time that comes after the attributes', () => {
    const blocks = createOpenBlocks();
    const yesterday = span(nowNs, attribute(9, 'a', 'b'), fixed64(7, nowNs - dayNs));
    decode('traces', request([yesterday]), blocks);
    expect(blocks.encode(1n)[0]).toMatchObject({ partition: '2026-11-17', rows: 1 });
  });

  it('keeps the nanosecond before midnight in its day', () => {
    const blocks = createOpenBlocks();
    const midnightNs = (nowNs / dayNs) * dayNs;
    decode('traces', request([span(midnightNs - 1n), span(midnightNs)]), blocks);
    const days = blocks.encode(1n).filter(({ table }) => table === 'otel_traces');
    expect(days.map(({ partition, firstEventNs }) => [partition, firstEventNs])).toEqual([
      ['2026-11-17', midnightNs - 1n],
      ['2026-11-18', midnightNs],
    ]);
  });

  it('stores a duration of 0 when the end lies before the start', async () => {
    expect(await firstSpan(fixed64(8, nowNs - 1n))).toMatchObject({ Duration: '0' });
    expect(await firstSpan(fixed64(8, nowNs + 2n ** 32n))).toMatchObject({
      Duration: '4294967296',
    });
  });

  it('stores a parent of zeros as a root', async () => {
    expect(await firstSpan(len(4, new Uint8Array(8)))).toMatchObject({ ParentSpanId: '' });
  });

  it('stores enum numbers that it does not know as unspecified', async () => {
    const row = await firstSpan(int(6, 99), len(15, int(3, -1)));
    expect(row).toMatchObject({ SpanKind: 'Unspecified', StatusCode: 'Unset' });
  });

  it('keeps the last value of a key that comes several times, and counts it', async () => {
    const repeated = ['1', '2', '3'].flatMap((value) => [
      attribute(9, 'k', value),
      attribute(9, `only${value}`, value),
    ]);
    const blocks = createOpenBlocks();
    decode('traces', request([span(nowNs, ...repeated)]), blocks);
    expect(blocks.counts.repeatedKeys).toBe(2);
    expect((await firstSpan(...repeated))['SpanAttributes']).toEqual([
      ['k', '3'],
      ['only1', '1'],
      ['only2', '2'],
      ['only3', '3'],
    ]);
  });

  it('stores ill-formed UTF-8 with U+FFFD, in values, keys and bodies', async () => {
    const bad = Uint8Array.from([0x61, 0xff, 0x62]);
    const pair = len(9, join(len(1, bad), len(2, len(1, bad))));
    const long = len(
      9,
      join(len(1, 'long'), len(2, len(1, join(bad, new Uint8Array(300).fill(0x7a))))),
    );
    const row = await firstSpan(pair, attribute(9, 'fine', 'é'), long, len(3, bad));
    expect(row).toMatchObject({ TraceState: 'a\ufffdb' });
    expect(row['SpanAttributes']).toEqual([
      ['a\ufffdb', 'a\ufffdb'],
      ['fine', 'é'],
      ['long', `a\ufffdb${'z'.repeat(300)}`],
    ]);
    const logs = await rowsOf('logs', request([join(fixed64(1, nowNs), len(5, len(1, bad)))]));
    expect(logs[0]).toMatchObject({ Body: 'a\ufffdb' });
  });

  it('keeps NUL, byte order marks and the payload of a NaN', async () => {
    expect(await firstSpan(attribute(9, 'k', '\u0000\ufeffx'))).toMatchObject({
      SpanAttributes: [['k', '\u0000\ufeffx']],
    });
    const blocks = createOpenBlocks();
    const payload = fixed64(4, 0x7ff8_0000_dead_beefn);
    decode('metrics', request([join(len(1, 'm'), len(5, len(1, payload)))]), blocks);
    const unit = blocks.encode(7n)[0]!;
    expect(Buffer.concat(unit.chunks).includes(Buffer.from('efbeadde0000f87f', 'hex'))).toBe(true);
  });
});

describe('what protobuf allows and few senders write', () => {
  it('skips unknown fields of every wire type, groups included', async () => {
    const group = join(tag(90, 3), int(1, 5), tag(91, 3), tag(91, 4), tag(90, 4));
    const unknown = join(int(80, 1), fixed64(81, 2n), len(82, 'x'), group);
    expect(await firstSpan(unknown, len(3, 'seen'))).toMatchObject({ TraceState: 'seen' });
  });

  it('ignores known fields with another wire type', async () => {
    expect(await firstSpan(int(3, 7), len(6, 'x'))).toMatchObject({
      TraceState: '',
      SpanKind: 'Unspecified',
    });
  });

  it('takes the last of a scalar that comes twice', async () => {
    const row = await firstSpan(len(5, 'first'), len(5, 'last'), int(6, 2), int(6, 3));
    expect(row).toMatchObject({ SpanName: 'last', SpanKind: 'Client' });
  });

  it('merges a resource, a scope and a status that come in several parts', async () => {
    const status = [len(15, len(2, 'bad')), len(15, int(3, 2))];
    const scoped = join(
      len(2, span(nowNs, ...status)),
      len(1, len(1, 'lib')),
      len(1, len(2, '1.0')),
    );
    const body = len(
      1,
      join(
        len(1, attribute(1, 'a', '1')),
        len(2, scoped),
        len(3, 'https://schema'),
        len(1, attribute(1, 'service.name', 'shop')),
      ),
    );
    expect((await rowsOf('traces', body))[0]).toMatchObject({
      ServiceName: 'shop',
      ResourceAttributes: [
        ['a', '1'],
        ['service.name', 'shop'],
      ],
      ResourceSchemaUrl: 'https://schema',
      ScopeName: 'lib',
      ScopeVersion: '1.0',
      StatusCode: 'Error',
      StatusMessage: 'bad',
    });
  });

  it('reads repeated numbers packed, unpacked and mixed', async () => {
    const packed = len(6, join(...[1n, 2n].map((value) => fixed64(0, value).subarray(1))));
    const point = join(packed, fixed64(6, 3n), double(7, 0.5), fixed64(3, nowNs));
    const buckets = join(int(2, 300), len(2, join(varint(1), varint(2n ** 63n))), int(1, 3));
    const exponential = join(len(8, buckets), fixed64(3, nowNs));
    const histogram = len(9, len(1, point));
    const rows = await rowsOf('metrics', request([histogram]));
    expect(rows[0]).toMatchObject({ BucketCounts: ['1', '2', '3'], ExplicitBounds: [0.5] });
    const more = await rowsOf('metrics', request([len(10, len(1, exponential))]));
    expect(more[0]).toMatchObject({
      PositiveOffset: -2,
      PositiveBucketCounts: ['300', '1', '9223372036854775808'],
    });
  });

  it('reads lengths and tags that are longer than they need to be', async () => {
    const padded = join(tag(3, 2), Uint8Array.from([0x84, 0x80, 0x80, 0x00]), Buffer.from('abcd'));
    expect(await firstSpan(padded)).toMatchObject({ TraceState: 'abcd' });
  });

  it('takes the last kind of data of a metric and the last value of a point', async () => {
    const gauge = len(5, len(1, join(double(4, 1), fixed64(6, 41n), double(4, 2.5))));
    const rows = await rowsOf('metrics', request([join(len(7, len(1, double(4, 9))), gauge)]));
    expect(rows).toMatchObject([{ Value: 2.5, ValueType: 'Double', ValueInt: '0' }]);
  });

  it('takes the last time of a point, wherever it stands, for the day of its row', async () => {
    const key = len(7, join(len(1, 'a'), len(2, len(1, 'x'))));
    const exemplar = len(5, double(3, 1));
    const points = [
      join(fixed64(2, 1n), fixed64(3, nowNs - 9n), key, exemplar, fixed64(3, nowNs - 7n)),
      join(fixed64(3, nowNs + 90n * dayNs), key, fixed64(3, nowNs - 6n)),
      join(fixed64(3, nowNs - 5n), fixed64(3, 0n), key),
      join(key, fixed64(3, nowNs - 4n)),
      join(fixed64(3, nowNs), key, fixed64(3, nowNs + 90n * dayNs)),
      join(fixed64(3, nowNs - 3n), double(4, 2)),
    ];
    const body = request([len(5, join(...points.map((point) => len(1, point))))]);
    const outside = 'a data point lies outside the time range that is stored';
    const rows = await rowsOf('metrics', body, outside);
    expect(rows.map((row) => [row['TimeUnix'], row['Attributes']])).toEqual([
      ['1795003199.999999993', [['a', 'x']]],
      ['1795003199.999999994', [['a', 'x']]],
      ['1795003200.000000000', [['a', 'x']]],
      ['1795003199.999999996', [['a', 'x']]],
      ['1795003199.999999997', []],
    ]);
    expect(rows.map((row) => row['Exemplars.Value'])).toMatchObject([[1], [], [], [], []]);
    expect(decode('metrics', body)).toMatchObject({ accepted: 5, rejected: 1 });
  });

  it('gives success to an empty request and to empty envelopes', () => {
    for (const body of [new Uint8Array(0), len(1, ''), len(1, len(2, '')), request([])]) {
      expect(decode('traces', body)).toEqual({
        outcome: 'decoded',
        accepted: 0,
        leftOut: 0,
        exempted: 0,
        rejected: 0,
        hasOwnTimes: true,
        message: '',
      });
    }
  });
});

describe('bodies that can never be valid', () => {
  const nested = (depth: number): Piece => {
    let value: Piece = len(1, 'x');
    for (let level = 0; level < depth; level += 1) value = len(5, len(1, value));
    return value;
  };

  it('refuses field number 0, wire types 6 and 7, and a group that does not end', () => {
    isMalformed(Uint8Array.from([0x02, 0x00]));
    isMalformed(Uint8Array.from([0x0e]));
    isMalformed(Uint8Array.from([0x0f]));
    isMalformed(request([join(tag(70, 3), int(1, 1))]));
    isMalformed(request([join(tag(70, 3), tag(71, 4))]));
  });

  it('refuses varints of more than ten bytes and lengths of 2^31 and 2^63', () => {
    isMalformed(join(tag(9, 0), new Uint8Array(10).fill(0xff), Uint8Array.from([1])));
    isMalformed(join(tag(1, 2), varint(2n ** 31n)));
    isMalformed(join(tag(1, 2), varint(2n ** 63n)));
  });

  it('refuses packed values that end in the middle of one', () => {
    isMalformed(request([len(9, len(1, len(6, new Uint8Array(12))))]), 'metrics');
  });

  it('follows values 64 deep and refuses deeper ones, without recursion running out', async () => {
    const at = await firstSpan(len(9, join(len(1, 'k'), len(2, nested(64)))));
    expect(at['SpanAttributes']).toEqual([['k', `${'['.repeat(64)}"x"${']'.repeat(64)}`]]);
    for (const depth of [65, 10_000]) {
      isMalformed(request([span(nowNs, len(9, join(len(1, 'k'), len(2, nested(depth)))))]));
    }
    const groups = join(...Array.from({ length: 10_000 }, () => tag(70, 3)));
    isMalformed(request([groups]));
  });

  it('says where: the offset is a place in the body', () => {
    const body = request([span(nowNs)], Uint8Array.from([0x0a, 0x7f]));
    const result = decode('traces', body);
    expect(result).toMatchObject({ outcome: 'malformed', offset: body.indexOf(0x7f) });
  });
});

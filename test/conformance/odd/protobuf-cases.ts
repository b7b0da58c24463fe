/** Odd protobuf bodies: what encoders never write and decoders have to say something to (F28). */
import {
  attribute,
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
} from '../../../gateway/decode/testdata/wire-writer.ts';
import { goodJson, goodTraces, nowNs, type OddCase, protobuf } from './case.ts';

const bytes = (...list: number[]): Piece => Uint8Array.from(list);
const start = fixed64(7, nowNs);

function spanWith(trace: Piece, id: Piece, ...more: Piece[]): Piece {
  return request([join(len(1, trace), len(2, id), start, ...more)]);
}

function deepValue(depth: number): Piece {
  let value: Piece = len(1, 'core');
  for (let level = 0; level < depth; level += 1) value = len(5, len(1, value));
  return value;
}

const point = (...more: Piece[]): Piece => join(fixed64(3, nowNs), ...more);
const metric = (kind: number, ...points: Piece[]): Piece =>
  request([join(len(1, 'odd'), len(kind, join(...points.map((one) => len(1, one)))))]);

const traces: readonly (readonly [string, Piece])[] = [
  ['nothing', new Uint8Array()],
  ['garbage', Buffer.from('this is no protobuf at all')],
  ['json', Buffer.from(goodJson())],
  ['zeros', new Uint8Array(8)],
  ['cut', goodTraces().subarray(0, -4)],
  ['zero-behind', join(goodTraces(), bytes(0))],
  ['unknown-field', join(goodTraces(), len(1000, 'future'))],
  ['unknown-field-of-group', join(tag(1000, 3), int(1, 1), tag(1000, 4))],
  ['group-that-does-not-end', tag(1000, 3)],
  ['group-that-ends-only', tag(1000, 4)],
  ['group-ended-by-another', join(tag(1000, 3), tag(1001, 4))],
  ['groups-200-deep', join(...times(200, tag(1000, 3)), ...times(200, tag(1000, 4)))],
  ['groups-20000-deep', join(...times(20_000, tag(1000, 3)), ...times(20_000, tag(1000, 4)))],
  ['field-zero', bytes(0x02, 0x00)],
  ['wire-type-6', bytes(0x0e)],
  ['wire-type-7', bytes(0x0f)],
  ['tag-of-five-bytes', join(bytes(0x8a, 0x80, 0x80, 0x80, 0x00), varint(0))],
  ['tag-of-ten-bytes', join(bytes(0x8a, ...times(8, 0x80), 0x00), varint(0))],
  ['tag-over-32-bits', join(bytes(0x8a, 0x80, 0x80, 0x80, 0x10), varint(0))],
  ['varint-of-eleven-bytes', join(tag(1000, 0), bytes(...times(10, 0x80), 0x01))],
  ['varint-over-64-bits', join(tag(1000, 0), bytes(...times(9, 0xff), 0x7f))],
  ['varint-cut', join(tag(1000, 0), bytes(0x80))],
  ['varint-longer-than-needed', join(bytes(0x0a, 0x80, 0x80, 0x00))],
  ['length-beyond-the-end', join(tag(1, 2), varint(100))],
  ['length-2-to-31', join(tag(1, 2), varint(2n ** 31n))],
  ['length-2-to-63', join(tag(1, 2), varint(2n ** 63n))],
  ['length-negative', join(tag(1, 2), varint(-1n))],
  ['varint-for-message', int(1, 1)],
  ['fixed-for-message', fixed64(1, 1n)],
  ['varint-for-text', request([span(nowNs, int(5, 1))])],
  ['varint-for-time', request([join(len(1, traceId), len(2, spanId), int(7, nowNs))])],
  ['text-for-number', request([span(nowNs, len(6, 'x'))])],
  ['empty-resource-spans', len(1, new Uint8Array())],
  ['empty-scope-spans', len(1, len(2, new Uint8Array()))],
  ['empty-span', request([new Uint8Array()])],
  ['trace-id-0', spanWith(new Uint8Array(), spanId)],
  ['trace-id-15', spanWith(traceId.subarray(1), spanId)],
  ['trace-id-17', spanWith(join(traceId, bytes(1)), spanId)],
  ['trace-id-zeros', spanWith(new Uint8Array(16), spanId)],
  ['span-id-0', spanWith(traceId, new Uint8Array())],
  ['span-id-7', spanWith(traceId, spanId.subarray(1))],
  ['span-id-9', spanWith(traceId, join(spanId, bytes(1)))],
  ['span-id-zeros', spanWith(traceId, new Uint8Array(8))],
  ['parent-id-7', spanWith(traceId, spanId, len(4, spanId.subarray(1)))],
  ['parent-id-zeros', spanWith(traceId, spanId, len(4, new Uint8Array(8)))],
  ['link-ids-short', request([span(nowNs, len(13, join(len(1, bytes(1)), len(2, bytes(1)))))])],
  ['one-bad-span-of-two', request([span(nowNs), join(len(1, bytes(1)), len(2, spanId), start)])],
  ['invalid-utf-8', request([span(nowNs, len(5, bytes(0xff, 0xfe)))])],
  ['surrogate-in-utf-8', request([span(nowNs, len(5, bytes(0xed, 0xa0, 0x80)))])],
  ['nul-in-name', request([span(nowNs, len(5, bytes(0x61, 0, 0x62)))])],
  ['attribute-twice', request([span(nowNs, attribute(9, 'a', '1'), attribute(9, 'a', '2'))])],
  ['attribute-without-key', request([span(nowNs, len(9, len(2, len(1, 'value'))))])],
  ['attribute-without-value', request([span(nowNs, len(9, len(1, 'key')))])],
  [
    'value-of-two-kinds',
    request([span(nowNs, len(9, join(len(1, 'k'), len(2, join(len(1, 'a'), int(3, 1))))))]),
  ],
  ['value-index-of-profiles', request([span(nowNs, len(9, join(len(1, 'k'), len(2, int(8, 1)))))])],
  ['kind-99', request([span(nowNs, int(6, 99))])],
  ['kind-negative', request([span(nowNs, int(6, -1n))])],
  ['end-before-start', request([span(nowNs, fixed64(8, nowNs - 1_000_000_000n))])],
  ['time-zero', request([join(len(1, traceId), len(2, spanId))])],
  ['time-2-to-64', request([join(len(1, traceId), len(2, spanId), fixed64(7, 2n ** 64n - 1n))])],
  ['time-of-1970', request([join(len(1, traceId), len(2, spanId), fixed64(7, 1n))])],
  ['status-twice', request([span(nowNs, len(15, int(3, 1)), len(15, int(3, 2)))])],
  [
    'resource-twice',
    len(
      1,
      join(
        len(1, attribute(1, 'a', '1')),
        len(1, attribute(1, 'b', '2')),
        len(2, len(2, span(nowNs))),
      ),
    ),
  ],
  ['deep-50', request([span(nowNs, len(9, join(len(1, 'deep'), len(2, deepValue(50)))))])],
  ['deep-2000', request([span(nowNs, len(9, join(len(1, 'deep'), len(2, deepValue(2000)))))])],
  ['deep-5000', request([span(nowNs, len(9, join(len(1, 'deep'), len(2, deepValue(5000)))))])],
  ['5-mib', request([span(nowNs, len(5, Buffer.alloc(5 * 1024 ** 2, 'x')))])],
  ['30-mib', request([span(nowNs, len(5, Buffer.alloc(30 * 1024 ** 2, 'y')))])],
  ['70-mib', request([span(nowNs, len(5, Buffer.alloc(70 * 1024 ** 2, 'z')))])],
];

function times<Item>(count: number, item: Item): Item[] {
  return Array.from({ length: count }, () => item);
}

const counts = (...values: bigint[]): Piece[] => values.map((value) => fixed64(6, value));
const packed = (...values: bigint[]): Piece =>
  len(6, join(...values.map((value) => fixed64(6, value).subarray(1))));

const metrics: readonly (readonly [string, Piece])[] = [
  ['no-data', request([len(1, 'odd')])],
  ['two-kinds', request([join(len(1, 'odd'), len(5, len(1, point())), len(7, len(1, point())))])],
  ['point-without-value', metric(5, point())],
  ['buckets-packed', metric(9, point(fixed64(4, 3n), packed(1n, 2n)))],
  ['buckets-unpacked', metric(9, point(fixed64(4, 3n), ...counts(1n, 2n)))],
  ['buckets-packed-cut', metric(9, point(len(6, Uint8Array.from([1, 2, 3]))))],
  ['buckets-both', metric(9, point(packed(1n), ...counts(2n)))],
  ['temporality-99', request([join(len(1, 'odd'), len(7, join(len(1, point()), int(2, 99))))])],
  ['traces', goodTraces()],
];

const logs: readonly (readonly [string, Piece])[] = [
  ['empty-record', request([new Uint8Array()])],
  ['trace-id-3', request([join(fixed64(1, nowNs), len(9, Uint8Array.from([1, 2, 3])))])],
  ['severity-negative', request([join(fixed64(1, nowNs), int(2, -5n))])],
  ['flags-64-bits', request([join(fixed64(1, nowNs), fixed64(8, 1n))])],
  ['traces', goodTraces()],
];

export const protobufCases: readonly OddCase[] = [
  ...traces.map(([name, body]) => protobuf(`protobuf-${name}`, body)),
  ...metrics.map(([name, body]) => protobuf(`protobuf-metric-${name}`, body, 'metrics')),
  ...logs.map(([name, body]) => protobuf(`protobuf-log-${name}`, body, 'logs')),
];

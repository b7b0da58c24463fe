/** Bodies made to hurt: deep, huge and lying ones, written byte by byte. */
import {
  attribute,
  fixed64,
  join,
  len,
  type Piece,
  request,
  span,
  tag,
  varint,
} from '../../gateway/decode/testdata/wire-writer.ts';

export const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** An AnyValue in `depth` arrays or maps; from the inside out, each level only its prefix. */
function deepValue(depth: number, kind: 'array' | 'map'): Piece {
  const core = len(1, 'core');
  const prefixes: Piece[] = [core];
  let size = core.length;
  const wrap = (number: number): void => {
    const prefix = join(tag(number, 2), varint(size));
    prefixes.push(prefix);
    size += prefix.length;
  };
  // The value of a list, or the value of a pair of a map.
  const numbers = kind === 'array' ? [1, 5] : [2, 1, 6];
  for (let level = 0; level < depth; level += 1) numbers.forEach(wrap);
  return join(...prefixes.reverse());
}

const keyValue = (key: string, value: Piece): Piece => join(len(1, key), len(2, value));

export const deepAttribute = (depth: number, kind: 'array' | 'map'): Piece =>
  request([span(nowNs(), len(9, keyValue('deep', deepValue(depth, kind))))]);

export const deepResource = (depth: number): Piece =>
  request([span(nowNs())], len(1, keyValue('deep', deepValue(depth, 'map'))));

export const deepBody = (depth: number): Piece =>
  request([join(fixed64(1, nowNs()), len(5, deepValue(depth, 'array')))]);

/** Groups, which protobuf has dropped, inside each other in an unknown field. */
export function deepGroups(depth: number): Piece {
  const begins = Array.from({ length: depth }, () => tag(100, 3));
  const ends = Array.from({ length: depth }, () => tag(100, 4));
  return request([span(nowNs(), ...begins, ...ends)]);
}

/** A length that promises more than follows, at each level of the envelope. */
export function lyingLengths(length: bigint): readonly Piece[] {
  const lie = (number: number): Piece => join(tag(number, 2), varint(length), Buffer.from('abc'));
  return [
    lie(1),
    len(1, lie(1)),
    len(1, lie(2)),
    len(1, len(2, lie(2))),
    request([lie(1)]),
    request([span(nowNs(), lie(9))]),
    request([span(nowNs(), len(9, lie(2)))]),
    request([span(nowNs(), len(9, len(2, lie(5))))]),
    request([span(nowNs(), lie(100))]),
  ];
}

/** `count` copies of one small field, after each other. */
function repeated(piece: Piece, count: number): Piece {
  return new Uint8Array(Buffer.alloc(piece.length * count, piece));
}

/** Many spans that are as small as a span can be stored: their start is when they came. */
export const tinySpans = (count: number): Piece => len(1, len(2, repeated(tiny, count)));

const tiny = len(
  2,
  join(len(1, new Uint8Array(16).fill(7)), len(2, new Uint8Array(8).fill(7)), len(5, 't')),
);

/** Spans without anything, which can never be stored. */
export const emptySpans = (count: number): Piece =>
  len(1, len(2, repeated(len(2, new Uint8Array()), count)));

export const manyAttributes = (count: number): Piece =>
  request([span(nowNs(), repeated(attribute(9, 'k', 'v'), count))]);

export const longName = (bytes: number): Piece =>
  request([span(nowNs(), len(5, Buffer.alloc(bytes, 'x')))]);

export const jsonDeep = (depth: number, open: string, close: string): Uint8Array =>
  new Uint8Array(Buffer.from(open.repeat(depth) + close.repeat(depth)));

/** The deep part as the value of a log record's body. */
export const jsonDeepBody = (depth: number): Uint8Array => {
  const open = '{"arrayValue":{"values":['.repeat(depth);
  const close = ']}}'.repeat(depth);
  const record = `{"body":${open}{"intValue":1}${close}}`;
  return new Uint8Array(
    Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`),
  );
};

/** Numbers that take two bytes as JSON and nine as protobuf. */
export const jsonNumbers = (count: number): Uint8Array => {
  const counts = Buffer.alloc(2 * count - 1, '1,');
  const head = '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[';
  const parts = [`${head}{"bucketCounts":[`, counts, ']}]}}]}]}]}'];
  return new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part))));
};

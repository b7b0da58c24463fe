/** Native histograms (PRW2-13): how they lie in the tables, and which ones are none. */
import { describe, expect, it } from '@jest/globals';
import { createOpenBlocks } from '../blocks.ts';
import { double, int, join, len, type Piece, varint } from '../testdata/wire-writer.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, series, useEngine } from './testdata/decoded.ts';
import { nowMs } from './testdata/times.ts';
import {
  bitsOf,
  type Histogram,
  writeRequestV1,
  writeRequestV2,
  zigzag,
} from './testdata/write-request.ts';

const { store, bitsIn } = useEngine('remote_write_histograms');
const versions = [1, 2] as const;
const writers = { 1: writeRequestV1, 2: writeRequestV2 } as const;
const exponential = 'otel_metrics_exponential_histogram';
const explicit = 'otel_metrics_histogram';
const stale = 0x7ff0_0000_0000_0002n;

/** Two values at 1, schema 0. */
const plain: Histogram = {
  count: 2,
  sumBits: bitsOf(2),
  schema: 0,
  timeMs: nowMs,
  positive: { spans: [{ offset: 0, length: 1 }], counts: [2] },
};
const custom: Histogram = {
  ...plain,
  schema: -53,
  bounds: [0.5, 2.5],
};

const write = (version: 1 | 2, ...histograms: Histogram[]): Piece =>
  writers[version]([{ labels: labelsOf('h', { job: 'j', a: 'b' }), histograms }]);

/** Why one is rejected between two good ones, whose rows are as if it had not come. */
function rejectionOf(...bad: Histogram[]): string {
  const [blocks, others] = [createOpenBlocks(), createOpenBlocks()];
  const result = decodeWrite(2, write(2, plain, custom, ...bad, plain, custom), blocks);
  decodeWrite(2, write(2, plain, custom, plain, custom), others);
  const written = { samples: 0, histograms: 4, exemplars: 0 };
  expect(result).toMatchObject({ accepted: 4, rejected: bad.length, written });
  const [units, expected] = [blocks.encode(1n), others.encode(1n)];
  expect(units.map((unit) => unit.checksum)).toEqual(expected.map((unit) => unit.checksum));
  const message = result.outcome === 'decoded' ? result.message : '';
  expect(message).toMatch(/^h\{job="j",a="b"\}: /);
  return message;
}

/** Of raw fields, in place of what the encoder would write. */
const wireHistogram = (...fields: Piece[]): Piece =>
  len(
    1,
    join(len(1, join(len(1, '__name__'), len(2, 'h'))), len(4, join(...fields, int(15, nowMs)))),
  );

describe.each(versions)('a native histogram, version %i', (version) => {
  it('lies in the table of exponential ones, its buckets named by their lower bounds', async () => {
    const { rows, result } = await store(
      version,
      write(version, {
        count: 21,
        sumBits: bitsOf(-1.5),
        schema: 3,
        zeroThreshold: 2 ** -128,
        zeroCount: 3,
        positive: {
          spans: [
            { offset: -2, length: 2 },
            { offset: 3, length: 1 },
          ],
          counts: [1, 5, 2],
        },
        negative: {
          spans: [
            { offset: 7, length: 1 },
            { offset: 0, length: 2 },
          ],
          counts: [4, 0, 6],
        },
        timeMs: nowMs - 1n,
      }),
    );
    expect(rows).toEqual({
      [exponential]: [
        {
          ResourceAttributes: [['service.name', 'j']],
          ResourceSchemaUrl: '',
          ScopeName: '',
          ScopeVersion: '',
          ScopeAttributes: [],
          ScopeDroppedAttrCount: 0,
          ScopeSchemaUrl: '',
          ServiceName: 'j',
          MetricName: 'h',
          MetricDescription: '',
          MetricUnit: '',
          Attributes: [['a', 'b']],
          StartTimeUnix: '0.000000000',
          TimeUnix: '1795003199.999000000',
          Count: '21',
          Sum: -1.5,
          Scale: 3,
          ZeroCount: '3',
          PositiveOffset: -3,
          PositiveBucketCounts: ['1', '5', '0', '0', '0', '2'],
          NegativeOffset: 6,
          NegativeBucketCounts: ['4', '0', '6'],
          'Exemplars.FilteredAttributes': [],
          'Exemplars.TimeUnix': [],
          'Exemplars.Value': [],
          'Exemplars.SpanId': [],
          'Exemplars.TraceId': [],
          Flags: 0,
          Min: 0,
          Max: 0,
          AggregationTemporality: 2,
          HasSum: true,
          HasMin: false,
          HasMax: false,
          ZeroThreshold: 2 ** -128,
          FloatCounts: [],
          Tenant: '',
          Seal: '7',
        },
      ],
    });
    const written = { samples: 0, histograms: 1, exemplars: 0 };
    expect(result).toMatchObject({ accepted: 1, rejected: 0, written, hasOwnTimes: true });
  });

  it('of floats keeps counts that are no integers beside the nearest ones', async () => {
    const positive = { spans: [{ offset: 1, length: 2 }], counts: [0.5, 2.25] };
    const negative = { spans: [{ offset: 0, length: 1 }], counts: [4] };
    const float = { ...plain, isFloat: true, count: 7.5, zeroCount: 0.75, positive, negative };
    const whole = { ...float, count: 7, zeroCount: 1, positive: negative };
    const huge = { ...whole, count: 2 ** 70 };
    const { rows } = await store(version, write(version, float, whole, huge));
    expect(rows[exponential]).toMatchObject([
      {
        Count: '8',
        ZeroCount: '1',
        PositiveBucketCounts: ['1', '2'],
        NegativeBucketCounts: ['4'],
        FloatCounts: [7.5, 0.75, 0.5, 2.25, 4],
      },
      { Count: '7', ZeroCount: '1', PositiveBucketCounts: ['4'], FloatCounts: [] },
      { Count: '18446744073709551615', FloatCounts: [2 ** 70, 1, 4, 4] },
    ]);
  });

  it('with bounds of its own lies in the table of explicit ones', async () => {
    const spans = [
      { offset: 0, length: 1 },
      { offset: 1, length: 1 },
    ];
    const bounded = { ...custom, count: 3, positive: { spans, counts: [1, 2] } };
    const float = { ...bounded, isFloat: true, count: 3.5, positive: { spans, counts: [1.5, 2] } };
    const { positive: _, ...empty } = custom;
    const boundless = { ...custom, bounds: [] };
    const { rows } = await store(
      version,
      write(version, bounded, float, { ...empty, count: 0 }, boundless),
    );
    expect(rows[explicit]).toMatchObject([
      { BucketCounts: ['1', '0', '2'], ExplicitBounds: [0.5, 2.5], Count: '3', FloatCounts: [] },
      { BucketCounts: ['2', '0', '2'], Count: '4', FloatCounts: [3.5, 1.5, 0, 2] },
      { BucketCounts: ['0', '0', '0'], Count: '0' },
      { BucketCounts: ['2'], ExplicitBounds: [], Count: '2' },
    ]);
  });

  it('keeps its reset hint, and has no temporality where it is a gauge', async () => {
    const hints = [0, 1, 2, 3].map((resetHint) => ({ ...plain, resetHint }));
    const { rows } = await store(version, write(version, ...hints, { ...custom, resetHint: 3 }));
    expect(rows[exponential]?.map((row) => [row['Flags'], row['AggregationTemporality']])).toEqual([
      [0, 2],
      [0x100, 2],
      [0x200, 2],
      [0x300, 0],
    ]);
    expect(rows[explicit]).toMatchObject([{ Flags: 0x300, AggregationTemporality: 0 }]);
  });

  it('is flagged when it is a stale marker, whose bits stay', async () => {
    const { positive: _, ...none } = plain;
    const gone = { ...none, count: 0, sumBits: stale };
    const nan = { ...plain, count: 3, sumBits: 0x7ff8_0000_0000_0001n };
    const { rows } = await store(version, write(version, gone, { ...gone, isFloat: true }, nan));
    expect(rows[exponential]?.map((row) => row['Flags'])).toEqual([1, 1, 0]);
    expect(await bitsIn(exponential, 'Sum')).toEqual([stale, stale, nan.sumBits]);
  });

  it('of NaN may hold more values than its buckets, and no fewer', async () => {
    const sumBits = bitsOf(Number.NaN);
    const { result } = await store(version, write(version, { ...plain, count: 9, sumBits }));
    expect(result).toMatchObject({ accepted: 1, rejected: 0 });
    expect(rejectionOf({ ...plain, count: 1, sumBits })).toMatch(/counts 1, and 2 are/);
    expect(rejectionOf({ ...custom, count: 1, sumBits })).toMatch(/counts 1, and 2 are/);
  });

  it('that is wider than 16384 buckets is brought to a coarser scale', async () => {
    const wide = (last: number): Histogram => ({
      ...plain,
      schema: 8,
      count: 7,
      positive: {
        spans: [
          { offset: 1, length: 2 },
          { offset: last - 3, length: 1 },
        ],
        counts: [1, 2, 3],
      },
      negative: { spans: [{ offset: -4, length: 1 }], counts: [1] },
    });
    const { rows } = await store(
      version,
      write(version, wide(16_384), wide(16_385), wide(2 ** 29)),
    );
    const [fits, halved, far] = rows[exponential] ?? [];
    const counts = (row: typeof fits): string[] => row?.['PositiveBucketCounts'] as string[];
    expect([fits?.['Scale'], counts(fits).length, counts(fits)[16_383]]).toEqual([8, 16_384, '3']);
    expect(halved).toMatchObject({ Scale: 7, PositiveOffset: 0, NegativeOffset: -3 });
    expect([counts(halved).length, counts(halved)[0], counts(halved)[8192]]).toEqual([
      8193,
      '3',
      '3',
    ]);
    expect(far).toMatchObject({ Scale: -7, Count: '7', NegativeOffset: -1 });
    expect([counts(far).length, counts(far)[0], counts(far)[16_383]]).toEqual([16_384, '3', '3']);
  });
});

describe('a native histogram that is none', () => {
  const spans = (...list: [number, number][]) =>
    list.map(([offset, length]) => ({ offset, length }));
  const buckets = (counts: number[], ...list: [number, number][]) => ({
    counts,
    spans: spans(...list),
  });

  it.each<[string, Histogram, RegExp]>([
    ['more values than buckets', { ...plain, count: 3 }, /counts 3, and 2 are in its buckets/],
    ['fewer', { ...plain, zeroCount: 1 }, /counts 2, and 3 are in its buckets/],
    ['schema 9', { ...plain, schema: 9 }, /schema is 9: there are -4 to 8 and -53/],
    ['schema -5', { ...plain, schema: -5 }, /schema is -5/],
    ['schema -2^31', { ...plain, schema: -(2 ** 31) }, /schema is -2147483648/],
    ['too few buckets', { ...plain, positive: buckets([2], [0, 2]) }, /more buckets than it/],
    ['2^32 - 1 buckets', { ...plain, positive: buckets([2], [0, 2 ** 32 - 1]) }, /more buckets/],
    ['too many buckets', { ...plain, positive: buckets([2, 0], [0, 1]) }, /than its spans/],
    ['buckets without spans', { ...plain, positive: buckets([2]) }, /than its spans/],
    [
      'a span that goes back',
      { ...plain, positive: buckets([1, 1], [5, 1], [-1, 1]) },
      /lies before/,
    ],
    ['a negative count', { ...plain, negative: buckets([-1, 1], [0, 2]) }, /less than nothing/],
    ['a count above 2^53', { ...plain, count: 2 ** 53 }, /more than 2\^53/],
    ['a bucket above 2^53', { ...plain, positive: buckets([2 ** 53], [0, 1]) }, /more than 2\^53/],
    ['a float count below 0', { ...plain, isFloat: true, count: -1 }, /is no number/],
    ['a float count of NaN', { ...plain, isFloat: true, count: Number.NaN }, /is no number/],
    ['a float zero count', { ...plain, isFloat: true, zeroCount: Infinity }, /is no number/],
    [
      'a float bucket of NaN',
      { ...plain, isFloat: true, positive: buckets([NaN], [0, 1]) },
      /less than/,
    ],
    [
      'an infinite bucket',
      { ...plain, isFloat: true, positive: buckets([Infinity], [0, 1]) },
      /no number/,
    ],
    ['bounds and a scale', { ...plain, bounds: [1] }, /bounds and an exponential schema/],
    ['bounds that stay', { ...custom, bounds: [1, 1] }, /do not rise/],
    ['bounds that fall', { ...custom, bounds: [2, 1] }, /do not rise/],
    ['a bound of NaN', { ...custom, bounds: [NaN, 1] }, /no finite number|do not rise/],
    ['an infinite bound', { ...custom, bounds: [1, Infinity] }, /no finite number/],
    ['a bound of -Infinity', { ...custom, bounds: [-Infinity, 1] }, /no finite number/],
    [
      'a bucket past its bounds',
      { ...custom, positive: buckets([2], [3, 1]) },
      /outside its bounds/,
    ],
    ['a bucket before them', { ...custom, positive: buckets([2], [-1, 1]) }, /outside its bounds/],
    ['bounds and a zero bucket', { ...custom, zeroCount: 1 }, /negative or a zero bucket/],
    ['bounds and a threshold', { ...custom, zeroThreshold: 1 }, /negative or a zero bucket/],
    [
      'bounds, negative',
      { ...custom, negative: buckets([0], [0, 1]) },
      /negative or a zero bucket/,
    ],
    ['bounds, another count', { ...custom, count: 9 }, /counts 9, and 2 are in its buckets/],
    ['no time', { ...plain, timeMs: 0n }, /outside the range that is stored/],
    ['buckets at -2^31', { ...plain, positive: buckets([2], [-(2 ** 31), 1]) }, /too far out/],
    ['buckets at 2^31', { ...plain, positive: buckets([2], [2 ** 31 - 1, 1]) }, /too far out/],
    [
      'buckets from end to end',
      { ...plain, positive: buckets([1, 1], [-(2 ** 31), 1], [2 ** 31 - 1, 1]) },
      /too far out/,
    ],
    [
      'gaps that add up',
      { ...plain, positive: buckets([2], [2 ** 30, 0], [2 ** 30, 0], [2 ** 31 - 1, 1]) },
      /too far out/,
    ],
  ])('costs itself and is named: %s', (_, bad, reason) => {
    expect(rejectionOf(bad)).toMatch(reason);
    expect(rejectionOf(bad, bad, bad)).toMatch(reason);
  });

  it('is not stored with the sample beside it, which is', async () => {
    const { gauges, rows } = await store(
      2,
      writeRequestV2([{ ...series('m'), histograms: [{ ...plain, count: 9 }] }]),
    );
    expect([Object.keys(rows), gauges.length]).toEqual([['otel_metrics_gauge'], 1]);
  });
});

describe('what protobuf allows and few senders write', () => {
  const span = (offset: number, length: number): Piece =>
    len(11, join(int(1, zigzag(offset)), int(2, length)));

  it('is read: lists that are not packed, or in parts', async () => {
    const deltas = [int(12, zigzag(2)), len(12, join(varint(zigzag(-1)))), int(12, zigzag(3))];
    const body = wireHistogram(int(1, 7), ...deltas, span(0, 3));
    const floats = wireHistogram(double(2, 2.5), double(13, 0.5), double(13, 2), span(0, 2));
    const bounds = wireHistogram(
      int(1, 2),
      double(16, 1),
      double(16, 2),
      span(1, 1),
      int(12, 4),
      int(4, 105),
    );
    expect((await store(1, body)).rows[exponential]).toMatchObject([
      { PositiveBucketCounts: ['2', '1', '4'] },
    ]);
    expect((await store(1, floats)).rows[exponential]).toMatchObject([
      { FloatCounts: [2.5, 0, 0.5, 2] },
    ]);
    expect((await store(1, bounds)).rows[explicit]).toMatchObject([
      { BucketCounts: ['0', '2', '0'], ExplicitBounds: [1, 2] },
    ]);
  });

  it('is read: of two counts the last one says whether they are floats', async () => {
    const both = [int(12, zigzag(2)), double(13, 7), span(0, 1)];
    const last = async (...counts: Piece[]): Promise<unknown> =>
      (await store(1, wireHistogram(...counts, ...both))).rows[exponential]?.[0];
    const integers = { Count: '2', PositiveBucketCounts: ['2'] };
    expect(await last(double(2, 7), int(1, 2))).toMatchObject(integers);
    expect(await last(int(1, 2), double(2, 7))).toMatchObject({
      Count: '7',
      PositiveBucketCounts: ['7'],
    });
  });

  it('is malformed where packed doubles end inside of one', () => {
    for (const field of [10, 13, 16]) {
      expect(decodeWrite(1, wireHistogram(len(field, new Uint8Array(12))))).toMatchObject({
        outcome: 'malformed',
      });
    }
  });

  it('begins where it says itself, else where its series does (PRW2-15)', async () => {
    const own = { ...plain, startMs: nowMs - 1000n };
    const labels = labelsOf('h');
    const { rows } = await store(
      2,
      writeRequestV2([{ labels, histograms: [own, plain], createdMs: nowMs - 2000n }]),
    );
    expect(rows[exponential]?.map((row) => row['StartTimeUnix'])).toEqual([
      '1795003199.000000000',
      '1795003198.000000000',
    ]);
  });
});

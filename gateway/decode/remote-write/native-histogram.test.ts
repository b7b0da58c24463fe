/** Native histograms (PRW2-13): how they lie in the tables, and which ones are none. */
import { describe, expect, it } from '@jest/globals';
import { createOpenBlocks } from '../blocks.ts';
import { double, int, join, len, type Piece, varint } from '../testdata/wire-writer.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, useEngine } from './testdata/decoded.ts';
import { customHistogram as custom, plainHistogram as plain } from './testdata/histograms.ts';
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

const write = (version: 1 | 2, ...histograms: Histogram[]): Piece =>
  writers[version]([{ labels: labelsOf('h', { job: 'j', a: 'b' }), histograms }]);

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

  it('of NaN may hold more values than its buckets', async () => {
    const sumBits = bitsOf(Number.NaN);
    const { result } = await store(version, write(version, { ...plain, count: 9, sumBits }));
    expect(result).toMatchObject({ accepted: 1, rejected: 0 });
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

it('has zeros in its gaps, also in memory that held the counts of others', () => {
  const many = Array.from({ length: 200 }, () => 9);
  const full = { spans: [{ offset: 0, length: 200 }], counts: many };
  const gap = {
    spans: [
      { offset: 0, length: 1 },
      { offset: 100, length: 1 },
    ],
    counts: [1, 1],
  };
  const wide = { ...plain, count: 1800, positive: full };
  const bounds = Array.from({ length: 200 }, (_, index) => index);
  const before = write(2, wide, { ...wide, schema: -53, bounds });
  const halves = { ...plain, isFloat: true, count: 2.5, positive: gap };
  const after = write(2, { ...plain, positive: gap }, { ...custom, bounds, positive: gap }, halves);
  const [used, fresh] = [createOpenBlocks(), createOpenBlocks()];
  decodeWrite(2, write(2, { ...wide, isFloat: true, count: 0.5 }), used);
  decodeWrite(2, before, used);
  used.clear();
  for (const blocks of [used, fresh])
    expect(decodeWrite(2, after, blocks)).toMatchObject({ accepted: 3 });
  const checksums = (blocks: typeof used): string[] =>
    blocks.encode(1n).map((unit) => unit.checksum);
  expect(checksums(used)).toEqual(checksums(fresh));
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

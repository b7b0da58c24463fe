/** Native histograms that are none (PRW2-13): each costs itself and is named. */
import { describe, expect, it } from '@jest/globals';
import { createOpenBlocks } from '../blocks.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, series, useEngine } from './testdata/decoded.ts';
import { customHistogram as custom, plainHistogram as plain } from './testdata/histograms.ts';
import { bitsOf, type Histogram, writeRequestV2 } from './testdata/write-request.ts';

const { store } = useEngine('remote_write_faults');
const nan = bitsOf(Number.NaN);

const write = (...histograms: Histogram[]) =>
  writeRequestV2([{ labels: labelsOf('h', { job: 'j', a: 'b' }), histograms }]);

/** Spans of an offset and a length. */
const buckets = (counts: number[], ...list: [number, number][]) => ({
  counts,
  spans: list.map(([offset, length]) => ({ offset, length })),
});

/** Why one is rejected between two good ones, whose rows are as if it had not come. */
function rejectionOf(...bad: Histogram[]): string {
  const [blocks, others] = [createOpenBlocks(), createOpenBlocks()];
  const result = decodeWrite(2, write(plain, custom, ...bad, plain, custom), blocks);
  decodeWrite(2, write(plain, custom, plain, custom), others);
  const written = { samples: 0, histograms: 4, exemplars: 0 };
  expect(result).toMatchObject({ accepted: 4, rejected: bad.length, written });
  const [units, expected] = [blocks.encode(1n), others.encode(1n)];
  expect(units.map((unit) => unit.checksum)).toEqual(expected.map((unit) => unit.checksum));
  const message = result.outcome === 'decoded' ? result.message : '';
  expect(message).toMatch(/^h\{job="j",a="b"\}: /);
  return message;
}

describe('a native histogram that is none', () => {
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
    [
      'more buckets than are looked at',
      { ...plain, positive: buckets(Array(65_537).fill(0), [0, 65_537]) },
      /more than 65536 buckets/,
    ],
    [
      'more spans',
      {
        ...plain,
        positive: {
          counts: [2],
          spans: Array.from({ length: 65_537 }, () => ({ offset: 1, length: 0 })),
        },
      },
      /more than 65536 buckets or spans/,
    ],
    [
      'more bounds',
      { ...custom, bounds: Array.from({ length: 65_537 }, (_, at) => at) },
      /too many bounds/,
    ],
    ['NaN and fewer values', { ...plain, count: 1, sumBits: nan }, /counts 1, and 2 are/],
    ['NaN and bounds', { ...custom, count: 1, sumBits: nan }, /counts 1, and 2 are/],
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

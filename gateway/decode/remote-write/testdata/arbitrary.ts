/** Random series of remote write as plain objects: for property tests and fuzzers. */
import fc from 'fast-check';
import { dayMs, nowMs } from './times.ts';
import { bitsOf, type Exemplar, type Histogram, type Label, type Series } from './write-request.ts';

const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 10 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
  fc.constantFrom('a', 'b', 'http.route', 'x'.repeat(127), 'y'.repeat(300)),
);
/** One in thirty is empty: no label at all, or no name. */
const textOrNone = fc.oneof({ weight: 29, arbitrary: text }, { weight: 1, arbitrary: fc.constant('') });

const timeMs = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -72_000_000, max: 72_000_000 }).map((by) => nowMs + BigInt(by)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0n, -1n, nowMs - 401n * dayMs, nowMs + 2n * dayMs, 2n ** 63n - 1n),
  },
);
const startMs = fc.oneof(fc.constant(0n), timeMs);
const bits = fc.oneof(
  fc.double().map(bitsOf),
  fc.integer().map(bitsOf),
  fc.constantFrom(0x7ff0_0000_0000_0002n, 0x7ff8_0000_0000_0001n, bitsOf(-0), bitsOf(Infinity)),
);

const hexOf = (digits: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF'), minLength: digits, maxLength: digits });
const exemplarLabel = fc.oneof(
  fc.tuple(textOrNone, textOrNone),
  fc.tuple(fc.constant('trace_id'), fc.oneof(hexOf(32), text)),
  fc.tuple(fc.constant('span_id'), fc.oneof(hexOf(16), text, fc.constant('0'.repeat(16)))),
);
const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  labels: fc.array(exemplarLabel, { maxLength: 4 }),
  bits,
  timeMs,
});

const name = fc.oneof(
  fc.constantFrom('up', 'requests_total', 'size_bucket', 'size_sum', 'size_count', 'target_info'),
  text,
);
const job = fc.constantFrom('shop', 'eu/shop', 'eu/a/b', '/', 'x/', 'é'.repeat(70));
const own = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(textOrNone, textOrNone) },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.constantFrom('name', 'version', 'schema_url', 'lang', 'd'.repeat(200)).map((key) => `otel_scope_${key}`),
      text,
    ),
  },
);

/** In any order; now and then without a name, or with a label that comes twice. */
const labels: fc.Arbitrary<Label[]> = fc
  .tuple(
    fc.option(name, { freq: 30 }),
    fc.option(job, { freq: 2 }),
    fc.option(fc.constantFrom('h:1', 'h:2'), { freq: 2 }),
    fc.oneof(
      { weight: 12, arbitrary: fc.uniqueArray(own, { selector: ([key]) => key, maxLength: 8 }) },
      { weight: 1, arbitrary: fc.array(own, { maxLength: 8 }) },
    ),
  )
  .map(([metric, ofJob, instance, others]): Label[] => [
    ...(metric === null ? [] : ([['__name__', metric]] as Label[])),
    ...others.filter(([key]) => !['__name__', 'job', 'instance'].includes(key)),
    ...(ofJob === null ? [] : ([['job', ofJob]] as Label[])),
    ...(instance === null ? [] : ([['instance', instance]] as Label[])),
  ])
  .chain((list) => fc.shuffledSubarray(list, { minLength: list.length }));

type Raw = { readonly gap: number; readonly counts: readonly number[] };

const spans = (isFloat: boolean): fc.Arbitrary<Raw[]> => {
  const count = isFloat ? fc.oneof(fc.nat(99), fc.double({ min: 0, max: 1e6, noNaN: true })) : fc.nat(99);
  const gap = fc.oneof({ weight: 9, arbitrary: fc.nat(5) }, { weight: 1, arbitrary: fc.nat(60_000) });
  return fc.array(fc.record({ gap, counts: fc.array(count, { maxLength: 5 }) }), { maxLength: 4 });
};

function bucketsOf(raw: readonly Raw[], firstOffset: number): NonNullable<Histogram['positive']> {
  return {
    spans: raw.map(({ gap, counts }, index) => ({
      offset: index === 0 ? firstOffset + gap : gap,
      length: counts.length,
    })),
    counts: raw.flatMap(({ counts }) => counts),
  };
}

const sum = (values: readonly number[] = []): number => values.reduce((all, one) => all + one, 0);

/** One in ten counts wrong or is of a schema that there is not. */
const histogram: fc.Arbitrary<Histogram> = fc
  .boolean()
  .chain((isFloat) =>
    fc.record({
      isFloat: fc.constant(isFloat),
      schema: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: -4, max: 8 }) },
        { weight: 5, arbitrary: fc.constant(-53) },
        { weight: 1, arbitrary: fc.constantFrom(-5, 9, -52) },
      ),
      positive: spans(isFloat),
      negative: spans(isFloat),
      offset: fc.integer({ min: -200, max: 200 }),
      zeroCount: fc.nat(9),
      zeroThreshold: fc.constantFrom(0, 2 ** -128, 0.5),
      wrongBy: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
      sumBits: bits,
      resetHint: fc.nat(3),
      timeMs,
      startMs,
    }),
  )
  .map(({ positive, negative, offset, wrongBy, zeroCount, zeroThreshold, ...rest }) => {
    const isCustom = rest.schema === -53;
    const above = bucketsOf(positive, isCustom ? 0 : offset);
    const below = bucketsOf(negative, -offset);
    const counted = sum(above.counts) + (isCustom ? 0 : sum(below.counts) + zeroCount);
    const whole = { ...rest, positive: above, count: counted + wrongBy };
    if (!isCustom) return { ...whole, negative: below, zeroCount, zeroThreshold };
    const width = sum(above.spans.map((span) => span.offset + span.length));
    const bounds = Array.from({ length: Math.min(width, 50) }, (_, index) => index / 4 - 1);
    return { ...whole, bounds };
  });

/** What both versions can say. */
export const plainSeries: fc.Arbitrary<Series> = fc.record({
  labels,
  samples: fc.array(fc.record({ bits, timeMs }), { maxLength: 4 }),
  histograms: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(histogram.map((one) => ({ ...one, startMs: 0n })), { maxLength: 3 }) },
  ),
  exemplars: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(exemplar, { maxLength: 3 }) },
  ),
});

/** With what only 2.0 can say. */
export const fullSeries: fc.Arbitrary<Series> = fc
  .tuple(
    plainSeries,
    fc.record({
      samples: fc.array(fc.record({ bits, timeMs, startMs }), { maxLength: 3 }),
      histograms: fc.oneof(fc.constant([]), fc.array(histogram, { maxLength: 2 })),
      type: fc.nat(9),
      help: fc.constantFrom('', 'How many.', 'é'),
      unit: fc.constantFrom('', 'seconds'),
      createdMs: startMs,
    }),
  )
  .map(([plain, more]) => ({ ...plain, ...more }));

export const metadataList: fc.Arbitrary<{ type: number; name: string; help: string; unit: string }[]> =
  fc.array(
    fc.record({ type: fc.nat(9), name: fc.oneof(name, fc.constant('')), help: text, unit: text }),
    { maxLength: 2 },
  );

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import type { Submission } from '../answer.ts';
import { SeriesReader } from '../decode/remote-write/series-identity.ts';
import { tagsOfV1, tagsOfV2 } from '../decode/remote-write/series-target.ts';
import { readSymbols } from '../decode/remote-write/symbols.ts';
import { fullSeries, plainSeries } from '../decode/remote-write/testdata/arbitrary.ts';
import { decodeWrite } from '../decode/remote-write/testdata/decode-write.ts';
import { readWrite, type Version } from '../decode/remote-write/testdata/prompb.ts';
import {
  bitsOf,
  type Label,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { int, join, len, type Piece, varint } from '../decode/testdata/wire-writer.ts';
import { readLength, readTag, skipField, word } from '../decode/wire.ts';
import { SeriesGuard } from './series-guard.ts';
import { generationMs, type SeriesLimit, SeriesLimits } from './series-limits.ts';

const versions: readonly Version[] = [1, 2];
const writers = { 1: writeRequestV1, 2: writeRequestV2 } as const;
const seeds = [
  { low: 1, high: 2 },
  { low: 3, high: 4 },
] as const;

function submissionOf(version: Version, body: Uint8Array, tenant = 'shop'): Submission {
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const kind = { signal: 'metrics', transport: 'http', contentType, tenant } as const;
  return { ...kind, contentEncoding: 'snappy', wire: Buffer.from('as it came'), body };
}

function guardWith(limit: SeriesLimit) {
  const clock = simulatedClock();
  const talk: string[] = [];
  const refused: Record<string, number> = {};
  const guard = new SeriesGuard({
    limits: new SeriesLimits(() => limit, clock),
    clock,
    seeds,
    onRefused: (reason, series) => {
      refused[reason] = (refused[reason] ?? 0) + series;
    },
    log: (message) => talk.push(message),
  });
  const admit = (version: Version, list: readonly Series[], tenant?: string) =>
    guard.admit(submissionOf(version, writers[version](list), tenant));
  return { guard, admit, clock, talk, refused };
}

const point = { bits: bitsOf(1), timeMs: 1n };
const series = (name: string, of: string, count = 1): Series => ({
  labels: [
    ['__name__', name],
    ['of', of],
  ],
  samples: Array.from({ length: count }, () => point),
});

/** What is left of a request, as `name of`. */
function left(version: Version, { submission }: { readonly submission: Submission }): string[] {
  return readWrite(version, submission.body).map(({ labels }) =>
    labels.map(([, value]) => value).join(' '),
  );
}

describe.each(versions)('the guard of series, remote write %s.0', (version) => {
  it('lets series in until a metric has its number, and says so of the others', () => {
    const { admit, refused } = guardWith({ seriesMax: 100, seriesPerMetricMax: 2 });
    const list = ['a', 'b', 'c', 'a', 'd'].map((of) => series('up', of));
    const admitted = admit(version, [...list, series('down', 'a')]);
    expect(left(version, admitted)).toEqual(['up a', 'up b', 'up a', 'down a']);
    expect(admitted).toMatchObject({
      refused: 2,
      message:
        'up{of="c"}: tenant shop may have 2 series of one metric (limit "series_per_metric"),' +
        ' and this one is new',
      submission: { contentEncoding: 'identity', wire: admitted.submission.body },
    });
    expect(refused).toEqual({ metric: 2 });
  });

  it('lets series in until the tenant has its number', () => {
    const { admit, refused } = guardWith({ seriesMax: 3, seriesPerMetricMax: 2 });
    const list = ['a', 'b', 'c', 'd'].map((name) => series(name, 'x'));
    const admitted = admit(version, list);
    expect(left(version, admitted)).toEqual(['a x', 'b x', 'c x']);
    expect(admitted.message).toBe(
      'd{of="x"}: tenant shop may have 3 series (limit "series"), and this one is new',
    );
    expect(refused).toEqual({ tenant: 1 });
    expect(admit(version, list, 'cart').refused).toBe(1);
    expect(admit(version, list, '').message).toContain('all senders together may have 3 series');
  });

  it('lets known series pass when it is full, and new ones when old ones are forgotten', () => {
    const { admit, clock } = guardWith({ seriesMax: 2 });
    const both = admit(version, [series('up', 'a'), series('up', 'b')]);
    expect(both.refused).toBe(0);
    expect(left(version, admit(version, [series('up', 'c'), series('up', 'b')]))).toEqual(['up b']);
    clock.advance(generationMs);
    expect(admit(version, [series('up', 'b')]).refused).toBe(0);
    clock.advance(generationMs);
    expect(left(version, admit(version, [series('up', 'c'), series('up', 'd')]))).toEqual(['up c']);
    expect(admit(version, [series('up', 'b')]).refused).toBe(0);
  });

  it('takes nothing over from the request before', () => {
    const { admit } = guardWith({ seriesMax: 1 });
    expect(admit(version, [series('up', 'a')]).refused).toBe(0);
    for (const [name, of] of [['no', 'a'] as const, ['up', 'b'] as const]) {
      expect(admit(version, [series(name, of)]).refused).toBe(1);
    }
  });

  it('counts samples and histograms of what it refuses, and exemplars alone as one', () => {
    const { admit } = guardWith({ seriesMax: 1 });
    admit(version, [series('up', 'a')]);
    const histogram = { count: 0, sumBits: bitsOf(0), schema: 0, timeMs: 1n };
    const labels: Label[] = [['__name__', 'other']];
    const refusedOf = (one: Series) => admit(version, [one]).refused;
    expect(refusedOf(series('up', 'b', 3))).toBe(3);
    expect(refusedOf({ labels, histograms: [histogram, histogram] })).toBe(2);
    expect(refusedOf({ labels, exemplars: [{ labels: [], ...point }] })).toBe(1);
    expect(refusedOf({ labels })).toBe(0);
  });

  it('leaves series that are none to the decoder, and counts them not', () => {
    const { admit } = guardWith({ seriesMax: 1 });
    const wrong: Series[] = [
      { labels: [['a', 'b']], samples: [point] },
      {
        labels: [
          ['__name__', 'up'],
          ['a', 'b'],
          ['a', 'c'],
        ],
        samples: [point],
      },
    ];
    const admitted = admit(version, [...wrong, series('up', 'a')]);
    expect(admitted.refused).toBe(0);
  });

  it('gives a request back as it came, the same object, while limits are far away', () => {
    const { guard } = guardWith({ seriesMax: 1_000_000, seriesPerMetricMax: 1_000_000 });
    const requests = fc.array(
      fc.record({
        labels: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 5 }),
        samples: fc.constantFrom([], [point]),
      }),
    );
    fc.assert(
      fc.property(requests, fc.option(fc.nat()), (list, cut) => {
        const body = writers[version](list);
        const submission = submissionOf(version, cut === null ? body : body.subarray(0, cut));
        const admitted = guard.admit(submission);
        expect(admitted.submission).toBe(submission);
        expect(admitted).toMatchObject({ refused: 0, message: '' });
      }),
    );
  });

  it('loses no item and invents none, of whatever series and limits', () => {
    const requests = fc.array(version === 1 ? plainSeries : fullSeries, { maxLength: 6 });
    const itemsOf = (body: Uint8Array): number => {
      const result = decodeWrite(version, body);
      if (result.outcome !== 'decoded') throw new Error(result.outcome);
      return result.accepted + result.rejected;
    };
    let refusing = 0;
    fc.assert(
      fc.property(requests, fc.nat(3), (list, seriesMax) => {
        // Exemplars have a row of their own where no sample can be stored.
        const bare = list.map((one): Series => ({ ...one, exemplars: [] }));
        const body = writers[version](bare);
        const { admit } = guardWith({ seriesMax, seriesPerMetricMax: 2 });
        const { submission, refused } = admit(version, bare);
        if (refused > 0) refusing += 1;
        expect(itemsOf(submission.body) + refused).toBe(itemsOf(body));
      }),
      { numRuns: 200 },
    );
    expect(refusing).toBeGreaterThan(20);
  });

  it('leaves everything in place but what it refuses, also what it does not know', () => {
    const { guard } = guardWith({ seriesMax: 1 });
    const symbols = join(...['', '__name__', 'up', 'of', 'a', 'b'].map((text) => len(4, text)));
    const label = (name: string, value: string): Piece => len(1, join(len(1, name), len(2, value)));
    const sample = len(2, int(2, 1));
    const one = (of: 'a' | 'b'): Piece =>
      version === 1
        ? len(1, join(label('__name__', 'up'), label('of', of), sample))
        : len(5, join(len(1, join(...[1, 2, 3, of === 'a' ? 4 : 5].map(varint))), sample));
    const before = version === 1 ? len(3, join(int(1, 1), len(2, 'up'))) : symbols;
    const unknown = join(len(90, 'x'), int(91, 7));
    const body = join(before, one('a'), one('b'), unknown, one('b'), one('a'), one('b'));
    const wanted = join(before, one('a'), unknown, one('a'));
    const { submission, refused } = guard.admit(submissionOf(version, body));
    expect(Buffer.from(submission.body).toString('hex')).toBe(Buffer.from(wanted).toString('hex'));
    expect(refused).toBe(3);
  });
});

describe('the guard of series', () => {
  it('knows a series whichever version brings it', () => {
    const { admit } = guardWith({ seriesMax: 1 });
    expect(admit(1, [series('up', 'a')]).refused).toBe(0);
    expect(admit(2, [series('up', 'a')]).refused).toBe(0);
    expect(admit(2, [series('up', 'b')]).refused).toBe(1);
  });

  it('does not look at other requests', () => {
    const { guard } = guardWith({ seriesMax: 1 });
    const submission = { ...submissionOf(1, new Uint8Array([0xff])), contentType: 'json' } as const;
    expect(guard.admit(submission).submission).toBe(submission);
  });

  it('says once a minute whose series it refuses, with how many items since', () => {
    const { admit, clock, talk } = guardWith({ seriesMax: 1 });
    for (let time = 0; time < 100; time += 1) {
      admit(1, [series('up', 'a'), series('up', String(time))]);
      clock.advance(1000);
    }
    expect(talk).toEqual([
      '1 items of new series refused since this was said last, now of "up": tenant shop may have' +
        ' 1 series (limit "series")',
      '60 items of new series refused since this was said last, now of "up": tenant shop may have' +
        ' 1 series (limit "series")',
    ]);
  });
});

/** The identity of the first series of a request. */
function identityOf(version: Version, body: Uint8Array): string {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const reader = new SeriesReader(seeds);
  reader.begin();
  if (version === 2) readSymbols(body);
  const seriesTag = version === 1 ? 0x0a : 0x2a;
  for (let at = 0; at < body.length; ) {
    at = readTag(body, at, body.length);
    const tag = word[0]!;
    if (tag === seriesTag) {
      const start = readLength(body, at, body.length);
      const items = reader.read(
        body,
        view,
        start,
        start + word[0]!,
        version === 1 ? tagsOfV1 : tagsOfV2,
      );
      return items === 0 ? '' : JSON.stringify(reader.identity);
    }
    at = skipField(body, at, body.length, tag);
  }
  return '';
}

describe('the identity of a series', () => {
  const pairs = fc.uniqueArray(
    fc.tuple(
      fc.string({ minLength: 1, maxLength: 9 }).filter((name) => name !== '__name__'),
      fc.string({ maxLength: 9 }),
    ),
    { selector: ([name]) => name, maxLength: 8 },
  );
  const named = (list: readonly Label[]): Series => ({
    labels: [['__name__', 'up'], ...list],
    samples: [point],
  });

  it('is the same in both versions and in every order, without labels that have no value', () => {
    fc.assert(
      fc.property(pairs, fc.infiniteStream(fc.nat()), (list, random) => {
        const shuffled = list
          .map((pair) => [random.next().value, pair] as const)
          .toSorted(([left], [right]) => left - right)
          .map(([, pair]) => pair);
        const bare = list.filter(([, value]) => value !== '');
        const first = identityOf(1, writeRequestV1([named(list)]));
        expect(first).not.toBe('');
        expect(identityOf(2, writeRequestV2([named(shuffled)]))).toBe(first);
        expect(identityOf(1, writeRequestV1([named(bare)]))).toBe(first);
      }),
    );
  });

  it('is another one when name, label or value differ, or stand elsewhere', () => {
    const lists: Label[][] = [
      [],
      [['a', 'b']],
      [['b', 'a']],
      [['ab', 'c']],
      [['a', 'bc']],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
      [
        ['a', 'd'],
        ['c', 'b'],
      ],
      [['job', 'b']],
      [['instance', 'b']],
      [['otel_scope_name', 'b']],
    ];
    const identities = lists.map((list) => identityOf(1, writeRequestV1([named(list)])));
    expect(new Set(identities).size).toBe(lists.length);
    const down: Series = { labels: [['__name__', 'down']], samples: [point] };
    expect(identities).not.toContain(identityOf(1, writeRequestV1([down])));
  });

  it('is its own in a hundred thousand series', () => {
    const seen = new Set<string>();
    for (let index = 0; index < 100_000; index += 1) {
      seen.add(identityOf(2, writeRequestV2([series('up', String(index))])));
    }
    expect(seen.size).toBe(100_000);
  });
});

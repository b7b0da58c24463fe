/** The rules of remote write that hold for times and for whole requests. */
import { describe, expect, it } from '@jest/globals';
import { type Blocks, createOpenBlocks } from '../blocks.ts';
import { decodeInto } from '../decode.ts';
import {
  fixed64,
  int,
  join,
  len,
  type Piece,
  request,
  tag,
  varint,
} from '../testdata/wire-writer.ts';
import { countWritten } from './count.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, sample, series, useEngine } from './testdata/decoded.ts';
import { dayMs, nowMs, nowNs } from './testdata/times.ts';
import { bitsOf, type Series, writeRequestV1, writeRequestV2 } from './testdata/write-request.ts';

const { store } = useEngine('remote_write_requests');
const versions = [1, 2] as const;
const writers = { 1: writeRequestV1, 2: writeRequestV2 } as const;

function checksums(blocks: Blocks): string[] {
  return blocks.encode(1n).map(({ table, rows, checksum }) => `${table} ${rows} ${checksum}`);
}

describe.each(versions)('times (PRW1-8), version %i', (version) => {
  const seconds = (timeMs: bigint): string =>
    `${timeMs / 1000n}.${String(timeMs % 1000n).padStart(3, '0')}000000`;

  it('are stored to the millisecond, within 400 days back and one ahead', async () => {
    const times = [nowMs - 400n * dayMs, nowMs - 1n, nowMs, nowMs + 86_399_999n, nowMs + dayMs];
    const samples = times.map((timeMs) => sample(1, timeMs));
    const { gauges, result } = await store(
      version,
      writers[version]([{ labels: labelsOf('m'), samples }]),
    );
    expect(gauges.map((row) => row['TimeUnix']).toSorted()).toEqual(times.map(seconds).toSorted());
    expect(result).toMatchObject({ accepted: 5, rejected: 0, hasOwnTimes: true, message: '' });
  });

  it('elsewhere cost their sample, and the message names the series', async () => {
    const outside = [
      0n,
      -1n,
      -(2n ** 63n),
      2n ** 63n - 1n,
      2n ** 63n - 2n ** 32n,
      9_223_372_036_854n,
      9_223_372_036_855n,
      nowMs - 400n * dayMs - 1n,
      nowMs + dayMs + 1n,
      nowMs * 1000n,
      nowMs / 1000n,
    ];
    for (const timeMs of outside) {
      const samples = [sample(1, nowMs - 2n), sample(2, timeMs), sample(3, nowMs)];
      const labels = labelsOf('http_requests', { job: 'shop', instance: 'h:1', code: '200' });
      const body = writers[version]([{ labels, samples }]);
      const result = decodeWrite(version, body);
      expect([timeMs, result]).toMatchObject([
        timeMs,
        { accepted: 2, rejected: 1, written: { samples: 2 } },
      ]);
      expect(result).toMatchObject({
        message:
          'http_requests{job="shop",instance="h:1",code="200"}: ' +
          'its time lies outside the range that is stored',
      });
    }
    const { gauges } = await store(
      version,
      writers[version]([{ labels: labelsOf('m'), samples: [sample(1), sample(2, 0n), sample(3)] }]),
    );
    expect(gauges.map((row) => row['Value'])).toEqual([1, 3]);
  });

  it('that are missing cost their sample, too', () => {
    const bare = len(2, fixed64(1, bitsOf(1)));
    const good = join(bare.subarray(0, 1), varint(9 + 7), bare.subarray(2), int(2, nowMs));
    const body =
      version === 1
        ? len(1, join(len(1, join(len(1, '__name__'), len(2, 'm'))), bare, good))
        : join(
            len(4, ''),
            len(4, '__name__'),
            len(4, 'm'),
            len(5, join(len(1, join(varint(1), varint(2))), bare, good)),
          );
    expect(decodeWrite(version, body)).toMatchObject({ accepted: 1, rejected: 1 });
  });

  it('may go back, and come twice with other values (PRW1-11)', async () => {
    const samples = [sample(1), sample(2, nowMs - 9n), sample(3), sample(3)];
    const { gauges } = await store(version, writers[version]([{ labels: labelsOf('m'), samples }]));
    expect(gauges.map((row) => [row['TimeUnix'], row['Value']])).toEqual([
      [seconds(nowMs), 1],
      [seconds(nowMs - 9n), 2],
      [seconds(nowMs), 3],
      [seconds(nowMs), 3],
    ]);
  });
});

describe('where a series began (PRW2-15)', () => {
  const starts = async (more: Partial<Series>): Promise<unknown[]> => {
    const { gauges } = await store(2, writeRequestV2([{ labels: labelsOf('m'), ...more }]));
    return gauges.map((row) => row['StartTimeUnix']);
  };
  const begun = nowMs - 60_000n;
  const text = '1795003140.000000000';
  const none = '0.000000000';

  it('is said by the series until rc.3, by each sample since', async () => {
    expect(await starts({ createdMs: begun, samples: [sample(1), sample(2)] })).toEqual([
      text,
      text,
    ]);
    const own = { ...sample(1), startMs: begun };
    expect(await starts({ samples: [own, sample(2)] })).toEqual([text, none]);
    const other = { createdMs: begun - 5000n, samples: [own, sample(2)] };
    expect(await starts(other)).toEqual([text, '1795003135.000000000']);
  });

  it('is not said by 0 or by a time that cannot be stored (PRW2-11)', async () => {
    expect(await starts({ createdMs: -1n, samples: [sample(1)] })).toEqual([none]);
    expect(await starts({ samples: [{ ...sample(1), startMs: 2n ** 62n }] })).toEqual([none]);
    // Written out, as no encoder does.
    const point = len(2, join(fixed64(1, 0n), int(2, nowMs), int(3, 0)));
    const refs = len(1, join(varint(1), varint(2)));
    const body = join(
      ...['', '__name__', 'm'].map((symbol) => len(4, symbol)),
      len(5, join(refs, point, int(6, begun))),
    );
    expect((await store(2, body)).gauges).toMatchObject([{ StartTimeUnix: text }]);
  });

  it('is no field of 1.0', async () => {
    const point = len(2, join(fixed64(1, 0n), int(2, nowMs), int(3, begun)));
    const body = len(1, join(len(1, join(len(1, '__name__'), len(2, 'm'))), point, int(6, begun)));
    expect((await store(1, body)).gauges).toMatchObject([{ StartTimeUnix: none }]);
  });
});

describe('requests without samples', () => {
  it('of 1.0 are stored, metadata as rows without a value (PRW1-10)', async () => {
    const metadata = [
      { type: 1, name: 'requests_total', help: 'How many.', unit: '' },
      { type: 2, name: 'heat', help: 'How warm.', unit: 'celsius' },
      { type: 9, name: 'odd_total', help: '', unit: '' },
      { type: 1, name: '', help: 'Of what?', unit: '' },
    ];
    const { gauges, sums, result } = await store(1, writeRequestV1([], metadata));
    const empty = { ValueType: 'None', Value: 0, Flags: 1, TimeUnix: '1795003200.000000000' };
    expect(sums).toMatchObject([
      { ...empty, MetricName: 'requests_total', MetricDescription: 'How many.' },
      { ...empty, MetricName: 'odd_total' },
    ]);
    expect(gauges).toMatchObject([
      {
        ...empty,
        MetricName: 'heat',
        MetricUnit: 'celsius',
        ResourceAttributes: [],
        Attributes: [],
      },
    ]);
    expect(result).toMatchObject({ accepted: 3, rejected: 0, written: { samples: 0 } });
  });

  it('hold nothing of the series that came before their metadata', async () => {
    const before: Series = {
      labels: labelsOf('m', { job: 'j', instance: 'i', a: 'b', otel_scope_name: 's' }),
      samples: [sample(1)],
    };
    const metadata = [{ type: 2, name: 'heat', help: '', unit: '' }];
    const { gauges } = await store(1, writeRequestV1([before], metadata));
    const nothing = { ServiceName: '', ResourceAttributes: [], ScopeName: '', Attributes: [] };
    expect(gauges[1]).toMatchObject({ ...nothing, MetricName: 'heat' });
  });

  it('hold nothing of the request before', async () => {
    const begun = { ...series('m'), createdMs: nowMs - 5n };
    expect(decodeWrite(2, writeRequestV2([begun]))).toMatchObject({ accepted: 1 });
    const { gauges } = await store(
      1,
      writeRequestV1([], [{ type: 2, name: 'heat', help: '', unit: '' }]),
    );
    expect(gauges).toMatchObject([{ StartTimeUnix: '0.000000000' }]);
  });

  it('are repeats when they come again: metadata measures nothing', () => {
    const metadata = [{ type: 1, name: 'requests_total', help: 'How many.', unit: '' }];
    const body = writeRequestV1([series('m')], metadata);
    expect(decodeWrite(1, body)).toMatchObject({ accepted: 2, hasOwnTimes: true });
  });

  it('are no fault in 1.0; in 2.0 a series without points is (PRW2-10)', () => {
    expect(decodeWrite(1, new Uint8Array(0))).toMatchObject({ accepted: 0, rejected: 0 });
    expect(decodeWrite(2, new Uint8Array(0))).toMatchObject({ accepted: 0, rejected: 0 });
    expect(decodeWrite(2, len(4, ''))).toMatchObject({ accepted: 0, rejected: 0 });
    const labels = labelsOf('m');
    expect(decodeWrite(1, writeRequestV1([{ labels }]))).toMatchObject({ rejected: 0 });
    expect(decodeWrite(2, writeRequestV2([{ labels }]))).toMatchObject({
      rejected: 1,
      message: 'm{}: it has neither samples nor histograms',
    });
  });
});

describe('symbols (PRW2-9)', () => {
  const symbols = (...texts: string[]): Piece => join(...texts.map((text) => len(4, text)));
  const point = len(2, join(fixed64(1, bitsOf(1)), int(2, nowMs)));
  const refs = (...list: number[]): Piece => len(1, join(...list.map(varint)));
  const good = len(5, join(refs(1, 2), point));

  it('must begin with the empty one', () => {
    const body = join(symbols('__name__', 'm'), len(5, join(refs(0, 1), point)));
    expect(decodeWrite(2, body)).toMatchObject({
      outcome: 'malformed',
      message: 'symbols[0] is not empty',
      offset: 2,
    });
  });

  it.each([
    ['past the table', refs(1, 2, 1, 3), /symbol that is not there/],
    ['of 2^32 - 1', refs(1, 2, 2 ** 32 - 1, 2), /symbol that is not there/],
    ['of an odd number', refs(1, 2, 1), /odd number/],
    ['of an odd number, alone', refs(1), /odd number/],
    ['to the empty name', refs(1, 2, 0, 2), /no name/],
  ])('cost their series by references %s', (_, list, reason) => {
    const bad = len(5, join(list, point, point));
    const result = decodeWrite(2, join(symbols('', '__name__', 'm'), good, bad, good));
    expect(result).toMatchObject({
      accepted: 2,
      rejected: 2,
      message: expect.stringMatching(reason),
    });
  });

  it('cost their series by references of its metadata that lead nowhere', () => {
    for (const field of [3, 4]) {
      const bad = len(5, join(refs(1, 2), point, len(5, int(field, 3))));
      const result = decodeWrite(2, join(symbols('', '__name__', 'm'), bad));
      expect(result).toMatchObject({
        accepted: 0,
        rejected: 1,
        message: expect.stringMatching(/metadata/),
      });
    }
  });

  it('are found wherever they stand, and referred to packed or not', async () => {
    const loose = join(int(1, 1), int(1, 2), refs(3), int(1, 4));
    const body = join(len(5, join(loose, point)), symbols('', '__name__', 'm', 'a', 'b'), good);
    const { gauges } = await store(2, body);
    expect(gauges).toMatchObject([{ Attributes: [['a', 'b']] }, { Attributes: [] }]);
  });

  it('do not stand for more text than can be worked on', () => {
    const long = symbols('', '__name__', 'm', 'x'.repeat(100_000));
    const series = len(5, join(refs(1, 2, 3, 1), point));
    const some = join(long, ...Array.from({ length: 60 }, () => series));
    expect(decodeWrite(2, some)).toMatchObject({ accepted: 60 });
    const many = join(long, ...Array.from({ length: 200 }, () => series));
    expect(decodeWrite(2, many)).toMatchObject({
      outcome: 'malformed',
      message: 'its references stand for more than 64 times its size',
    });
  });
});

describe.each(versions)('a request of version %i', (version) => {
  const body = writers[version]([
    {
      ...series('a_total', { job: 'j' }),
      exemplars: [{ labels: [['trace_id', '1'.repeat(32)]], bits: 1n, timeMs: nowMs }],
    },
    {
      labels: labelsOf('h'),
      histograms: [
        {
          count: 1,
          sumBits: 0n,
          schema: 0,
          timeMs: nowMs,
          positive: { spans: [{ offset: 0, length: 1 }], counts: [1] },
        },
      ],
    },
    series('b', { c: 'd' }),
  ]);

  it('cut off anywhere stores nothing or what its whole fields say', () => {
    const blocks = createOpenBlocks();
    decodeWrite(version, body, blocks);
    const before = checksums(blocks);
    const outcomes = { decoded: 0, malformed: 0 };
    for (let size = 0; size < body.length; size += 1) {
      const mark = blocks.mark();
      const rows = blocks.rowCount();
      const result = decodeWrite(version, body.slice(0, size), blocks);
      if (result.outcome === 'full') throw new Error('full');
      outcomes[result.outcome] += 1;
      if (result.outcome === 'decoded') {
        expect(blocks.rowCount() - rows).toBe(result.accepted);
        blocks.cutBack(mark);
      } else expect(result.offset).toBeLessThanOrEqual(size);
      expect(checksums(blocks)).toEqual(before);
    }
    expect(outcomes.malformed).toBeGreaterThan(outcomes.decoded * 5);
  });

  it('may hold fields that nobody knows, and known ones of another wire type', () => {
    const group = join(tag(90, 3), int(1, 5), tag(90, 4));
    const strange = join(int(80, 1), fixed64(81, 2n), len(82, 'x'), group, int(1, 1), int(3, 9));
    const blocks = createOpenBlocks();
    const plain = createOpenBlocks();
    decodeWrite(version, join(strange, body, strange), blocks);
    decodeWrite(version, body, plain);
    expect(checksums(blocks)).toEqual(checksums(plain));
    expect(blocks.rowCount()).toBe(3);
  });

  it('counts what it stored by kind, and again when it comes again (PRW2-4)', () => {
    const written = { samples: 2, histograms: 1, exemplars: 1 };
    expect(decodeWrite(version, body)).toMatchObject({ accepted: 3, rejected: 0, written });
    if (version === 2) expect(countWritten(body)).toEqual(written);
  });

  it('stores the valid rest and gives the first reason (PRW1-6, PRW2-6)', async () => {
    const bad: Series = { labels: [['a', 'b']], samples: [sample(1), sample(2)] };
    const late: Series = { labels: labelsOf('late'), samples: [sample(1, 5n)] };
    const mixed = writers[version]([series('x'), bad, late, series('y')]);
    const { gauges, result } = await store(version, mixed);
    expect(gauges.map((row) => row['MetricName'])).toEqual(['x', 'y']);
    expect(result).toMatchObject({
      accepted: 2,
      rejected: 3,
      message: '{a="b"}: it has no metric name',
      written: { samples: 2, histograms: 0, exemplars: 0 },
    });
  });

  it('is told a reason of bounded length, whatever its labels are', () => {
    // The cut falls between the halves of a character in one of the two.
    for (const start of ['', 'x']) {
      const labels = labelsOf('m', { a: `${start}${'\u{1f986}'.repeat(999)}` });
      const body = writers[version]([{ labels, samples: [sample(1, 0n)] }]);
      const result = decodeWrite(version, body);
      const message = result.outcome === 'decoded' ? result.message : '';
      expect(message.length).toBeLessThan(300);
      expect(message.isWellFormed()).toBe(true);
    }
  });

  it('loses no rows to a body of OTLP that was malformed within a point', () => {
    const blocks = createOpenBlocks();
    const torn = join(fixed64(3, nowNs), fixed64(3, nowNs + 1n), Uint8Array.from([0x3a, 0x7f]));
    const otlp = request([join(len(1, 'm'), len(5, len(1, torn)))]);
    const input = { signal: 'metrics', contentType: 'protobuf', body: otlp } as const;
    expect(decodeInto(blocks, { ...input, receivedAtNs: nowNs }).outcome).toBe('malformed');
    expect(decodeWrite(version, body, blocks)).toMatchObject({ accepted: 3 });
    expect(blocks.rowCount()).toBe(3);
  });
});

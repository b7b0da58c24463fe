/** Exemplars: onto a row where there is one, in one of their own otherwise, never a fault. */
import { describe, expect, it } from '@jest/globals';
import { fixed64, int, join, len, type Piece, varint } from '../testdata/wire-writer.ts';
import { countWritten } from './count.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, sample, useEngine } from './testdata/decoded.ts';
import { dayMs, nowMs } from './testdata/times.ts';
import {
  bitsOf,
  type Exemplar,
  type Label,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from './testdata/write-request.ts';

const { store, bitsIn } = useEngine('remote_write_exemplars');
const versions = [1, 2] as const;
const writers = { 1: writeRequestV1, 2: writeRequestV2 } as const;

const traceId = '0AF7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

const exemplar = (value: number, labels: readonly Label[] = [], timeMs = nowMs): Exemplar => ({
  bits: bitsOf(value),
  labels,
  timeMs,
});

describe.each(versions)('exemplars (PRW2-14), version %i', (version) => {
  const writeOne = (more: Partial<Series>): Piece =>
    writers[version]([{ labels: labelsOf('m_bucket', { le: '1' }), ...more }]);

  it('lie in the row of their series, with ids for what links to traces', async () => {
    const exemplars = [
      exemplar(
        0.5,
        [
          ['trace_id', traceId],
          ['span_id', spanId],
          ['user', '🦆 é'],
        ],
        nowMs - 1n,
      ),
      exemplar(0.75),
    ];
    const { sums, result } = await store(version, writeOne({ samples: [sample(3)], exemplars }));
    expect(sums).toMatchObject([
      {
        Value: 3,
        Attributes: [['le', '1']],
        'Exemplars.Value': [0.5, 0.75],
        'Exemplars.TimeUnix': ['1795003199.999000000', '1795003200.000000000'],
        'Exemplars.TraceId': [traceId.toLowerCase(), ''],
        'Exemplars.SpanId': [spanId, ''],
        'Exemplars.FilteredAttributes': [[['user', '🦆 é']], []],
      },
    ]);
    expect(result).toMatchObject({ accepted: 1, written: { samples: 1, exemplars: 2 } });
  });

  it('lie in the first row that is stored, and in none twice', async () => {
    const samples = [sample(1, 0n), sample(2), sample(3)];
    const body = writeOne({ samples, exemplars: [exemplar(9)] });
    const { sums, result } = await store(version, body);
    expect(sums.map((row) => row['Exemplars.Value'])).toEqual([[9], []]);
    expect(result).toMatchObject({ rejected: 1, written: { samples: 2, exemplars: 1 } });
  });

  it.each([
    ['none came', []],
    ['none can be stored', [sample(1, 0n)]],
  ])('have a row without a value where there is no sample: %s', async (_, samples) => {
    const exemplars = [exemplar(8, [], 0n), exemplar(9, [], nowMs - 5n), exemplar(7)];
    const { sums, result } = await store(version, writeOne({ samples, exemplars }));
    expect(sums).toMatchObject([
      {
        Flags: 1,
        ValueType: 'None',
        Value: 0,
        TimeUnix: '1795003199.995000000',
        'Exemplars.Value': [9, 7],
      },
    ]);
    const written = { samples: 0, histograms: 0, exemplars: 2 };
    expect(result).toMatchObject({ accepted: 1, rejected: samples.length, written });
  });

  it('are left out without a time that is one, and not counted', async () => {
    const times = [0n, -1n, 2n ** 62n, nowMs];
    const exemplars = times.map((timeMs) => exemplar(1, [['a', 'b']], timeMs));
    const body = writeOne({ samples: [sample(1)], exemplars });
    const { sums, result } = await store(version, body);
    expect(sums).toMatchObject([{ 'Exemplars.FilteredAttributes': [[['a', 'b']]] }]);
    const written = { samples: 1, histograms: 0, exemplars: 1 };
    expect(result).toMatchObject({ rejected: 0, written });
    const alone = writeOne({ exemplars: exemplars.slice(0, 3) });
    expect(decodeWrite(version, alone)).toMatchObject({ accepted: 0, rejected: 0 });
    if (version === 2) {
      expect(countWritten(body)).toEqual(written);
      expect(countWritten(alone)).toEqual({ samples: 0, histograms: 0, exemplars: 0 });
    }
  });

  it('keep times at which no row may lie; their own row then has that of the request', async () => {
    const exemplars = [exemplar(1, [], nowMs - 1000n * dayMs)];
    const { sums } = await store(version, writeOne({ exemplars }));
    expect(sums).toMatchObject([
      { TimeUnix: '1795003200.000000000', 'Exemplars.TimeUnix': ['1708603200.000000000'] },
    ]);
  });

  it('keep labels that are no ids as attributes, of a name that comes twice the last', async () => {
    const labels: Label[] = [
      ['trace_id', traceId.slice(1)],
      ['span_id', `${spanId.slice(1)}g`],
      ['trace_id', '0'.repeat(32)],
      ['traceID', traceId],
      ['', 'nameless'],
      ['a', '1'],
      ['a', '2'],
      ['empty', ''],
    ];
    const exemplars = [exemplar(1, labels), exemplar(2, [['b', '1']])];
    const { sums } = await store(version, writeOne({ samples: [sample(1)], exemplars }));
    expect(sums).toMatchObject([
      {
        'Exemplars.TraceId': ['', ''],
        'Exemplars.SpanId': ['', ''],
        'Exemplars.FilteredAttributes': [
          [
            ['a', '2'],
            ['empty', ''],
            ['span_id', `${spanId.slice(1)}g`],
            ['traceID', traceId],
            ['trace_id', '0'.repeat(32)],
          ],
          [['b', '1']],
        ],
      },
    ]);
  });

  it('keep every bit of their value', async () => {
    const bits = [0x7ff8_0000_0000_beefn, bitsOf(-0), bitsOf(Number.NEGATIVE_INFINITY)];
    const exemplars = bits.map((one): Exemplar => ({ bits: one, labels: [], timeMs: nowMs }));
    await store(version, writeOne({ samples: [sample(1)], exemplars }));
    const stored = await bitsIn('otel_metrics_sum', 'Exemplars.Value');
    expect(stored).toEqual(bits);
  });

  it('of a series that is rejected are neither stored nor counted', () => {
    const body = writers[version]([{ labels: [['a', 'b']], exemplars: [exemplar(1)] }]);
    const written = { exemplars: 0 };
    expect(decodeWrite(version, body)).toMatchObject({ accepted: 0, rejected: 1, written });
  });
});

describe('exemplars of a native histogram', () => {
  it('that come alone lie in its table, in a row that has neither count nor sum', async () => {
    const { rows } = await store(
      2,
      writeRequestV2([{ labels: labelsOf('h'), type: 3, exemplars: [exemplar(4)] }]),
    );
    expect(rows).toMatchObject({
      otel_metrics_exponential_histogram: [
        { Flags: 1, HasSum: false, Count: '0', FloatCounts: [], 'Exemplars.Value': [4] },
      ],
    });
  });
});

describe('references of an exemplar that lead nowhere', () => {
  it('cost their label, packed or not', async () => {
    const refs = join(...[1, 2, 3, 9, 9, 3].map(varint));
    const whole = len(4, join(len(1, refs), fixed64(2, bitsOf(1)), int(3, nowMs)));
    const odd = len(4, join(len(1, join(varint(3), varint(2), varint(3))), int(3, nowMs)));
    const loose = len(4, join(int(1, 3), int(3, nowMs), int(1, 2)));
    const point = len(2, join(fixed64(1, 0n), int(2, nowMs)));
    const body = join(
      ...['', '__name__', 'm', 'a'].map((text) => len(4, text)),
      len(5, join(len(1, join(varint(1), varint(2))), point, whole, odd, loose)),
    );
    const { gauges, result } = await store(2, body);
    expect(result).toMatchObject({ rejected: 0, written: { exemplars: 3 } });
    expect(gauges[0]?.['Exemplars.FilteredAttributes']).toEqual([
      [['__name__', 'm']],
      [['a', 'm']],
      [['a', 'm']],
    ]);
  });
});

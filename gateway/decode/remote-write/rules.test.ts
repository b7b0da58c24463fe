/** The rules of remote write that make rows of samples: labels, identity, type, value, time. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOpenBlocks } from '../blocks.ts';
import { fixed64, int, join, len, type Piece, varint } from '../testdata/wire-writer.ts';
import { decodeWrite } from './testdata/decode-write.ts';
import { labelsOf, sample, series, useEngine } from './testdata/decoded.ts';
import { nowMs } from './testdata/times.ts';
import {
  bitsOf,
  type Label,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from './testdata/write-request.ts';

const { store, bitsIn } = useEngine('remote_write_rules');
const versions = [1, 2] as const;
const writers = { 1: writeRequestV1, 2: writeRequestV2 } as const;

/** A request of `version` with one series. */
const one = (version: 1 | 2, labels: readonly Label[], more: Partial<Series> = {}): Piece =>
  writers[version]([{ labels, samples: [sample(1)], ...more }]);

/** Why a series is rejected between two good ones, which are stored. */
function rejectionOf(version: 1 | 2, bad: Series, items = 1): string {
  const body = writers[version]([series('before'), bad, series('after')]);
  const blocks = createOpenBlocks();
  const result = decodeWrite(version, body, blocks);
  const written = { samples: 2, histograms: 0, exemplars: 0 };
  expect(result).toMatchObject({ outcome: 'decoded', accepted: 2, rejected: items, written });
  expect(blocks.rowCount()).toBe(2);
  return result.outcome === 'decoded' ? result.message : '';
}

describe.each(versions)('labels (PRW1-7, PRW2-12), version %i', (version) => {
  it('are sorted on receipt and told apart from the name', async () => {
    const labels: Label[] = [
      ['z', '1'],
      ['b', '2'],
      ['__name__', 'up'],
      ['a', '3'],
      ['ab', '4'],
    ];
    const { gauges } = await store(version, one(version, labels));
    expect(gauges).toMatchObject([
      {
        MetricName: 'up',
        Attributes: [
          ['a', '3'],
          ['ab', '4'],
          ['b', '2'],
          ['z', '1'],
        ],
      },
    ]);
    const sorted = createOpenBlocks();
    const shuffled = createOpenBlocks();
    decodeWrite(
      version,
      one(
        version,
        labels.toSorted(([x], [y]) => (x < y ? -1 : 1)),
      ),
      sorted,
    );
    decodeWrite(version, one(version, labels), shuffled);
    expect(shuffled.encode(1n)[0]?.checksum).toBe(sorted.encode(1n)[0]?.checksum);
  });

  it('cost their series when one comes twice, wherever', () => {
    for (const labels of [
      [
        ['__name__', 'm'],
        ['a', '1'],
        ['a', '1'],
      ],
      [
        ['a', '1'],
        ['b', '1'],
        ['c', '1'],
        ['__name__', 'm'],
        ['a', '2'],
      ],
      [
        ['__name__', 'm'],
        ['__name__', 'n'],
      ],
    ] as Label[][]) {
      expect(rejectionOf(version, { labels, samples: [sample(1)] })).toMatch(/comes twice/);
    }
  });

  it('are judged anew where only some of them are those of the series before', () => {
    const names = ['a', 'b', 'c', 'instance', 'job', 'otel_scope_name', 'otel_scope_x'];
    const label = fc.tuple(fc.constantFrom(...names), fc.constantFrom('1', '2', ''));
    const labels = fc.array(label, { maxLength: 5 });
    const inOrder = ([left]: Label, [right]: Label): number => (left < right ? -1 : 1);
    const isUnique = (labels: readonly Label[]): boolean =>
      new Set(labels.map(([name]) => name)).size === labels.length;
    const decoded = (list: readonly (readonly Label[])[]): unknown => {
      const blocks = createOpenBlocks();
      const request = list.map((labels): Series => {
        return { labels: [['__name__', 'm'], ...labels], samples: [sample(1)] };
      });
      const result = decodeWrite(version, writers[version](request), blocks);
      const rejected = result.outcome === 'decoded' ? result.rejected : -1;
      return [rejected, blocks.encode(1n).map(({ rows, checksum }) => [rows, checksum])];
    };
    fc.assert(
      fc.property(fc.array(labels, { minLength: 2, maxLength: 6 }), (list) => {
        const good = list.filter(isUnique);
        const [, wanted] = decoded(good.map((labels) => labels.toSorted(inOrder))) as [
          number,
          unknown,
        ];
        expect(decoded(list)).toEqual([list.length - good.length, wanted]);
      }),
      { numRuns: 1000 },
    );
  });

  it('cost their series when one has no name', () => {
    const labels: Label[] = [
      ['', 'v'],
      ['__name__', 'm'],
    ];
    expect(rejectionOf(version, { labels, samples: [sample(1)] })).toMatch(/no name/);
  });

  it('are none without a value', async () => {
    const { gauges } = await store(
      version,
      one(version, labelsOf('m', { a: '', b: '1', job: '' })),
    );
    expect(gauges).toMatchObject([{ Attributes: [['b', '1']], ServiceName: '' }]);
  });

  it('need a metric name that is not empty', () => {
    for (const labels of [
      [['a', '1']],
      [
        ['__name__', ''],
        ['a', '1'],
      ],
      [],
    ] as Label[][]) {
      const message = rejectionOf(version, { labels, samples: [sample(1), sample(2)] }, 2);
      expect(message).toMatch(/no metric name/);
    }
  });

  it('are 1024 at most, also in the wrong order', async () => {
    const labels = Array.from({ length: 1023 }, (_, index): Label => [`l${9999 - index}`, 'v']);
    const { gauges } = await store(version, one(version, [...labels, ['__name__', 'm']]));
    expect(gauges[0]?.['Attributes']).toEqual(labels.toReversed());
    const more: Label[] = [...labels, ['__name__', 'm'], ['zz', 'v']];
    expect(rejectionOf(version, { labels: more, samples: [sample(1)] })).toMatch(/1024 labels/);
  });

  it('may be any UTF-8, and what is none is mended', async () => {
    const labels = { 'a.b c': 'x\ny', ключ: '🦆', '"': '\\' };
    const { gauges } = await store(version, one(version, labelsOf('http.größe\n', labels)));
    expect(gauges).toMatchObject([
      { MetricName: 'http.größe\n', Attributes: Object.entries(labels).toSorted() },
    ]);
    const bad = Uint8Array.from([0x61, 0xff]);
    const texts = ['__name__', 'm', bad, bad];
    const sent = len(2, join(fixed64(1, 0n), int(2, nowMs)));
    const body =
      version === 1
        ? len(
            1,
            join(
              len(1, join(len(1, '__name__'), len(2, 'm'))),
              len(1, join(len(1, bad), len(2, bad))),
              sent,
            ),
          )
        : join(
            ...['', ...texts].map((text) => len(4, text)),
            len(5, join(len(1, Uint8Array.from([1, 2, 3, 4])), sent)),
          );
    const mended = await store(version, body);
    expect(mended.gauges).toMatchObject([{ Attributes: [['a\ufffd', 'a\ufffd']] }]);
  });
});

describe('what a series belongs to', () => {
  const resources = async (labels: Record<string, string>, keeps = false) => {
    const { gauges } = await store(1, one(1, labelsOf('m', labels)), keeps);
    const { ServiceName, ResourceAttributes, Attributes } = gauges[0] ?? {};
    return [ServiceName, ResourceAttributes, Attributes];
  };

  it('is the service of its job, with its namespace, and its instance', async () => {
    const instance = ['service.instance.id', 'h:9'] as const;
    const name = (value: string) => ['service.name', value] as const;
    const space = (value: string) => ['service.namespace', value] as const;
    expect(await resources({ job: 'shop', instance: 'h:9' })).toEqual([
      'shop',
      [instance, name('shop')],
      [],
    ]);
    expect(await resources({ job: 'eu/shop' })).toEqual(['shop', [name('shop'), space('eu')], []]);
    expect(await resources({ job: 'eu/a/b' })).toEqual(['a/b', [name('a/b'), space('eu')], []]);
    for (const job of ['/shop', 'shop/', '/']) {
      expect(await resources({ job })).toEqual([job, [name(job)], []]);
    }
    expect(await resources({ instance: 'h:9' })).toEqual(['', [instance], []]);
    expect(await resources({ exported_job: 'x' })).toEqual(['', [], [['exported_job', 'x']]]);
  });

  it('stays in the labels, too, where the settings say so', async () => {
    const labels = { instance: 'h:9', job: 'eu/shop', otel_scope_name: 'lib' };
    const [service, , attributes] = await resources(labels, true);
    expect([service, attributes]).toEqual(['shop', Object.entries(labels)]);
  });

  it('is looked at for each series, when those of several targets take turns', async () => {
    const jobs = ['a', 'b', 'a', 'a', '', 'b', 'aa'];
    const body = writeRequestV2(jobs.map((job) => series('m', { job, instance: `${job}!` })));
    const { gauges } = await store(2, body);
    expect(gauges.map((row) => row['ServiceName'])).toEqual(jobs);
    expect(gauges.map((row) => row['ResourceAttributes'])).toEqual(
      jobs.map((job) =>
        job === ''
          ? [['service.instance.id', '!']]
          : [
              ['service.instance.id', `${job}!`],
              ['service.name', job],
            ],
      ),
    );
  });

  it('is not taken from another request, whose body has the same bytes at the same places', () => {
    const body = writeRequestV1([series('m', { instance: 'i', job: 'shop' })]);
    const checksums = Array.from({ length: 3 }, () => {
      const blocks = createOpenBlocks();
      decodeWrite(1, body, blocks);
      return blocks.encode(1n)[0]?.checksum;
    });
    expect(new Set(checksums).size).toBe(1);
  });

  it('is the scope that its labels name', async () => {
    const scope = {
      otel_scope_name: 'lib',
      otel_scope_version: '1.2',
      otel_scope_schema_url: 'https://schema',
      otel_scope_library_language: 'go',
    };
    const body = writeRequestV2([series('m', { ...scope, otel_scope_: 'x' }), series('m')]);
    const { gauges } = await store(2, body);
    expect(gauges).toMatchObject([
      {
        ScopeName: 'lib',
        ScopeVersion: '1.2',
        ScopeSchemaUrl: 'https://schema',
        ScopeAttributes: [['library_language', 'go']],
        Attributes: [['otel_scope_', 'x']],
      },
      { ScopeName: '', ScopeVersion: '', ScopeSchemaUrl: '', ScopeAttributes: [] },
    ]);
  });
});

describe('the table of a series', () => {
  const tableOf = async (name: string, type?: number): Promise<string> => {
    const more = type === undefined ? {} : { type };
    const { rows } = await store(2, one(2, labelsOf(name), more));
    const [table = ''] = Object.keys(rows);
    const isSum = table === 'otel_metrics_sum';
    if (isSum) {
      expect(rows[table]).toMatchObject([{ AggregationTemporality: 2, IsMonotonic: true }]);
    }
    return isSum ? 'sum' : table;
  };
  const gauge = 'otel_metrics_gauge';

  it('is by the suffix of its name where no type is said, or one that is not known', async () => {
    for (const type of [undefined, 0, 8, -1, 2 ** 31]) {
      for (const suffix of ['_total', '_bucket', '_count', '_sum']) {
        expect([type, suffix, await tableOf(`x${suffix}`, type)]).toEqual([type, suffix, 'sum']);
        expect(await tableOf(suffix, type)).toBe(gauge);
      }
      expect(await tableOf('x', type)).toBe(gauge);
    }
  });

  it.each([
    ['counter', 1, 'sum', 'sum'],
    ['gauge', 2, gauge, gauge],
    ['histogram', 3, gauge, 'sum'],
    ['gauge histogram', 4, gauge, gauge],
    ['summary', 5, gauge, 'sum'],
    ['info', 6, gauge, gauge],
    ['state set', 7, gauge, gauge],
  ])('is by its type: %s', async (_, type, plain, counted) => {
    expect(await tableOf('x', type)).toBe(plain);
    expect(await tableOf('x_count', type)).toBe(counted);
  });

  it('says unit and description as the sender does', async () => {
    const said = { type: 2, help: 'How warm.', unit: 'celsius' };
    const { gauges } = await store(2, one(2, labelsOf('t'), said));
    expect(gauges).toMatchObject([{ MetricDescription: 'How warm.', MetricUnit: 'celsius' }]);
  });

  it('may differ between two series with the same labels (PRW2-16)', async () => {
    const labels = labelsOf('x');
    const body = writeRequestV2([1, 2].map((type) => ({ labels, type, samples: [sample(type)] })));
    const { gauges, sums } = await store(2, body);
    expect([gauges, sums]).toMatchObject([[{ Value: 2 }], [{ Value: 1 }]]);
  });
});

describe.each(versions)('values (PRW1-8, PRW1-9), version %i', (version) => {
  it('keep every bit; stale markers are flagged besides', async () => {
    const stale = 0x7ff0_0000_0000_0002n;
    const bits = [
      stale,
      0x7ff8_0000_0000_0001n,
      0x7ff8_0000_0000_0002n,
      0xfff0_0000_0000_0002n,
      0x7ff0_0000_0000_0001n,
      bitsOf(Number.POSITIVE_INFINITY),
      bitsOf(Number.NEGATIVE_INFINITY),
      bitsOf(-0),
      0n,
      1n,
      bitsOf(Number.MAX_VALUE),
      stale,
    ];
    const samples = bits.map((one) => ({ bits: one, timeMs: nowMs }));
    const body = one(version, labelsOf('m'), { samples });
    const { gauges, result } = await store(version, body);
    expect(await bitsIn('otel_metrics_gauge', 'Value')).toEqual(bits);
    expect(gauges.map((row) => row['Flags'])).toEqual(bits.map((one) => (one === stale ? 1 : 0)));
    expect(gauges.every((row) => row['ValueType'] === 'Double')).toBe(true);
    expect(result).toMatchObject({ written: { samples: bits.length }, hasOwnTimes: true });
    const others = one(version, labelsOf('m_total'), { samples });
    expect((await store(version, others)).sums).toHaveLength(bits.length);
    expect(await bitsIn('otel_metrics_sum', 'Value')).toEqual(bits);
  });

  it('are 0 where the field is left out', async () => {
    const bare = len(2, int(2, nowMs));
    const body =
      version === 1
        ? len(1, join(len(1, join(len(1, '__name__'), len(2, 'm'))), bare))
        : join(
            len(4, ''),
            len(4, '__name__'),
            len(4, 'm'),
            len(5, join(len(1, join(varint(1), varint(2))), bare)),
          );
    expect((await store(version, body)).gauges).toMatchObject([{ Value: 0, ValueType: 'Double' }]);
  });
});

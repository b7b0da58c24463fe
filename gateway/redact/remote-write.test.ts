/** Redaction of remote write, against an independent redaction of what protobufjs decodes. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { keepsTargetParameter } from '../decode/remote-write/message.ts';
import {
  decodeWrite,
  type Exemplar,
  encodeWrite,
  type Pair,
  type Series,
  symbolsOf,
  type Version,
} from '../decode/remote-write/testdata/prompb.ts';
import { receivedAtNs } from '../decode/testdata/load.ts';
import { fixed64, int, join, len, type Piece, varint } from '../decode/testdata/wire-writer.ts';
import { Redaction } from './redaction.ts';
import type { RedactionRule } from './rules.ts';

const versions: readonly Version[] = [1, 2];
const key = Buffer.from('a key of tests');
const nowMs = Number(receivedAtNs / 1_000_000n);

/** As in `redaction.test.ts`: what is said of attributes holds for labels. */
const rules: readonly RedactionRule[] = [
  { action: 'mask', attributes: ['*'], pattern: '\\d{2,}', replacement: '##' },
  { action: 'hash', attributes: ['service.name', '*.user', 'user'] },
  { action: 'mask', attributes: ['b', 'service.instance.id'] },
  { action: 'drop', attributes: ['a', 'tenant', 'otel_scope_gone'] },
];

function submissionOf(version: Version, body: Uint8Array, wire = body): Submission {
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const kind = { signal: 'metrics', transport: 'http', contentType, tenant: '' } as const;
  return { ...kind, contentEncoding: 'snappy', wire, body };
}

function redactedBy(redaction: Redaction, version: Version, body: Uint8Array): Uint8Array {
  const result = redaction.redact(submissionOf(version, body));
  if (result.outcome !== 'redacted') throw new Error(result.message);
  const { submission } = result;
  if (submission.body === body) return body;
  expect(submission).toMatchObject({ contentEncoding: 'identity', wire: submission.body });
  expect(submission.contentType).toBe(version === 1 ? 'remote_write_1' : 'remote_write_2');
  return submission.body;
}

const hashed = (text: string): string =>
  createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
const masked = (text: string): string => text.replace(/\d{2,}/g, '##');

/** What the rules above make of a label of a series: written by other means than the gateway's. */
function seriesLabel([name, value]: Pair): Pair[] {
  if (/^(a|tenant|otel_scope_(a|tenant|gone))$/.test(name)) return [];
  if (name === '__name__' || value === '') return [[name, value]];
  if (/^(.*\.user|user|otel_scope_user)$/.test(name)) return [[name, hashed(value)]];
  if (/^(b|otel_scope_b|instance)$/.test(name)) return [[name, '****']];
  if (name !== 'job') return [[name, masked(value)]];
  const parts = /^([^/]+)\/(.+)$/s.exec(value);
  // The rule of all keys holds for the whole, too.
  if (parts === null) return [[name, hashed(value)]];
  return [[name, masked(`${masked(parts[1] ?? '')}/${hashed(parts[2] ?? '')}`)]];
}

function exemplarLabel([name, value]: Pair): Pair[] {
  if (/^(a|tenant|otel_scope_gone)$/.test(name)) return [];
  if (value === '') return [[name, value]];
  const isId = (digits: number): boolean =>
    value.length === digits && /^[0-9a-fA-F]+$/.test(value) && !/^0+$/.test(value);
  if ((name === 'trace_id' && isId(32)) || (name === 'span_id' && isId(16))) return [[name, value]];
  if (/^(.*\.user|user)$/.test(name)) return [[name, hashed(value)]];
  return [[name, name === 'b' ? '****' : masked(value)]];
}

function expected(list: readonly Series[]): Series[] {
  return list.map((series) => ({
    ...series,
    labels: series.labels.flatMap(seriesLabel),
    exemplars: (series.exemplars ?? []).map((exemplar) => ({
      ...exemplar,
      labels: exemplar.labels.flatMap(exemplarLabel),
    })),
  }));
}

const labelName = fc.constantFrom(
  ...['__name__', 'job', 'instance', 'a', 'b', 'user', 'x.user', 'tenant', 'path', 'le'],
  ...['otel_scope_name', 'otel_scope_user', 'otel_scope_gone', 'trace_id', 'span_id', 'ümläut'],
);
const labelValue = fc.oneof(
  fc.constantFrom('', 'user', 'path', 'shop', 'a/b', 'prod/checkout', '/x', 'x/', 'a/b/c'),
  fc.constantFrom('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7', '10.0.17.4:9090'),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.stringMatching(/^[a-z]{0,6}\d{2,5}[a-z]{0,3}$/),
);
const labels = fc.array(fc.tuple(labelName, labelValue), { maxLength: 6 });
const points = fc.record({ value: fc.integer(), timestamp: fc.constant(nowMs) });
const exemplar: fc.Arbitrary<Exemplar> = fc.record({
  labels,
  value: fc.integer(),
  timestamp: fc.constant(nowMs),
});
const oneSeries: fc.Arbitrary<Series> = fc.record({
  labels: labels.map((list): Pair[] => [['__name__', 'requests_12345_total'], ...list]),
  samples: fc.array(points, { maxLength: 2 }),
  exemplars: fc.array(exemplar, { maxLength: 2 }),
  histograms: fc.array(
    fc.record({ sum: fc.integer(), schema: fc.constant(3), timestamp: fc.constant(nowMs) }),
    { maxLength: 1 },
  ),
  help: fc.constant('how many 12345'),
});
const request = fc.array(oneSeries, { maxLength: 4 });

const blocks = createOpenBlocks();

/** Everything that would be in tables: blocks as they are sent. */
function rowsOf(version: Version, body: Uint8Array, parameters = ''): Buffer {
  blocks.clear();
  const { signal, contentType } = submissionOf(version, body);
  decodeInto(blocks, { signal, contentType, parameters, body, receivedAtNs });
  return Buffer.concat(blocks.encode(1n).flatMap(({ chunks }) => chunks.map(Buffer.from)));
}

describe('redaction of remote write', () => {
  it.each(versions)(
    '%s.0 gives the series that an independent redaction of the decoded ones gives',
    (version) => {
      const redaction = new Redaction({ rules }, key);
      let changed = 0;
      fc.assert(
        fc.property(request, (list) => {
          const body = encodeWrite(version, list);
          const rewritten = redactedBy(redaction, version, body);
          if (rewritten !== body) changed += 1;
          expect(decodeWrite(version, rewritten)).toEqual(expected(decodeWrite(version, body)));
        }),
        { numRuns: 300 },
      );
      expect(changed).toBeGreaterThan(100);
    },
  );

  it.each(versions)('%s.0 leaves a request as it came when no rule meets it', (version) => {
    const unmet = [
      { action: 'drop', attributes: ['nobody'] },
      { action: 'mask', attributes: ['*'], pattern: 'ß{7}' },
    ] as const;
    const redaction = new Redaction({ rules: unmet }, key);
    fc.assert(
      fc.property(request, (list) => {
        const submission = submissionOf(version, encodeWrite(version, list), Buffer.from('wire'));
        const result = redaction.redact(submission);
        expect(result.outcome === 'redacted' && result.submission).toBe(submission);
      }),
    );
  });

  it.each(versions)('%s.0 leaves no byte of a value that must go in log or rows', (version) => {
    const secret = 'hush';
    const drops = ['drop', 'hash', 'mask'] as const;
    const ruled = ['user', 'service.name', 'service.instance.id', 'otel_scope_x', 'k'];
    fc.assert(
      fc.property(request, fc.constantFrom(...drops), fc.boolean(), (list, action, isPart) => {
        const value = isPart ? `x${secret}4711` : secret;
        const planted: Pair[] = [
          ['user', value],
          ['job', value],
          ['instance', value],
          ['otel_scope_x', value],
          ['otel_scope_k', value],
        ];
        const more = list.map((series) => ({
          ...series,
          labels: [...series.labels, ...planted],
          exemplars: [{ labels: [['k', value] as const], value: 1, timestamp: nowMs }],
        }));
        const pattern = action === 'mask' && isPart ? { pattern: secret } : {};
        const one = new Redaction({ rules: [{ action, attributes: ruled, ...pattern }] }, key);
        const body = encodeWrite(version, more, [value]);
        expect(Buffer.from(body).includes(secret)).toBe(more.length > 0 || version === 2);
        const rewritten = redactedBy(one, version, body);
        expect(Buffer.from(rewritten).includes(secret)).toBe(false);
        for (const parameters of ['', keepsTargetParameter]) {
          expect(rowsOf(version, rewritten, parameters).includes(secret)).toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(versions)('%s.0 hashes a job as OTLP hashes the service', (version) => {
    const redaction = new Redaction({ rules }, key);
    const labelsOf = (job: string): unknown => {
      const series = { labels: [['__name__', 'up'] as const, ['job', job] as const] };
      const body = encodeWrite(version, [series]);
      return decodeWrite(version, redactedBy(redaction, version, body))[0]?.labels[1];
    };
    expect(labelsOf('checkout')).toEqual(['job', hashed('checkout')]);
    const [, name = ''] = labelsOf('shop/checkout') as Pair;
    expect(name).toBe(masked(`shop/${hashed('checkout')}`));
  });

  it.each(versions)('%s.0 drops a namespace and keeps the name whole', (version) => {
    const gone = [{ action: 'drop', attributes: ['service.namespace'] }] as const;
    const redaction = new Redaction({ rules: gone }, key);
    const jobs = ['shop/checkout', 'shop/a/b', 'checkout', '/x'].map((job) => {
      const body = encodeWrite(version, [{ labels: [['job', job]] }]);
      return decodeWrite(version, redactedBy(redaction, version, body))[0]?.labels[0]?.[1];
    });
    expect(jobs).toEqual(['checkout', '/a/b', 'checkout', '/x']);
  });

  it.each(versions)('%s.0 counts what it did, label by label', (version) => {
    const redaction = new Redaction({ rules }, key);
    const list = ['1', '2'].map((name) => ({
      labels: [
        ['a', name],
        ['user', 'jane'],
        ['path', '/4711'],
        ['le', '1'],
      ] as const,
    }));
    const told: Record<string, number> = {};
    redactedBy(redaction, version, encodeWrite(version, list));
    redaction.tell((kind, values) => {
      told[kind] = values;
    });
    expect(told).toEqual({ dropped: 2, hashed: 2, masked: 2 });
  });

  it.each(versions)(
    '%s.0 answers a body that is cut or changed as malformed, or rewrites it',
    (version) => {
      const redaction = new Redaction({ rules }, key);
      const outcomes = new Set<string>();
      fc.assert(
        fc.property(
          request,
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
          (list, changes) => {
            const body = encodeWrite(version, list).slice();
            for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
            outcomes.add(redaction.redact(submissionOf(version, body)).outcome);
          },
        ),
        { numRuns: 500 },
      );
      expect(outcomes).toEqual(new Set(['malformed', 'redacted']));
    },
  );
});

/** The stale marker, whose bits a double of JavaScript need not keep. */
const staleSample = len(2, join(fixed64(1, 0x7ff0000000000002n), int(2, nowMs)));
const unknownField = len(99, 'unknown');

describe('redaction of remote write 1.0', () => {
  const label = (...pieces: Piece[]): Piece => len(1, join(...pieces));

  it('keeps the bits of all that is no label', () => {
    const series = (labels: Piece): Piece => len(1, join(labels, staleSample, unknownField));
    const body = join(series(label(len(1, 'user'), len(2, 'jane'))), unknownField);
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    const wanted = join(series(label(len(1, 'user'), len(2, hashed('jane')))), unknownField);
    expect(Buffer.from(rewritten).toString('hex')).toBe(Buffer.from(wanted).toString('hex'));
  });

  it('finds name and value in every order and number that protobuf allows', () => {
    const odd = [
      label(len(2, '4711'), len(1, 'path')),
      label(len(1, 'user'), len(2, 'jane 4711'), len(1, 'path'), len(2, 'fine')),
      label(len(1, 'path'), len(2, '4711'), len(2, '')),
      label(len(2, '4711')),
    ];
    const body = len(1, join(...odd, staleSample));
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    expect(Buffer.from(rewritten).includes('4711')).toBe(false);
    expect(decodeWrite(1, rewritten)[0]?.labels).toEqual([
      ['path', '##'],
      ['path', 'fine'],
      ['path', ''],
      ['', '##'],
    ]);
  });

  it('masks characters that are broken as they would be stored', () => {
    const broken = new Uint8Array([0x31, 0x32, 0xff, 0x33, 0x34]);
    const body = len(1, join(label(len(1, 'path'), len(2, broken)), staleSample));
    const rewritten = redactedBy(new Redaction({ rules }, key), 1, body);
    expect(decodeWrite(1, rewritten)[0]?.labels).toEqual([['path', '##\ufffd##']]);
  });
});

describe('redaction of remote write 2.0', () => {
  const redaction = new Redaction({ rules }, key);

  it('keeps a value that goes under one name and stays under another', () => {
    const list = [
      {
        labels: [
          ['user', 'jane'],
          ['path', 'jane'],
        ] as const,
      },
    ];
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(decodeWrite(2, rewritten)[0]?.labels).toEqual([
      ['user', hashed('jane')],
      ['path', 'jane'],
    ]);
  });

  it('keeps a value that is also the name or the help of something', () => {
    const list = [
      {
        labels: [
          ['user', 'path'],
          ['path', 'x'],
        ] as const,
        help: 'jane',
      },
      { labels: [['user', 'jane']] as const },
    ];
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(decodeWrite(2, rewritten)).toMatchObject([
      {
        labels: [
          ['user', hashed('path')],
          ['path', 'x'],
        ],
        help: 'jane',
      },
      { labels: [['user', hashed('jane')]] },
    ]);
  });

  it('empties symbols to which nothing refers, and moves no other one', () => {
    const list = [
      {
        labels: [
          ['user', 'jane'],
          ['path', 'x'],
        ] as const,
      },
    ];
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list, ['secret']));
    expect(symbolsOf(rewritten)).toEqual(['', '', 'user', '', 'path', 'x', hashed('jane')]);
  });

  it('adds a new value once, and shares it', () => {
    const list = ['1111', '2222', '3333'].map((value) => ({ labels: [['path', value]] as const }));
    const rewritten = redactedBy(redaction, 2, encodeWrite(2, list));
    expect(symbolsOf(rewritten)).toEqual(['', 'path', '', '', '', '##']);
  });

  it('reads references that are not packed, in pieces, and pairs across them', () => {
    const symbols = join(...['', 'user', 'jane', 'path', '4711'].map((text) => len(4, text)));
    const packed = (...refs: number[]): Piece => len(1, join(...refs.map(varint)));
    const loose = (ref: number): Piece => int(1, ref);
    for (const refs of [
      [packed(1, 2, 3, 4)],
      [loose(1), loose(2), loose(3), loose(4)],
      [packed(1), staleSample, packed(2, 3), loose(4)],
      [packed(1, 2), unknownField, packed(3, 4)],
    ]) {
      const body = join(len(5, join(...refs, staleSample)), symbols);
      const rewritten = redactedBy(redaction, 2, body);
      expect(decodeWrite(2, rewritten)[0]?.labels).toEqual([
        ['user', hashed('jane')],
        ['path', '##'],
      ]);
      expect(Buffer.from(rewritten).includes('jane')).toBe(false);
      expect(Buffer.from(rewritten).includes('4711')).toBe(false);
    }
  });

  it('lets no reference that led nowhere lead to a new symbol', () => {
    const symbols = join(...['', 'path', '4711'].map((text) => len(4, text)));
    const series = (...refs: number[]): Piece =>
      len(5, join(len(1, join(...refs.map(varint))), staleSample));
    const broken = join(symbols, series(1, 2), series(1, 3));
    const result = redaction.redact(submissionOf(2, broken));
    expect(result).toMatchObject({ outcome: 'malformed', message: /symbol that is not there/ });
    const harmless = join(symbols, series(1, 0), series(1, 3));
    expect(redaction.redact(submissionOf(2, harmless)).outcome).toBe('redacted');
  });
});

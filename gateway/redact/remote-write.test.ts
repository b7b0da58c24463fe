/** Redaction of remote write, against an independent redaction of what protobufjs decodes. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { keepsTargetParameter } from '../decode/remote-write/message.ts';
import {
  type ReadSeries,
  readWrite,
  type Version,
} from '../decode/remote-write/testdata/prompb.ts';
import { bitsOf, type Label } from '../decode/remote-write/testdata/write-request.ts';
import { receivedAtNs } from '../decode/testdata/load.ts';
import { join, len } from '../decode/testdata/wire-writer.ts';
import { Redaction } from './redaction.ts';
import {
  encodeWrite,
  hashed,
  key,
  masked,
  redactedBy,
  rules,
  submissionOf,
  timeMs,
} from './testdata/remote-write.ts';
import { request } from './testdata/write-arbitrary.ts';

const versions: readonly Version[] = [1, 2];

/** What the rules above make of a label of a series: written by other means than the gateway's. */
function seriesLabel([name, value]: Label): Label[] {
  if (/^(a|tenant|otel_scope_(a|tenant|gone))$/.test(name)) return [];
  if (name === '__name__' || value === '') return [[name, value]];
  if (/^(.*\.user|user|otel_scope_user)$/.test(name)) return [[name, hashed(value)]];
  if (/^(b|otel_scope_b|instance)$/.test(name)) return [[name, '****']];
  if (name !== 'job') return [[name, masked(value)]];
  const parts = /^([^/]+)\/(.+)$/s.exec(value);
  if (parts === null) return [[name, hashed(value)]];
  return [[name, `${masked(parts[1] ?? '')}/${hashed(parts[2] ?? '')}`]];
}

function exemplarLabel([name, value]: Label): Label[] {
  if (/^(a|tenant|otel_scope_gone)$/.test(name)) return [];
  if (value === '') return [[name, value]];
  const isId = (digits: number): boolean =>
    value.length === digits && /^[0-9a-fA-F]+$/.test(value) && !/^0+$/.test(value);
  if ((name === 'trace_id' && isId(32)) || (name === 'span_id' && isId(16))) return [[name, value]];
  if (/^(.*\.user|user)$/.test(name)) return [[name, hashed(value)]];
  return [[name, name === 'b' ? '****' : masked(value)]];
}

function expected(list: readonly ReadSeries[]): ReadSeries[] {
  return list.map((series) => ({
    ...series,
    labels: series.labels.flatMap(seriesLabel),
    exemplars: series.exemplars.map((exemplar) => ({
      ...exemplar,
      labels: exemplar.labels.flatMap(exemplarLabel),
    })),
  }));
}

/** Everything that would be in tables: blocks as they are sent. */
function rowsOf(version: Version, body: Uint8Array, parameters = ''): Buffer {
  const blocks = createOpenBlocks();
  const { signal, contentType } = submissionOf(version, body);
  decodeInto(blocks, { signal, contentType, parameters, body, receivedAtNs });
  return Buffer.concat(blocks.encode(1n).flatMap(({ chunks }) => chunks.map(Buffer.from)));
}

/** What becomes of jobs. */
function jobs(redaction: Redaction, version: Version, sent: readonly string[]): unknown[] {
  const body = encodeWrite(
    version,
    sent.map((job) => ({ labels: [['job', job]] })),
  );
  const list = readWrite(version, redactedBy(redaction, version, body));
  return list.map(({ labels: [label] }) => label?.[1]);
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
          expect(readWrite(version, rewritten)).toEqual(expected(readWrite(version, body)));
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
        const planted: Label[] = [
          ['user', value],
          ['job', value],
          ['instance', value],
          ['otel_scope_x', value],
          ['otel_scope_k', value],
        ];
        const more = list.map((series) => ({
          ...series,
          labels: [...series.labels, ...planted],
          exemplars: [{ labels: [['k', value] as const], bits: bitsOf(1), timeMs }],
        }));
        const pattern = action === 'mask' && isPart ? { pattern: secret } : {};
        const one = new Redaction({ rules: [{ action, attributes: ruled, ...pattern }] }, key);
        const unused = version === 2 ? len(4, value) : join();
        const body = join(encodeWrite(version, more), unused);
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
    expect(jobs(redaction, version, ['checkout', 'shop/checkout', 'shop12/checkout34'])).toEqual([
      hashed('checkout'),
      `shop/${hashed('checkout')}`,
      `shop##/${hashed('checkout34')}`,
    ]);
  });

  it.each(versions)('%s.0 masks what stands across the slash of a job', (version) => {
    const across = [
      { action: 'mask', attributes: ['job'], pattern: 'p/check', replacement: '-' },
      { action: 'mask', attributes: ['service.name'], pattern: 'out$', replacement: '' },
    ] as const;
    const redaction = new Redaction({ rules: across }, key);
    expect(jobs(redaction, version, ['shop/checkout', 'a/checkout', 'a/b'])).toEqual([
      'sho-',
      'a/check',
      'a/b',
    ]);
  });

  it.each(versions)('%s.0 drops a namespace and keeps the name whole', (version) => {
    const gone = [{ action: 'drop', attributes: ['service.namespace'] }] as const;
    const redaction = new Redaction({ rules: gone }, key);
    const sent = ['shop/checkout', 'shop/a/b', 'checkout', '/x'];
    expect(jobs(redaction, version, sent)).toEqual(['checkout', '/a/b', 'checkout', '/x']);
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

import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Signal, Submission } from '../answer.ts';
import { requestOf } from '../decode/testdata/arbitrary.ts';
import { valueText } from '../decode/testdata/expected.ts';
import { toOtlpJson } from '../decode/testdata/json-form.ts';
import { encodeRequest, requestType } from '../decode/testdata/otlp.ts';
import { Redaction } from './redaction.ts';
import type { RedactionRule } from './rules.ts';

const signals: readonly Signal[] = ['traces', 'logs', 'metrics'];
const key = Buffer.from('a key of tests');

const rules: readonly RedactionRule[] = [
  { action: 'mask', attributes: ['*'], bodies: true, pattern: '\\d{2,}', replacement: '##' },
  { action: 'hash', attributes: ['service.*', '*.user'] },
  { action: 'mask', attributes: ['b'] },
  { action: 'drop', attributes: ['a', 'http.route.b'] },
];

// biome-ignore lint/suspicious/noExplicitAny: decoded messages have no type
type Any = Record<string, any>;

function submissionOf(signal: Signal, body: Uint8Array): Submission {
  const kind = { signal, transport: 'http', contentType: 'protobuf', tenant: '' } as const;
  return { ...kind, contentEncoding: 'identity', wire: body, body };
}

function redacted(redaction: Redaction, submission: Submission): Uint8Array {
  const result = redaction.redact(submission);
  if (result.outcome !== 'redacted') throw new Error(result.message);
  return result.submission.wire;
}

function plain(signal: Signal, body: Uint8Array): Any {
  const type = requestType(signal);
  return type.toObject(type.decode(body), { longs: String, oneofs: true });
}

/** What the rules above make of a decoded request: written by other means than the gateway's. */
function expected(message: Any): Any {
  return Object.fromEntries(
    Object.entries(message).flatMap(([name, member]) => {
      if (/^(attributes|filtered_attributes|metadata)$/.test(name)) {
        return [[name, member.flatMap((attribute: Any) => ofAttribute(attribute, false, ''))]];
      }
      if (name === 'body') return [[name, ofValue(member, true, '')]];
      if (Buffer.isBuffer(member) || typeof member !== 'object') return [[name, member]];
      return [[name, Array.isArray(member) ? member.map(element) : expected(member)]];
    }),
  );
}

function element(member: unknown): unknown {
  return typeof member === 'object' ? expected(member as Any) : member;
}

/** `path` is where a key inside a value stands; empty at the top. */
function ofAttribute(attribute: Any, isInside: boolean, path: string): Any[] {
  const own = attribute['key'] ?? '';
  const name = path === '' ? own : `${path}.${own}`;
  const names = isInside ? [own, name] : [own];
  const is = (pattern: RegExp): boolean => names.some((entry) => pattern.test(entry));
  if (is(/^(a|http\.route\.b)$/)) return [];
  if (attribute['value'] === undefined || valueText(attribute['value']) === '') return [attribute];
  if (is(/^service\..*$/s) || is(/^.*\.user$/s)) {
    const hash = createHmac('sha256', key).update(valueText(attribute['value'])).digest('hex');
    return [{ ...attribute, value: stringValue(hash.slice(0, 32)) }];
  }
  if (is(/^b$/)) return [{ ...attribute, value: stringValue('****') }];
  return [{ ...attribute, value: ofValue(attribute['value'], true, name) }];
}

function ofValue(value: Any, isInside: boolean, path: string): Any {
  const kind = value['value'];
  if (kind === 'array_value') {
    const values = value[kind].values?.map((entry: Any) => ofValue(entry, isInside, path));
    return { value: kind, [kind]: values === undefined ? {} : { values } };
  }
  if (kind === 'kvlist_value') {
    const values = value[kind].values?.flatMap((entry: Any) => ofAttribute(entry, true, path));
    return { value: kind, [kind]: values === undefined ? {} : { values } };
  }
  if (!/^(string|int|double)_value$/.test(kind ?? '')) return value;
  const text = valueText(value);
  const masked = text.replace(/\d{2,}/g, '##');
  return masked === text ? value : stringValue(masked);
}

function stringValue(text: string): Any {
  return { value: 'string_value', string_value: text };
}

/** Lists that became empty are not there any more on the wire. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => !Array.isArray(member) || member.length > 0)
      .map(([name, member]) => [name, withoutEmpty(member)]),
  );
}

describe('redaction', () => {
  it.each(signals)(
    'of %s gives the request that an independent redaction of the decoded one gives',
    (signal) => {
      const redaction = new Redaction({ rules }, key);
      let changed = 0;
      fc.assert(
        fc.property(requestOf(signal), (request) => {
          const body = encodeRequest(signal, request);
          const rewritten = redacted(redaction, submissionOf(signal, body));
          if (rewritten !== body) changed += 1;
          const wanted = withoutEmpty(expected(plain(signal, body)));
          expect(withoutEmpty(plain(signal, rewritten))).toEqual(wanted);
          const json = new Uint8Array(Buffer.from(toOtlpJson(signal, body)));
          const asJson = { ...submissionOf(signal, json), contentType: 'json' } as const;
          expect(withoutEmpty(plain(signal, redacted(redaction, asJson)))).toEqual(wanted);
        }),
        { numRuns: 150 },
      );
      expect(changed).toBeGreaterThan(25);
    },
  );

  it('refuses for good JSON that would be too large as protobuf', () => {
    const body = Buffer.from('{}');
    const transcoding = { ok: false, reason: 'too_large', message: 'a text is full' } as const;
    const submission = {
      ...submissionOf('traces', body),
      contentType: 'json',
      transcoding,
    } as const;
    const { outcome } = new Redaction({ rules }, key).redact(submission);
    expect(outcome).toBe('too_large');
  });

  it.each(['remote_write_1', 'remote_write_2', 'influx', 'dogstatsd'] as const)(
    'refuses %s that it cannot read, where there are rules for its signal',
    (contentType) => {
      const submission = {
        ...submissionOf('metrics', Buffer.from('secret')),
        contentType,
      } as const;
      const { outcome } = new Redaction({ rules }, key).redact(submission);
      expect(outcome).toBe('malformed');
      const ofLogs = rules.map((rule) => ({ ...rule, signals: ['logs'] as const }));
      const other = new Redaction({ rules: ofLogs }, key).redact(submission);
      expect(other).toEqual({ outcome: 'redacted', submission, warning: '', rejected: 0 });
    },
  );

  it('leaves a request that holds nothing of it as it came, compressed', () => {
    const body = tracesWith({ key: 'http.method', value: { string_value: 'GET' } });
    const submission = { ...submissionOf('traces', body), wire: Buffer.from('as it came') };
    const result = new Redaction({ rules }, key).redact(submission);
    expect(result).toEqual({ outcome: 'redacted', submission, warning: '', rejected: 0 });
  });

  it('finds keys and values in every order and number that protobuf allows', () => {
    const secret = bytesField(0x12, bytesField(0x0a, Buffer.from('4711')));
    const twice = bytesField(
      0x12,
      Buffer.concat([bytesField(0x0a, Buffer.from('99')), new Uint8Array([0x10, 1])]),
    );
    const named = bytesField(0x0a, Buffer.from('card'));
    const attribute = bytesField(0x4a, Buffer.concat([twice, secret, named]));
    const wrapped = [0x12, 0x12, 0x0a].reduce((inner, tag) => bytesField(tag, inner), attribute);
    const rewritten = redacted(new Redaction({ rules }, key), submissionOf('traces', wrapped));
    expect(Buffer.from(rewritten).includes('4711')).toBe(false);
    expect(Buffer.from(rewritten).includes('99')).toBe(false);
    expect(JSON.stringify(plain('traces', rewritten))).toContain('"card"');
  });

  it('masks before it looks at a key again in characters that are broken', () => {
    const broken = Buffer.concat([Buffer.from('12'), Buffer.from([0xff]), Buffer.from('3456')]);
    const attribute = bytesField(
      0x4a,
      Buffer.concat([
        bytesField(0x0a, Buffer.from('card')),
        bytesField(0x12, bytesField(0x0a, broken)),
      ]),
    );
    const wrapped = [0x12, 0x12, 0x0a].reduce((inner, tag) => bytesField(tag, inner), attribute);
    const rewritten = redacted(new Redaction({ rules }, key), submissionOf('traces', wrapped));
    expect(Buffer.from(rewritten).toString()).toContain('##\ufffd##');
  });

  it('gives equal values equal hashes under one key, and others under another', () => {
    const hashed = (secret: string, text: string): string => {
      const redaction = new Redaction({ rules }, Buffer.from(secret));
      const body = tracesWith({ key: 'service.name', value: { string_value: text } });
      const [, hash] =
        /"([0-9a-f]{32})"/.exec(
          JSON.stringify(plain('traces', redacted(redaction, submissionOf('traces', body)))),
        ) ?? [];
      return hash ?? '';
    };
    expect(hashed('one', 'shop')).toBe(hashed('one', 'shop'));
    expect(hashed('one', 'shop')).not.toBe(hashed('two', 'shop'));
    expect(hashed('one', 'shop')).not.toBe(hashed('one', 'cart'));
  });

  it('answers a body that is cut or changed anywhere as malformed or rewrites it', () => {
    const redaction = new Redaction({ rules }, key);
    const outcomes = new Set<string>();
    fc.assert(
      fc.property(
        fc
          .constantFrom(...signals)
          .chain((signal) => fc.tuple(fc.constant(signal), requestOf(signal))),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        ([signal, request], changes) => {
          const body = encodeRequest(signal, request).slice();
          for (const [at, byte] of changes) if (body.length > 0) body[at % body.length] = byte;
          outcomes.add(redaction.redact(submissionOf(signal, body)).outcome);
        },
      ),
      { numRuns: 500 },
    );
    expect(outcomes).toEqual(new Set(['malformed', 'redacted']));
  });
});

function tracesWith(attribute: Any): Uint8Array {
  const spans = [{ trace_id: Buffer.alloc(16, 1), span_id: Buffer.alloc(8, 1), name: 'x' }];
  const resource = { attributes: [attribute] };
  return encodeRequest('traces', { resource_spans: [{ resource, scope_spans: [{ spans }] }] });
}

/** One field of up to 127 bytes. */
function bytesField(tag: number, content: Uint8Array): Uint8Array {
  return new Uint8Array([tag, content.length, ...content]);
}

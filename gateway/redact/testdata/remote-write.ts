/** What the tests of remote write's redaction share: rules, requests, and what rules make of texts. */
import { createHmac } from 'node:crypto';
import { expect } from '@jest/globals';
import type { Submission } from '../../answer.ts';
import type { Version } from '../../decode/remote-write/testdata/prompb.ts';
import {
  type Label,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../../decode/remote-write/testdata/write-request.ts';
import { receivedAtNs } from '../../decode/testdata/load.ts';
import { fixed64, int, join, len, type Piece } from '../../decode/testdata/wire-writer.ts';
import type { Redaction } from '../redaction.ts';
import type { RedactionRule } from '../rules.ts';

export const key = Buffer.from('a key of tests');
export const timeMs = receivedAtNs / 1_000_000n;

/** Help goes with the series, which in 1.0 it does not. */
export function encodeWrite(version: Version, list: readonly Series[]): Uint8Array {
  if (version === 2) return writeRequestV2(list);
  const metadata = list.flatMap(({ labels, help }) =>
    help === undefined ? [] : [{ type: 1, name: nameOf(labels), help, unit: '' }],
  );
  return writeRequestV1(list, metadata);
}

function nameOf(labels: readonly Label[]): string {
  return labels.find(([name]) => name === '__name__')?.[1] ?? '';
}

/** As in `redaction.test.ts`: what is said of attributes holds for labels. */
export const rules: readonly RedactionRule[] = [
  { action: 'mask', attributes: ['*'], pattern: '\\d{2,}', replacement: '##' },
  { action: 'hash', attributes: ['service.name', '*.user', 'user'] },
  { action: 'mask', attributes: ['b', 'service.instance.id'] },
  { action: 'drop', attributes: ['a', 'tenant', 'otel_scope_gone'] },
];

export function submissionOf(version: Version, body: Uint8Array, wire = body): Submission {
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const kind = { signal: 'metrics', transport: 'http', contentType, tenant: '' } as const;
  return { ...kind, contentEncoding: 'snappy', wire, body };
}

export function redactedBy(redaction: Redaction, version: Version, body: Uint8Array): Uint8Array {
  const result = redaction.redact(submissionOf(version, body));
  if (result.outcome !== 'redacted') throw new Error(result.message);
  const { submission } = result;
  if (submission.body === body) return body;
  expect(submission).toMatchObject({ contentEncoding: 'identity', wire: submission.body });
  expect(submission.contentType).toBe(version === 1 ? 'remote_write_1' : 'remote_write_2');
  return submission.body;
}

export const hashed = (text: string): string =>
  createHmac('sha256', key).update(text).digest('hex').slice(0, 32);
export const masked = (text: string): string => text.replace(/\d{2,}/g, '##');

/** The stale marker, whose bits a double of JavaScript need not keep. */
export const staleSample: Piece = len(
  2,
  join(fixed64(1, 0x7ff0000000000002n), int(2, timeMs)),
);
export const unknownField: Piece = len(99, 'unknown');

import { describe, expect, it } from '@jest/globals';
import {
  contentEncodingOf,
  contentEncodings,
  contentTypes,
  originOf,
  parametersOf,
  recordMeta,
  sealMeta,
  tenantOf,
} from './record-meta.ts';

describe('numbers in a record’s header', () => {
  it('mean what they meant in every version: lists only grow at their end', () => {
    expect(contentTypes.slice(0, 2)).toEqual(['protobuf', 'json']);
    const encodings = ['identity', 'gzip', 'zstd', 'deflate', 'snappy'];
    expect(contentEncodings.slice(0, encodings.length)).toEqual(encodings);
  });

  it('of a later version are not taken for something else', () => {
    expect(contentEncodingOf({ ...sealMeta(0n), contentEncoding: 200 })).toBeUndefined();
  });
});

describe('the heading of a record', () => {
  const decoded = { rejected: 0, hasOwnTimes: true };
  const request = {
    signal: 'metrics',
    transport: 'http',
    contentType: 'remote_write_2',
    contentEncoding: 'identity',
    wire: new Uint8Array(),
    body: new Uint8Array(),
  } as const;

  it.each([
    ['', '', ''],
    ['shop', '', ''],
    ['', 'labels=prometheus', ''],
    ['shop', 'labels=prometheus', ''],
    ['', '', 'digest'],
    ['shop', '', 'digest'],
    ['shop', 'labels=prometheus', 'digest'],
  ])('holds tenant %j, parameters %j and origin %j', (tenant, parameters, origin) => {
    const submission = { ...request, tenant, parameters };
    const meta = recordMeta(submission, 0n, decoded, 0, undefined, origin);
    expect([tenantOf(meta), parametersOf(meta), originOf(meta)]).toEqual([
      tenant,
      parameters,
      origin,
    ]);
  });
});

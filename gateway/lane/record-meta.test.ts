import { describe, expect, it } from '@jest/globals';
import { contentEncodingOf, contentEncodings, contentTypes, sealMeta } from './record-meta.ts';

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

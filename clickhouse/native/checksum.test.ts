import { describe, expect, it } from '@jest/globals';
import { checksumOf, hasChecksum, oldChecksum } from './checksum.ts';

const chunks = [Buffer.from('12345'), Buffer.alloc(0), Buffer.from('6789')];
const otherwise = [Buffer.from('12345'), Buffer.from('6780')];

describe('the checksum of a block', () => {
  it('is of the bytes, however they are cut', () => {
    expect(checksumOf(chunks)).toBe(checksumOf([Buffer.from('123456789')]));
    // printf 123456789 | openssl mac -cipher AES-128-GCM -macopt hexkey:00… -macopt hexiv:00… GMAC
    expect(checksumOf(chunks)).toBe('gmac:107c4146b4c6a58d2afe8a7299f060e2');
  });

  it('tells other bytes, swapped chunks and a missing end', () => {
    const [first, , last] = chunks;
    for (const other of [otherwise, [last, first], [first], [first, last, Buffer.alloc(1)]]) {
      expect(hasChecksum(other as Buffer[], checksumOf(chunks))).toBe(false);
    }
    expect(hasChecksum(chunks, checksumOf(chunks))).toBe(true);
  });

  it('is compared as CRC-32 where a seal of before has that', () => {
    // The check value of CRC-32/ISO-HDLC for "123456789".
    const old = oldChecksum(0xcbf43926);
    expect(hasChecksum(chunks, old)).toBe(true);
    expect(hasChecksum(otherwise, old)).toBe(false);
  });
});

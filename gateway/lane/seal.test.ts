import { describe, expect, it } from '@jest/globals';
import { decodeSeal, encodeSeal, newSealId, type Seal } from './seal.ts';

const seal: Seal = {
  id: newSealId(),
  first: 0,
  last: 4096,
  firstReceivedMs: 1_795_003_200_000,
  received: { traces: 3, metrics: 0, logs: 0 },
  units: [
    {
      table: 'otel_traces',
      partition: '2026-11-21',
      rows: 3,
      bytes: 812,
      checksum: 'gmac:00112233445566778899aabbccddeeff',
      firstEventNs: 1n,
      lastEventNs: 2n,
    },
  ],
};

describe('a seal', () => {
  it('comes back as it was written', () => {
    expect(decodeSeal(encodeSeal(seal))).toEqual(seal);
  });

  it('of before has a CRC-32, and keeps it', () => {
    const text = Buffer.from(encodeSeal(seal)).toString();
    const old = text.replace(/"checksum":"[^"]*"/, '"crc":3421780262');
    expect(old).not.toBe(text);
    expect(decodeSeal(Buffer.from(old))?.units[0]?.checksum).toBe('crc32:3421780262');
  });

  it.each(['', '{}', 'null', '{"version":2}'])('is not %j', (text) => {
    expect(decodeSeal(Buffer.from(text))).toBeUndefined();
  });
});

import type { RecordMeta } from '../../../gateway/wal/wal-types.ts';

/** Records that can be told from their number alone, on both sides of a kill. */
export function numberedMeta(number: number): RecordMeta {
  return {
    kind: 1,
    receivedAtNs: BigInt(number),
    contentType: 0,
    contentEncoding: 0,
    decoderVersion: 1,
    settingsFingerprint: number,
    samplingThreshold: 0n,
    flags: 0,
    rejectedItems: 0,
    tenant: '',
  };
}

/** Between 0 and 20 000 bytes, each of them a function of the number. */
export function numberedBody(number: number): Buffer {
  const size = (number * 7919) % 20_000;
  return Buffer.alloc(size, `record ${number};`);
}

/** Small segments, so that rotation, checkpoint and recycling happen many times a second. */
export function victimOptions(dir: string) {
  return {
    dir,
    segmentBytes: 256 * 1024,
    sizeBytesMax: 64 * 1024 * 1024,
    recordBytesMax: 20_000,
    destinations: ['sink'],
  };
}

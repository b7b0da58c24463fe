/**
 * One record's bytes (FORMAT.md, "Record"). Hot path: one allocation a record, a Buffer of about 60
 * bytes from the platform's pool; no copies of the body; the header's owner is the log, the body's
 * the caller. Watched by `wal.bench.ts`.
 */
import { crc32 } from 'node:zlib';

import type { RecordMeta } from './wal-types.ts';

/** Before the tenant's name; FORMAT.md draws it. */
export const RECORD_HEADER_BYTES = 56;
export const RECORD_ALIGNMENT_BYTES = 8;
const TENANT_BYTES_MAX = 255;
/** `OWR1` in a hex dump. */
export const RECORD_MAGIC = 0x3152574f;
/** The most that a record adds to its body: header, tenant, padding. */
export const RECORD_OVERHEAD_BYTES_MAX = RECORD_HEADER_BYTES + TENANT_BYTES_MAX + 7;

const CRC_OFFSET = 4;
const COVERED_OFFSET = 8;

/**
 * The header of a record, all but the two fields that depend on the segment, which
 * {@link sealRecordHeader} fills in. Its length includes the tenant and the padding.
 */
export function encodeRecordHeader(meta: RecordMeta, position: number, bodyBytes: number): Buffer {
  const tenantBytes = meta.tenant === '' ? 0 : Buffer.byteLength(meta.tenant);
  const bare = RECORD_HEADER_BYTES + tenantBytes;
  const padding = -(bare + bodyBytes) & (RECORD_ALIGNMENT_BYTES - 1);
  const header = Buffer.allocUnsafe(bare + padding);
  header.writeUInt32LE(RECORD_MAGIC, 0);
  header.writeUInt32LE(bare + padding + bodyBytes, 8);
  header.writeUInt32LE(position >>> 0, 16);
  header.writeUInt32LE(Math.floor(position / 0x1_0000_0000), 20);
  header.writeBigUInt64LE(BigInt.asUintN(64, meta.receivedAtNs), 24);
  header.writeBigUInt64LE(BigInt.asUintN(64, meta.samplingThreshold), 32);
  // The threshold has 56 bits; the byte above them was 0 before there were flags.
  header[39] = meta.flags;
  header.writeUInt32LE(meta.settingsFingerprint >>> 0, 40);
  header.writeUInt32LE(meta.rejectedItems >>> 0, 44);
  header.writeUInt16LE(meta.kind & 0xffff, 48);
  header[50] = meta.contentType;
  header[51] = meta.contentEncoding;
  header.writeUInt16LE(meta.decoderVersion & 0xffff, 52);
  header[54] = tenantBytes;
  header[55] = padding;
  if (tenantBytes > 0) header.write(meta.tenant, RECORD_HEADER_BYTES);
  if (padding > 0) header.fill(0, bare);
  return header;
}

/** Writes the segment's tag and the CRC over everything behind the CRC. */
export function sealRecordHeader(header: Buffer, body: Uint8Array, tag: number): void {
  header.writeUInt32LE(tag, 12);
  const crc = crc32(body, crc32(header.subarray(COVERED_OFFSET), tag));
  header.writeUInt32LE(crc, CRC_OFFSET);
}

/** The most that a tenant's name may be, checked where the record is appended. */
export function tenantFits(tenant: string): boolean {
  return tenant.length <= TENANT_BYTES_MAX && Buffer.byteLength(tenant) <= TENANT_BYTES_MAX;
}

/** Bytes that a record of this body and tenant takes in its segment. */
export function recordBytes(tenant: string, bodyBytes: number): number {
  const bare = RECORD_HEADER_BYTES + (tenant === '' ? 0 : Buffer.byteLength(tenant)) + bodyBytes;
  return bare + (-bare & (RECORD_ALIGNMENT_BYTES - 1));
}

/**
 * The whole length that the header at `offset` claims, when magic, tag, position and length are
 * what this place demands; 0 otherwise. Needs {@link RECORD_HEADER_BYTES} bytes there. Does not
 * look at the CRC.
 */
export function claimedRecordBytes(
  bytes: Buffer,
  offset: number,
  place: { readonly tag: number; readonly position: number; readonly lengthMax: number },
): number {
  if (bytes.readUInt32LE(offset) !== RECORD_MAGIC) return 0;
  if (bytes.readUInt32LE(offset + 12) !== place.tag) return 0;
  if (readPosition(bytes, offset + 16) !== place.position) return 0;
  const length = bytes.readUInt32LE(offset + 8);
  const least = RECORD_HEADER_BYTES + (bytes[offset + 54] ?? 0) + (bytes[offset + 55] ?? 0);
  if (length < least || length > place.lengthMax) return 0;
  return length % RECORD_ALIGNMENT_BYTES === 0 ? length : 0;
}

/**
 * How many of magic, tag and position fit this place. Two of three mean that a record of ours was
 * begun here and is torn or damaged; stale bytes and zeros never reach two.
 */
export function recordLikeness(
  bytes: Buffer,
  offset: number,
  place: { readonly tag: number; readonly position: number },
): number {
  let likeness = 0;
  if (bytes.readUInt32LE(offset) === RECORD_MAGIC) likeness += 1;
  if (bytes.readUInt32LE(offset + 12) === place.tag) likeness += 1;
  if (readPosition(bytes, offset + 16) === place.position) likeness += 1;
  return likeness;
}

/** Whether the CRC of the whole record at `offset` holds. */
export function recordCrcHolds(
  bytes: Buffer,
  offset: number,
  length: number,
  tag: number,
): boolean {
  const covered = bytes.subarray(offset + COVERED_OFFSET, offset + length);
  return crc32(covered, tag) === bytes.readUInt32LE(offset + CRC_OFFSET);
}

/** What the header of a verified record says. */
export function decodeRecordMeta(bytes: Buffer, offset: number): RecordMeta {
  const tenantEnd = offset + RECORD_HEADER_BYTES + (bytes[offset + 54] ?? 0);
  return {
    kind: bytes.readUInt16LE(offset + 48),
    receivedAtNs: bytes.readBigInt64LE(offset + 24),
    contentType: bytes[offset + 50] ?? 0,
    contentEncoding: bytes[offset + 51] ?? 0,
    decoderVersion: bytes.readUInt16LE(offset + 52),
    settingsFingerprint: bytes.readUInt32LE(offset + 40),
    samplingThreshold: BigInt.asUintN(56, bytes.readBigUInt64LE(offset + 32)),
    flags: bytes[offset + 39] ?? 0,
    rejectedItems: bytes.readUInt32LE(offset + 44),
    tenant: bytes.toString('utf8', offset + RECORD_HEADER_BYTES, tenantEnd),
  };
}

/** The body of a verified record: a view, not a copy. */
export function recordBody(bytes: Buffer, offset: number, length: number): Buffer {
  const start = RECORD_HEADER_BYTES + (bytes[offset + 54] ?? 0) + (bytes[offset + 55] ?? 0);
  return bytes.subarray(offset + start, offset + length);
}

function readPosition(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset + 4) * 0x1_0000_0000 + bytes.readUInt32LE(offset);
}

/**
 * The first page of a segment (FORMAT.md, "Segment header"): which log it belongs to, where its
 * first record stands, and where the segment before it ended. Kept twice, half a page apart, so
 * that one bad sector costs nothing.
 */
import { crc32 } from 'node:zlib';

export type SegmentHeader = {
  /** The lane's random 128-bit id, 32 hex digits. */
  readonly logId: string;
  /** Ever growing, never reused; also the file's name. */
  readonly sequence: number;
  /** Position of the first record. */
  readonly base: number;
  /** Sequence of the segment before; 0 when there was none. */
  readonly previousSequence: number;
  /** Position where that segment's records end: what it holds beyond was refused. */
  readonly previousEnd: number;
  /** The longest record that the writer accepted, so that a reader can bound its memory. */
  readonly recordBytesMax: number;
};

/** Records begin on the second page, so that no write of theirs touches the header's sectors. */
export const SEGMENT_HEADER_BYTES = 4096;
const FORMAT_VERSION = 1;

const MAGIC = 'OBSCTLWA';
const COPY_OFFSETS = [0, 2048] as const;
const CRC_OFFSET = 64;
const COPY_BYTES = 68;

/** One page with both copies. */
export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const page = Buffer.alloc(SEGMENT_HEADER_BYTES);
  for (const offset of COPY_OFFSETS) {
    page.write(MAGIC, offset, 'latin1');
    page.writeUInt32LE(FORMAT_VERSION, offset + 8);
    page.writeUInt32LE(header.recordBytesMax, offset + 12);
    page.write(header.logId, offset + 16, 'hex');
    page.writeBigUInt64LE(BigInt(header.sequence), offset + 32);
    page.writeBigUInt64LE(BigInt(header.base), offset + 40);
    page.writeBigUInt64LE(BigInt(header.previousSequence), offset + 48);
    page.writeBigUInt64LE(BigInt(header.previousEnd), offset + 56);
    const crc = crc32(page.subarray(offset, offset + CRC_OFFSET));
    page.writeUInt32LE(crc, offset + CRC_OFFSET);
  }
  return page;
}

/**
 * The header in the first page of a file. `newer` when a later format version wrote it: such a
 * file must not be touched. `undefined` when neither copy holds.
 */
export function decodeSegmentHeader(page: Buffer): SegmentHeader | 'newer' | undefined {
  for (const offset of COPY_OFFSETS) {
    if (page.byteLength < offset + COPY_BYTES) continue;
    if (page.toString('latin1', offset, offset + 8) !== MAGIC) continue;
    const crc = crc32(page.subarray(offset, offset + CRC_OFFSET));
    if (crc !== page.readUInt32LE(offset + CRC_OFFSET)) continue;
    if (page.readUInt32LE(offset + 8) > FORMAT_VERSION) return 'newer';
    return {
      logId: page.toString('hex', offset + 16, offset + 32),
      sequence: Number(page.readBigUInt64LE(offset + 32)),
      base: Number(page.readBigUInt64LE(offset + 40)),
      previousSequence: Number(page.readBigUInt64LE(offset + 48)),
      previousEnd: Number(page.readBigUInt64LE(offset + 56)),
      recordBytesMax: page.readUInt32LE(offset + 12),
    };
  }
  return undefined;
}

/**
 * The number that every record of a segment carries and that seeds its CRC. Within one log two
 * segments never share it: the sequences are 32 bits apart at most, a burst that CRC-32 always
 * tells apart. So bytes of a recycled file's earlier life can never pass for records.
 */
export function segmentTag(logId: string, sequence: number): number {
  const seed = Buffer.alloc(20);
  seed.write(logId, 0, 'hex');
  seed.writeUInt32LE(sequence >>> 0, 16);
  return crc32(seed);
}

/** `0000000000000042.segment`: sorts by sequence. */
export function segmentName(sequence: number): string {
  return `${String(sequence).padStart(16, '0')}.segment`;
}

/** The sequence that a file's name says, or `undefined` when it is no segment's name. */
export function segmentSequence(name: string): number | undefined {
  const match = /^(\d{16})\.segment$/.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/**
 * The file of a recording: OTLP bodies as they came, in order, in one zstd frame:
 *
 *     file   = zstd(header record…)
 *     header = "OBSREC1\n" startMs:u64
 *     record = afterMs:u32 signal:u8 length:u32 body          (little endian)
 *
 * `startMs`: Unix milliseconds of the start. `signal`: index in {@link recordedSignals}.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

const recordedSignals = ['traces', 'metrics', 'logs'] as const;

export type RecordedSignal = (typeof recordedSignals)[number];

/** One request: `afterMs` milliseconds after the start, an `Export…ServiceRequest` in protobuf. */
export type RecordedRequest = {
  readonly afterMs: number;
  readonly signal: RecordedSignal;
  readonly body: Buffer;
};

export type Recording = {
  readonly startMs: number;
  readonly requests: readonly RecordedRequest[];
};

const magic = Buffer.from('OBSREC1\n');
const headerBytes = magic.length + 8;
const recordHeaderBytes = 9;
/** Ids and numbers repeat over minutes: the window reaches over the whole file. */
const windowLog = 27;
const level = 19;

export function encodeRecording({ startMs, requests }: Recording): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeBigUInt64LE(BigInt(startMs), magic.length);
  const records = requests.flatMap(({ afterMs, signal, body }) => {
    const record = Buffer.alloc(recordHeaderBytes);
    record.writeUInt32LE(afterMs, 0);
    record.writeUInt8(recordedSignals.indexOf(signal), 4);
    record.writeUInt32LE(body.length, 5);
    return [record, body];
  });
  return zstdCompressSync(Buffer.concat([header, ...records]), {
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_windowLog]: windowLog,
      [constants.ZSTD_c_enableLongDistanceMatching]: 1,
    },
  });
}

/** Throws when the file is not a whole recording. */
export function decodeRecording(file: Uint8Array): Recording {
  const bytes = zstdDecompressSync(file, {
    params: { [constants.ZSTD_d_windowLogMax]: windowLog },
  });
  if (!bytes.subarray(0, magic.length).equals(magic)) throw new Error('not a recording');
  const startMs = Number(bytes.readBigUInt64LE(magic.length));
  const requests: RecordedRequest[] = [];
  for (let at = headerBytes; at < bytes.length; ) {
    const signal = recordedSignals[bytes.readUInt8(at + 4)];
    const end = at + recordHeaderBytes + bytes.readUInt32LE(at + 5);
    if (signal === undefined || end > bytes.length) throw new Error(`damaged at ${at}`);
    const body = bytes.subarray(at + recordHeaderBytes, end);
    requests.push({ afterMs: bytes.readUInt32LE(at), signal, body });
    at = end;
  }
  return { startMs, requests };
}

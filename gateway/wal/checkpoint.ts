/**
 * How far each destination has acknowledged: one small text file, replaced as a whole (written
 * aside, synced, renamed, directory synced), so that a crash leaves the old one or the new one.
 * A damaged or lost checkpoint costs repeats, never data.
 */
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { WalFs } from './wal-fs.ts';

export type Checkpoint = {
  readonly logId: string;
  readonly positions: ReadonlyMap<string, number>;
};

export const CHECKPOINT_NAME = 'checkpoint';
export const CHECKPOINT_TEMPORARY_NAME = 'checkpoint.tmp';
/** Beyond this the file is not ours: it is a line of JSON for a handful of destinations. */
const CHECKPOINT_BYTES_MAX = 64 * 1024;

/** Two lines: JSON for people and programs, and the CRC-32 of the first line. */
function encodeCheckpoint(checkpoint: Checkpoint): string {
  const line = JSON.stringify({
    format: 1,
    log: checkpoint.logId,
    acknowledged: Object.fromEntries(checkpoint.positions),
  });
  return `${line}\n${crcText(line)}\n`;
}

/** The checkpoint that `text` holds; `undefined` unless every byte of it is as written. */
function decodeCheckpoint(text: string): Checkpoint | undefined {
  const [line, crc, rest, ...more] = text.split('\n');
  if (line === undefined || crc !== crcText(line) || rest !== '' || more.length > 0) return;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return toCheckpoint(value);
}

/** Replaces the checkpoint durably. */
export async function writeCheckpoint(
  fs: WalFs,
  directory: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const temporary = join(directory, CHECKPOINT_TEMPORARY_NAME);
  const file = fs.open(temporary, 'create');
  try {
    let rest = Buffer.from(encodeCheckpoint(checkpoint));
    let offset = 0;
    while (rest.byteLength > 0) {
      const bytes = fs.write(file, [rest], offset);
      if (bytes === 0) throw new Error('the disk took no bytes of the checkpoint');
      rest = rest.subarray(bytes);
      offset += bytes;
    }
    await fs.dataSync(file);
  } finally {
    fs.close(file);
  }
  fs.rename(temporary, join(directory, CHECKPOINT_NAME));
  await fs.syncDirectory(directory);
}

/** Reads the checkpoint: `missing`, `damaged`, or what it says. */
export async function readCheckpoint(
  fs: WalFs,
  directory: string,
): Promise<Checkpoint | 'missing' | 'damaged'> {
  if (!fs.list(directory).includes(CHECKPOINT_NAME)) return 'missing';
  const file = fs.open(join(directory, CHECKPOINT_NAME), 'read');
  try {
    const sizeBytes = fs.sizeBytes(file);
    if (sizeBytes > CHECKPOINT_BYTES_MAX) return 'damaged';
    const bytes = Buffer.alloc(sizeBytes);
    let filled = 0;
    while (filled < sizeBytes) {
      const count = await fs.read(file, bytes.subarray(filled), filled);
      if (count === 0) break;
      filled += count;
    }
    return decodeCheckpoint(bytes.toString('utf8', 0, filled)) ?? 'damaged';
  } finally {
    fs.close(file);
  }
}

function crcText(line: string): string {
  return `crc32 ${crc32(line).toString(16).padStart(8, '0')}`;
}

function toCheckpoint(value: unknown): Checkpoint | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('format' in value) || value.format !== 1) return undefined;
  if (!('log' in value) || typeof value.log !== 'string') return undefined;
  if (!('acknowledged' in value) || typeof value.acknowledged !== 'object') return undefined;
  const positions = new Map<string, number>();
  for (const [name, position] of Object.entries(value.acknowledged ?? {})) {
    if (!Number.isSafeInteger(position) || position < 0) return undefined;
    positions.set(name, position);
  }
  return { logId: value.log, positions };
}

/** Damage tables over real files: F3, F4 and F6 of the fault matrix. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { systemClock } from '../../core/clock.ts';
import { RECORD_HEADER_BYTES } from './record.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import { openWal } from './wal.ts';
import { platformFs, type WalFs } from './wal-fs.ts';
import type { LogRecord, RecordMeta, RecoveryReport } from './wal-types.ts';

const RECORDS = 14;
const meta: RecordMeta = {
  kind: 1,
  receivedAtNs: 1n,
  contentType: 0,
  contentEncoding: 0,
  decoderVersion: 1,
  settingsFingerprint: 0,
  samplingThreshold: 0n,
  flags: 0,
  rejectedItems: 0,
  tenant: 'blue',
};

let root = '';
/** A log of fourteen records in three segments, copied for each case. */
let pristine = '';
let dir = '';
/** Beginning of each record, and the end of the last. */
const starts: number[] = [];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'obsctl-wal-damage-'));
  pristine = join(root, 'pristine');
  const { wal } = await open(pristine);
  for (let index = 0; index < RECORDS; index += 1) {
    starts.push(wal.writtenPosition());
    const body = Buffer.alloc(60 + index * 5, index + 1);
    await wal.durable(wal.append(meta, body));
  }
  starts.push(wal.writtenPosition());
  await wal.close();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  dir = join(root, 'case');
  reset();
});

function reset(): void {
  rmSync(dir, { recursive: true, force: true });
  cpSync(pristine, dir, { recursive: true });
}

/** Nothing here loses power, so nothing needs to wait for a disk that others use, too. */
const withoutSyncs: WalFs = {
  ...platformFs,
  dataSync: async () => {},
  syncDirectory: async () => {},
};

function open(path: string) {
  return openWal({
    dir: path,
    fs: withoutSyncs,
    clock: systemClock,
    segmentBytes: SEGMENT_HEADER_BYTES + 900,
    sizeBytesMax: 1024 * 1024,
    recordBytesMax: 500,
    destinations: ['clickhouse'],
  });
}

function segmentFiles(): string[] {
  const names = readdirSync(dir).filter((name) => name.endsWith('.segment'));
  return names.sort().map((name) => join(dir, name));
}

/** Opens the damaged copy, reads all, appends one more, opens again: nothing may fail. */
async function survive(): Promise<{ report: RecoveryReport; read: LogRecord[]; lost: number[] }> {
  const first = await open(dir);
  const read = await Array.fromAsync(first.wal.read(0, first.wal.durablePosition()));
  const damaged = first.wal.damagedRanges();
  const end = first.wal.append(meta, Buffer.from('one more'));
  await first.wal.durable(end);
  first.wal.invariants();
  await first.wal.close();
  const second = await open(dir);
  const again = await Array.fromAsync(second.wal.read(0, second.wal.durablePosition()));
  await second.wal.close();
  expect(again.slice(0, -1)).toEqual(read);
  expect(again.at(-1)?.body).toEqual(Buffer.from('one more'));
  const present = new Set(read.map(({ position }) => position));
  for (const record of read) {
    const index = starts.indexOf(record.position);
    expect(record.body).toEqual(Buffer.alloc(60 + index * 5, index + 1));
  }
  const lost = starts.slice(0, -1).flatMap((start, index) => (present.has(start) ? [] : [index]));
  return { report: { ...first.recovery, damaged }, read, lost };
}

/** The file that holds record `index`, and where it begins there. */
function locate(index: number): { path: string; offset: number; bytes: Buffer } {
  for (const path of segmentFiles().reverse()) {
    const bytes = readFileSync(path);
    const base = Number(bytes.readBigUInt64LE(40));
    const start = starts[index] ?? 0;
    if (start >= base) return { path, offset: SEGMENT_HEADER_BYTES + start - base, bytes };
  }
  throw new Error('no such record');
}

const recordBytes = (index: number): number => (starts[index + 1] ?? 0) - (starts[index] ?? 0);

describe('a torn tail', () => {
  it('costs the torn records and nothing else, wherever the file ends', async () => {
    const { path, bytes } = locate(RECORDS - 1);
    const third = locate(RECORDS - 3);
    expect(third.path).toBe(path);
    for (let size = third.offset; size < bytes.byteLength; size += 1) {
      reset();
      truncateSync(path, size);
      const { report, lost } = await survive();
      const whole = [RECORDS - 3, RECORDS - 2, RECORDS - 1].filter(
        (index) => locateEnd(third, index) > size,
      );
      expect({ size, lost }).toEqual({ size, lost: whole });
      expect(report.damaged).toEqual([]);
      const begun = starts[whole[0] ?? 0] ?? 0;
      const left = size - (third.offset + begun - (starts[RECORDS - 3] ?? 0));
      if (left >= 20) expect(report.tornBytes).toBe(left);
    }
  });

  it('is cut when it is followed by zeros or by bytes of an earlier life', async () => {
    for (const filler of [0x00, 0xa5]) {
      reset();
      const { path, offset, bytes } = locate(RECORDS - 1);
      const torn = Buffer.concat([bytes.subarray(0, offset + 70), Buffer.alloc(5000, filler)]);
      writeFileSync(path, torn);
      const { report, lost } = await survive();
      expect(lost).toEqual([RECORDS - 1]);
      expect(report.tornBytes).toBeGreaterThan(0);
    }
  });
});

function locateEnd(third: { offset: number }, index: number): number {
  return third.offset + (starts[index + 1] ?? 0) - (starts[RECORDS - 3] ?? 0);
}

describe('a damaged record', () => {
  it('is lost alone, whichever of its bytes is flipped', async () => {
    for (const index of [1, RECORDS - 2]) {
      const size = recordBytes(index);
      for (let at = 0; at < size; at += 1) {
        reset();
        const { path, offset, bytes } = locate(index);
        bytes[offset + at] = (bytes[offset + at] ?? 0) ^ 0x10;
        writeFileSync(path, bytes);
        const { report, lost } = await survive();
        expect({ at, lost }).toEqual({ at, lost: [index] });
        expect(report.damaged).toEqual([
          { from: starts[index], to: starts[index + 1], reason: 'no valid record' },
        ]);
      }
    }
  });

  it('is lost alone, whatever its length says', async () => {
    for (const length of [0, 1, 8, RECORD_HEADER_BYTES, 2 ** 31, 2 ** 32 - 1, 2 ** 32 - 8]) {
      for (const index of [1, RECORDS - 2]) {
        reset();
        const { path, offset, bytes } = locate(index);
        bytes.writeUInt32LE(length, offset + 8);
        writeFileSync(path, bytes);
        const { lost, report } = await survive();
        expect({ length, lost }).toEqual({ length, lost: [index] });
        expect(report.damaged).toHaveLength(1);
      }
    }
  });

  it('keeps its file for a person once the segment is acknowledged', async () => {
    const { path, offset, bytes } = locate(1);
    bytes[offset + 60] = 0xff;
    writeFileSync(path, bytes);
    const { wal } = await open(dir);
    await Array.fromAsync(wal.read(0, wal.durablePosition()));
    await wal.acknowledge('clickhouse', wal.durablePosition());
    await wal.close();
    expect(readFileSync(`${path}.damaged`)).toEqual(bytes);
  });
});

describe('a segment header', () => {
  it('survives the loss of either of its copies', async () => {
    for (const at of [0, 2048]) {
      reset();
      const { path, bytes } = locate(1);
      bytes.fill(0xee, at, at + 512);
      writeFileSync(path, bytes);
      const { lost } = await survive();
      expect(lost).toEqual([]);
    }
  });

  it('that is lost twice costs its segment, which is kept and reported', async () => {
    const { path, bytes } = locate(8);
    const inFile = starts.slice(0, -1).flatMap((_, i) => (locate(i).path === path ? [i] : []));
    bytes.fill(0xee, 0, 4096);
    writeFileSync(path, bytes);
    const { report, lost } = await survive();
    expect(lost).toEqual(inFile);
    expect(report.damaged).toHaveLength(1);
    expect(readFileSync(`${path}.damaged`)).toEqual(bytes);
  });

  it('of a newer format stops the start before anything is touched', async () => {
    const { path } = locate(0);
    const { encodeSegmentHeader } = await import('./segment-header.ts');
    const { crc32 } = await import('node:zlib');
    const page = encodeSegmentHeader({
      logId: '00'.repeat(16),
      sequence: 1,
      base: 0,
      previousSequence: 0,
      previousEnd: 0,
      recordBytesMax: 500,
    });
    for (const copy of [0, 2048]) {
      page.writeUInt32LE(2, copy + 8);
      page.writeUInt32LE(crc32(page.subarray(copy, copy + 64)), copy + 64);
    }
    writeFileSync(path, page);
    const before = readdirSync(dir);
    await expect(open(dir)).rejects.toMatchObject({ name: 'Problem', code: 'OBS-2021' });
    expect(readdirSync(dir)).toEqual(before);
  });
});

describe('a directory', () => {
  it('with an empty newest segment starts and loses nothing', async () => {
    writeFileSync(join(dir, '0000000000000099.segment'), '');
    const { lost, report } = await survive();
    expect(lost).toEqual([]);
    expect(report.damaged).toEqual([]);
  });

  it('without one of its middle segments reports exactly that range', async () => {
    const files = segmentFiles();
    const middle = files[1] ?? '';
    const base = Number(readFileSync(middle).readBigUInt64LE(40));
    const next = Number(readFileSync(files[2] ?? '').readBigUInt64LE(40));
    rmSync(middle);
    const { lost, report } = await survive();
    expect(report.damaged).toEqual([{ from: base, to: next, reason: 'segment missing' }]);
    expect(lost).toEqual(
      starts.slice(0, -1).flatMap((start, i) => (start >= base && start < next ? [i] : [])),
    );
  });

  it('with temporary files of a crash starts and removes them', async () => {
    writeFileSync(join(dir, 'checkpoint.tmp'), 'half a che');
    writeFileSync(join(dir, '0000000000000050.segment.tmp'), Buffer.alloc(100));
    const { lost, report } = await survive();
    expect(lost).toEqual([]);
    expect(report.notes).toHaveLength(2);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('with a damaged checkpoint reads everything again and says so', async () => {
    for (const text of ['', 'rubbish', '{"format":1}\ncrc32 00000000\n']) {
      reset();
      writeFileSync(join(dir, 'checkpoint'), text);
      const { lost, report } = await survive();
      expect(lost).toEqual([]);
      expect(report.notes.join()).toContain('checkpoint is damaged');
    }
  });

  it('with a cursor ahead of its data gives out no position below that cursor', async () => {
    const first = await open(dir);
    await first.wal.acknowledge('clickhouse', starts[RECORDS] ?? 0);
    await first.wal.close();
    for (const path of segmentFiles()) rmSync(path);
    const second = await open(dir);
    expect(second.recovery.notes.join()).toContain('beyond the data');
    const before = second.wal.writtenPosition();
    expect(before).toBeGreaterThanOrEqual(starts[RECORDS] ?? 0);
    await second.wal.durable(second.wal.append(meta, Buffer.from('new')));
    const read = await Array.fromAsync(second.wal.read(before, second.wal.durablePosition()));
    expect(read.map(({ body }) => String(body))).toEqual(['new']);
    await second.wal.close();
  });

  it('with a cursor behind its data reports what is missing and goes on', async () => {
    const first = await open(dir);
    await first.wal.acknowledge('clickhouse', starts[1] ?? 0);
    await first.wal.close();
    const [oldest, next] = segmentFiles();
    const base = Number(readFileSync(next ?? '').readBigUInt64LE(40));
    rmSync(oldest ?? '');
    const second = await open(dir);
    expect(second.recovery.damaged).toEqual([
      { from: starts[1], to: base, reason: 'segment missing' },
    ]);
    expect(second.wal.acknowledged('clickhouse')).toBe(base);
    await second.wal.close();
  });
});

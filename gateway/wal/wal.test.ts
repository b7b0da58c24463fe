import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { systemClock } from '../../core/clock.ts';
import { openWal, type WalOptions } from './wal.ts';
import { platformFs } from './wal-fs.ts';
import type { LogRecord, RecordMeta, Wal } from './wal-types.ts';

const meta: RecordMeta = {
  kind: 7,
  receivedAtNs: 1_763_712_000_123_456_789n,
  contentType: 1,
  contentEncoding: 2,
  decoderVersion: 3,
  settingsFingerprint: 0xfeedbeef,
  samplingThreshold: 0xff_ffff_ffff_ffffn,
  flags: 7,
  rejectedItems: 12,
  tenant: 'zürich',
};

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-wal-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(options: Partial<WalOptions> = {}) {
  return openWal({
    dir,
    clock: systemClock,
    segmentBytes: 64 * 1024,
    sizeBytesMax: 1024 * 1024,
    recordBytesMax: 16 * 1024,
    destinations: ['clickhouse'],
    ...options,
  });
}

async function readAll(wal: Wal, from = 0): Promise<LogRecord[]> {
  return await Array.fromAsync(wal.read(from, wal.durablePosition()));
}

function body(size: number, seed: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = (index * 31 + seed * 17) & 0xff;
  return bytes;
}

describe('a log', () => {
  it('gives back every field and byte of what was appended, also after a restart', async () => {
    const first = await open();
    const bodies = [0, 1, 7, 8, 9, 1000, 16 * 1024].map((size, index) => body(size, index));
    let position = 0;
    for (const bytes of bodies) position = first.wal.append(meta, bytes);
    await first.wal.durable(position);
    const expected = bodies.map((bytes) => ({ meta, body: bytes }));
    const seen = await readAll(first.wal);
    expect(seen.map(({ meta: m, body: b }) => ({ meta: m, body: b }))).toEqual(expected);
    await first.wal.close();
    const second = await open();
    expect(second.recovery).toEqual({
      records: 7,
      durablePosition: position,
      tornBytes: 0,
      damaged: [],
      notes: [],
    });
    expect(second.logId).toBe(first.logId);
    const again = await readAll(second.wal);
    expect(again).toEqual(seen);
    await second.wal.close();
  });

  it('syncs once for all that wait', async () => {
    let syncs = 0;
    const dataSync = (file: number) => {
      syncs += 1;
      return platformFs.dataSync(file);
    };
    const { wal } = await open({ fs: { ...platformFs, dataSync } });
    const ends = Array.from({ length: 20 }, (_, index) => wal.append(meta, body(100, index)));
    expect(wal.durablePosition()).toBe(0);
    await Promise.all(ends.map((end) => wal.durable(end)));
    expect(wal.durablePosition()).toBe(ends.at(-1));
    // One for the new segment's header, one for the twenty records.
    expect(syncs).toBe(2);
    wal.invariants();
    await wal.close();
  });

  it('frees segments that all destinations acknowledged, and recycles their files', async () => {
    const { wal } = await open({ destinations: ['clickhouse', 'archive'] });
    for (let round = 0; round < 100; round += 1) {
      await wal.durable(wal.append(meta, body(10_000, round)));
      if (round === 50) {
        void wal.acknowledge('clickhouse', wal.durablePosition());
        await wal.acknowledge('archive', wal.durablePosition());
      }
      wal.invariants();
    }
    expect(wal.sizeBytes()).toBeLessThan(700_000);
    expect(readdirSync(dir).filter((name) => name.endsWith('.segment')).length).toBeLessThan(12);
    const position = wal.durablePosition();
    void wal.acknowledge('clickhouse', position);
    await wal.acknowledge('archive', position);
    expect(wal.sizeBytes()).toBeLessThan(70_000);
    await wal.close();
    const again = await open({ destinations: ['clickhouse', 'archive'] });
    expect(again.recovery.records).toBe(0);
    expect(again.wal.acknowledged('archive')).toBe(position);
    await again.wal.close();
  });

  it('refuses at its size limit and goes on when space is acknowledged', async () => {
    const { wal } = await open();
    let appended = 0;
    const fill = async () => {
      for (;;) {
        const end = wal.append(meta, body(10_000, appended));
        appended += 1;
        await wal.durable(end);
        wal.invariants();
      }
    };
    await expect(fill()).rejects.toMatchObject({ name: 'WalFailure', reason: 'full' });
    expect(appended).toBeGreaterThan(90);
    expect(wal.sizeBytes()).toBeLessThanOrEqual(1024 * 1024);
    await wal.durable(wal.append(meta, body(10_000, 0), true));
    await wal.acknowledge('clickhouse', wal.durablePosition());
    await wal.durable(wal.append(meta, body(10_000, appended)));
    wal.invariants();
    await wal.close();
  });

  it('refuses what is too large, and everything once it is closed', async () => {
    const { wal } = await open();
    expect(() => wal.append(meta, body(16 * 1024 + 1, 0))).toThrow(
      expect.objectContaining({ name: 'WalFailure', reason: 'too_large' }),
    );
    await wal.close();
    await wal.close();
    expect(() => wal.append(meta, body(1, 0))).toThrow(
      expect.objectContaining({ name: 'WalFailure', reason: 'closed' }),
    );
  });

  it('reads from any record and stops before the end that was asked', async () => {
    const { wal } = await open();
    const ends = [0];
    for (let index = 0; index < 30; index += 1) ends.push(wal.append(meta, body(5000, index)));
    await wal.durable(ends.at(-1) ?? 0);
    const some = await Array.fromAsync(wal.read(ends[11] ?? 0, ends[20] ?? 0));
    expect(some.map(({ position }) => position)).toEqual(ends.slice(11, 20));
    expect(some.map(({ body: bytes }) => bytes)).toEqual(
      Array.from({ length: 9 }, (_, index) => body(5000, index + 11)),
    );
    await wal.close();
  });

  it('does not recycle a segment below a reader', async () => {
    const { wal } = await open({ segmentBytes: 600 * 1024, sizeBytesMax: 4 * 1024 * 1024 });
    const appendMany = async (count: number, seed: number) => {
      for (let index = 0; index < count; index += 1) {
        await wal.durable(wal.append(meta, body(16_000, seed + index)));
      }
    };
    await appendMany(40, 0);
    // The reader loads 256 KiB at a time: most of the first segment is still to be read.
    const reader = wal.read(0, wal.durablePosition())[Symbol.asyncIterator]();
    const first: LogRecord = (await reader.next()).value;
    expect(Buffer.from(first.body)).toEqual(body(16_000, 0));
    await wal.acknowledge('clickhouse', wal.durablePosition());
    await appendMany(120, 1000);
    let index = 1;
    for (let step = await reader.next(); !step.done; step = await reader.next()) {
      expect(body(16_000, index).equals(step.value.body)).toBe(true);
      index += 1;
    }
    expect(index).toBe(40);
    expect(wal.damagedRanges()).toEqual([]);
    await wal.close();
  });
});

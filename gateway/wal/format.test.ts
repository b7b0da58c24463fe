/**
 * Format 1 is read for ever: `testdata/v1` was written by obsctl 0.1.0 (a gateway that was killed
 * while ClickHouse was away) and never changes. `npm run crash -- --fault F33` delivers it.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { decodeSeal } from '../lane/seal.ts';
import { lookAtLog } from './look.ts';
import { openWal } from './wal.ts';
import type { LogRecord } from './wal-types.ts';

const lane = '5428b08cd654a2bc1defcc41c3560a32';
const fixture = join(import.meta.dirname, 'testdata/v1/lanes', lane);

/** Position, next, kind, content type, content encoding, milliseconds, bytes of the body. */
const records = [
  [0, 2200, 1, 0, 0, 1795281863501, 2142],
  [2200, 3160, 3, 0, 0, 1795281863547, 898],
  [3160, 4080, 16, 0, 0, 1795281863917, 860],
  [4080, 6232, 1, 0, 0, 1795281869638, 2092],
  [6232, 6496, 3, 0, 1, 1795281869655, 202],
  [6496, 7296, 2, 0, 0, 1795281869686, 739],
  [7296, 8392, 16, 0, 0, 1795281869703, 1036],
  [8392, 8888, 1, 0, 1, 1795281873712, 439],
  [8888, 9688, 2, 0, 0, 1795281873740, 739],
  [9688, 11608, 3, 1, 0, 1795281873777, 1859],
  [11608, 12704, 16, 0, 0, 1795281873785, 1037],
  [12704, 14864, 1, 0, 0, 1795281875316, 2102],
];

function rowOf({ position, next, meta, body }: LogRecord): readonly number[] {
  const { kind, contentType, contentEncoding, receivedAtNs } = meta;
  const ms = Number(receivedAtNs / 1_000_000n);
  return [position, next, kind, contentType, contentEncoding, ms, body.byteLength];
}

describe('a log of format 1', () => {
  it('is read record by record without a lock and without a change', async () => {
    const log = await lookAtLog(fixture, ['clickhouse']);
    expect(log.acknowledged.get('clickhouse')).toBe(4080);
    expect(log.damaged).toEqual([]);
    const found = await Array.fromAsync(log.records(0));
    expect(found.map(rowOf)).toEqual(records);
    const seals = found.filter(({ meta }) => meta.kind === 16).map(({ body }) => decodeSeal(body));
    expect(seals.map((seal) => [seal?.first, seal?.last])).toEqual([
      [0, 3160],
      [4080, 7296],
      [7296, 11608],
    ]);
  });

  it('is opened and goes on', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'obsctl-wal-v1-'));
    try {
      cpSync(fixture, dir, { recursive: true });
      const { wal, logId, recovery } = await openWal({
        dir,
        clock: systemClock,
        sizeBytesMax: 64 * 1024 ** 2,
        recordBytesMax: 1024 ** 2,
        destinations: ['clickhouse'],
      });
      expect(logId).toMatch(/^[0-9a-f]{32}$/);
      expect(recovery.damaged).toEqual([]);
      const found = await Array.fromAsync(wal.read(4080, wal.durablePosition()));
      expect(found.map(rowOf)).toEqual(records.slice(3));
      const [first] = found;
      if (first === undefined) throw new Error('nothing was read');
      await wal.durable(wal.append(first.meta, Buffer.from('one more')));
      await wal.close();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

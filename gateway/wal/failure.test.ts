/** What the log says and does when the disk fails: F7 to F12 of the fault matrix, case by case. */
import { beforeEach, describe, expect, it } from '@jest/globals';

import { seededRandom } from '../../test/support/random.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { type Operation, SimulatedDisk } from '../../test/support/simulated-disk.ts';
import { openWal, type WalOptions } from './wal.ts';
import type { RecordMeta, Wal } from './wal-types.ts';

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
  tenant: '',
};

let disk: SimulatedDisk;
let clock: ReturnType<typeof simulatedClock>;
beforeEach(() => {
  disk = new SimulatedDisk(seededRandom(7));
  clock = simulatedClock();
});

async function open(options: Partial<WalOptions> = {}): Promise<Wal> {
  const { wal } = await openWal({
    dir: 'lane',
    clock,
    fs: disk.mount(),
    segmentBytes: 64 * 1024,
    sizeBytesMax: 1024 * 1024,
    recordBytesMax: 32 * 1024,
    destinations: ['clickhouse'],
    ...options,
  });
  return wal;
}

async function append(wal: Wal, text: string): Promise<number> {
  const end = wal.append(meta, Buffer.from(text));
  await wal.durable(end);
  return end;
}

async function texts(wal: Wal): Promise<string[]> {
  const records = await Array.fromAsync(wal.read(0, wal.durablePosition()));
  return records.map(({ body }) => Buffer.from(body).toString());
}

function failOnce(operation: Operation, code: string): void {
  let armed = true;
  disk.fault = (actual) => {
    if (!armed || actual !== operation) return undefined;
    armed = false;
    return code;
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

const refusal = { name: 'WalFailure', reason: 'disk_error' };

describe('a log whose disk fails', () => {
  it('refuses what waited for a failed sync and goes on in a new segment', async () => {
    const wal = await open();
    const events: string[] = [];
    wal.onFailure((durable) => events.push(`failure at ${durable}`));
    const kept = await append(wal, 'kept');
    failOnce('dataSync', 'EIO');
    const first = wal.append(meta, Buffer.from('refused'));
    const second = wal.append(meta, Buffer.from('refused too'));
    const waits = [first, second].map((end) =>
      wal.durable(end).catch((error) => events.push(error.reason)),
    );
    await Promise.all(waits);
    expect(events).toEqual([`failure at ${kept}`, 'disk_error', 'disk_error']);
    await append(wal, 'after');
    await expect(wal.durable(first)).rejects.toMatchObject(refusal);
    await expect(wal.durable(second)).rejects.toMatchObject(refusal);
    expect(await texts(wal)).toEqual(['kept', 'after']);
    wal.invariants();
    disk.kill();
    expect(await texts(await open())).toEqual(['kept', 'after']);
  });

  it.each(['write', 'dataSync', 'rename', 'syncDirectory'] as const)(
    'answers nothing falsely while every %s fails, and heals by itself',
    async (operation) => {
      const wal = await open();
      await append(wal, 'first');
      disk.fault = (actual) => (actual === operation ? 'EIO' : undefined);
      // Two segments' worth, so that rotation is hit as well.
      for (let turn = 0; turn < 8; turn += 1) {
        const end = wal.append(meta, Buffer.alloc(20_000));
        const outcome = await wal.durable(end).then(
          () => 'durable',
          (error) => error.reason,
        );
        if (operation === 'write' || operation === 'dataSync') expect(outcome).toBe('disk_error');
        wal.invariants();
      }
      expect(wal.sizeBytes()).toBeLessThan(1024 * 1024);
      disk.fault = () => undefined;
      await append(wal, 'healed');
      const before = await texts(wal);
      expect(before[0]).toBe('first');
      expect(before.at(-1)).toBe('healed');
      disk.crash();
      expect(await texts(await open())).toEqual(before);
    },
  );

  it('goes on when space returns after a full disk', async () => {
    const wal = await open();
    await append(wal, 'first');
    disk.fault = (actual) => (actual === 'write' ? 'ENOSPC' : undefined);
    await expect(append(wal, 'no room')).rejects.toMatchObject(refusal);
    await expect(append(wal, 'still no room')).rejects.toMatchObject(refusal);
    disk.fault = () => undefined;
    await append(wal, 'room');
    expect(await texts(wal)).toEqual(['first', 'room']);
  });

  it('completes short writes of many parts, small and large', async () => {
    for (const size of [10, 9_000]) {
      const random = seededRandom(size);
      const wal = await open({ sizeBytesMax: 64 * 1024 * 1024, segmentBytes: 16 * 1024 * 1024 });
      const from = await append(wal, 'the segment is open');
      let cuts = 0;
      disk.fault = (actual) => {
        if (actual !== 'write') return undefined;
        cuts += 1;
        return 1 + random.below(size * 90);
      };
      let end = 0;
      for (let index = 0; index < 1500; index += 1) {
        end = wal.append(meta, Buffer.alloc(size, `${index};`));
      }
      await wal.durable(end);
      expect(cuts).toBeGreaterThan(30);
      const records = await Array.fromAsync(wal.read(from, end));
      expect(records.length).toBe(1500);
      for (const [index, { body }] of records.entries()) {
        expect(Buffer.alloc(size, `${index};`).equals(body)).toBe(true);
      }
      disk.fault = () => undefined;
      await wal.close();
    }
  });

  it('tries a checkpoint again until it can be written, and frees nothing before', async () => {
    const wal = await open();
    for (let index = 0; index < 10; index += 1) await append(wal, 'x'.repeat(20_000));
    const before = wal.sizeBytes();
    disk.fault = (operation, name) =>
      operation === 'open' && name === 'checkpoint.tmp' ? 'ENOSPC' : undefined;
    let isDone = false;
    const done = wal.acknowledge('clickhouse', wal.durablePosition()).then(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 5; turn += 1) {
      clock.advance(1000);
      await settle();
    }
    expect({ isDone, size: wal.sizeBytes() }).toEqual({ isDone: false, size: before });
    disk.fault = () => undefined;
    clock.advance(1000);
    await settle();
    await done;
    await settle();
    expect(wal.sizeBytes()).toBeLessThan(before / 2);
  });

  it('reports a damaged page that the disk cannot read and reads on behind it', async () => {
    const wal = await open();
    for (let index = 0; index < 3; index += 1) await append(wal, `${index}`.repeat(9000));
    let reads = 0;
    disk.fault = (operation, name) => {
      if (operation !== 'read' || !name.endsWith('.segment')) return undefined;
      reads += 1;
      // The whole window fails, then its fourth page, which lies in the second record.
      return reads === 1 || reads === 5 ? 'EIO' : undefined;
    };
    const found = await texts(wal);
    expect(found.map((text) => text[0])).toEqual(['0', '2']);
    expect(wal.damagedRanges()).toHaveLength(1);
  });
});

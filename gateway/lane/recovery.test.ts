/** What a lane takes up from a log that a crash, a bad sector or another version left behind. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '../../core/clock.ts';
import { logsRequest, tracesRequest } from '../../test/crash/payload.ts';
import type { TestLane } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import type { Signal, Submission } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { createCounterMemory } from '../telemetry/counters.ts';
import { LaneCounters } from '../telemetry/lane-counters.ts';
import { writeCheckpoint } from '../wal/checkpoint.ts';
import { openWal } from '../wal/wal.ts';
import { platformFs } from '../wal/wal-fs.ts';
import { destinationName } from './lane.ts';
import { laneLimitsDefault } from './lane-types.ts';
import { recordMeta } from './record-meta.ts';
import { Replayer } from './replay.ts';
import { decodeSeal, recordKinds, type Seal } from './seal.ts';

const segmentHeaderBytes = 4096;

/** What the decoder says of a body of which everything is stored. */
const whole = { rejected: 0, hasOwnTimes: true };

const lanes = useLanes('recovery');
const { open, drain, count } = lanes;

async function openLog(directory = join(lanes.dir(), 'lane')) {
  return await openWal({
    dir: directory,
    clock: systemClock,
    sizeBytesMax: 256 * 1024 ** 2,
    recordBytesMax: 4 * 1024 ** 2,
    destinations: [destinationName],
  });
}

function request(signal: Signal, wire: Uint8Array): Submission {
  const contentType = 'protobuf';
  return {
    signal,
    transport: 'http',
    contentType,
    contentEncoding: 'identity',
    tenant: '',
    wire,
    body: wire,
  };
}

/** Four seals of a hundred spans. */
async function sealFour({ lane, sendSpans }: TestLane): Promise<void> {
  for (let request = 0; request < 4; request += 1) {
    await sendSpans(request * 100, 100);
    while (lane.state().backlogSeals <= request) await new Promise(setImmediate);
  }
}

/** Changes one letter in the record of the seal at `index`, as a bad sector would. */
async function damageSeal(index: number): Promise<void> {
  const [name] = (await readdir(join(lanes.dir(), 'lane'))).filter((entry) =>
    /^\d+\.segment$/.test(entry),
  );
  const path = join(lanes.dir(), 'lane', name ?? '');
  const bytes = await readFile(path);
  let at = -1;
  for (let seal = 0; seal <= index; seal += 1) at = bytes.indexOf('"version":1,"id":"', at + 1);
  expect(at).toBeGreaterThan(0);
  bytes[at + 1] = 0x56;
  await writeFile(path, bytes);
}

describe('recovery of a lane', () => {
  it.each([0, 1, 2])(
    'delivers the records of a seal whose own record is damaged (%s)',
    async (index) => {
      const away = await open({ clickhouseUrl: nowhere, limits: { sealRowsMax: 100 } });
      await sealFour(away);
      await away.close();
      await damageSeal(index);
      const back = await open();
      await drain(back);
      expect(await count('otel_traces', 'uniqExact(SpanId)')).toBe(400);
      expect(await count('otel_traces')).toBe(400);
      const { acknowledged, durable } = back.lane.state();
      expect(acknowledged).toBe(durable);
    },
  );

  it('takes a damaged seal up once, also when it is cut short and started again', async () => {
    const away = await open({ clickhouseUrl: nowhere, limits: { sealRowsMax: 100 } });
    await sealFour(away);
    await away.close();
    await damageSeal(1);
    for (let start = 0; start < 2; start += 1) {
      const cut = await open({ clickhouseUrl: nowhere });
      await cut.close();
    }
    const back = await open();
    await drain(back);
    expect(await count('otel_traces', 'uniqExact(SpanId)')).toBe(400);
    expect(await count('otel_traces')).toBe(400);
  });

  it('leaves nothing to deliver when all seals are acknowledged', async () => {
    const away = await open({ clickhouseUrl: nowhere, limits: { sealRowsMax: 100 } });
    await away.sendSpans(0, 100);
    while (away.lane.state().backlogSeals === 0) await new Promise(setImmediate);
    await away.close();
    const { wal, logId } = await openLog();
    const seals: Seal[] = [];
    for await (const { meta, body } of wal.read(0, wal.durablePosition())) {
      const seal = meta.kind === recordKinds.seal ? decodeSeal(body) : undefined;
      if (seal !== undefined) seals.push(seal);
    }
    await wal.close();
    const positions = new Map([[destinationName, seals.at(-1)?.last ?? 0]]);
    await writeCheckpoint(platformFs, join(lanes.dir(), 'lane'), { logId, positions });
    const back = await open();
    await drain(back);
    const { acknowledged, durable } = back.lane.state();
    expect(acknowledged).toBe(durable);
  });

  it('acknowledges no record that it has yet to read, when delivery is faster', async () => {
    const away = await open({
      clickhouseUrl: nowhere,
      limits: { sealRowsMax: 100, sealAgeMsMax: 60_000 },
    });
    await away.sendSpans(0, 100);
    while (away.lane.state().backlogSeals === 0) await new Promise(setImmediate);
    await away.sendSpans(100, 50);
    await away.close();
    const back = await open({
      limits: { sealAgeMsMax: 60_000 },
      fs: {
        ...platformFs,
        read: async (file, target, offset) => {
          // Only what lies behind the seal is read from here on.
          if (offset > segmentHeaderBytes) await systemClock.sleep(2_000);
          return await platformFs.read(file, target, offset);
        },
      },
    });
    const { openRows, acknowledged, sealed, durable } = back.lane.state();
    expect(openRows).toBe(50);
    expect(sealed).toBeLessThan(durable);
    expect(acknowledged).toBeLessThanOrEqual(sealed);
  });

  it('reads a record that was let in under a larger size limit than today', async () => {
    const { wal } = await openLog();
    const wire = gzipSync(tracesRequest(0, 100));
    const meta = recordMeta({ ...request('traces', wire), contentEncoding: 'gzip' }, 0n, whole, 0);
    await wal.durable(wal.append({ ...meta, receivedAtNs: systemClock.nowNs() }, wire));
    await wal.close();
    const opened = await open({ limits: { bodyBytesMax: 1_000, sealAgeMsMax: 60_000 } });
    expect(opened.lane.state().openRows).toBe(100);
  });

  it('says so when a record is of a kind that only a later version knows', async () => {
    const { wal } = await openLog();
    const body = Buffer.from('?');
    const meta = { ...recordMeta(request('logs', body), 1n, whole, 0), kind: 7 };
    await wal.durable(wal.append(meta, body));
    await wal.close();
    const opened = await open();
    expect(opened.talk.join()).toContain('a kind that this version does not know');
  });
});

describe('a drain', () => {
  it('waits for a seal whose sync is under way', async () => {
    const slow = { isSlow: false };
    const opened = await open({
      limits: { sealRowsMax: 100, sealAgeMsMax: 60_000 },
      fs: {
        ...platformFs,
        dataSync: async (file) => {
          if (slow.isSlow) await systemClock.sleep(300);
          await platformFs.dataSync(file);
        },
      },
    });
    await opened.sendSpans(0, 50);
    slow.isSlow = true;
    await opened.sendSpans(50, 50);
    expect(opened.lane.state().openRows).toBe(0);
    await drain(opened);
    expect(await count('otel_traces')).toBe(100);
  });
});

describe('an item older than its table keeps', () => {
  const daysLater = (days: number): Clock => ({
    ...systemClock,
    nowNs: () => systemClock.nowNs() + BigInt(days) * 86_400_000_000_000n,
  });

  it('is rejected with a reason and not logged', async () => {
    const { lane, sendSpans, sendLogs } = await open({ clock: daysLater(8) });
    const rejected = {
      outcome: 'stored',
      rejected: 10,
      message: expect.stringMatching(/time range/),
    };
    expect(await sendSpans(0, 10)).toMatchObject(rejected);
    expect(await sendLogs(0, 10)).toMatchObject(rejected);
    expect(lane.state()).toMatchObject({ openRows: 0, written: lane.state().acknowledged });
  });

  it('that was answered under a longer retention is still there under a shorter one', async () => {
    const retentionDays = { traces: 30, logs: 30, metrics: 30 };
    const limits = { retentionDays, sealAgeMsMax: 60_000 };
    const longer = await open({ clock: daysLater(8), limits });
    expect(await longer.sendSpans(0, 100)).toMatchObject({ outcome: 'stored', rejected: 0 });
    await longer.close();
    const shorter = await open({ clock: daysLater(8), limits: { sealAgeMsMax: 60_000 } });
    expect(shorter.lane.state().openRows).toBe(100);
  });
});

describe('a replay', () => {
  it('rebuilds a seal that fits only without the buffers that the seal before left', async () => {
    const { wal, logId } = await openLog(join(lanes.dir(), 'other'));
    const ranges: { first: number; last: number }[] = [];
    for (const signal of ['logs', 'traces'] as const) {
      const wire = signal === 'logs' ? logsRequest(0, 3_000) : tracesRequest(0, 3_000);
      const first = wal.writtenPosition();
      for (let part = 0; part < 2; part += 1) {
        wal.append(recordMeta(request(signal, wire), systemClock.nowNs(), whole, 0), wire);
      }
      ranges.push({ first, last: wal.writtenPosition() });
    }
    await wal.durable(wal.writtenPosition());
    const capacity = async (range: { first: number; last: number }): Promise<number> => {
      const blocks = createOpenBlocks();
      for await (const { meta, body } of wal.read(range.first, range.last)) {
        const signal = meta.kind === recordKinds.logs ? 'logs' : 'traces';
        const { receivedAtNs } = meta;
        decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs });
      }
      return blocks.capacityBytes();
    };
    const bytesMax = Math.max(...(await Promise.all(ranges.map(capacity))));
    const replayer = new Replayer({
      ...{ id: logId, gateway: 'test', wal, clock: systemClock, random: Math.random },
      decoder: { createBlocks: () => createOpenBlocks({ bytesMax }), decode: decodeInto },
      counters: new LaneCounters(createCounterMemory()),
      limits: laneLimitsDefault,
      log: () => {},
    } as unknown as ConstructorParameters<typeof Replayer>[0]);
    for (const [index, range] of ranges.entries()) {
      const id = String(index).padStart(32, '0');
      const seal = { id, ...range, firstReceivedMs: 0, units: [] };
      const { units, release } = await replayer.replay(seal);
      expect(units[0]?.rows).toBe(6_000);
      release();
    }
    await wal.close();
  });
});

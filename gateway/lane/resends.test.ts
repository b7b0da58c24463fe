import { join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, systemClock } from '../../core/clock.ts';
import { logsRequest, metricsRequest, tracesRequest } from '../../test/crash/payload.ts';
import type { TestLane, TestLaneOptions } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import type { Answer, Signal } from '../answer.ts';
import { platformFs } from '../wal/wal-fs.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

const windowMs = 600_000;
const histories = 12;

const lanes = useLanes('resends');
const { drain, count } = lanes;

let resent: Signal[] = [];
beforeEach(() => {
  resent = [];
});

/** What one start of a gateway has: shared by its lanes, empty at first, with a key of its own. */
function newResends(clock: Clock = systemClock): Resends {
  const table = new ResendTable(createResendMemory(1, 1024), windowMs);
  return new Resends(table, clock, (signal) => resent.push(signal));
}

function open(resends: Resends, options: Partial<TestLaneOptions> = {}): Promise<TestLane> {
  return lanes.open({ resends, ...options });
}

function send(
  { lane }: TestLane,
  signal: Signal,
  wire: Uint8Array,
  contentType: 'protobuf' | 'json' = 'protobuf',
): Promise<Answer> {
  const contentEncoding = 'identity';
  const kind = { signal, contentType, contentEncoding, tenant: '' } as const;
  return lane.submit({ ...kind, transport: 'http', wire, body: wire });
}

const stored = { outcome: 'stored', rejected: 0, message: '' } as const;

describe('a request that comes again', () => {
  it('is answered as stored and is stored once, in tables and rates', async () => {
    const lane = await open(newResends());
    const bodies = { traces: tracesRequest(0, 50), logs: logsRequest(0, 40) } as const;
    const points = metricsRequest(0, 30);
    for (let time = 0; time < 3; time += 1) {
      expect(await send(lane, 'traces', bodies.traces)).toEqual(stored);
      expect(await send(lane, 'logs', bodies.logs)).toEqual(stored);
      expect(await send(lane, 'metrics', points)).toEqual(stored);
    }
    await drain(lane);
    expect(await count('otel_traces')).toBe(50);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(50);
    expect(await count('otel_logs')).toBe(40);
    expect(await count('otel_metrics_gauge')).toBe(30);
    expect(resent).toEqual(['traces', 'logs', 'metrics', 'traces', 'logs', 'metrics']);
  });

  it('is stored once when both come at the same time to two lanes', async () => {
    const resends = newResends();
    const first = await open(resends, { dir: join(lanes.dir(), 'a') });
    const second = await open(resends, { dir: join(lanes.dir(), 'b') });
    const body = tracesRequest(0, 100);
    const answers = await Promise.all(
      [first, second, first, second].map((lane) => send(lane, 'traces', body)),
    );
    expect(answers).toEqual([stored, stored, stored, stored]);
    await drain(first, second);
    expect(await count('otel_traces')).toBe(100);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(100);
  });

  it('is stored when the first was refused, also while it waited for the first', async () => {
    let isFailing = true;
    const fs = {
      ...platformFs,
      dataSync: async (file: number) => {
        if (isFailing) throw Object.assign(new Error('input/output error'), { code: 'EIO' });
        await platformFs.dataSync(file);
      },
    };
    const lane = await open(newResends(), { fs });
    const body = tracesRequest(0, 100);
    const refused = await Promise.all([1, 2].map(() => send(lane, 'traces', body)));
    expect(refused.map(({ outcome }) => outcome)).toEqual(['busy', 'busy']);
    isFailing = false;
    let repeat = await send(lane, 'traces', body);
    while (repeat.outcome === 'busy') repeat = await send(lane, 'traces', body);
    expect(await send(lane, 'traces', body)).toEqual(stored);
    await drain(lane);
    expect(await count('otel_traces')).toBe(100);
  });

  it('is told again how many items were rejected', async () => {
    const lane = await open(newResends());
    const request = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                { traceId: 'ab'.repeat(16), spanId: '01'.repeat(8), startTimeUnixNano: now() },
                { traceId: 'ab'.repeat(16), spanId: '00'.repeat(8), startTimeUnixNano: now() },
              ],
            },
          ],
        },
      ],
    };
    const body = Buffer.from(JSON.stringify(request));
    expect(await send(lane, 'traces', body, 'json')).toMatchObject({ rejected: 1 });
    const again = await send(lane, 'traces', body, 'json');
    expect(again).toMatchObject({ outcome: 'stored', rejected: 1 });
    expect(resent).toEqual(['traces']);
    await drain(lane);
    expect(await count('otel_traces')).toBe(1);
  });

  it('is stored each time when an item has no time of its own, also after a restart', async () => {
    const lane = await open(newResends());
    const records = [{ body: { stringValue: 'started' } }, { timeUnixNano: now() }];
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: records }] }] };
    const body = Buffer.from(JSON.stringify(request));
    for (let time = 0; time < 2; time += 1) {
      expect(await send(lane, 'logs', body, 'json')).toMatchObject({ outcome: 'stored' });
    }
    await drain(lane);
    await lane.close();
    const after = await open(newResends());
    await send(after, 'logs', body, 'json');
    await drain(after);
    expect(await count('otel_logs')).toBe(6);
    expect(resent).toEqual([]);
  });

  it('is stored each time when the window is over', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
    const lane = await open(newResends(clock));
    const body = logsRequest(0, 10);
    await send(lane, 'logs', body);
    aheadMs = windowMs + 1_000;
    await send(lane, 'logs', body);
    await drain(lane);
    expect(await count('otel_logs')).toBe(20);
  });

  it.each([
    ['is not yet delivered', nowhere],
    ['has been delivered', undefined],
  ])('is known after a restart when the first %s', async (_what, url) => {
    const first = await open(newResends(), url === undefined ? {} : { clickhouseUrl: url });
    const body = tracesRequest(0, 100);
    await send(first, 'traces', body);
    if (url === undefined) await drain(first);
    await first.close();
    const second = await open(newResends());
    expect(await send(second, 'traces', body)).toEqual(stored);
    await drain(second);
    expect(await count('otel_traces')).toBe(100);
    expect(await count('otel_red_1s', 'sum(Count)')).toBe(100);
    expect(resent).toEqual(['traces']);
  });

  it('is stored once whatever was lost, over random histories of two lanes', async () => {
    const seed = Date.now() % 1_000_000;
    const random = seededRandom(seed);
    let resends = newResends();
    const names = ['a', 'b'] as const;
    const start = (name: string): Promise<TestLane> =>
      open(resends, { dir: join(lanes.dir(), name) });
    let pair = await Promise.all(names.map(start));
    const sent: Uint8Array[] = [];
    for (let step = 0; step < histories; step += 1) {
      // New requests, repeats of old ones, and repeats at once, to either lane.
      const bodies = Array.from({ length: 12 }, () => {
        const old = sent[Math.floor(random() * sent.length)];
        if (old !== undefined && random() < 0.5) return old;
        const fresh = tracesRequest(sent.length * 10, 10);
        sent.push(fresh);
        return fresh;
      });
      const answers = await Promise.all(
        bodies.map((body) => send(pair[random() < 0.5 ? 0 : 1] as TestLane, 'traces', body)),
      );
      expect({ seed, step, answers }).toEqual({ seed, step, answers: bodies.map(() => stored) });
      if (random() < 0.4) {
        // Nothing is delivered at the end: what is open is read back from the log.
        for (const lane of pair) await lane.close();
        resends = newResends();
        pair = await Promise.all(names.map(start));
      }
    }
    await drain(...pair);
    const numbers = { rows: sent.length * 10, ids: sent.length * 10, rates: sent.length * 10 };
    expect({
      seed,
      rows: await count('otel_traces'),
      ids: await count('otel_traces', 'uniqExact(SpanId)'),
      rates: await count('otel_red_1s', 'sum(Count)'),
    }).toEqual({ seed, ...numbers });
  });
});

function now(): string {
  return String(systemClock.nowNs());
}

function seededRandom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

/** What becomes of a request of which some series are refused: answer, log, rows and resends. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import type { TestLane, TestLaneOptions } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import type { Answer, Signal } from '../answer.ts';
import { keepsTargetParameter } from '../decode/remote-write/message.ts';
import {
  bitsOf,
  type Series,
  writeRequestV1,
  writeRequestV2,
} from '../decode/remote-write/testdata/write-request.ts';
import { snapBlock } from '../decode/testdata/snap.ts';
import { SeriesGuard } from '../guard/series-guard.ts';
import { generationMs, SeriesLimits } from '../guard/series-limits.ts';
import { prove } from '../prove.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

const lanes = useLanes('series');
const { drain } = lanes;
const versions = [1, 2] as const;
type Version = (typeof versions)[number];

let resent: Signal[] = [];
let guardClock = simulatedClock();
beforeEach(() => {
  resent = [];
  guardClock = simulatedClock();
});

/** A guard that lets in `seriesMax` series; each has seeds of its own, as each start has. */
function guardOf(seriesMax: number): SeriesGuard {
  const seed = () => ({ low: Math.floor(Math.random() * 2 ** 31), high: 0 });
  return new SeriesGuard({
    limits: new SeriesLimits(() => ({ seriesMax }), guardClock),
    clock: guardClock,
    seeds: [seed(), seed()],
    onRefused: () => {},
    log: () => {},
  });
}

/** What one start of a gateway has. */
function start(seriesMax: number, options: Partial<TestLaneOptions> = {}): Promise<TestLane> {
  const table = new ResendTable(createResendMemory(1, 1024), 600_000);
  const resends = new Resends(
    table,
    systemClock,
    (signal) => resent.push(signal),
    SeriesGuard.counts,
  );
  return lanes.open({ resends, series: guardOf(seriesMax), ...options });
}

const timeMs = BigInt(Date.now());
const one = (of: string, samples = 2): Series => ({
  labels: [
    ['__name__', 'up'],
    ['job', 'shop'],
    ['of', of],
  ],
  samples: Array.from({ length: samples }, (_, index) => ({
    bits: bitsOf(index),
    timeMs: timeMs + BigInt(index),
  })),
});

function bodyOf(version: Version, list: readonly Series[]): Uint8Array {
  return version === 1 ? writeRequestV1(list) : writeRequestV2(list);
}

function send({ lane }: TestLane, version: Version, body: Uint8Array): Promise<Answer> {
  const contentType = version === 1 ? 'remote_write_1' : 'remote_write_2';
  const kind = { signal: 'metrics', transport: 'http', contentType, tenant: 'shop' } as const;
  const sent = { ...kind, contentEncoding: 'snappy', parameters: keepsTargetParameter } as const;
  return lane.submit({ ...sent, wire: snapBlock(body), body });
}

/** Every row, as `job of value`: job is there because the parameters say so. */
async function rows(): Promise<string[]> {
  const table = `${lanes.database()}.otel_metrics_gauge`;
  const sql = `SELECT Attributes, Value FROM ${table} WHERE Tenant = 'shop'`;
  type Row = { readonly Attributes: Readonly<Record<string, string>>; readonly Value: number };
  const found = await lanes.clickhouse().rows<Row>(sql);
  return found
    .map(({ Attributes, Value }) => `${Attributes['job']} ${Attributes['of']} ${Value}`)
    .toSorted();
}

const message = expect.stringContaining('up{job="shop",of="c"}: tenant shop may have 2 series');

describe.each(versions)('a request of remote write %s.0 with series beyond a limit', (version) => {
  const body = (): Uint8Array => bodyOf(version, [one('a'), one('b'), one('c', 3), one('d')]);
  const stored = ['shop a 0', 'shop a 1', 'shop b 0', 'shop b 1'];

  it('is answered with what is stored and what is not, and the rest is in the tables', async () => {
    const lane = await start(2);
    expect(await send(lane, version, body())).toEqual({
      outcome: 'stored',
      rejected: 5,
      message,
      written: { samples: 4, histograms: 0, exemplars: 0 },
    });
    await drain(lane);
    expect(await rows()).toEqual(stored);
    const proof = await prove([lanes.clickhouse()], {
      database: lanes.database(),
      sinceMs: 3_600_000,
      clock: { ...systemClock, sleep: async () => {} },
      looksMax: 2,
    });
    expect(proof).toMatchObject({ ok: true, differences: [] });
  });

  it('also names what the decoder rejects', async () => {
    const lane = await start(1);
    const late: Series = { ...one('a', 1), samples: [{ bits: 0n, timeMs: 1n }] };
    const answer = await send(lane, version, bodyOf(version, [one('a'), late, one('c')]));
    expect(answer).toMatchObject({ rejected: 3, written: { samples: 2 } });
    expect(answer).toMatchObject({ message: expect.stringMatching(/may have 1 series.*; .*time/) });
  });

  it('is told the same when it comes again, although there is room by then', async () => {
    const lane = await start(2);
    await send(lane, version, body());
    guardClock.advance(3 * generationMs);
    for (let time = 0; time < 2; time += 1) {
      expect(await send(lane, version, body())).toMatchObject({ outcome: 'stored', rejected: 5 });
    }
    await drain(lane);
    expect(resent).toHaveLength(2);
    expect(await rows()).toEqual(stored);
  });

  it.each([
    ['not yet delivered', nowhere],
    ['delivered', undefined],
  ])('is told the same after a restart, when the first was %s', async (_, url) => {
    const first = await start(2, url === undefined ? {} : { clickhouseUrl: url });
    await send(first, version, body());
    if (url === undefined) await drain(first);
    await first.close();
    const second = await start(100);
    expect(await send(second, version, body())).toMatchObject({ outcome: 'stored', rejected: 5 });
    expect(resent).toHaveLength(1);
    await drain(second);
    expect(await rows()).toEqual(stored);
  });

  it.each([0, 1, 100])(
    'gives the same rows out of the log when a later start allows %s series',
    async (seriesMax) => {
      const before = await start(2, { clickhouseUrl: nowhere });
      await send(before, version, body());
      await before.close();
      const after = await start(seriesMax);
      await drain(after);
      expect(await rows()).toEqual(stored);
    },
  );

  it('of which all are refused is not logged, and judged again when it comes again', async () => {
    const lane = await start(2);
    await send(lane, version, bodyOf(version, [one('a'), one('b')]));
    const { written } = lane.lane.state();
    const refused = bodyOf(version, [one('c'), one('d')]);
    const answer = await send(lane, version, refused);
    expect(answer).toMatchObject({ outcome: 'stored', rejected: 4, written: { samples: 0 } });
    expect(lane.lane.state().written).toBe(written);
    guardClock.advance(3 * generationMs);
    expect(await send(lane, version, refused)).toMatchObject({ rejected: 0 });
    expect(resent).toHaveLength(0);
  });

  it('is the request that came, when nothing is beyond a limit', async () => {
    const lane = await start(100);
    for (let time = 0; time < 2; time += 1) {
      expect(await send(lane, version, body())).toMatchObject({ rejected: 0 });
    }
    await drain(lane);
    expect(resent).toHaveLength(1);
    expect(await rows()).toHaveLength(9);
  });
});

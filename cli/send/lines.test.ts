/** What `obsctl send --protocol influx` sends, to a real receiver. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { pointsOf } from '../../gateway/decode/influx/testdata/points.ts';
import { Admission } from '../../gateway/receive/admission.ts';
import { startHttp } from '../../gateway/receive/http.ts';
import type { Receiver } from '../../gateway/receive/receiver.ts';
import { RecordingLane } from '../../test/support/receiving.ts';
import { send } from './send.ts';

let lane: RecordingLane;
let receiver: Receiver;
const seen: (string | undefined)[] = [];

beforeEach(async () => {
  lane = new RecordingLane();
  seen.length = 0;
  const guard = {
    admitsAddress: () => true,
    received: () => {},
    decoded: () => {},
    check: ({ authorization }: { authorization?: string | undefined }) => {
      seen.push(authorization);
      return { ok: true, tenant: '' } as const;
    },
  };
  const at = { host: '127.0.0.1', port: 0, acceptor: lane, clock: systemClock, guard };
  receiver = await startHttp({ ...at, admission: new Admission(10_000_000) });
});

afterEach(() => receiver.close(0));

const options = (more: object = {}) => ({
  signals: ['metrics'] as const,
  endpoint: `http://127.0.0.1:${receiver.address.port}`,
  protocol: 'influx' as const,
  count: 2_500,
  service: 'my shop',
  gzip: false,
  ...more,
});

describe('lines that are sent', () => {
  it('are as many as asked for, of one service, each with its own time', async () => {
    const report = await send(options());
    expect(report.results).toEqual([{ signal: 'metrics', sent: 2_500, requests: 3 }]);
    const bodies = lane.submissions.map(({ body }) => Buffer.from(body));
    const points = bodies.flatMap((body) => pointsOf(body));
    expect(points).toHaveLength(5_000);
    const sender = '\\[service.name=my shop,service.version=1.0.0\\]$';
    expect(points[0]).toMatch(new RegExp(`^sample_count{sample.shard=0} 1i @\\d+ ${sender}`));
    expect(points.at(-1)).toMatch(/^sample_duration{sample.shard=9} 0.99 @\d+ /);
    const times = new Set(points.map((point) => / @(\d+)/.exec(point)?.[1]));
    expect(times.size).toBe(2_500);
  });

  it('are compressed and carry a token when asked to', async () => {
    await send(options({ gzip: true, token: 'web.s3cret', count: 1 }));
    expect(lane.submissions[0]).toMatchObject({ contentType: 'influx', contentEncoding: 'gzip' });
    expect(seen).toEqual(['Bearer web.s3cret']);
  });

  it('tell what was answered when they are refused', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'malformed', message: 'bad', offset: 0 });
    const { results } = await send(options());
    expect(results).toEqual([
      { signal: 'metrics', sent: 2_500, requests: 1, error: '400 {"error":"bad"}' },
    ]);
    await receiver.close(0);
    const [failed] = (await send(options({ count: 1 }))).results;
    expect(failed?.error).toMatch(/ECONNREFUSED/);
  });
});

/** What a sender of remote write is told, over a real server in front of a lane that records. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import {
  RecordingCounters,
  RecordingLane,
  rawExchange,
  stored,
} from '../../test/support/receiving.ts';
import type { Answer } from '../answer.ts';
import { snapBlock } from '../decode/testdata/snap.ts';
import { type Guard, openGuard } from '../guard/guard.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { ReceiveOptions, Receiver } from './receiver.ts';
import { rpcCode } from './status.ts';

const v1 = 'application/x-protobuf';
const v2 = `${v1};proto=io.prometheus.write.v2.Request`;
const bodyBytesMax = 100_000;
const plain = Buffer.from('some bytes, some bytes, some bytes');
const wire = snapBlock(plain);
const writtenNames = ['Samples', 'Histograms', 'Exemplars'].map(
  (kind) => `X-Prometheus-Remote-Write-${kind}-Written`,
);

let lane: RecordingLane;
let counters: RecordingCounters;
let admission: Admission;
let receiver: Receiver;
let url: string;

async function start(options: Partial<ReceiveOptions> = {}): Promise<void> {
  await receiver?.close(0);
  receiver = await startHttp({
    host: '127.0.0.1',
    port: 0,
    acceptor: lane,
    admission,
    counters,
    clock: systemClock,
    ...options,
    limits: { bodyBytesMax, ...options.limits },
  });
  url = `http://127.0.0.1:${receiver.address.port}/api/v1/write`;
}

function push(
  contentType: string | undefined,
  body: Uint8Array<ArrayBuffer> = wire,
  headers: Record<string, string> = { 'content-encoding': 'snappy' },
): Promise<Response> {
  const type: Record<string, string> =
    contentType === undefined ? {} : { 'content-type': contentType };
  return fetch(url, { method: 'POST', body, headers: { ...type, ...headers } });
}

/** The three counts of an answer; undefined where the header is missing. */
function writtenOf({ headers }: Response): (string | undefined)[] {
  return writtenNames.map((name) => headers.get(name) ?? undefined);
}
const none = [undefined, undefined, undefined];

beforeEach(async () => {
  lane = new RecordingLane();
  const written = { samples: 0, histograms: 0, exemplars: 0 };
  lane.answer = () => Promise.resolve({ ...stored, written });
  counters = new RecordingCounters();
  admission = new Admission(10 * bodyBytesMax);
  await start();
});

afterEach(async () => {
  await receiver.close(0);
  expect(admission.inFlightBytes).toBe(0);
});

describe('the version of a body (PRW2-2)', () => {
  it.each([
    ['remote_write_1', v1],
    ['remote_write_1', undefined],
    ['remote_write_1', 'Application/X-Protobuf'],
    ['remote_write_1', `${v1};proto=prometheus.WriteRequest`],
    ['remote_write_1', `${v1}; charset=utf-8; version=1`],
    ['remote_write_1', `${v1};`],
    ['remote_write_2', v2],
    ['remote_write_2', ` ${v1} ;  PROTO = io.prometheus.write.v2.Request `],
    ['remote_write_2', `${v1};proto="io.prometheus.write.v2.Request"`],
    ['remote_write_2', `${v1};q="a";proto="io.prometheus.write.v2.Request";z=1`],
  ])('is %s by the content type %s', async (contentType, header) => {
    const answer = await push(header);
    expect(answer.status).toBe(204);
    expect(lane.submissions).toMatchObject([
      {
        signal: 'metrics',
        transport: 'http',
        contentType,
        contentEncoding: 'snappy',
        parameters: '',
      },
    ]);
    expect(Buffer.from(lane.submissions[0]!.body)).toEqual(plain);
    expect(Buffer.from(lane.submissions[0]!.wire)).toEqual(wire);
  });

  it.each([
    'application/json',
    'image/png',
    'application/x-protobuf2',
    'text/plain;proto=io.prometheus.write.v2.Request',
    `${v1};proto=io.prometheus.write.v3.Request`,
    `${v1};proto=`,
    `${v1};proto`,
    `${v1};proto=IO.prometheus.write.v2.Request`,
    `${v1};proto="io.prometheus.write.v2.Request`,
  ])('is none by %s: 415, before the body is looked at', async (header) => {
    const answer = await push(header, Buffer.from('no snappy at all'));
    expect(answer.status).toBe(415);
    expect(await answer.text()).toMatch(/application\/x-protobuf;proto=prometheus.WriteRequest or/);
    expect(lane.submissions).toHaveLength(0);
    expect(counters.events).toContain('refused http wrong_type');
  });

  it('may be said with the setting under which it is stored', async () => {
    await start({ http: { remoteWriteLabels: 'prometheus' } });
    await push(v2);
    expect(lane.submissions).toMatchObject([{ parameters: 'labels=prometheus' }]);
  });
});

describe('the encoding (PRW1-1, PRW2-3)', () => {
  it('is snappy, also when nothing is said', async () => {
    for (const headers of [{}, { 'content-encoding': ' Snappy ' }] as Record<string, string>[]) {
      expect((await push(v2, wire, headers)).status).toBe(204);
    }
    expect(lane.submissions.map(({ body }) => body.byteLength)).toEqual([34, 34]);
  });

  it.each(['gzip', 'deflate', 'zstd', 'identity', 'x-snappy-framed', 'snappy, gzip'])(
    'is refused when it is %s: 415, before the body is looked at',
    async (encoding) => {
      const answer = await push(v2, Buffer.from('broken'), { 'content-encoding': encoding });
      expect(answer.status).toBe(415);
      expect(await answer.text()).toMatch(/must be snappy/);
      expect(counters.events).toContain('refused http unknown_encoding');
    },
  );

  it('is judged with the body: 400 where that is no snappy', async () => {
    for (const type of [v1, v2]) {
      const answer = await push(type, Buffer.concat([wire.subarray(0, 5), Buffer.alloc(3, 0xff)]));
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await answer.text()).toMatch(/snappy/);
      expect(writtenOf(answer)).toEqual(type === v2 ? ['0', '0', '0'] : none);
    }
    expect(lane.submissions).toHaveLength(0);
  });

  it('is bounded: 413 before and after inflating', async () => {
    const zeros = snapBlock(Buffer.alloc(bodyBytesMax + 1));
    expect(zeros.length).toBeLessThan(bodyBytesMax / 5);
    expect((await push(v2, zeros)).status).toBe(413);
    expect((await push(v2, Buffer.alloc(bodyBytesMax + 1))).status).toBe(413);
  });
});

describe('the answer', () => {
  const written = { samples: 3, histograms: 2 ** 40, exemplars: 1 };
  const answerWith = (answer: Answer): void => {
    lane.answer = () => Promise.resolve(answer);
  };

  it('to what is stored is 204, for 2.0 with exact counts (PRW2-4, PRW2-5)', async () => {
    answerWith({ outcome: 'stored', rejected: 0, message: '', written });
    const answer = await push(v2);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(writtenOf(answer)).toEqual(['3', '1099511627776', '1']);
    expect(answer.headers.get('content-length')).toBeNull();
    const first = await push(v1);
    expect([first.status, await first.text(), ...writtenOf(first)]).toEqual([204, '', ...none]);
  });

  it('spells the headers as the specification does', async () => {
    answerWith({ outcome: 'stored', rejected: 0, message: '', written });
    const head = [
      'POST /api/v1/write?tenant=a HTTP/1.1',
      'host: a',
      'connection: close',
      `content-type: ${v2}`,
      'content-encoding: snappy',
      `content-length: ${wire.length}`,
    ];
    const answer = await rawExchange(receiver.address.port, `${head.join('\r\n')}\r\n\r\n`, wire);
    expect(answer).toMatch(/^HTTP\/1.1 204 No Content\r\n/);
    for (const name of writtenNames) expect(answer).toContain(`\r\n${name}: `);
  });

  it('to a partial write is 400, with counts and a reason (PRW2-6)', async () => {
    const message = 'up{job="a"}: a label comes twice';
    answerWith({ outcome: 'stored', rejected: 2, message, written });
    const answer = await push(v2);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toBe(`2 not stored, the rest is: ${message}\n`);
    expect(writtenOf(answer)).toEqual(['3', '1099511627776', '1']);
    const first = await push(v1);
    expect([first.status, ...writtenOf(first)]).toEqual([400, ...none]);
  });

  it('to a malformed body is 400, never 500', async () => {
    answerWith({ outcome: 'malformed', message: 'a varint has more than ten bytes', offset: 9 });
    const answer = await push(v2);
    expect([answer.status, await answer.text()]).toEqual([
      400,
      'a varint has more than ten bytes\n',
    ]);
    expect(writtenOf(answer)).toEqual(['0', '0', '0']);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(writtenOf(await push(v1))).toEqual(none);
  });

  it('to what is too large in rows is 413, which is not sent again', async () => {
    answerWith({ outcome: 'too_large', message: 'rows' });
    expect((await push(v1)).status).toBe(413);
  });

  it('when we are busy or fail is 503 with a time to come back', async () => {
    const message = 'the log is full';
    answerWith({ outcome: 'busy', reason: 'disk_budget', message, retryAfterSeconds: 2.2 });
    const answer = await push(v2);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '3']);
    expect(writtenOf(answer)).toEqual(['0', '0', '0']);
    lane.answer = () => Promise.reject(new Error('on fire'));
    const failed = await push(v1);
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '1']);
    await start({
      gate: () => ({ outcome: 'busy', reason: 'disk_error', message, retryAfterSeconds: 4 }),
    });
    const gated = await push(v2);
    expect([gated.status, gated.headers.get('retry-after')]).toEqual([503, '4']);
    expect(await gated.text()).toBe(`${message}\n`);
  });

  it('over a quota is 503, because Prometheus drops what is answered by 429', async () => {
    const status = {
      code: rpcCode.resourceExhausted,
      message: 'over',
      retryAfterSeconds: 7,
    } as const;
    const verdict = { ok: false, reason: 'over_quota', httpStatus: 429, status } as const;
    const guard: Guard = { ...openGuard, check: () => verdict };
    await start({ guard });
    const answer = await push(v2);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
    expect(writtenOf(answer)).toEqual(['0', '0', '0']);
    const otlp = await fetch(url.replace('/api/v1/write', '/v1/metrics'), {
      method: 'POST',
      headers: { 'content-type': v1 },
    });
    expect(otlp.status).toBe(429);
  });

  it('without credentials is 401, and says how to do better', async () => {
    const status = { code: rpcCode.unauthenticated, message: 'who are you' };
    const verdict = { ok: false, reason: 'no_credentials', httpStatus: 401, status } as const;
    await start({ guard: { ...openGuard, check: () => verdict } });
    const answer = await push(v1);
    expect([answer.status, await answer.text()]).toEqual([401, 'who are you\n']);
    expect(answer.headers.get('www-authenticate')).toMatch(/Bearer/);
  });
});

describe('other methods', () => {
  it('that ask whether anybody is there are not told 405 (PRW1-12)', async () => {
    const got = await fetch(url);
    expect([got.status, await got.text()]).toEqual([200, 'remote write is sent here with POST\n']);
    const head = await fetch(url, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(lane.submissions).toHaveLength(0);
  });

  it('are 405 with those that there are', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const answer = await fetch(url, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST']);
    }
  });

  it('and other paths are no remote write', async () => {
    for (const path of ['/api/v1/write/', '/api/v1/writes', '/API/v1/write', '/api/v1']) {
      const answer = await fetch(new URL(path, url), {
        method: 'POST',
        headers: { 'content-type': v1 },
      });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

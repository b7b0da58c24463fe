/** Influx over HTTP, as clients of its three products see it: a real server, a recording lane. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { RecordingCounters, RecordingLane } from '../../test/support/receiving.ts';
import type { Answer } from '../answer.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { ReceiveOptions, Receiver } from './receiver.ts';

const lines = 'cpu,host=a v=1 1795003200000000000\n';
const write = '/write?db=telegraf';
const writeV2 = '/api/v2/write?org=o&bucket=b';
const writeV3 = '/api/v3/write_lp?db=d';
let lane: RecordingLane;
let counters: RecordingCounters;
let receiver: Receiver;
let url: string;
async function start(options: Partial<ReceiveOptions> = {}): Promise<void> {
  await receiver?.close(0);
  const admission = new Admission(10_000_000);
  const parts = { host: '127.0.0.1', port: 0, acceptor: lane, admission, counters };
  receiver = await startHttp({ ...parts, clock: systemClock, ...options });
  url = `http://127.0.0.1:${receiver.address.port}`;
}

type Said = { readonly status: number; readonly headers: Headers; readonly text: string };

async function ask(path: string, init: RequestInit = {}): Promise<Said> {
  const response = await fetch(url + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

function post(path: string, headers: Record<string, string> = {}, body = lines): Promise<Said> {
  return ask(path, { method: 'POST', body, headers });
}

const parametersAt = async (path: string): Promise<string | undefined> => {
  expect((await post(path)).status).toBe(204);
  return lane.submissions.at(-1)?.parameters;
};

beforeEach(async () => {
  lane = new RecordingLane();
  counters = new RecordingCounters();
  await start();
});

afterEach(() => receiver.close(0));

describe('lines that are stored', () => {
  it('are answered 204 without a body, by each version', async () => {
    for (const path of [write, writeV2, writeV3]) {
      const { status, text } = await post(path);
      expect([path, status, text]).toEqual([path, 204, '']);
    }
  });

  it('reach the lane as they came, and inflated', async () => {
    const wire = gzipSync(lines);
    const init = { method: 'POST', body: wire, headers: { 'content-encoding': 'gzip' } };
    expect((await ask(write, init)).status).toBe(204);
    const [submission] = lane.submissions;
    expect(submission).toMatchObject({
      signal: 'metrics',
      transport: 'http',
      contentType: 'influx',
      contentEncoding: 'gzip',
      tenant: '',
    });
    expect(wire.equals(submission?.wire ?? Buffer.alloc(0))).toBe(true);
    expect(Buffer.from(submission?.body ?? []).toString()).toBe(lines);
  });

  it('may be called whatever their sender likes', async () => {
    const form = 'application/x-www-form-urlencoded';
    for (const type of ['text/plain; charset=utf-8', 'application/octet-stream', form, 'a']) {
      expect((await post(write, { 'content-type': type })).status).toBe(204);
    }
  });

  it('are told apart by what the address says', async () => {
    const rest = '&consistency=any&u=&p=';
    expect(await parametersAt(`/write?precision=ms&rp=week&db=a%20b${rest}`)).toBe(
      'precision=ms&db=a%20b&rp=week',
    );
    expect(await parametersAt('/api/v2/write?bucket=b&org=o&precision=s')).toBe(
      'precision=s&org=o&bucket=b',
    );
    expect(await parametersAt('/api/v2/write?bucket=b&orgID=1')).toBe(
      'precision=ns&org=1&bucket=b',
    );
    expect(await parametersAt('/api/v3/write_lp?db=d&no_sync=true')).toBe('precision=auto&db=d');
    expect(await parametersAt('/api/v3/write_lp?db=d&accept_partial=false')).toBe(
      'precision=auto&db=d&partial=no',
    );
  });

  it.each([
    ['', 'ns'],
    ['n', 'ns'],
    ['ns', 'ns'],
    ['nanosecond', 'ns'],
    ['u', 'us'],
    ['us', 'us'],
    ['%C2%B5', 'us'],
    ['ms', 'ms'],
    ['s', 's'],
    ['m', 'm'],
    ['h', 'h'],
  ])('have the precision that is called %j', async (name, precision) => {
    for (const path of [write, writeV2]) {
      expect(await parametersAt(`${path}&precision=${name}`)).toMatch(`precision=${precision}&`);
    }
  });

  it('have the fate of strings that the gateway was told', async () => {
    await start({ http: { influx: { strings: 'logs', logsDays: 7 } } });
    expect(await parametersAt(write)).toBe('precision=ns&db=telegraf&strings=logs&logs_days=7');
  });
});

describe('lines of which some are bad', () => {
  const message =
    "line 2: unable to parse 'cpu': missing fields\nline 4: unable to parse 'a b=x': invalid value";
  const time = 'line 3: the time lies outside the range that is stored';
  const partial = (text: string): Answer => ({ outcome: 'stored', rejected: 2, message: text });

  it('are a partial write in the words of each version', async () => {
    lane.answer = () => Promise.resolve(partial(message));
    const [v1, v2, v3] = [await post(write), await post(writeV2), await post(writeV3)];
    const text = `partial write: ${message} dropped=2`;
    expect(v1.status).toBe(400);
    expect(JSON.parse(v1.text)).toEqual({ error: text });
    expect(v1.headers.get('x-influxdb-error')).toBe(text.replace('\n', '; '));
    expect(v2.status).toBe(400);
    expect(JSON.parse(v2.text)).toEqual({ code: 'invalid', message: text, line: 2 });
    expect(v3.status).toBe(400);
    expect(JSON.parse(v3.text)).toEqual({
      error: 'partial write of line protocol occurred',
      data: [
        { original_line: 'cpu', line_number: 2, error_message: 'missing fields' },
        { original_line: 'a b=x', line_number: 4, error_message: 'invalid value' },
      ],
    });
  });

  it('are unprocessable to InfluxDB 2 when they are bad only by their time', async () => {
    lane.answer = () => Promise.resolve(partial(time));
    const { status, text } = await post(writeV2);
    expect(status).toBe(422);
    expect(JSON.parse(text)).toMatchObject({ code: 'unprocessable entity', line: 3 });
    expect((await post(write)).status).toBe(400);
    lane.answer = () =>
      Promise.resolve(partial(`${time}\nline 4: unable to parse 'a': missing fields`));
    expect((await post(writeV2)).status).toBe(400);
  });

  it('are a partial write again when they come again, with what is still known', async () => {
    lane.answer = () => Promise.resolve(partial('2 items were rejected when this first came'));
    const text = 'partial write: 2 items were rejected when this first came dropped=2';
    expect(JSON.parse((await post(write)).text)).toEqual({ error: text });
    expect(JSON.parse((await post(writeV2)).text)).toEqual({ code: 'invalid', message: text });
    expect(JSON.parse((await post(writeV3)).text)).toMatchObject({
      data: [],
      message: expect.stringContaining('2 items'),
    });
  });

  it('cannot be parsed when all are', async () => {
    lane.answer = () => Promise.resolve({ outcome: 'malformed', message, offset: 7 });
    const [v1, v2, v3] = [await post(write), await post(writeV2), await post(writeV3)];
    expect(v1.status).toBe(400);
    // Telegraf gives up on lines that one was `unable to parse`.
    expect(JSON.parse(v1.text)).toEqual({ error: message });
    expect(JSON.parse(v2.text)).toMatchObject({ code: 'invalid', line: 2 });
    expect(v3.status).toBe(400);
    expect(JSON.parse(v3.text)).toEqual({
      error: 'parsing failed for write_lp endpoint',
      data: { original_line: 'cpu', line_number: 2, error_message: 'missing fields' },
    });
  });
});

describe('lines that are turned away', () => {
  const busy: Answer = {
    outcome: 'busy',
    reason: 'disk_budget',
    message: 'the log is full',
    retryAfterSeconds: 2.2,
  };
  const denied = (httpStatus: 401 | 403 | 429, retryAfterSeconds?: number) => ({
    guard: {
      admitsAddress: () => true,
      received: () => {},
      decoded: () => {},
      check: () => ({
        ok: false as const,
        reason: 'over_quota' as const,
        httpStatus,
        status: {
          code: 8 as const,
          message: 'no',
          ...(retryAfterSeconds && { retryAfterSeconds }),
        },
      }),
    },
  });

  it.each([write, writeV2, writeV3])('may come back to %s when it is busy', async (path) => {
    lane.answer = () => Promise.resolve(busy);
    const { status, headers, text } = await post(path);
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('3');
    expect(text).toContain('the log is full');
  });

  it.each([
    [write, 503],
    [writeV2, 429],
    [writeV3, 429],
  ])(
    'are over a quota at %s with %i: clients of version 1 drop on what is not 5xx',
    async (path, expected) => {
      await start(denied(429, 7));
      const { status, headers } = await post(path);
      expect([status, headers.get('retry-after')]).toEqual([expected, '7']);
    },
  );

  it('are not allowed with 401 and 403', async () => {
    await start(denied(401));
    const v1 = await post(write);
    expect([v1.status, v1.headers.get('www-authenticate')]).toEqual([401, expect.any(String)]);
    expect(JSON.parse((await post(writeV2)).text)).toEqual({ code: 'unauthorized', message: 'no' });
    await start(denied(403));
    expect(JSON.parse((await post(writeV2)).text)).toEqual({ code: 'forbidden', message: 'no' });
  });

  it('are too large on the wire and inflated', async () => {
    await start({ limits: { bodyBytesMax: 1000 } });
    expect((await post(write, {}, 'x'.repeat(1001))).status).toBe(413);
    const wire = gzipSync('x'.repeat(100_000));
    expect(wire.length).toBeLessThan(1000);
    const init = { method: 'POST', body: wire, headers: { 'content-encoding': 'gzip' } };
    const { status, text } = await ask(writeV2, init);
    expect(status).toBe(413);
    expect(JSON.parse(text)).toMatchObject({ code: 'request too large' });
    expect(lane.submissions).toHaveLength(0);
  });

  it('name no database or bucket, or a precision that nobody knows', async () => {
    const said = async (path: string): Promise<unknown> => {
      const { status, text } = await post(path);
      return [status, JSON.parse(text)];
    };
    expect(await said('/write')).toEqual([400, { error: 'database is required' }]);
    expect(await said('/write?db=')).toEqual([400, { error: 'database is required' }]);
    expect(await said('/api/v3/write_lp')).toEqual([400, { error: 'database is required' }]);
    expect(await said('/api/v2/write?org=o')).toEqual([
      400,
      { code: 'invalid', message: 'bucket is required' },
    ]);
    for (const name of ['d', 'NS', 'auto']) {
      expect(await said(`${write}&precision=${name}`)).toEqual([
        400,
        { error: expect.stringMatching(`^invalid precision "${name}"`) },
      ]);
    }
    expect(counters.events).toContain('refused http wrong_address');
  });

  it('have names that the log has no room for', async () => {
    expect((await post(`/write?db=${'d'.repeat(175)}`)).status).toBe(204);
    const { status, text } = await post(`/write?db=${'d'.repeat(176)}`);
    expect([status, text]).toEqual([400, expect.stringContaining('longer than 191 bytes')]);
    expect((await post(`/write?db=${'%C3%A9'.repeat(88)}`)).status).toBe(400);
  });

  it('are compressed by what InfluxDB does not take', async () => {
    const headers = { 'content-encoding': 'zstd' };
    const answer = await ask(write, { method: 'POST', body: zstdCompressSync(lines), headers });
    expect([answer.status, answer.headers.get('accept-encoding')]).toEqual([415, 'gzip, identity']);
    const broken = await post(write, { 'content-encoding': 'gzip' });
    expect(broken.status).toBe(400);
  });

  it.each([write, writeV2, writeV3])('come to %s with another method', async (path) => {
    const { status, headers } = await ask(path);
    expect([status, headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('credentials', () => {
  let seen: (string | undefined)[];

  beforeEach(async () => {
    seen = [];
    const check = (headers: { authorization?: string | undefined }) => {
      seen.push(headers.authorization);
      return { ok: true as const, tenant: 'shop' };
    };
    const guard = { admitsAddress: () => true, received: () => {}, decoded: () => {}, check };
    await start({ guard });
  });

  const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

  it.each([
    ['Token web.s3cret', 'Bearer web.s3cret'],
    ['token  web.s3cret ', 'Bearer web.s3cret'],
    ['Token web:s3:cret', basic('web:s3:cret')],
    ['Bearer web.s3cret', 'Bearer web.s3cret'],
    [basic('web:s3cret'), basic('web:s3cret')],
  ])('of %j are those of %j', async (given, expected) => {
    for (const path of [write, writeV2, writeV3]) await post(path, { authorization: given });
    expect(seen).toEqual([expected, expected, expected]);
    expect(lane.submissions.map(({ tenant }) => tenant)).toEqual(['shop', 'shop', 'shop']);
  });

  it('may stand in the address, and go no further than the guard', async () => {
    await post(`${write}&u=web&p=s3%20cret`);
    expect(seen).toEqual([basic('web:s3 cret')]);
    expect(JSON.stringify(lane.submissions)).not.toContain('s3');
    expect(lane.submissions[0]?.parameters).toBe('precision=ns&db=telegraf');
  });

  it('are asked for with statements, and not with health checks', async () => {
    await ask('/ping');
    await ask('/health');
    expect(seen).toEqual([]);
    await ask('/query?q=SHOW+DATABASES', { headers: { authorization: 'Token a.b' } });
    expect(seen).toEqual(['Bearer a.b']);
  });
});

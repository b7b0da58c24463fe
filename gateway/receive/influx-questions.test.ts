/** What clients of InfluxDB ask before they write, of a real server. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { RecordingCounters, RecordingLane } from '../../test/support/receiving.ts';
import { Admission } from './admission.ts';
import { startHttp } from './http.ts';
import type { ReceiveOptions, Receiver } from './receiver.ts';

let lane: RecordingLane;
let receiver: Receiver;
let url: string;

async function start(options: Partial<ReceiveOptions> = {}): Promise<void> {
  await receiver?.close(0);
  const admission = new Admission(10_000_000);
  const at = { host: '127.0.0.1', port: 0, counters: new RecordingCounters() };
  receiver = await startHttp({ ...at, acceptor: lane, admission, clock: systemClock, ...options });
  url = `http://127.0.0.1:${receiver.address.port}`;
}

type Said = { readonly status: number; readonly headers: Headers; readonly text: string };

async function ask(path: string, init: RequestInit = {}): Promise<Said> {
  const response = await fetch(url + path, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

beforeEach(async () => {
  lane = new RecordingLane();
  await start();
});

afterEach(() => receiver.close(0));

describe('what clients ask before they write', () => {
  it('is whether it is there', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers, text } = await ask('/ping', { method });
      expect([status, text]).toEqual([204, '']);
      expect(headers.get('x-influxdb-version')).toMatch(/^1\.8\./);
      expect(headers.get('x-influxdb-build')).toBe('obsctl');
    }
    const verbose = await ask('/ping?verbose=true');
    expect([verbose.status, JSON.parse(verbose.text)]).toEqual([
      200,
      { version: expect.stringMatching(/^1\.8\./) },
    ]);
    const health = await ask('/health');
    expect([health.status, JSON.parse(health.text)]).toMatchObject([200, { status: 'pass' }]);
    expect((await ask('/ping', { method: 'POST' })).status).toBe(405);
  });

  const created = { results: [{ statement_id: 0 }] };

  it('is that a database be made, in the address or in a form', async () => {
    const inAddress = await ask('/query?q=CREATE%20DATABASE%20%22telegraf%22', { method: 'POST' });
    expect([inAddress.status, JSON.parse(inAddress.text)]).toEqual([200, created]);
    const body = new URLSearchParams({ q: 'create database "telegraf" WITH DURATION 1d' });
    const inForm = await ask('/query?db=', { method: 'POST', body });
    expect([inForm.status, JSON.parse(inForm.text)]).toEqual([200, created]);
    expect(lane.submissions).toHaveLength(0);
  });

  it('is which there are: none', async () => {
    const { status, text } = await ask('/query?q=SHOW+DATABASES;CREATE+DATABASE+a');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      results: [
        { statement_id: 0, series: [{ name: 'databases', columns: ['name'] }] },
        { statement_id: 1 },
      ],
    });
  });

  it('is nothing else: rows are in ClickHouse', async () => {
    for (const statement of ['SELECT * FROM cpu', 'DROP DATABASE a', 'CREATE DATABASE a; x']) {
      const { status, text } = await ask(`/query?q=${encodeURIComponent(statement)}`);
      expect([status, text]).toEqual([400, expect.stringContaining('obsctl query')]);
    }
    expect((await ask('/query')).text).toContain('missing required parameter');
    expect((await ask('/query?q=a', { method: 'PUT' })).status).toBe(405);
  });

  it('is not answered while the gateway takes nothing', async () => {
    await start({
      gate: () => ({
        outcome: 'busy',
        reason: 'disk_error',
        message: 'the disk fails',
        retryAfterSeconds: 1,
      }),
    });
    expect((await ask('/query?q=SHOW+DATABASES')).status).toBe(503);
    const lines = { method: 'POST', body: 'm v=1' };
    expect((await ask('/write?db=d', lines)).status).toBe(503);
    expect((await ask('/ping')).status).toBe(204);
  });
});

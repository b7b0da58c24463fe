import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { connectGrafana } from './api.ts';

let standIn: StandIn;
let slept: number[] = [];

beforeAll(async () => {
  standIn = await startStandIn({ basePath: '/team/grafana' });
});
afterAll(() => standIn.close());
beforeEach(() => {
  slept = [];
  standIn.requests.length = 0;
});

/** Sleeps are noted, not slept. */
function connect(url: string, token = tokens.Admin, signal = new AbortController().signal) {
  const clock = { ...simulatedClock(), sleep: async (ms: number) => void slept.push(ms) };
  return connectGrafana({ url, token, clock, signal });
}

const readFolders = async () => (await connect(standIn.url)).read('read folders', '/folders');

describe('an address of Grafana', () => {
  it.each(['', '/', '/api/', '?orgId=1', '/#top'])('may end with “%s”', async (end) => {
    const grafana = await connect(`${standIn.url}${end}`);
    expect(grafana).toMatchObject({ address: standIn.url, version: '12.2.0' });
    expect(await grafana.read('read folders', '/folders')).toEqual([]);
  });

  it('carries no user and password, and the message does not repeat them', async () => {
    const refused = connect(standIn.url.replace('//', '//admin:hunter2@'));
    await expect(refused).rejects.toMatchObject({ code: 'OBS-4101' });
    await expect(refused).rejects.not.toThrow(/hunter2/);
    await expect(connect('ftp://admin:hunter2@host')).rejects.toMatchObject({
      code: 'OBS-4101',
      where: 'ftp://host',
    });
  });

  it.each(['', ' \n', 'two words', 'über'])('is not asked with the token “%s”', async (token) => {
    await expect(connect(standIn.url, token)).rejects.toMatchObject({ code: 'OBS-4102' });
    expect(standIn.requests).toEqual([]);
  });

  it('is not one where something else stands, and that never sees the token', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      if (request.url?.startsWith('/login') === true) response.end('<html>Sign in</html>');
      else if (request.url?.startsWith('/moved') === true) {
        response.writeHead(302, { location: 'https://grafana.example/' }).end();
      } else response.end('{"status":"up"}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    try {
      for (const path of ['', '/login', '/moved']) {
        await expect(connect(base + path)).rejects.toMatchObject({ code: 'OBS-4104' });
      }
      await expect(connect(`${base}/moved`)).rejects.toThrow('https://grafana.example/');
      expect(seen).toEqual([undefined, undefined, undefined, undefined]);
    } finally {
      other.close();
    }
  });
});

describe('a request to Grafana', () => {
  it.each([429, 500, 503, 'cut'] as const)('is repeated after %s', async (instead) => {
    standIn.faults.push({ on: 'GET /folders', instead }, { on: 'GET /folders', instead });
    expect(await readFolders()).toEqual([]);
    expect(slept).toEqual([500, 1000]);
  });

  it('waits as long as Grafana asks for, but not for ever', async () => {
    const on = 'GET /folders';
    standIn.faults.push({ on, instead: 429, headers: { 'retry-after': '7' } });
    standIn.faults.push({ on, instead: 429, headers: { 'retry-after': '86400' } });
    await readFolders();
    expect(slept).toEqual([7000, 30_000]);
  });

  it('is given up after five times, with the last words', async () => {
    for (let count = 0; count < 5; count += 1) {
      standIn.faults.push({ on: 'GET /folders', instead: 502 });
    }
    await expect(readFolders()).rejects.toMatchObject({ code: 'OBS-4103', reach: 'outside' });
    expect(slept).toHaveLength(4);
    expect(standIn.faults).toEqual([]);
  });

  it('ends at once when a person interrupts', async () => {
    const abort = new AbortController();
    const grafana = await connect(standIn.url, tokens.Admin, abort.signal);
    abort.abort('SIGINT');
    await expect(grafana.read('read folders', '/folders')).rejects.toBe('SIGINT');
    expect(slept).toEqual([]);
  });

  it('says that the token is wrong, or what its role may not', async () => {
    const wrong = await connect(standIn.url, 'glsa_gone');
    await expect(wrong.read('read folders', '/folders')).rejects.toMatchObject({
      code: 'OBS-4105',
      message: 'GRAFANA_TOKEN is refused: Invalid API key',
    });
    const viewer = await connect(standIn.url, tokens.Viewer);
    const body = { uid: 'u', title: 't' };
    await expect(viewer.write('create a folder', 'POST', '/folders', body)).rejects.toMatchObject({
      code: 'OBS-4106',
      message: expect.stringMatching(/^the token may not create a folder: You'll need/),
    });
    expect(standIn.violations).toEqual([]);
  });
});

/** What a line of the grammar's edges comes to: InfluxDB 1.6 is asked, and so are we. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask } from '../support/engine-http.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Influxdb, startInfluxdb } from './influxdb.ts';
import { cases } from './lines.ts';
import { type System, startSystem } from './stored.ts';

const startMsMax = 90_000;

describeWithPeer('influxdb-1.6', 'InfluxDB 1.6', (bin) => {
  let influxdb: Influxdb;

  beforeAll(async () => {
    influxdb = await startInfluxdb(bin);
  }, startMsMax);

  afterAll(async () => {
    await influxdb?.stop();
  });

  it('decides as it did when the lines were written down', async () => {
    const decided: string[] = [];
    for (const [index, { line }] of cases.entries()) {
      // A database of its own each: a field keeps the kind that it had first.
      const database = `lines${index}`;
      await influxdb.query(`CREATE DATABASE ${database}`);
      const { status } = await influxdb.write(database, line);
      decided.push(verdict(line, status === 204));
    }
    expect(decided).toEqual(cases.map(({ line, accepted }) => verdict(line, accepted)));
  });
});

describe('the gateway', () => {
  let system: System;

  beforeAll(async () => {
    system = await startSystem();
  }, startMsMax);

  afterAll(async () => {
    await system?.stop();
  });

  it.each([
    { path: '/write', query: { db: 'shop' } },
    { path: '/api/v2/write', query: { org: 'shop', bucket: 'shop' } },
  ])('decides as InfluxDB does at $path, but where it says why not', async ({ path, query }) => {
    const decided: string[] = [];
    const inside = cases.filter((one) => one.outside !== true);
    for (const { line } of inside) {
      const { status } = await ask(system.url, { path, query, body: line });
      decided.push(status === 204 || status === 400 ? verdict(line, status === 204) : `${status}`);
    }
    const expected = inside.map(({ line, accepted, otherwise }) =>
      verdict(line, accepted === (otherwise === undefined)),
    );
    expect(decided).toEqual(expected);
  });

  it('stores the good lines around a bad one, and says which one that is', async () => {
    const lines = ['good,sender=partial f=1i 1', 'bad', 'good,sender=partial f=2i 2'].map(recent);
    const { status, text } = await ask(system.url, {
      path: '/write',
      query: { db: 'shop' },
      body: lines.join('\n'),
    });
    const answer: { error?: string } = JSON.parse(text);
    // Telegraf looks for these words: without them it would send everything again.
    expect(answer.error).toMatch(/partial write.*unable to parse 'bad/);
    expect(status).toBe(400);
    const stored = await system.rows('partial', 2);
    expect(stored.map(({ valueInt }) => valueInt).sort()).toEqual(['1', '2']);
  });

  it('tells a client of version 2 in its words', async () => {
    const { status, text } = await ask(system.url, {
      path: '/api/v2/write',
      query: { org: 'shop', bucket: 'shop' },
      body: 'bad',
    });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ code: 'invalid', message: expect.any(String) });
  });

  it.each(['GET', 'HEAD'])('answers pings by %s as version 1 does', async (method) => {
    const { status, headers } = await ask(system.url, { method, path: '/ping' });
    expect(status).toBe(204);
    expect(headers['x-influxdb-version']).toMatch(/^\d+\.\d+\./);
    expect(headers['x-influxdb-build']).not.toBeUndefined();
  });

  it('says that it is well as version 2 does', async () => {
    const { status, text } = await ask(system.url, { method: 'GET', path: '/health' });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ name: 'influxdb', status: 'pass' });
  });

  it('answers a statement with nothing, as databases are made before lines come', async () => {
    const { status, text } = await ask(system.url, {
      path: '/query',
      query: { q: 'CREATE DATABASE "shop"' },
    });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ results: [{ statement_id: 0 }] });
  });
});

function verdict(line: string, isAccepted: boolean): string {
  return `${isAccepted ? 'accepted' : 'refused'}: ${JSON.stringify(line)}`;
}

/** Within what is kept: the times of the lines are nanoseconds after a moment ago. */
function recent(line: string): string {
  const from = BigInt(Date.now() - 60_000) * 1_000_000n;
  return line.replace(/ (\d)$/, (_all, digit: string) => ` ${from + BigInt(digit)}`);
}

import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { seedEntities } from '../../test/support/seed-entities.ts';
import { seedTelemetry } from '../../test/support/seed-telemetry.ts';
import { dashboards } from '../catalog.ts';
import { checkDashboards } from './check.ts';
import type { CompactAnswer } from './page/model.ts';
import { type RunningPreview, startPreview } from './server.ts';

let engine: TestEngine;
let clickhouse: ClickHouse;
let page: RunningPreview;
let nowMs = 0;

beforeAll(async () => {
  engine = await startEngine();
  clickhouse = connectClickHouse({ url: engine.url });
  await migrate(clickhouse);
  nowMs = Date.now();
  const seeded = await seedTelemetry(clickhouse, { endMs: nowMs, seed: 11 });
  await seedEntities(clickhouse, seeded);
  await migrate(clickhouse, { lookups: {} });
  page = await startPreview({
    clickhouseUrl: engine.url,
    listen: { host: '127.0.0.1', port: 0 },
    dashboards,
    clock: systemClock,
  });
}, 120_000);

afterAll(async () => {
  await page?.close();
  await clickhouse?.close();
  await engine?.stop();
});

const scope = () => ({
  fromMs: nowMs - 1_800_000,
  toMs: nowMs,
  intervalMs: 10_000,
  variables: { service: ['$__all'], operation: ['$__all'], percentile: 'p95', split: 'service' },
});

function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = { 'Content-Type': 'application/json' };
  return fetch(new URL(path, page.url), {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
    ...init,
  });
}

async function fault(answer: Response): Promise<{ error: string; kind: string; sql?: string }> {
  return answer.json();
}

describe('queries', () => {
  it('are answered with rows and types', async () => {
    const answer = await post('/api/query', {
      sql: 'SELECT toDateTime64(1.5, 3) AS t, 7 AS n',
      scope: scope(),
    });
    expect(answer.status).toBe(200);
    const { meta, data } = (await answer.json()) as CompactAnswer;
    expect(meta.map(({ name }) => name)).toEqual(['t', 'n']);
    expect(data).toEqual([['1.500', 7]]);
  });

  it('take their SQL from our dashboards by panel, with variables as values', async () => {
    const variables = {
      service: ["x' OR 1=1 --"],
      severity: '',
      search: '',
      attributeKey: '',
      attributeValue: '',
      traceId: '',
    };
    const lines = dashboards()
      .find(({ uid }) => uid === 'obsctl-logs')
      ?.panels.find(({ type }) => type === 'logs');
    const ask = {
      dashboard: 'obsctl-logs',
      panel: lines?.id,
      refId: 'A',
      scope: { ...scope(), variables },
    };
    const { sql } = (await (await post('/api/sql', ask)).json()) as { sql: string };
    expect(sql).toContain("'x\\' OR 1=1 --'");
    const answer = await post('/api/query', ask);
    expect(((await answer.json()) as CompactAnswer).data).toEqual([]);
  });

  it.each([
    'INSERT INTO otel.otel_logs (Body) VALUES (1)',
    'DROP TABLE otel.otel_logs',
    'CREATE TABLE otel.x (a Int8) ENGINE = Memory',
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "INSERT INTO FUNCTION file('/tmp/x.csv') SELECT 1",
  ])('cannot do this: %s', async (sql) => {
    const answer = await post('/api/query', { sql, scope: scope() });
    expect(answer.status).toBe(422);
    expect((await fault(answer)).error).not.toBe('');
  });

  it('end with an error, not with half an answer, when they give too many rows', async () => {
    const answer = await post('/api/query', {
      sql: 'SELECT number FROM numbers(300000)',
      scope: scope(),
    });
    expect(answer.status).toBe(422);
    expect((await fault(answer)).error).toMatch(/limit|exceeded/i);
  });

  it('come back with the message of the database and the query that failed', async () => {
    const answer = await post('/api/query', {
      sql: 'SELECT missing FROM otel_logs',
      scope: scope(),
    });
    const { error, kind, sql } = await fault(answer);
    expect(error).toContain('missing');
    expect({ kind, sql }).toEqual({ kind: 'engine', sql: 'SELECT missing FROM otel_logs' });
  });

  it('stop in the engine when the browser goes away', async () => {
    const abort = new AbortController();
    const arms = Array.from({ length: 40 }, () => 'SELECT sleep(1)');
    const sql = arms.join(' UNION ALL ');
    const asked = post('/api/query', { sql, scope: scope() }, { signal: abort.signal }).catch(
      () => 'gone',
    );
    await until(async () => (await running()) === 1);
    abort.abort();
    expect(await asked).toBe('gone');
    await until(async () => (await running()) === 0);
  }, 30_000);

  it.each([
    ['a dashboard that is not there', { dashboard: 'nope', panel: 1 }, 400],
    ['a panel that is not there', { dashboard: 'obsctl-logs', panel: 999 }, 400],
    ['a variable without a query', { dashboard: 'obsctl-logs', variable: 'search' }, 400],
  ])('say so when they name %s', async (_, ask, status) => {
    const answer = await post('/api/query', { ...ask, scope: scope() });
    expect(answer.status).toBe(status);
    expect((await fault(answer)).kind).toBe('request');
  });

  it('are refused without a scope, as another content type, or oversized', async () => {
    expect((await post('/api/query', { sql: 'SELECT 1' })).status).toBe(400);
    const text = { headers: { 'Content-Type': 'text/plain' } };
    expect((await post('/api/query', { sql: 'SELECT 1', scope: scope() }, text)).status).toBe(400);
    expect((await post('/api/query', { sql: 'x'.repeat(300_000), scope: scope() })).status).toBe(
      400,
    );
  });
});

/** Slow queries that run in the engine now. */
async function running(): Promise<number> {
  const rows = await clickhouse.rows<{ n: string }>(
    "SELECT count() AS n FROM system.processes WHERE query LIKE '%sleep(1)%'" +
      " AND query NOT LIKE '%system.processes%'",
  );
  return Number(rows[0]?.n);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonicMs() + 10_000;
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadline) throw new Error('did not happen within 10 s');
    await systemClock.sleep(50);
  }
}

describe('files', () => {
  it('are compressed, carry an ETag and answer 304 to it', async () => {
    const url = new URL('/vendor/uplot.js', page.url);
    const first = await fetch(url, { headers: { 'Accept-Encoding': 'br' } });
    expect(first.headers.get('content-encoding')).toBe('br');
    const etag = first.headers.get('etag') ?? '';
    const second = await fetch(url, { headers: { 'If-None-Match': etag } });
    expect(second.status).toBe(304);
  });

  it('are only those of the list', async () => {
    for (const path of [
      '/app/../server.ts',
      '/app/%2e%2e/server.ts',
      '/vendor/package.json',
      '/app/format.test.ts',
    ]) {
      expect(await statusOf(path)).toBe(404);
    }
  });

  it('hold every module of the page', async () => {
    const folder = join(import.meta.dirname, 'page');
    const names = readdirSync(folder, { recursive: true }).map(String);
    for (const name of names.filter((each) => /(?<!\.test)\.ts$/.test(each))) {
      const answer = await fetch(new URL(`/app/${name}`, page.url));
      expect({ name, status: answer.status }).toEqual({ name, status: 200 });
      expect(await answer.text()).not.toMatch(/\bimport type\b|: readonly /);
    }
  });

  it('come with a policy that allows this server only', async () => {
    const answer = await fetch(page.url);
    const policy = answer.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(await answer.text()).not.toMatch(/https?:\/\//);
  });
});

/** A raw request, because `fetch` would tidy the path first. */
function statusOf(path: string): Promise<number> {
  const { hostname, port } = new URL(page.url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });
}

/** Every query of every panel. */
const checkMsMax = 300_000;

describe('the check', () => {
  it(
    'finds data in every panel of every dashboard on seeded data',
    async () => {
      const states = await checkDashboards({
        clickhouseUrl: engine.url,
        dashboards,
        clock: { ...systemClock, nowMs: () => nowMs },
      });
      const faults = states.flatMap(({ uid, panels }) =>
        panels.filter(({ state }) => state !== 'data').map((panel) => ({ uid, ...panel })),
      );
      expect(faults).toEqual([]);
      expect(states.map(({ uid }) => uid)).toEqual(dashboards().map(({ uid }) => uid));
    },
    checkMsMax,
  );

  it(
    'says which panels have no source, and why, when nothing was sent',
    async () => {
      const states = await checkDashboards({
        clickhouseUrl: engine.url,
        dashboards,
        clock: { ...systemClock, nowMs: () => nowMs - 10 * 86_400_000 },
      });
      const panels = states.flatMap((state) => state.panels);
      expect(panels.some(({ state }) => state === 'error')).toBe(false);
      const without = panels.filter(({ state }) => state === 'no_source');
      expect(without.length).toBeGreaterThan(10);
      expect(without.every(({ reason }) => reason.length > 20)).toBe(true);
    },
    checkMsMax,
  );
});

describe('a panel whose tables are not there', () => {
  it('says what would feed them', async () => {
    const states = async (atMs: number) => {
      const clock = { ...systemClock, nowMs: () => atMs };
      const only = () => dashboards().filter(({ uid }) => uid === 'obsctl-entities');
      const [board] = await checkDashboards({ clickhouseUrl: engine.url, dashboards: only, clock });
      return board?.panels.find(({ source }) => source === 'tagged_spans');
    };
    await clickhouse.run('RENAME TABLE otel.otel_traces_tagged TO otel.aside');
    try {
      expect(await states(nowMs)).toMatchObject({
        state: 'no_source',
        reason: expect.stringContaining('obsctl migrate --lookups'),
      });
    } finally {
      await clickhouse.run('RENAME TABLE otel.aside TO otel.otel_traces_tagged');
    }
    expect(await states(nowMs)).toMatchObject({ state: 'data' });
  });
});

describe('while the engine is away', () => {
  it('queries say so, and the status too', async () => {
    const lonely = await startPreview({
      clickhouseUrl: 'http://user:secret-word@127.0.0.1:1',
      listen: { host: '127.0.0.1', port: 0 },
      dashboards,
      clock: systemClock,
    });
    try {
      const headers = { 'Content-Type': 'application/json' };
      const body = JSON.stringify({ sql: 'SELECT 1', scope: scope() });
      const answer = await fetch(new URL('/api/query', lonely.url), {
        method: 'POST',
        headers,
        body,
      });
      expect(answer.status).toBe(503);
      const text = await answer.text();
      expect(JSON.parse(text)).toMatchObject({ kind: 'away' });
      const status = await (await fetch(new URL('/api/status', lonely.url))).text();
      expect(JSON.parse(status)).toMatchObject({ engine: 'away' });
      expect(text + status).not.toContain('secret-word');
    } finally {
      await lonely.close();
    }
  });
});

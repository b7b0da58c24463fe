/** `obsctl migrate` and `obsctl query` as a person runs them, with a real engine. */

import { spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';

let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine?.stop());

type Ended = { readonly code: number | null; readonly stdout: Buffer; readonly stderr: string };

async function obsctl(...words: string[]): Promise<Ended> {
  const child = spawn(process.execPath, ['cli/main.ts', ...words], {
    env: { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', CLICKHOUSE_URL: engine.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() };
}

describe('obsctl migrate', () => {
  it('prints a plan that does what migrate does, then rests', async () => {
    const url = `${engine.url}/by_hand`;
    const plan = await obsctl('migrate', '--clickhouse', url, '--plan');
    expect(plan.code).toBe(0);
    for (const statement of plan.stdout.toString().split(';\n\n').filter(Boolean)) {
      const asked = await fetch(engine.url, { method: 'POST', body: statement });
      expect(await asked.text()).toBe('');
    }
    const run = await obsctl('migrate', '--clickhouse', url, '--json');
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout.toString())).toMatchObject({
      database: 'by_hand',
      statements: [],
      refusals: [],
    });
  });

  it('shows progress on stderr and nothing on stdout', async () => {
    const run = await obsctl('migrate', '--clickhouse', `${engine.url}/quiet`);
    expect(run).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
    expect(run.stderr).toContain('CREATE TABLE IF NOT EXISTS quiet.otel_traces');
    expect(run.stderr).toMatch(/schema \d+: \d+ statements run\n$/);
  });

  it('exits 1 and prints what to do by hand when a table cannot be changed', async () => {
    const url = `${engine.url}/refused`;
    await obsctl('migrate', '--clickhouse', url);
    const change = 'ALTER TABLE refused.otel_logs MODIFY COLUMN EventName LowCardinality(String)';
    await fetch(engine.url, { method: 'POST', body: change });
    const run = await obsctl('migrate', '--clickhouse', url);
    expect(run.code).toBe(1);
    expect(run.stderr).toContain('OBS-3005');
    expect(run.stderr).toContain('column EventName has type LowCardinality(String), not String');
    expect(run.stderr).toContain('EXCHANGE TABLES refused.otel_logs AND refused.otel_logs_new;');
  });

  it.each([
    [2, 'OBS-1003', ['--profile', 'lavish']],
    [2, 'OBS-1003', ['--retention', 'traces=36h']],
    [2, 'OBS-1003', ['--retention', 'spans=7d']],
    [2, 'OBS-3001', ['--clickhouse', 'ftp://host']],
    [3, 'OBS-3002', ['--clickhouse', 'http://127.0.0.1:1']],
  ])('exits %d with %s for %j', async (code, problem, words) => {
    const run = await obsctl('migrate', ...words);
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(problem);
    expect(run.stdout).toHaveLength(0);
  });
});

describe('obsctl query', () => {
  it('writes the answer byte for byte, in any format', async () => {
    const sql = "SELECT unhex('00ff0a80') AS bytes FROM numbers(100000) FORMAT RowBinary";
    const { code, stdout } = await obsctl('query', sql);
    expect(code).toBe(0);
    expect(
      stdout.equals(Buffer.concat(Array(100_000).fill(Buffer.from('0400ff0a80', 'hex')))),
    ).toBe(true);
  });

  it('answers tab-separated with names in a pipe, and as JSON lines with --json', async () => {
    const sql = 'SELECT 1 AS a, 2 AS b';
    expect((await obsctl('query', sql)).stdout.toString()).toBe('a\tb\n1\t2\n');
    expect((await obsctl('query', sql, '--json')).stdout.toString()).toBe('{"a":1,"b":2}\n');
    expect((await obsctl('query', sql, '--format', 'CSV')).stdout.toString()).toBe('1,2\n');
  });

  it('looks tables up in the database otel, or in that of the URL', async () => {
    await obsctl('migrate');
    await obsctl('migrate', '--clickhouse', `${engine.url}/shop`);
    const sql = 'SELECT database() AS d, count() AS n FROM otel_logs';
    expect((await obsctl('query', sql)).stdout.toString()).toBe('d\tn\notel\t0\n');
    const shop = await obsctl('query', sql, '--clickhouse', `${engine.url}/shop`);
    expect(shop.stdout.toString()).toBe('d\tn\nshop\t0\n');
  });

  it('changes nothing unless --write is given', async () => {
    const sql = 'CREATE DATABASE written';
    const refused = await obsctl('query', sql);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('readonly');
    expect((await obsctl('query', sql, '--write')).code).toBe(0);
    expect((await obsctl('query', 'EXISTS DATABASE written')).stdout.toString()).toContain('1');
  });

  it('keeps to its limits of time and rows', async () => {
    const slow = await obsctl('query', 'SELECT sleep(3)', '--timeout', '1s');
    expect(slow.code).toBe(2);
    expect(slow.stderr).toMatch(/OBS-3003.*Timeout exceeded/);
    const long = await obsctl('query', 'SELECT * FROM numbers(100000)', '--max-rows', '10');
    expect(long.code).toBe(2);
    expect(long.stderr).toContain('Limit for result exceeded');
  });
});

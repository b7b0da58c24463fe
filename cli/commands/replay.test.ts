/** `obsctl inspect` and `obsctl replay` as a person runs them, beside a gateway at work. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { logsRequest } from '../../test/crash/payload.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { runSql } from '../../test/support/engine-http.ts';
import { startGateway, type TestGateway } from '../../test/support/gateway.ts';
import { type Ended, runObsctl } from '../../test/support/program.ts';

const database = 'replay_cli';
const items = 100;
const bad = items / 10;
const waitMsMax = 30_000;

let engine: TestEngine;
let gateway: TestGateway;

beforeAll(async () => {
  engine = await startEngine();
  gateway = await startGateway({ clickhouseUrl: engine.url, database });
});

afterAll(async () => {
  await gateway?.stop();
  await engine?.stop();
});

async function seen(): Promise<Record<string, never[]>> {
  const { stdout } = await runObsctl('inspect', '--data-dir', gateway.dataDir, '--json');
  return JSON.parse(stdout);
}

const replay = (...words: readonly string[]): Promise<Ended> =>
  runObsctl(
    ...['replay', '--data-dir', gateway.dataDir, '--clickhouse', `${engine.url}/${database}`],
    ...words,
  );

async function stored(): Promise<string> {
  return await runSql(engine.url, `SELECT count(), uniqExact(Body) FROM ${database}.otel_logs`);
}

describe('dead letters', () => {
  it('are shown, and stored once when what refused them is gone', async () => {
    const table = `${database}.otel_logs`;
    const alter = `ALTER TABLE ${table}`;
    await runSql(engine.url, `${alter} ADD CONSTRAINT c CHECK toUInt64(Body) % 10 != 4`);
    const response = await fetch(`${gateway.http}/v1/logs`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-protobuf' },
      body: Buffer.from(logsRequest(0, items)),
    });
    expect(response.status).toBe(200);
    const deadline = performance.now() + waitMsMax;
    let letters = (await seen())['dead_letters'];
    while (letters?.length === 0 && performance.now() < deadline) {
      await pause(200);
      letters = (await seen())['dead_letters'];
    }
    expect(letters).toMatchObject([
      { table: 'otel_logs', rows: bad, unit_rows: items, reason: expect.stringMatching('469') },
    ]);
    const shown = await runObsctl('inspect', '--data-dir', gateway.dataDir);
    expect(shown.stdout).toMatch(`${bad} of ${items} rows`);

    // Still refused: nothing is lost by trying.
    expect((await replay('--all')).code).toBe(1);
    await runSql(engine.url, `${alter} DROP CONSTRAINT c`);
    const dry = await replay('--all', '--dry-run');
    expect(dry).toMatchObject({ code: 0, stdout: expect.stringMatching('would be stored') });
    expect(await stored()).toBe(`${items - bad}\t${items - bad}`);

    // As if it had been killed before it could file the letter away.
    const folder = join(gateway.dataDir, 'dead-letter');
    await cp(folder, join(gateway.dataDir, 'copy'), { recursive: true });
    expect(await replay('--all')).toMatchObject({ code: 0 });
    expect(await stored()).toBe(`${items}\t${items}`);
    expect((await seen())['dead_letters']).toEqual([]);
    await cp(join(gateway.dataDir, 'copy'), folder, { recursive: true });
    const again = await replay('--all', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ outcome: 'already_there' });
    expect(await stored()).toBe(`${items}\t${items}`);

    // With its receipt, so that the proof is whole again.
    const url = `${engine.url}/${database}`;
    expect(await runObsctl('prove', '--clickhouse', url)).toMatchObject({ code: 0 });
  });

  it('need to be named, or asked for all', async () => {
    const ended = await replay();
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching('OBS-1003') });
    const unknown = await replay('--seal', 'ffff');
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringMatching('no letter here') });
  });
});

describe('a data directory', () => {
  it('is shown with what waits while ClickHouse is away', async () => {
    const away = await startGateway({ clickhouseUrl: 'http://127.0.0.1:9', workers: 1 });
    try {
      await fetch(`${away.http}/v1/logs`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/x-protobuf' },
        body: Buffer.from(logsRequest(0, items)),
      });
      const shown = await runObsctl('inspect', '--data-dir', away.dataDir, '--json');
      const { lanes } = JSON.parse(shown.stdout);
      expect(lanes).toMatchObject([{ waiting: { records: { logs: 1, traces: 0 } } }]);
      expect(lanes[0].positions.end).toBeGreaterThan(lanes[0].positions.acknowledged);
    } finally {
      await away.kill();
      await away.stop();
    }
  });

  it('that does not exist is named', async () => {
    const ended = await runObsctl('inspect', '--data-dir', '/nowhere/at/all');
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringMatching('/nowhere/at/all') });
  });
});

/** The proof over what a real lane stored in the real engine, whole and after a hand was in it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClickHouse, connectClickHouse } from '../clickhouse/client.ts';
import { migrate } from '../clickhouse/migrate.ts';
import { systemClock } from '../core/clock.ts';
import { metricsRequest } from '../test/crash/payload.ts';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { openTestLane, type TestLane } from '../test/support/lane.ts';
import type { Proof } from './proof.ts';
import { prove } from './prove.ts';

const drainMs = 20_000;
/** Looks again at once: a difference is found as often as it must be, without the waits. */
const hasty = { ...systemClock, sleep: async () => {} };

let engine: TestEngine;
let server: ClickHouse;
let dir: string;
let database: string;
let databases = 0;
let lane: TestLane;

beforeAll(async () => {
  engine = await startEngine();
  server = connectClickHouse({ url: engine.url });
});

afterAll(async () => {
  await server.close();
  await engine.stop();
});

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'obsctl-prove-'));
  databases += 1;
  database = `prove_${databases}`;
  await migrate(server, { database });
  lane = await openTestLane({ dir, clickhouseUrl: engine.url, database });
  // Three seals, the second one of all signals.
  await lane.sendSpans(0, 60);
  await drain();
  await Promise.all([lane.sendSpans(60, 40), lane.sendLogs(0, 30), sendPoints(20)]);
  await drain();
  await lane.sendLogs(30, 10);
  await drain();
});

afterEach(async () => {
  await lane.close();
  await rm(dir, { recursive: true, force: true });
});

async function drain(): Promise<void> {
  const signal = AbortSignal.timeout(drainMs);
  await lane.lane.drain(signal);
  expect(signal.aborted).toBe(false);
}

function sendPoints(count: number): Promise<unknown> {
  const wire = metricsRequest(0, count);
  return lane.lane.submit({
    signal: 'metrics',
    transport: 'http',
    contentType: 'protobuf',
    contentEncoding: 'identity',
    tenant: '',
    wire,
    body: wire,
  });
}

function proof(): Promise<Proof> {
  return prove([server], { database, sinceMs: 3_600_000, clock: hasty, looksMax: 2 });
}

/** By hand: what nobody should do. */
async function hand(statement: string): Promise<void> {
  await server.run(`${statement.replaceAll('$', `${database}.`)} SETTINGS mutations_sync = 2`);
}

async function one(query: string): Promise<string> {
  const [row] = await server.rows<{ value: string }>(query.replaceAll('$', `${database}.`));
  return String(row?.value);
}

const equal = [
  { signal: 'traces', received: 100, leftOut: 0, logged: 100, stored: 100, rolledUp: 100 },
  { signal: 'metrics', received: 20, leftOut: 0, logged: 20, stored: 20, rolledUp: undefined },
  { signal: 'logs', received: 40, leftOut: 0, logged: 40, stored: 40, rolledUp: undefined },
];

const sealOf = (table: string): string =>
  `SELECT argMin(SealId, Time) AS value FROM $obsctl_receipts WHERE \`Table\` = '${table}'`;

describe('the proof', () => {
  it('says equal, by signal', async () => {
    const found = await proof();
    expect(found).toMatchObject({ ok: true, signals: equal, differences: [] });
    expect(found.seals).toBeGreaterThanOrEqual(3);
  });

  it('is about the time that was asked for', async () => {
    const asked = { database, sinceMs: 0.001, clock: hasty, looksMax: 2 };
    const found = await prove([server], asked);
    expect(found).toMatchObject({ ok: true, seals: 0 });
  });

  it.each([
    ['otel_traces', `SpanId = '${(5).toString(16).padStart(16, '0')}'`],
    ['otel_logs', `Body = '5'`],
    ['otel_metrics_gauge', 'ValueInt = 5'],
  ])('names the seal when one row of %s is gone', async (table, which) => {
    const seal = await one(sealOf(table));
    await hand(`ALTER TABLE $${table} DELETE WHERE ${which}`);
    const found = await proof();
    expect(found.ok).toBe(false);
    expect(found.differences).toHaveLength(1);
    expect(found.differences[0]).toMatchObject({ seal, table, what: 'missing' });
    const [difference] = found.differences;
    expect((difference?.expected ?? 0) - (difference?.found ?? 0)).toBe(1);
  });

  it('names the seal when a row is there twice', async () => {
    const seal = await one(sealOf('otel_logs'));
    await server.run(
      `INSERT INTO ${database}.otel_logs SELECT * FROM ${database}.otel_logs WHERE Body = '5'`,
    );
    const found = await proof();
    expect(found.differences).toMatchObject([{ seal, table: 'otel_logs', what: 'surplus' }]);
  });

  it('names the seal when the rates count less than its spans', async () => {
    const seal = await one(sealOf('otel_traces'));
    const smallest = await one(
      `SELECT SpanName AS value FROM $otel_red_1s
        WHERE leftPad(lower(hex(Seal)), 16, '0') = '${bare(seal)}' LIMIT 1`,
    );
    await hand(
      `ALTER TABLE $otel_red_1s UPDATE Count = Count - 1 WHERE SpanName = '${smallest}'` +
        ` AND leftPad(lower(hex(Seal)), 16, '0') = '${bare(seal)}'`,
    );
    const found = await proof();
    expect(found.differences).toMatchObject([{ seal, what: 'not_rolled_up', expected: 60 }]);
  });

  it.each([
    ['otel_logs', ['no_receipt', 'otel_logs']],
    ['otel_traces', ['no_receipt', 'otel_traces']],
    ['otel_red_1s', ['no_receipt', 'otel_red_1s']],
    ['otel_traces_trace_id_ts', ['no_receipt', 'otel_traces_trace_id_ts']],
  ])('names the seal when its receipt of %s is gone', async (table, [what, named]) => {
    const seal = await one(sealOf(table));
    await hand(
      `ALTER TABLE $obsctl_receipts DELETE WHERE \`Table\` = '${table}' AND SealId = '${seal}'`,
    );
    const found = await proof();
    expect(found.ok).toBe(false);
    const difference = found.differences.find((entry) => entry.table === named);
    expect(difference).toMatchObject({ what });
    // Without any receipt of the table, only the low half is to be seen.
    expect(seal.endsWith(difference?.seal ?? '-')).toBe(true);
  });

  it('waits for a seal whose receipts are on their way', async () => {
    const name = `${database}.obsctl_receipts`;
    await server.run(`CREATE TABLE ${name}_kept AS ${name}`);
    await server.run(`INSERT INTO ${name}_kept SELECT * FROM ${name}`);
    const seal = await one(sealOf('otel_logs'));
    await hand(`ALTER TABLE $obsctl_receipts DELETE WHERE SealId = '${seal}'`);
    let looks = 0;
    const sleep = async (): Promise<void> => {
      looks += 1;
      if (looks !== 2) return;
      const back = `SELECT * FROM ${name}_kept WHERE SealId = '${seal}'`;
      await server.run(`INSERT INTO ${name} ${back}`);
    };
    const found = await prove([server], {
      database,
      sinceMs: 3_600_000,
      clock: { ...systemClock, sleep },
    });
    expect(looks).toBe(2);
    // The window was fixed at the first look, so the seal is older than its end.
    expect(found).toMatchObject({ ok: true, signals: equal });
  });
});

/** The seal's number as ClickHouse prints it in hexadecimal digits. */
function bare(seal: string): string {
  return seal.slice(16);
}

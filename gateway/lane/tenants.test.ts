import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../../core/clock.ts';
import { logsRequest, tracesRequest } from '../../test/crash/payload.ts';
import { runSql } from '../../test/support/engine-http.ts';
import type { TestLane } from '../../test/support/lane.ts';
import { nowhere, useLanes } from '../../test/support/lanes.ts';
import { until } from '../../test/support/receiving.ts';
import type { Answer, Signal } from '../answer.ts';
import { createOpenBlocks } from '../decode/blocks.ts';
import { decodeInto } from '../decode/decode.ts';
import { LogShares } from '../guard/log-shares.ts';
import { prove } from '../prove.ts';
import { createResendMemory, ResendTable } from './resend-table.ts';
import { Resends } from './resends.ts';

/** Looks again at once: nothing is under way. */
const hasty = { ...systemClock, sleep: () => Promise.resolve() };
const tables = ['otel_traces', 'otel_logs'];

const lanes = useLanes('tenants');
const { open, drain } = lanes;

function send({ lane }: TestLane, tenant: string, signal: Signal, wire: Uint8Array) {
  const kind = { signal, contentType: 'protobuf', contentEncoding: 'identity' } as const;
  return lane.submit({ ...kind, tenant, transport: 'http', wire, body: wire });
}

async function byTenant(table: string, what = 'count()'): Promise<Record<string, number>> {
  const sql = `SELECT Tenant, ${what} FROM ${lanes.database()}.${table} GROUP BY Tenant FORMAT TSV`;
  const rows = (await runSql(lanes.url(), sql)).split('\n').filter((row) => row !== '');
  return Object.fromEntries(rows.map((row) => [row.split('\t')[0], Number(row.split('\t')[1])]));
}

const stored: Answer = { outcome: 'stored', rejected: 0, message: '' };

describe('tenants of one lane', () => {
  it('have their own rows and rates, though their resources and spans are the same', async () => {
    const lane = await open();
    for (const tenant of ['', 'a', 'b', 'a']) {
      expect(await send(lane, tenant, 'traces', tracesRequest(0, 40))).toEqual(stored);
      expect(await send(lane, tenant, 'logs', logsRequest(0, 30))).toEqual(stored);
    }
    await drain(lane);
    expect(await byTenant('otel_traces')).toEqual({ '': 40, a: 80, b: 40 });
    expect(await byTenant('otel_logs')).toEqual({ '': 30, a: 60, b: 30 });
    expect(await byTenant('otel_red_1s', 'sum(Count)')).toEqual({ '': 40, a: 80, b: 40 });
  });

  it('are told apart after a restart, when everything is decoded again', async () => {
    const away = await open({ clickhouseUrl: nowhere });
    await send(away, 'a', 'traces', tracesRequest(0, 10));
    await send(away, 'b', 'traces', tracesRequest(10, 20));
    await send(away, 'a', 'logs', logsRequest(0, 5));
    await away.close();
    await drain(await open());
    expect(await byTenant('otel_traces')).toEqual({ a: 10, b: 20 });
    expect(await byTenant('otel_logs')).toEqual({ a: 5 });
    expect(await byTenant('otel_red_1s', 'sum(Count)')).toEqual({ a: 10, b: 20 });
  });

  it('may send the same bytes: only the same tenant sends them again', async () => {
    const resent: Signal[] = [];
    const table = new ResendTable(createResendMemory(1, 1024), 600_000);
    const resends = new Resends(table, systemClock, (signal) => resent.push(signal));
    const away = await open({ clickhouseUrl: nowhere, resends });
    const body = tracesRequest(0, 10);
    for (const tenant of ['a', 'b', 'a', '']) await send(away, tenant, 'traces', body);
    expect(resent).toEqual(['traces']);
    await away.close();
    // The table is rebuilt from the log, tenant by tenant.
    const again = new ResendTable(createResendMemory(1, 1024), 600_000);
    const rebuilt = new Resends(again, systemClock, (signal) => resent.push(signal));
    const back = await open({ resends: rebuilt });
    again.laneRecovered();
    for (const tenant of ['b', 'c']) await send(back, tenant, 'traces', body);
    expect(resent).toEqual(['traces', 'traces']);
    await drain(back);
    expect(await byTenant('otel_traces')).toEqual({ '': 10, a: 10, b: 10, c: 10 });
  });
});

describe('the proof', () => {
  const proof = () => {
    const asked = { database: lanes.database(), sinceMs: 3_600_000, clock: hasty, looksMax: 2 };
    return prove([lanes.clickhouse()], asked);
  };

  it('is by tenant, also of what was decoded again, and tells a row in a wrong name', async () => {
    const away = await open({ clickhouseUrl: nowhere });
    await send(away, 'a', 'traces', tracesRequest(0, 10));
    await send(away, '', 'traces', tracesRequest(10, 5));
    await away.close();
    const back = await open();
    await send(back, 'b', 'traces', tracesRequest(20, 20));
    await send(back, 'a', 'traces', tracesRequest(40, 30));
    await send(back, 'b', 'logs', logsRequest(0, 7));
    await drain(back);
    const all = (count: number) => ({ received: count, leftOut: 0, logged: count, stored: count });
    const equal = await proof();
    expect(equal).toMatchObject({ ok: true, differences: [] });
    expect(equal.tenants).toEqual([
      { signal: 'traces', tenant: 'a', ...all(40), rolledUp: 40 },
      { signal: 'traces', tenant: 'b', ...all(20), rolledUp: 20 },
      { signal: 'logs', tenant: 'b', ...all(7), rolledUp: undefined },
    ]);
    expect(equal.signals[0]).toMatchObject({ signal: 'traces', ...all(65), rolledUp: 65 });
    const spans = `${lanes.database()}.otel_traces`;
    const asked = `SELECT SpanId FROM ${spans} WHERE Tenant = 'b' LIMIT 1 FORMAT TSV`;
    const spanId = (await runSql(lanes.url(), asked)).trim();
    await runSql(
      lanes.url(),
      `ALTER TABLE ${spans} UPDATE Tenant = 'a' WHERE SpanId = '${spanId}'
        SETTINGS mutations_sync = 2`,
    );
    const wrong = await proof();
    expect(wrong.ok).toBe(false);
    expect(wrong.differences).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ tenant: 'b', table: 'traces', what: 'missing' }),
        expect.objectContaining({ tenant: 'a', table: 'traces', what: 'surplus' }),
      ]),
    );
  });
});

describe('the share of the log', () => {
  const half = tracesRequest(0, 400).byteLength * 1.5;
  const shares = () => new LogShares((tenant) => (tenant === 'free' ? undefined : half));

  it('is each tenant’s own, is full during an outage, and stays so over a restart', async () => {
    const away = await open({ clickhouseUrl: nowhere, shares: shares() });
    for (const first of [0, 400]) {
      expect(away.lane.fullAt('a')).toBeUndefined();
      await send(away, 'a', 'traces', tracesRequest(first, 400));
      await send(away, 'free', 'traces', tracesRequest(first, 400));
    }
    expect(away.lane.fullAt('a')).toBe(half);
    expect(away.lane.fullAt('b')).toBeUndefined();
    expect(away.lane.fullAt('free')).toBeUndefined();
    await away.close();
    const back = await open({ clickhouseUrl: nowhere, shares: shares() });
    expect(back.lane.fullAt('a')).toBe(half);
    await back.close();
    const there = await open({ shares: shares() });
    await drain(there);
    await until(() => there.lane.fullAt('a') === undefined);
  });

  it('is given back for what a failed write took', () => {
    const book = shares();
    book.appended('a', 1000, half);
    book.appended('a', 2000, half);
    book.cutBackTo(1000);
    book.acknowledged(999);
    expect(book.fullAt('a')).toBe(half);
    book.acknowledged(1000);
    expect(book.fullAt('a')).toBeUndefined();
  });
});

describe('a gateway without tenants', () => {
  it('has the bytes of before in every unit: a dictionary of one empty string', () => {
    const blocks = createOpenBlocks({ hashSeed: { low: 1, high: 2 } });
    const receivedAtNs = systemClock.nowNs();
    for (const [signal, body] of [
      ['traces', tracesRequest(0, 3)],
      ['logs', logsRequest(0, 3)],
    ] as const) {
      decodeInto(blocks, { signal, contentType: 'protobuf', body, receivedAtNs });
    }
    for (const unit of blocks.encode(1n)) {
      const bytes = Buffer.concat(unit.chunks);
      const at = bytes.indexOf('Tenant\u0016LowCardinality(String)');
      if (!tables.includes(unit.table)) continue;
      const data = bytes.subarray(at + 29);
      const rows = Buffer.alloc(8);
      rows.writeUInt32LE(unit.rows);
      // Version 1; one key, which is empty; then an index byte a row.
      const expected = `0100000000000000${'0006000000000000'}0100000000000000${'00'}`;
      expect(data.subarray(0, 25).toString('hex')).toBe(expected);
      expect(data.subarray(25, 33 + unit.rows)).toEqual(
        Buffer.concat([rows, Buffer.alloc(unit.rows)]),
      );
    }
  });
});

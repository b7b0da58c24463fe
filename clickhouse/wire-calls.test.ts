/** Requests and responses that were reported apart, against the real engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import { seededRandom } from '../test/support/random.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { migrate } from './migrate.ts';
import { hasWireCalls, rebuildWireCalls } from './wire-calls.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'calls';
const options = { database } as const;
const hour = Date.UTC(2026, 2, 5, 14) / 1000;
const span = { from: hour, to: hour + 3600 } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  await migrate(sql, { database, retentionDays: { logs: 9000 } });
});

beforeEach(async () => {
  await sql.run(`TRUNCATE TABLE ${database}.otel_logs`);
  await sql.run(`TRUNCATE TABLE ${database}.l7_calls`);
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

type Event = {
  readonly at: number;
  readonly id: string;
  readonly kind: 'request' | 'response';
  readonly more?: Readonly<Record<string, string>>;
};

async function store(events: readonly Event[]): Promise<void> {
  const values = events.map(({ at, id, kind, more = {} }) => ({
    Timestamp: `${hour + at}.000000000`,
    EventName: `network.${kind}`,
    ServiceName: 'cart',
    LogAttributes: {
      'source.address': '10.0.0.1',
      'destination.address': '10.0.0.2',
      'destination.port': '6379',
      'network.request.id': id,
      ...(kind === 'request' ? { 'http.request.method': 'GET' } : {}),
      ...(kind === 'response' ? { 'http.response.status_code': '200' } : {}),
      ...more,
    },
  }));
  await sql.client.insert({
    table: `${database}.otel_logs`,
    values,
    format: 'JSONEachRow',
    clickhouse_settings: { insert_deduplicate: 0 },
  });
}

/** Seconds since the hour, id, state, seconds it took, method, status. */
async function calls(): Promise<readonly string[]> {
  const rows = await sql.rows<{ call: string }>(
    `SELECT concat(toString(toUnixTimestamp(Time) - ${hour}), ' ', RequestId, ' ', State, ' ',
      toString(intDiv(Duration, 1000000000)), ' ', Method, ' ', Status) AS call
    FROM ${database}.l7_calls ORDER BY Time, RequestId`,
  );
  return rows.map(({ call }) => call.trimEnd());
}

describe('a request and its response', () => {
  it('become one row up to 120 s apart, in whichever order they are stored', async () => {
    await store([
      { at: 130, id: 'a', kind: 'response' },
      { at: 250, id: 'c', kind: 'request' },
    ]);
    await rebuildWireCalls(sql, span, options);
    expect(await calls()).toEqual(['130 a response_only 0  200', '250 c request_only 0 GET']);
    await store([
      { at: 10, id: 'a', kind: 'request' },
      { at: 371, id: 'c', kind: 'response' },
      { at: 250, id: 'c', kind: 'request' },
    ]);
    await rebuildWireCalls(sql, span, options);
    expect(await calls()).toEqual([
      '10 a paired 120 GET 200',
      '250 c request_only 0 GET',
      '371 c response_only 0  200',
    ]);
  }, 60_000);

  it('are found where a clock is behind, an id comes again, or only spans tell', async () => {
    await store([
      ...([40, 60].map((at) => ({ at, id: 'again', kind: 'request' })) as Event[]),
      ...([41, 66].map((at) => ({ at, id: 'again', kind: 'response' })) as Event[]),
      { at: 90, id: 'behind', kind: 'response' },
      { at: 92, id: 'behind', kind: 'request' },
      { at: 99, id: 'elsewhere', kind: 'request' },
      { at: 100, id: 'elsewhere', kind: 'response', more: { 'source.address': '10.0.0.9' } },
    ]);
    await sql.run(`INSERT INTO ${database}.otel_logs (Timestamp, EventName, TraceId, SpanId) VALUES
      (toDateTime64(${hour + 200}, 9), 'network.request', 't', 's'),
      (toDateTime64(${hour + 203}, 9), 'network.response', 't', 's')`);
    await rebuildWireCalls(sql, span, options);
    expect(await calls()).toEqual([
      '40 again paired 1 GET 200',
      '60 again paired 6 GET 200',
      '92 behind paired 0 GET 200',
      '99 elsewhere request_only 0 GET',
      '100 elsewhere response_only 0  200',
      '200  paired 3',
    ]);
  }, 60_000);

  it('are one row across hours, and belong to that of the request', async () => {
    await store([
      { at: 3590, id: 'a', kind: 'request' },
      { at: 3610, id: 'a', kind: 'response' },
    ]);
    expect(await hasWireCalls(sql, { from: hour, to: hour + 60 }, options)).toBe(false);
    expect(await hasWireCalls(sql, span, options)).toBe(true);
    await rebuildWireCalls(sql, { from: hour, to: hour + 7200 }, options);
    expect(await calls()).toEqual(['3590 a paired 20 GET 200']);
  }, 60_000);

  it('are all kept, whatever came when, and however often it is done', async () => {
    const random = seededRandom(120);
    const requests = Array.from({ length: 300 }, (_, index) => ({
      at: random.below(3200),
      id: `${index}`,
      kind: 'request' as const,
    }));
    const late = requests.map(({ at, id }) => ({ at: at + random.below(140), id }));
    const responses = late.map((one) => ({ ...one, kind: 'response' as const }));
    const lost = (id: string): boolean => Number(id) % 10 === 0;
    const stored = [...requests, ...responses.filter(({ id }) => !lost(id))];
    stored.sort(() => random.below(3) - 1);
    await store(stored.slice(0, 200));
    await rebuildWireCalls(sql, span, options);
    await store(stored.slice(150));
    await rebuildWireCalls(sql, { from: hour, to: hour + 1200 }, options);
    await Promise.all([1, 2].map(() => rebuildWireCalls(sql, span, options)));
    const wanted = requests.flatMap(({ at, id }, index) => {
      const answer = responses[index]?.at ?? 0;
      if (lost(id)) return [`${at} ${id} request_only 0 GET`];
      if (answer - at <= 120) return [`${at} ${id} paired ${answer - at} GET 200`];
      return [`${at} ${id} request_only 0 GET`, `${answer} ${id} response_only 0  200`];
    });
    expect([...(await calls())].sort()).toEqual(wanted.sort());
  }, 60_000);
});

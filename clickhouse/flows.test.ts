/** Flows against the real engine; the oracle spreads and adds up in plain TypeScript. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../test/support/engine.ts';
import {
  byMinute,
  drawReports,
  minutesOf,
  type Report,
  recordOf,
  secondsOf,
  type Totals,
} from '../test/support/flow-oracle.ts';
import { seededRandom } from '../test/support/random.ts';
import { type ClickHouse, connectClickHouse } from './client.ts';
import { rebuildFlowMinutes, rebuildFlowSeconds, staleFlowMinutes } from './flows.ts';
import { migrate } from './migrate.ts';

let engine: TestEngine;
let sql: ClickHouse;
const database = 'flows';
const options = { database } as const;
const hour = Date.UTC(2026, 2, 5, 14) / 1000;
/** Connections that begin in the hour may go on in the next one. */
const span = { from: hour, to: hour + 2 * 3600 } as const;
const brief = { from: hour, to: hour + 900 } as const;

beforeAll(async () => {
  engine = await startEngine();
  sql = connectClickHouse({ url: engine.url });
  // The hours of the tests lie in the past; nothing may expire while they run.
  const retentionDays = { logs: 9000, rollups: 9000, seconds: 9000 };
  await migrate(sql, { database, retentionDays });
});

afterAll(async () => {
  await sql?.close();
  await engine?.stop();
});

async function store(records: readonly Record<string, unknown>[]): Promise<void> {
  await sql.client.insert({
    table: `${database}.otel_logs`,
    values: records,
    format: 'JSONEachRow',
    clickhouse_settings: { insert_deduplicate: 0 },
  });
}

async function clear(): Promise<void> {
  for (const table of ['otel_logs', 'flow_logs', 'flow_seconds', 'flow_minutes']) {
    await sql.run(`TRUNCATE TABLE ${database}.${table}`);
  }
}

async function rebuild(slice: { from: number; to: number } = brief): Promise<void> {
  await rebuildFlowSeconds(sql, slice, options);
  await rebuildFlowMinutes(sql, slice, options);
}

type Row = Readonly<Record<string, string>>;

async function rows(select: string): Promise<readonly Row[]> {
  return await sql.rows<Row>(select);
}

/** A table of pairs as the oracle writes it: `time pair`, and what is said of it. */
async function storedPairs(table: string): Promise<Map<string, Totals>> {
  const name = (side: string): string =>
    `concat(${side}Namespace, '/', ${side}Workload, '/', ${side}Zone, '/', ${side}Address)`;
  const all = await rows(
    `SELECT concat(toString(toUnixTimestamp(Time)), ' ', Protocol, ' ', ${name('Source')}, ' ',
        ${name('Destination')}, ' ', toString(DestinationPort), ' ', Tenant) AS key,
      toString(SourceBytes) AS bytes, toString(DestinationBytes) AS answered,
      toString(SourcePackets) AS packets, toString(Opened) AS opened,
      toString(Closed) AS closed, toString(ConcurrentMax) AS most
    FROM ${database}.${table}`,
  );
  const pairs = all.map(({ key = '', bytes = '', answered = '', packets = '', ...counts }) => [
    key,
    {
      ...{ bytes: BigInt(bytes), answered: BigInt(answered), packets: BigInt(packets) },
      ...{ opened: Number(counts['opened']), closed: Number(counts['closed']) },
      most: Number(counts['most']),
    },
  ]);
  const map = new Map(pairs as [string, Totals][]);
  // A row of its own for each: none is there twice.
  expect(map.size).toBe(all.length);
  return map;
}

const sorted = (map: ReadonlyMap<string, Totals>): readonly [string, Totals][] =>
  [...map].sort(([left], [right]) => (left < right ? -1 : 1));

const side = { namespace: 'shop', workload: 'cart', zone: 'eu-1a', bytes: 0n, packets: 0n };
const report = (start: number, end: number, more: Partial<Report> = {}): Report => ({
  at: BigInt(hour + end) * 1_000_000_000n,
  start: BigInt(hour + start) * 1_000_000_000n,
  end: BigInt(hour + end) * 1_000_000_000n,
  opened: BigInt(hour + start) * 1_000_000_000n,
  protocol: 'tcp',
  source: { ...side, address: '10.0.0.1', port: 40_000 },
  destination: { ...side, workload: 'payment', zone: 'eu-1b', address: '10.0.0.2', port: 443 },
  closeReason: 'fin',
  isByDestination: false,
  tenant: '',
  ...more,
});

describe('an hour of reports', () => {
  const reports = drawReports(seededRandom(20_260_305), hour, {
    connections: 400,
    within: 3600,
    lengths: [0, 1, 3, 61, 700],
  });

  it('gives the seconds that adding up the reports gives, and minutes of them', async () => {
    await clear();
    const records = reports.map(recordOf);
    // Some are stored twice, and count once.
    await store([...records, ...records.slice(0, 50)]);
    // Logs that are no flows.
    await store([
      { Timestamp: `${hour}`, LogAttributes: { 'network.transport': 'tcp' } },
      { Timestamp: `${hour}`, LogAttributes: { 'source.bytes': '4' }, Body: 'tcp' },
    ]);
    await rebuild(span);
    const seconds = secondsOf(reports);
    expect(seconds.size).toBeGreaterThan(10_000);
    expect(sorted(await storedPairs('flow_seconds'))).toEqual(sorted(seconds));
    const minutes = minutesOf(seconds);
    expect(sorted(await storedPairs('flow_minutes'))).toEqual(sorted(minutes));
    // The greatest of an hour is no sum, and more than one somewhere.
    expect(Math.max(...[...minutes.values()].map(({ most }) => most))).toBeGreaterThan(1);
  }, 120_000);

  it('gives connections by minute whose bytes add up to what was reported', async () => {
    const counted = reports.filter(({ isByDestination }) => !isByDestination);
    const wanted = new Map<string, bigint>();
    for (const one of counted) {
      for (const [minute, bytes] of byMinute(one)) {
        const key = `${minute} ${one.source.address} ${one.source.port}`;
        wanted.set(key, (wanted.get(key) ?? 0n) + bytes);
      }
    }
    const found = await rows(
      `SELECT concat(toString(toUnixTimestamp(Time)), ' ', SourceAddress, ' ',
          toString(SourcePort)) AS key, toString(SourceBytes) AS bytes
        FROM ${database}.flow_logs ORDER BY key`,
    );
    const text = [...wanted].map(([key, bytes]) => ({ key, bytes: `${bytes}` }));
    expect(found).toEqual(text.sort(({ key: a }, { key: b }) => (a < b ? -1 : 1)));
    const total = counted.reduce((sum, { source }) => sum + source.bytes, 0n);
    const [sum] = await rows(`SELECT toString(sum(SourceBytes)) AS n FROM ${database}.flow_logs`);
    expect(sum?.['n']).toBe(`${total}`);
  });
});

describe('a quarter of an hour', () => {
  it('gives the same again, in parts, at once and with reports that came late', async () => {
    await clear();
    const drawing = { connections: 60, within: 660, lengths: [0, 1, 3, 59] };
    const reports = drawReports(seededRandom(7), hour, drawing);
    const records = reports.map(recordOf);
    await store(records.filter((_, index) => index % 3 !== 0));
    await rebuild();
    expect(await staleFlowMinutes(sql, brief, options)).toEqual([]);
    await store(records.filter((_, index) => index % 3 === 0));
    const stale = await staleFlowMinutes(sql, brief, options);
    expect(stale.length).toBeGreaterThan(5);
    expect(stale.every((minute) => minute % 60 === 0 && minute >= hour)).toBe(true);
    await rebuild({ from: hour + 240, to: hour + 660 });
    await Promise.all([rebuild(), rebuild()]);
    expect(await staleFlowMinutes(sql, brief, options)).toEqual([]);
    const seconds = secondsOf(reports);
    expect(sorted(await storedPairs('flow_seconds'))).toEqual(sorted(seconds));
    expect(sorted(await storedPairs('flow_minutes'))).toEqual(sorted(minutesOf(seconds)));
    expect(await rows(`SHOW TABLES FROM ${database} LIKE '%staging%'`)).toEqual([]);
  }, 120_000);
});

describe('connections at once', () => {
  const most = async (table: string): Promise<readonly Row[]> =>
    await rows(
      `SELECT toString(toUnixTimestamp(Time) - ${hour}) AS at, toString(ConcurrentMax) AS n
        FROM ${database}.${table} ORDER BY Time`,
    );
  const other = { ...report(0, 0).source, port: 40_001 };

  it('are two where one of 3 s and one of 5 s overlap, by second and by minute', async () => {
    await clear();
    await store([report(10, 13), report(12, 17, { source: other })].map(recordOf));
    await rebuild();
    expect((await most('flow_seconds')).map(({ at, n }) => [at, n])).toEqual([
      ...[10, 11].map((at) => [`${at}`, '1']),
      ['12', '2'],
      ...[13, 14, 15, 16].map((at) => [`${at}`, '1']),
    ]);
    expect(await most('flow_minutes')).toEqual([{ at: '0', n: '2' }]);
  });

  it('are one where one ends as the other begins, and where one comes in pieces', async () => {
    await clear();
    const opened = report(10, 13).start;
    const half = 500_000_000n;
    await store(
      [
        { ...report(10, 13), end: report(10, 13).end + half },
        { ...report(13, 17, { source: other }), start: report(13, 17).start + half },
        report(20, 22, { opened }),
        report(22, 24, { opened }),
        report(22, 22, { opened }),
      ].map(recordOf),
    );
    await rebuild();
    expect(new Set((await most('flow_seconds')).map(({ n }) => n))).toEqual(new Set(['1']));
    expect(await most('flow_minutes')).toEqual([{ at: '0', n: '1' }]);
  });

  it('are counted where they open, close, and for an instant', async () => {
    await clear();
    await store([report(59, 61), report(60, 60, { source: other })].map(recordOf));
    await rebuild();
    expect(
      await rows(`SELECT toString(toUnixTimestamp(Time) - ${hour}) AS at, toString(Opened) AS o,
        toString(Closed) AS c, toString(ConcurrentMax) AS n FROM ${database}.flow_seconds
        ORDER BY Time`),
    ).toEqual([
      { at: '59', o: '1', c: '0', n: '1' },
      { at: '60', o: '1', c: '2', n: '2' },
    ]);
  });
});

describe('one connection', () => {
  it('of ten minutes is eleven rows whose bytes add up, closed in the last', async () => {
    await clear();
    const long = report(30, 630);
    await store([recordOf({ ...long, source: { ...long.source, bytes: 1_000_003n } })]);
    await rebuild();
    const found = await rows(
      `SELECT toString(toUnixTimestamp(Time) - ${hour}) AS at, toString(SourceBytes) AS bytes,
        CloseReason AS why, toString(toUnixTimestamp(Start) - ${hour}) AS from,
        toString(toUnixTimestamp(End) - ${hour}) AS to, SourceWorkload AS who
      FROM ${database}.flow_logs ORDER BY Time`,
    );
    expect(found).toHaveLength(11);
    expect(found[0]).toEqual({
      ...{ at: '0', from: '30', to: '60', bytes: '50000', why: '', who: 'cart' },
    });
    expect(found[10]).toMatchObject({ at: '600', from: '600', to: '630', why: 'fin' });
    const total = found.reduce((sum, { bytes = '' }) => sum + BigInt(bytes), 0n);
    expect(total).toBe(1_000_003n);
    expect(new Set(found.slice(0, 10).map(({ why }) => why))).toEqual(new Set(['']));
  });

  it('that both sides report is counted once, with what either knows', async () => {
    await clear();
    const one = report(0, 30);
    const nobody = { workload: '', namespace: '', zone: '' };
    await store(
      [
        { ...one, source: { ...one.source, bytes: 100n }, destination: { ...one.destination } },
        { ...one, isByDestination: true, source: { ...one.source, ...nobody, bytes: 99n } },
      ].map((each, index) =>
        recordOf(index === 0 ? { ...each, destination: { ...each.destination, ...nobody } } : each),
      ),
    );
    await rebuild();
    expect(
      await rows(`SELECT toString(SourceBytes) AS bytes, SourceWorkload AS source,
        DestinationWorkload AS destination, DestinationZone AS zone, toString(Reports) AS n
        FROM ${database}.flow_logs`),
    ).toEqual([{ bytes: '100', source: 'cart', destination: 'payment', zone: 'eu-1b', n: '2' }]);
    const [sum] = await rows(
      `SELECT toString(sum(SourceBytes)) AS n FROM ${database}.flow_minutes`,
    );
    expect(sum).toEqual({ n: '100' });
  });
});

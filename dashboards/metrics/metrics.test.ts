/** *Metrics* and *Sources* against plain arithmetic over the seeded list. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { countPoints } from '../../test/support/hour-rollups.ts';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 400_000);
afterAll(() => shop?.engine.stop());

describe('the course of a metric', () => {
  it('is the growth a second of a counter, also when it began again', async () => {
    const set = { metric: 'system.disk.io', group: 'direction' };
    const rows = await shop.panelRows('Metrics', 'Course', { set });
    const read = rows.filter((row) => row['line'] === 'read');
    const total = read.reduce((sum, row) => sum + Number(row['value']) * 10, 0);
    expect(total).toBeCloseTo(shop.seeded.diskReadBytes, 0);
  });

  it('is the level of anything else, each series once, however they become one line', async () => {
    const set = { metric: 'system.memory.usage', group: '', filter: 'state' };
    const level = async (over: string, filterValue: string): Promise<number> => {
      const options = { set: { ...set, over, filterValue } };
      const rows = await shop.panelRows('Metrics', 'Course', options);
      expect(new Set(rows.map((row) => row['line']))).toEqual(new Set(['(all)']));
      return Number(rows.at(-1)?.['value']);
    };
    const [used, free] = [await level('sum', 'used'), await level('sum', 'free')];
    expect(used).toBeGreaterThan(0);
    const [most, least] = [await level('max', ''), await level('min', '')];
    expect(most).toBeGreaterThanOrEqual(Math.max(used, free));
    expect(least).toBeLessThanOrEqual(Math.min(used, free));
  });
});

describe('the course of a histogram', () => {
  it('is how many values a second it took in', async () => {
    const [named] = await shop.ask(`SELECT any(MetricName) AS metric FROM otel_metrics_histogram
      WHERE ServiceName = 'obsctl-gateway'`);
    const set = { metric: String(named?.['metric']), group: '' };
    const rows = await shop.panelRows('Metrics', 'Course', { set });
    const [raw] = await shop.ask(`SELECT sum(grown) AS grown FROM (
      SELECT max(Count) - min(Count) AS grown FROM otel_metrics_histogram
      WHERE MetricName = '${set.metric}' GROUP BY ServiceName, ResourceAttributes, Attributes)`);
    const total = rows.reduce((sum, row) => sum + Number(row['value']) * 10, 0);
    expect(total).toBeGreaterThan(0);
    expect(total / Number(raw?.['grown'])).toBeCloseTo(1, 1);
  });
});

describe('the course over a long range', () => {
  it('is the same whether minutes are read or the points', async () => {
    const [named] = await shop.ask(`SELECT any(MetricName) AS metric FROM otel_metrics_histogram
      WHERE ServiceName = 'obsctl-gateway'`);
    const [histogram, service] = [String(named?.['metric']), 'service'];
    const chosen = [
      { metric: 'system.disk.io', group: 'direction' },
      { metric: 'system.memory.usage', group: 'state', over: 'max' },
      { metric: histogram, group: service },
    ];
    const courses = async (): Promise<string> => {
      const options = chosen.map((set) => ({ set, intervalMs: 60_000 }));
      const all = await Promise.all(
        options.map((each) => shop.panelRows('Metrics', 'Course', each)),
      );
      expect(all.map((rows) => rows.length > 0)).toEqual([true, true, true]);
      return JSON.stringify(all, (key, value) => (key === 'value' ? value.toFixed(6) : value));
    };
    const fromPoints = await courses();
    const clickhouse = connectClickHouse({ url: `${shop.engine.url}/otel` });
    await countPoints(clickhouse).finally(() => clickhouse.close());
    const [counted] = await shop.ask('SELECT count() AS minutes FROM otel_metrics_1m');
    expect(Number(counted?.['minutes'])).toBeGreaterThan(0);
    expect(await courses()).toBe(fromPoints);
  });
});

describe('the list of metrics', () => {
  it('has every metric with its points and series, and what a search leaves of it', async () => {
    const stored = await shop.ask(`SELECT MetricName AS metric, count() AS points,
      uniqExact(ServiceName, ResourceAttributes, ScopeName, Attributes) AS series
      FROM merge('otel', '^otel_metrics_(sum|gauge|histogram)$')
      GROUP BY metric, _table ORDER BY metric, points`);
    const rows = await shop.panelRows('Metrics', 'Metrics that there are');
    const listed = rows
      .map((row) => ({ metric: row['Metric'], points: row['Points'], series: row['Series'] }))
      .sort((left, right) => {
        const [one, other] = [String(left.metric), String(right.metric)];
        return one === other ? Number(left.points) - Number(right.points) : one < other ? -1 : 1;
      });
    expect(listed).toEqual(stored);
    const set = { search: 'DISK.IO' };
    const found = await shop.panelRows('Metrics', 'Metrics that there are', { set });
    expect(found.map((row) => row['Metric'])).toContain('system.disk.io');
    expect(found.length).toBeLessThan(rows.length);
  });
});

describe('sources', () => {
  it('are the services with what they sent, by signal', async () => {
    const rows = await shop.panelRows('Sources', 'Services', { set: { signal: 'traces' } });
    const services = [...new Set(shop.seeded.spans.map(({ service }) => service))];
    expect(rows.map((row) => row['Source']).sort()).toEqual(services.sort());
    for (const row of rows) {
      expect(row['Signal']).toBe('traces');
      const spans = shop.seeded.spans.filter(({ service }) => service === row['Source']);
      const last = new Date(Math.max(...spans.map(({ startMs }) => startMs))).toISOString();
      expect(row['Last seen']).toContain(last.slice(0, 19).replace('T', ' '));
      const quarterMs = 900_000;
      const seconds =
        (shop.seeded.toMs - Math.floor(shop.seeded.fromMs / quarterMs) * quarterMs) / 1000;
      expect(Number(row['Rows a second']) * seconds).toBeCloseTo(spans.length, 3);
    }
  });

  it('that are silent are counted, and stand first', async () => {
    const silent = (): Promise<unknown> =>
      shop.panelRows('Sources', 'Silent').then(([row]) => row?.['Silent']);
    expect(await silent()).toBe(0);
    const at = Math.floor(shop.seeded.toMs / 1000) - 7200;
    await shop.ask(`INSERT INTO otel.otel_attributes_15m
      (Time, \`Table\`, Kind, \`Key\`, Value, Rows, LastSeen) VALUES
      (${at - (at % 900)}, 'otel_logs', 'resource', 'service.name', 'gone', 1, toDateTime(${at}))`);
    expect(await silent()).toBe(1);
    const [first] = await shop.panelRows('Sources', 'Services');
    expect(first).toMatchObject({ Source: 'gone', Signal: 'logs', 'Silent for': 7200 });
  });
});

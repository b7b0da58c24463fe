/** The sparklines of *Services by trouble*, against every span that was seeded. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';

type Span = {
  readonly service: string;
  readonly kind: string;
  readonly second: number;
  readonly failed: number;
  readonly ns: number;
};

let shop: SeededShop;

beforeAll(async () => {
  shop = await startSeededShop(11);
}, 120_000);

afterAll(() => shop?.engine.stop());

const slotsCount = 30;
/** A bucket's middle is within 4.4 % of what is in it. */
const withinBucket = 1.045;

/** The window as the page asks for it: whole seconds. */
const fromS = (): number => Math.floor(shop.seeded.fromMs / 1000);
const toS = (): number => Math.floor(shop.seeded.toMs / 1000);
const length = (): number => toS() - fromS() + 1;

async function spansOf(service: string): Promise<readonly Span[]> {
  const rows = await shop.ask(
    `SELECT ServiceName AS service, SpanKind AS kind, toUnixTimestamp(Timestamp) AS second,
       StatusCode = 'Error' AS failed, Duration AS ns FROM otel_traces
     WHERE service = '${service}' AND second BETWEEN ${fromS()} AND ${toS()}`,
  );
  const spans = rows as unknown as readonly Span[];
  const requests = spans.filter(({ kind }) => kind === 'Server' || kind === 'Consumer');
  return requests.length === 0 ? spans : requests;
}

const slotOf = ({ second }: Span): number =>
  Math.floor(((second - fromS()) * slotsCount) / length());

describe('the sparklines of services', () => {
  it('have 30 points each, which are what the spans of that time say', async () => {
    const rows = await shop.panelRows('Services', 'Services by trouble');
    expect(rows.length).toBeGreaterThan(5);
    for (const row of rows) {
      const spans = await spansOf(String(row['Service']));
      const slots = Array.from({ length: slotsCount }, (_, slot) =>
        spans.filter((span) => slotOf(span) === slot),
      );
      const rates = row['Requests trend'] as readonly number[];
      const ratios = row['Failed trend'] as readonly (number | null)[];
      const times = row['p95 trend'] as readonly (number | null)[];
      expect([rates.length, ratios.length, times.length]).toEqual([30, 30, 30]);
      slots.forEach((inside, slot) => {
        const failed = inside.filter((span) => span.failed === 1).length;
        expect(rates[slot]).toBeCloseTo((inside.length * slotsCount) / length(), 6);
        if (inside.length === 0) {
          expect([ratios[slot], times[slot]]).toEqual([null, null]);
          return;
        }
        expect(ratios[slot]).toBeCloseTo(failed / inside.length, 9);
        const [least, most] = around95(inside.map(({ ns }) => Number(ns) / 1e9));
        expect(times[slot]).toBeGreaterThanOrEqual(least / withinBucket);
        expect(times[slot]).toBeLessThanOrEqual(most * withinBucket);
      });
    }
  });

  it('leave a gap where nothing was asked, and count nothing of the window before', async () => {
    const at = fromS() + Math.floor(length() / 2);
    const insert = (second: number): Promise<unknown> =>
      shop.ask(
        'INSERT INTO otel.otel_red_1s (Time, ServiceName, SpanName, SpanKind, StatusCode, Count,' +
          ` DurationSum, Buckets.Index, Buckets.Count) VALUES (toDateTime(${second}), 'rare',` +
          " 'GET /', 'Server', 'Error', 1, 1, [80], [1])",
      );
    await insert(at);
    await insert(fromS() - 5);
    const rows = await shop.panelRows('Services', 'Services by trouble');
    const row = rows.find(({ Service }) => Service === 'rare') ?? {};
    const slot = Math.floor(((at - fromS()) * slotsCount) / length());
    const onlyThere = Array.from({ length: slotsCount }, (_, index) => index === slot);
    const points = (name: string): readonly unknown[] => row[name] as unknown[];
    expect(points('Failed trend')).toEqual(onlyThere.map((there) => (there ? 1 : null)));
    expect(points('p95 trend').map((value) => value !== null)).toEqual(onlyThere);
    expect(points('Requests trend').map((value) => value !== 0)).toEqual(onlyThere);
  });
});

/** The values one rank below and above the 95th percentile: definitions differ by one. */
function around95(values: number[]): readonly [number, number] {
  values.sort((a, b) => a - b);
  const rank = Math.ceil(values.length * 0.95) - 1;
  return [values[Math.max(0, rank - 1)]!, values[Math.min(values.length - 1, rank + 1)]!];
}

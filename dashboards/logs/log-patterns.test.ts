/** Counts of *Logs* against plain arithmetic over the seeded list. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 120_000);
afterAll(() => shop?.engine.stop());

describe('log records', () => {
  it('are the records by severity, whether minutes or records are read', async () => {
    const expected = (from: number, to: number): number =>
      shop.seeded.logs.filter((log) => log.severityNumber >= from && log.severityNumber <= to)
        .length;
    for (const intervalMs of [10_000, 60_000]) {
      const rows = await shop.panelRows('Logs', 'Log records by severity', { intervalMs });
      const sum = (name: string): number =>
        rows.reduce((total, row) => total + Number(row[name]), 0);
      expect([sum('error'), sum('warn'), sum('info')]).toEqual([
        expected(17, 20),
        expected(13, 16),
        expected(9, 12),
      ]);
    }
  });

  it('have patterns that are the records, and since when a pattern is known', async () => {
    const rows = await shop.panelRows('Logs', 'Patterns');
    const total = rows.reduce((sum, row) => sum + Number(row['Records']), 0);
    expect(total).toBe(shop.seeded.logs.length);
    const filtered = await shop.panelRows('Logs', 'Patterns', { set: { search: 'card' } });
    const known = new Map(rows.map((row) => [row['Pattern'], row]));
    for (const row of filtered) expect(known.get(row['Pattern'])).toEqual(row);
    const early = new Date(shop.seeded.fromMs - 864e5).toISOString().slice(0, 19);
    const [first] = filtered;
    const add = (pattern: string): string =>
      `INSERT INTO otel.otel_log_patterns (ServiceName, Severity, Pattern, FirstSeen, LastSeen)
        VALUES ('${first?.['Service']}', '${first?.['Severity']}', '${pattern}', '${early}',
          '${early}')`;
    await shop.ask(add(String(first?.['Pattern'])));
    const again = await shop.panelRows('Logs', 'Patterns', { set: { search: 'card' } });
    expect(again[0]?.['First seen']).toContain(early.replace('T', ' '));
    const fresh = await shop.panelRows('Logs', 'New since yesterday');
    expect(fresh.map((row) => row['Pattern'])).not.toContain(first?.['Pattern']);
    expect(fresh).toHaveLength(rows.length - 1);
  });
});

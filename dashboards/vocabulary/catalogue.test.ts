/** Menus on the seeded shop: what they offer, and what they read for it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';
import { dashboards } from '../catalog.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 120_000);
afterAll(() => shop?.engine.stop());

const namesRaw = /FROM otel_(traces|logs|metrics)/;

const menus = dashboards().flatMap((dashboard) =>
  dashboard.templating.list.flatMap(({ name, query }) => {
    const rawSql = typeof query === 'object' ? query.rawSql : undefined;
    // Those that have no way to raw rows need no proof.
    if (rawSql === undefined || !namesRaw.test(rawSql)) return [];
    return [{ name: `${dashboard.title} $${name}`, dashboard, rawSql }];
  }),
);

const catalogues = '^otel_(attributes|series)_';

/** How many rows a query reads of tables. */
async function rowsRead(sql: string): Promise<number> {
  const url = `${shop.engine.url}/?database=otel&default_format=JSON`;
  const answer = await fetch(url, { method: 'POST', body: sql });
  return JSON.parse(await answer.text()).statistics.rows_read;
}

/** What ran when is told by the points of two metrics of the pods, not by names alone. */
const fromPoints = new Set(['Deployments $deployment']);

describe('menus', () => {
  it.each(menus.filter(({ name }) => !fromPoints.has(name)))(
    'of $name read no raw rows',
    async ({ dashboard, rawSql }) => {
      const [row] = await shop.ask(`SELECT count() AS rows FROM merge('otel', '${catalogues}')`);
      const read = await rowsRead(shop.expandFor(dashboard, rawSql));
      expect(read).toBeLessThanOrEqual(Number(row?.['rows']));
      expect(read).toBeGreaterThan(0);
    },
  );

  it('offer the same in a database where nobody counts, from raw rows', async () => {
    const offers = (): Promise<unknown[]> =>
      Promise.all(
        menus.map(async ({ name, dashboard, rawSql }) => ({
          name,
          offered: await shop.ask(shop.expandFor(dashboard, rawSql)),
        })),
      );
    const counted = await offers();
    for (const table of ['otel_attributes_15m', 'otel_series_15m', 'otel_log_patterns_1m']) {
      await shop.ask(`TRUNCATE TABLE otel.${table}`);
    }
    expect(await offers()).toEqual(counted);
  });
});

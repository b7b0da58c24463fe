/** What *ClickHouse* shows while something is under way. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 120_000);
afterAll(() => shop?.engine.stop());

describe('ClickHouse at work', () => {
  const soon = async (title: string): Promise<Record<string, unknown>> => {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const [row] = await shop.panelRows('ClickHouse', title);
      if (row !== undefined) return row;
      if (performance.now() > deadline) throw new Error(`${title} stays empty`);
    }
  };

  it('shows the query that runs, and not the one that asks', async () => {
    const body = 'SELECT sleepEachRow(2.5) FROM numbers(1)';
    const running = fetch(shop.engine.url, { method: 'POST', body });
    expect((await soon('Queries'))['Query']).toBe(body);
    await (await running).text();
    expect(await shop.panelRows('ClickHouse', 'Queries')).toEqual([]);
  });

  it('shows a change that cannot be done, and why', async () => {
    const run = async (body: string): Promise<void> => {
      const answer = await fetch(`${shop.engine.url}/?database=otel`, { method: 'POST', body });
      if (!answer.ok) throw new Error(await answer.text());
    };
    await run('CREATE TABLE waits (a UInt8) ENGINE = MergeTree ORDER BY a');
    await run('INSERT INTO waits VALUES (1)');
    await run("ALTER TABLE waits DELETE WHERE throwIf(a = 1, 'never') SETTINGS mutations_sync = 0");
    expect(await soon('Changes that wait')).toMatchObject({ Table: 'waits', 'Parts left': 1 });
    await run('DROP TABLE waits');
  });
});

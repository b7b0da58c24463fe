import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Asker, findPanel } from '../../test/support/ask-dashboards.ts';
import type { TestEngine } from '../../test/support/engine.ts';
import { seededPairs, toAddress } from '../../test/support/seed-flows.ts';
import { startSeededShop } from '../../test/support/seeded-shop.ts';

let engine: TestEngine;
let ask: Asker['ask'];
let expandFor: Asker['expandFor'];

beforeAll(async () => {
  ({ engine, ask, expandFor } = await startSeededShop(9));
}, 120_000);

afterAll(() => engine?.stop());

async function frames(title: string): Promise<readonly (readonly Record<string, unknown>[])[]> {
  const [dashboard, { targets = [] }] = findPanel('Network', title);
  const asked = targets.map(({ rawSql }) => ask(expandFor(dashboard, rawSql, {})));
  return (await Promise.all(asked)) as Record<string, unknown>[][];
}

describe('traffic between workloads', () => {
  it('is bytes a second, and what crosses zones is marked', async () => {
    const [rows = []] = await frames('Pairs by traffic');
    const [far, near] = seededPairs;
    expect(rows[0]).toMatchObject({
      ...{ From: 'shop/cart', To: 'shop/payment', Ports: '443', 'At once': far.most },
      ...{ 'Crosses zones': 1, Zones: 'eu-1a → eu-1b' },
    });
    expect(Number(rows[0]?.['Both ways'])).toBeCloseTo((far.sent + far.answered) / 60, 6);
    expect(Number(rows[0]?.['Answered'])).toBeCloseTo(far.answered / 60, 6);
    expect(rows[1]).toMatchObject({ To: 'shop/stock', 'Crosses zones': 0, Zones: '' });
    expect(Number(rows[1]?.['Sent'])).toBeCloseTo(near.sent / 60, 6);
  });

  it('has the names that addresses had at that time', async () => {
    const [rows = []] = await frames('Pairs by traffic');
    const halves = rows.slice(2).map((row) => [row['To'], Number(row['Sent'])]);
    expect(halves.map(([to]) => to).sort()).toEqual(['shop/mail', 'shop/search']);
    for (const [, sent] of halves) expect(sent).toBeCloseTo(toAddress / 60 / 2, 6);
  });

  it('draws lines that cross zones apart from the others', async () => {
    const [first = [], second = []] = await frames('Who sends to whom');
    const edges = first.some((row) => 'target' in row) ? first : second;
    const drawn = edges.map((row) => [row['target'], row['color'] ?? null]);
    expect(drawn.slice(0, 2)).toEqual([
      ['shop/payment', 'orange'],
      ['shop/stock', null],
    ]);
    const nodes = edges === first ? second : first;
    expect(nodes).toHaveLength(5);
  });
});

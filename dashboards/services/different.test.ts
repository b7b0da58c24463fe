/** What *What is different* says, against plain arithmetic over the seeded shop. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';

let shop: SeededShop;
beforeAll(async () => {
  shop = await startSeededShop(7);
}, 120_000);
afterAll(() => shop?.engine.stop());

const isEntry = (span: { readonly kind: string }): boolean =>
  span.kind === 'Server' || span.kind === 'Consumer';

describe('numbers', () => {
  it('of what differs are shares of the chosen requests and of the others', async () => {
    const entries = shop.seeded.spans.filter(isEntry);
    const failed = entries.filter((span) => span.failed);
    const ended = entries.filter((span) => !span.failed);
    const share = (of: typeof entries, service: string): number =>
      of.filter((span) => span.service === service).length / of.length;
    const set = { compare: 'failed' };
    const rows = await shop.panelRows('What is different', 'Attributes that differ', { set });
    const said = rows.filter((row) => row['Attribute'] === 'service.name');
    const services = [...new Set(entries.map(({ service }) => service))];
    const wanted = services
      .map((service) => [service, share(failed, service), share(ended, service)] as const)
      .filter(([, mine, rest]) => mine - rest >= 0.01);
    expect(said.map((row) => row['Value']).sort()).toEqual(wanted.map(([one]) => one).sort());
    for (const [service, mine, rest] of wanted) {
      const row = said.find((one) => one['Value'] === service);
      expect(row?.['In the chosen']).toBeCloseTo(mine, 9);
      expect(row?.['In the others']).toBeCloseTo(rest, 9);
    }
    expect(rows[0]).toMatchObject({ Attribute: 'http.response.status_code', Value: '500' });
  });

  it('of a region are those of the requests within its limits', async () => {
    const entries = shop.seeded.spans.filter(isEntry);
    const middleMs = (shop.seeded.fromMs + shop.seeded.toMs) / 2;
    const inside = entries.filter(
      ({ startMs, durationNs }) => startMs >= middleMs && durationNs >= 30e6 && durationNs < 100e6,
    );
    const set = {
      compare: 'region',
      minDuration: '30',
      maxDuration: '100',
      since: new Date(middleMs).toISOString(),
    };
    const rows = await shop.panelRows('What is different', 'Chosen and other requests', { set });
    const total = (name: string): number => rows.reduce((sum, row) => sum + Number(row[name]), 0);
    expect([total('chosen'), total('others')]).toEqual([
      inside.length,
      entries.length - inside.length,
    ]);
  });
});

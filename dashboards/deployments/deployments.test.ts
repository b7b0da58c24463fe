/** The numbers of *Deployments* against plain arithmetic over the seeded shop. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cartBefore, cartDeployedMs, pods } from '../../test/support/seed-kubernetes.ts';
import { type SeededShop, startSeededShop } from '../../test/support/seeded-shop.ts';
import { dashboards } from '../catalog.ts';

let shop: SeededShop;
let startedMs: number;

beforeAll(async () => {
  shop = await startSeededShop(7);
  startedMs = cartDeployedMs(shop.seeded.fromMs);
}, 120_000);

afterAll(() => shop?.engine.stop());

describe('the deployment of the shop', () => {
  it('is the one row, with its images', async () => {
    const rows = await shop.panelRows('Deployments', 'Deployments');
    expect(rows).toMatchObject([
      {
        State: 'finished',
        Workload: 'deployment/cart',
        Namespace: 'shop',
        'Image before': `registry.example/cart:${cartBefore.tag}`,
        'Image after': 'registry.example/cart:1.4.2',
      },
    ]);
  });

  it('is counted once', async () => {
    for (const [title, wanted] of [
      ['Stuck', 0],
      ['In progress', 0],
      ['Finished', 1],
    ] as const) {
      expect(await shop.panelRows('Deployments', title)).toEqual([{ [title]: wanted }]);
    }
  });

  it('is compared by requests, failures and what a request costs', async () => {
    const rows = await shop.panelRows('Deployments', 'Before and after');
    const { seeded } = shop;
    const spans = seeded.spans.filter(
      ({ service, kind }) => service === 'cart' && (kind === 'Server' || kind === 'Consumer'),
    );
    const sides = [
      [seeded.fromMs - 900_000, startedMs, 1200],
      [startedMs, seeded.toMs + 1, (seeded.toMs - startedMs) / 1000],
    ] as const;
    const [cart] = pods.filter(({ workload }) => workload === 'cart');
    for (const [index, [fromMs, toMs, seconds]] of sides.entries()) {
      const own = spans.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
      const row = rows[index] ?? {};
      expect(row['Window']).toBe(['before', 'after'][index]);
      expect(row['Requests']).toBeCloseTo(own.length / seconds, 6);
      expect(row['Failed']).toBeCloseTo(own.filter(({ failed }) => failed).length / own.length, 6);
      expect(row['CPU per request']).toBeCloseTo(((cart?.cores ?? 0) * seconds) / own.length, 6);
      expect(row['Memory']).toBeCloseTo(cart?.memory ?? 0, 0);
    }
  });

  it('says in words what changed', async () => {
    const [row] = await shop.panelRows('Deployments', 'What changed');
    expect(row?.['Deployment']).toBe('shop/deployment/cart');
    expect(row?.['What changed']).toMatch(/CPU per request [+-]\d+ %/);
    // The same before and after.
    expect(row?.['What changed']).not.toContain('memory');
  });

  it.each(['Services', 'Workload'])('is a mark on the charts of %s', async (title) => {
    const board = dashboards().find((each) => each.title === title);
    const [annotation] = board?.annotations?.list ?? [];
    if (board === undefined || annotation === undefined) throw new Error('no annotation');
    const asked = async (set: Record<string, string | readonly string[]>) =>
      shop.ask(shop.expandFor(board, annotation.target.rawSql, { set }));
    const wanted = [
      expect.objectContaining({
        title: 'Deployment of deployment/cart',
        text: 'registry.example/cart:1.4.1 → registry.example/cart:1.4.2, finished',
      }),
    ];
    const [own, other] =
      title === 'Services'
        ? [{ service: ['cart'] }, { service: ['orders'] }]
        : [{ workload: 'deployment/cart' }, { workload: 'deployment/orders' }];
    expect(await asked(own)).toEqual(wanted);
    expect(await asked(other)).toEqual([]);
  });
});

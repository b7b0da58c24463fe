/**
 * The service map in a real browser: five services whose calls are known draw their six edges and
 * no other, the failing one first and marked; and a map of 200 nodes stays smooth.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { rebuildEdges } from '../../clickhouse/edges.ts';
import { describeWithPeer } from '../support/peer.ts';
import { seconds } from '../support/seed-points.ts';
import { type Bench, openBench, openTab, seriousFaults, settle } from './open.ts';

const day = 86_400_000;

type Hop = {
  readonly service: string;
  readonly kind: 'Server' | 'Client' | 'Producer' | 'Consumer';
  readonly parent: number;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly fails?: boolean;
};

/** web → orders → payment, stock; payment → postgresql; orders → mailer by a queue of kafka. */
const hops: readonly Hop[] = [
  { service: 'web', kind: 'Server', parent: -1 },
  { service: 'web', kind: 'Client', parent: 0 },
  { service: 'orders', kind: 'Server', parent: 1 },
  { service: 'orders', kind: 'Client', parent: 2 },
  { service: 'stock', kind: 'Server', parent: 3 },
  { service: 'orders', kind: 'Client', parent: 2, fails: true },
  { service: 'payment', kind: 'Server', parent: 5, fails: true },
  {
    service: 'payment',
    kind: 'Client',
    parent: 6,
    attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'cards' },
  },
  { service: 'orders', kind: 'Producer', parent: 2 },
  { service: 'mailer', kind: 'Consumer', parent: 8 },
  {
    service: 'mailer',
    kind: 'Producer',
    parent: 9,
    attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'sent' },
  },
];

const edges = [
  'mailer → queue kafka sent',
  'orders → service mailer',
  'orders → service payment',
  'orders → service stock',
  'payment → database postgresql cards',
  'web → service orders',
];
const failing = 'orders → service payment';

/** Sixty orders from `fromMs` on, every fifth of which fails at the payment. */
async function sendOrders({ clickhouse }: Bench, fromMs: number): Promise<void> {
  const rows = Array.from({ length: 60 }, (_, order) =>
    hops.map((hop, index) => ({
      Timestamp: seconds(fromMs + order * 10_000 + index),
      TraceId: `c0ffee${order}`.padEnd(32, '0'),
      SpanId: `${order}a${index}`.padStart(16, '0'),
      ParentSpanId: hop.parent < 0 ? '' : `${order}a${hop.parent}`.padStart(16, '0'),
      SpanName: 'work',
      SpanKind: hop.kind,
      ServiceName: hop.service,
      SpanAttributes: hop.attributes ?? {},
      Duration: 20_000_000,
      StatusCode: hop.fails === true && order % 5 === 0 ? 'Error' : 'Unset',
    })),
  ).flat();
  await clickhouse.client.insert({
    table: 'otel.otel_traces',
    values: rows,
    format: 'JSONEachRow',
  });
  const hour = Math.floor(fromMs / 3_600_000) * 3600;
  for (const start of [hour, hour + 3600]) {
    await rebuildEdges(clickhouse, { hour: start, fromMinute: 0 });
  }
}

const mapOf = (bench: Bench, fromMs: number): string =>
  `${bench.page.url}d/obsctl-service-map?from=${fromMs - 60_000}&to=${fromMs + 900_000}`;

const drawn = (tab: Page): Promise<readonly string[]> =>
  tab.$$eval('[data-edge]', (all) => all.map((edge) => edge.getAttribute('data-edge') ?? ''));

const positions = (tab: Page): Promise<readonly (string | null)[]> =>
  tab.$$eval('[data-node]', (all) =>
    all.map((node) => `${node.getAttribute('data-node')} ${node.getAttribute('transform')}`).sort(),
  );

describeWithPeer('chromium', 'the service map', (program) => {
  let bench: Bench;
  let fromMs = 0;
  beforeAll(async () => {
    bench = await openBench(program);
    fromMs = bench.seeded.fromMs - 2 * day;
    await sendOrders(bench, fromMs);
  });
  afterAll(() => bench?.stop());

  describe.each(['light', 'dark'] as const)('of five services, in %s', (colorScheme) => {
    it('draws exactly their six edges, the failing one marked and first in the table', async () => {
      const { tab, faults } = await openTab(bench);
      await tab.emulateMedia({ colorScheme });
      await tab.goto(mapOf(bench, fromMs));
      await settle(tab);
      expect([...(await drawn(tab))].sort()).toEqual(edges);
      const marked = await tab.$$eval('[data-edge]:not([data-mark=""])', (all) =>
        all.map((edge) => [
          edge.getAttribute('data-edge'),
          edge.getAttribute('data-mark'),
          edge.querySelector('.map-line')?.getAttribute('stroke-dasharray') !== null,
        ]),
      );
      expect(marked).toEqual([[failing, '20.0%', true]]);
      const first = tab.locator('.panel[aria-label="Calls by trouble"] tbody tr').first();
      expect((await first.innerText()).replace(/\s+/g, ' ')).toMatch(
        /^orders payment service fails/,
      );
      expect(faults).toEqual([]);
      expect(await seriousFaults(tab)).toEqual([]);
      await tab.close();
    });
  });

  it('shows the neighbours of a clicked node, and leads to its requests and traces', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(mapOf(bench, fromMs));
    await settle(tab);
    await tab.locator('[data-node="service payment"]').click();
    const near = await tab.$$eval('.map-node.near', (all) =>
      all.map((node) => node.getAttribute('data-node')).sort(),
    );
    expect(near).toEqual(['database postgresql cards', 'service orders', 'service payment']);
    const details = tab.locator('.map-details');
    expect(await details.innerText()).toContain('20.0%');
    await details.getByText('Requests of this service').click();
    await tab.waitForURL(/obsctl-services.*var-service=payment/);
    await tab.goBack();
    await settle(tab);
    await tab.locator(`[data-edge="${failing}"] .map-mark`).click();
    await tab.locator('.map-details').getByText('Failed traces').click();
    await tab.waitForURL(/obsctl-traces.*var-service=orders.*var-status=Error/);
    await tab.close();
  });

  it('is walked by arrow keys, and Escape lets go', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(mapOf(bench, fromMs));
    await settle(tab);
    const focused = () => tab.evaluate(() => document.activeElement?.getAttribute('data-node'));
    await tab.locator('.map-node[tabindex="0"]').focus();
    expect(await focused()).toBe('service web');
    await tab.keyboard.press('ArrowRight');
    expect(await focused()).toBe('service orders');
    await tab.keyboard.press('Enter');
    await tab.locator('.map-details').waitFor();
    await tab.keyboard.press('Escape');
    await tab.locator('.map-details').waitFor({ state: 'detached' });
    expect(new URL(tab.url()).searchParams.get('from')).toBe(String(fromMs - 60_000));
    await tab.close();
  });

  it('moves nothing when it is refreshed', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(mapOf(bench, fromMs));
    await settle(tab);
    const before = await positions(tab);
    expect(before.length).toBe(7);
    // Other numbers, same edges: the order of the answer changes, the places do not.
    await tab.goto(mapOf(bench, fromMs + 120_000));
    await settle(tab);
    expect(await positions(tab)).toEqual(before);
    await tab.close();
  });

  it('of 200 nodes is dragged above 30 frames a second', async () => {
    const at = bench.seeded.fromMs - 9 * day;
    const service = (n: string) => `concat('service-', toString(${n}))`;
    await bench.clickhouse.client.command({
      query: `INSERT INTO otel.otel_service_edges_1m (Time, Caller, Callee, CalleeKind, Spans,
          Count, Errors, DurationSum, Buckets.Index, Buckets.Count)
        SELECT toDateTime(${Math.floor(at / 1000)}), ${service('intDiv(number, 3)')},
          ${service('number + 1')}, 'service', 9, 9, if(number % 50 = 7, 4, 0), 1e9, [200], [9]
        FROM numbers(199) UNION ALL
        SELECT toDateTime(${Math.floor(at / 1000)}), ${service('number')},
          ${service('(number * 7) % 200')}, 'service', 9, 9, 0, 1e9, [200], [9] FROM numbers(200)`,
    });
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${mapOf(bench, at)}&viewPanel=1`);
    await tab.locator('.map-node').first().waitFor();
    expect(await tab.locator('.map-node').count()).toBe(200);
    // Other tests share the machine: one of three tries must show what the page can do.
    const tries = [];
    for (let count = 0; count < 3 && Math.max(0, ...tries) <= 30; count += 1) {
      tries.push(await framesWhileDragged(tab));
    }
    expect(Math.max(...tries)).toBeGreaterThan(30);
    expect(faults).toEqual([]);
    await tab.close();
  });
});

/** Median of the frame rate while the map is dragged to and fro. */
async function framesWhileDragged(tab: Page): Promise<number> {
  return await tab.evaluate(async () => {
    const node = document.querySelector<SVGElement>('.map-svg')!;
    node.setPointerCapture = () => {};
    const send = (type: string, x: number, buttons: number) =>
      node.dispatchEvent(
        new PointerEvent(type, { clientX: x, clientY: 300, buttons, button: 0, bubbles: true }),
      );
    send('pointerdown', 400, 1);
    const times: number[] = [];
    await new Promise<void>((resolve) => {
      const start = performance.now();
      const step = (now: number) => {
        times.push(now);
        send('pointermove', 400 + 200 * Math.sin(now / 200), 1);
        if (now - start < 2000) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
    send('pointerup', 400, 0);
    const gaps = times.slice(1).map((time, at) => time - times[at]!);
    gaps.sort((a, b) => a - b);
    return 1000 / (gaps[Math.floor(gaps.length / 2)] ?? 1000);
  });
}

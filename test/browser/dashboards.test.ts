import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dashboards } from '../../dashboards/catalog.ts';
import type { MetricName } from '../../gateway/telemetry/catalog.ts';
import { atWorkOnly } from '../support/ask-dashboards.ts';
import { describeWithPeer } from '../support/peer.ts';
import { pods } from '../support/seed-kubernetes.ts';
import {
  type Bench,
  look,
  openBench,
  openTab,
  seededRange,
  seriousFaults,
  settle,
} from './open.ts';

/** One page after another, all of them. */
const allMsMax = 300_000;

describeWithPeer('chromium', 'every dashboard in a browser', (program) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(program);
  });
  afterAll(() => bench?.stop());

  describe.each(dashboards().map(({ uid, title }) => ({ uid, title })))('$title', ({ uid }) => {
    it.each(['light', 'dark'] as const)(
      'draws every panel, in %s, without a fault in console or network',
      async (colorScheme) => {
        const { tab, faults } = await openTab(bench);
        await tab.emulateMedia({ colorScheme });
        const traceId = bench.seeded.logs.find((log) => log.traceId !== '')?.traceId ?? '';
        const [crashing] = pods.filter(({ crashes }) => crashes);
        const chosen: Readonly<Record<string, string>> = {
          'obsctl-traces': `&var-traceId=${traceId}`,
          'obsctl-workload': `&var-workload=${crashing?.kind}/${crashing?.workload}`,
          'obsctl-pod': `&var-pod=${crashing?.pod}`,
          'obsctl-metrics': `&var-metric=${'obsctl.gateway.request.duration' satisfies MetricName}`,
        };
        await tab.goto(`${bench.page.url}d/${uid}?${seededRange(bench)}${chosen[uid] ?? ''}`);
        await settle(tab);
        const panels = await look(tab);
        const mayBeEmpty = ({ title, state }: { title: string; state: string }): boolean =>
          state === 'empty' && atWorkOnly.has(title);
        const drawn = panels.filter((panel) => !mayBeEmpty(panel));
        expect(drawn.filter((panel) => panel.state !== 'data')).toEqual([]);
        const blank = drawn.filter(({ type, shapes }) =>
          type === 'timeseries' || type === 'heatmap' ? shapes < 4 : shapes === 0,
        );
        expect(blank).toEqual([]);
        expect(faults).toEqual([]);
        expect(await seriousFaults(tab)).toEqual([]);
        await tab.close();
      },
    );
  });

  it('draws slow requests as dots on a latency chart, and a dot opens its trace', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${bench.page.url}d/obsctl-services?${seededRange(bench)}`);
    await settle(tab);
    const dot = tab.locator('.exemplar').first();
    expect(await dot.getAttribute('title')).toMatch(/^Open this trace: \w+, .* m?s \(slowest\)$/);
    await dot.click();
    await tab.waitForURL(/obsctl-traces.*var-traceId=[0-9a-f]{32}/);
    await settle(tab);
    const [, traceId] = /var-traceId=([0-9a-f]+)/.exec(tab.url()) ?? [];
    expect(bench.seeded.spans.map((span) => span.traceId)).toContain(traceId);
    expect(await tab.locator('.trace-row').count()).toBeGreaterThan(1);
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('folds a row that nothing feeds, says why, and opens it when asked', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${bench.page.url}d/obsctl-cni?from=now-5d&to=now-4d`);
    await tab.waitForFunction(() => document.querySelectorAll('.row-reason').length === 3);
    expect(await tab.locator('.panel').count()).toBe(0);
    expect(await tab.locator('.row-reason').first().innerText()).toContain('cni: {kind: cilium}');
    await tab.getByRole('button', { name: 'Cilium' }).click();
    await settle(tab);
    expect(await tab.locator('.row-reason').count()).toBe(2);
    expect((await look(tab)).map(({ state }) => state)).toContain('no_source');
    expect(faults).toEqual([]);
    await tab.close();
  });

  it(
    'fits a phone in portrait: nothing is wider than the window',
    async () => {
      const { tab, faults } = await openTab(bench);
      await tab.setViewportSize({ width: 390, height: 844 });
      for (const { uid } of dashboards()) {
        await tab.goto(`${bench.page.url}d/${uid}?${seededRange(bench)}`);
        await settle(tab);
        const width = await tab.evaluate(() => document.documentElement.scrollWidth);
        expect({ uid, fits: width <= 390 }).toEqual({ uid, fits: true });
      }
      expect(faults).toEqual([]);
      await tab.close();
    },
    allMsMax,
  );

  it('weighs less than 350 kB compressed', async () => {
    const { tab } = await openTab(bench);
    const session = await tab.context().newCDPSession(tab);
    await session.send('Network.enable');
    let bytes = 0;
    session.on('Network.loadingFinished', (event) => {
      bytes += event.encodedDataLength;
    });
    await tab.goto(bench.page.url, { waitUntil: 'networkidle' });
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(350_000);
    await tab.close();
  });
});

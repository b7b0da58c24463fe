import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { dashboards } from '../../dashboards/catalog.ts';
import { describeWithPeer } from '../support/peer.ts';
import {
  type Bench,
  look,
  openBench,
  openTab,
  seededRange,
  seriousFaults,
  settle,
} from './open.ts';

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
        const trace = uid.endsWith('traces') ? `&var-traceId=${traceId}` : '';
        await tab.goto(`${bench.page.url}d/${uid}?${seededRange(bench)}${trace}`);
        await settle(tab);
        const panels = await look(tab);
        expect(panels.filter((panel) => panel.state !== 'data')).toEqual([]);
        const blank = panels.filter(({ type, shapes }) =>
          type === 'timeseries' || type === 'heatmap' ? shapes < 4 : shapes === 0,
        );
        expect(blank).toEqual([]);
        expect(faults).toEqual([]);
        expect(await seriousFaults(tab)).toEqual([]);
        await tab.close();
      },
    );
  });

  it('fits a phone in portrait: nothing is wider than the window', async () => {
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
  });

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

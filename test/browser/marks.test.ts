/** Deployments as marks on charts, in a real browser. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeWithPeer } from '../support/peer.ts';
import { cartDeployedMs } from '../support/seed-kubernetes.ts';
import { type Bench, openBench, openTab, seededRange, settle } from './open.ts';

describeWithPeer('chromium', 'a deployment on a chart', (program) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(program);
  });
  afterAll(() => bench?.stop());

  it('is a line where it began, and the pointer there names both images', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(
      `${bench.page.url}d/obsctl-workload?${seededRange(bench)}&var-workload=deployment/cart`,
    );
    await settle(tab);
    const plot = tab.locator('.u-over').first();
    await plot.scrollIntoViewIfNeeded();
    await settle(tab);
    const box = await plot.boundingBox();
    if (box === null) throw new Error('no chart');
    const { fromMs, toMs } = bench.seeded;
    const share = (cartDeployedMs(fromMs) - fromMs) / (toMs - fromMs);
    await tab.mouse.move(box.x + box.width * share, box.y + box.height / 2);
    const told = await tab.locator('.tooltip-mark').first().innerText();
    expect(told).toContain('Deployment of deployment/cart');
    expect(told).toContain('registry.example/cart:1.4.1 → registry.example/cart:1.4.2');
    expect(faults).toEqual([]);
    await tab.close();
  }, 60_000);
});

import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startEngine } from '../support/engine.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Bench, openBench, openTab, seededRange, settle } from './open.ts';

const spanCount = 10_000;
const traceId = 'f'.repeat(32);

describeWithPeer('chromium', 'the page under load and without its engine', (program) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(program);
  });
  afterAll(() => bench?.stop());

  it(`scrolls a trace of ${spanCount} spans above 30 frames a second`, async () => {
    const seconds = Math.floor(bench.seeded.fromMs / 1000) + 60;
    await bench.clickhouse.client.command({
      query: `INSERT INTO otel.otel_traces
          (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration)
        SELECT fromUnixTimestamp64Nano(toInt64(${seconds}) * 1000000000 + number * 100000),
          '${traceId}',
          lower(leftPad(hex(number + 1), 16, '0')),
          if(number = 0, '',
            lower(leftPad(hex(intDiv(number, 3) + 1), 16, '0'))),
          concat('step ', toString(number % 7)), concat('service-', toString(number % 9)),
          50000000 - number * 1000
        FROM numbers(${spanCount})`,
    });
    const { tab, faults } = await openTab(bench);
    const alone = `var-traceId=${traceId}&viewPanel=${await waterfallId(bench)}`;
    await tab.goto(`${bench.page.url}d/obsctl-traces?${seededRange(bench)}&${alone}`);
    await tab.locator('.trace-row').first().waitFor();
    expect(await tab.locator('.trace-summary').innerText()).toContain(`${spanCount} spans`);
    expect(await tab.locator('.trace-row').count()).toBeLessThan(120);
    expect(await framesPerSecond(tab, '.trace-rows')).toBeGreaterThan(30);
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('shows a calm banner while the engine is away and goes on when it is back', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}?from=now-1h&to=now&refresh=1s`);
    await settle(tab);
    const port = new URL(bench.engine.url).port;
    await bench.engine.kill();
    await tab.locator('.banner').waitFor();
    expect(await tab.locator('.panel[data-state=error]').count()).toBe(0);
    const again = await startEngine({ dataDir: bench.engine.dataDir, listen: `127.0.0.1:${port}` });
    try {
      await tab.locator('.banner').waitFor({ state: 'detached' });
      await tab.waitForFunction(() => document.querySelector('.panel[data-state=data]') !== null);
      await tab.close();
    } finally {
      await again.stop();
    }
  });
});

async function waterfallId(bench: Bench): Promise<number> {
  const answer = await fetch(`${bench.page.url}api/dashboards/obsctl-traces`);
  const { panels } = (await answer.json()) as { panels: { id: number; type: string }[] };
  return panels.find((panel) => panel.type === 'traces')?.id ?? 0;
}

/** Median of the frame rate while the element scrolls for two seconds. */
function framesPerSecond(tab: Page, selector: string): Promise<number> {
  return tab.evaluate(async (query) => {
    const node = document.querySelector(query)!;
    const times: number[] = [];
    await new Promise<void>((resolve) => {
      const start = performance.now();
      const step = (now: number) => {
        times.push(now);
        node.scrollTop += 170;
        if (now - start < 2000) requestAnimationFrame(step);
        else resolve();
      };
      requestAnimationFrame(step);
    });
    const gaps = times.slice(1).map((time, at) => time - times[at]!);
    gaps.sort((a, b) => a - b);
    return 1000 / (gaps[Math.floor(gaps.length / 2)] ?? 1000);
  }, selector);
}

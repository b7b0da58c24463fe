/** A real headless Chromium on the page of a seeded engine, and what it must not report. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { type ClickHouse, connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { type RunningPreview, startPreview } from '../../dashboards/preview/server.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { seedEntities } from '../support/seed-entities.ts';
import { type Seeded, seedTelemetry } from '../support/seed-telemetry.ts';

export type Bench = {
  readonly engine: TestEngine;
  readonly clickhouse: ClickHouse;
  readonly page: RunningPreview;
  readonly seeded: Seeded;
  readonly browser: BrowserContext;
  readonly stop: () => Promise<void>;
};

export const chromiumFlags: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBench(program: string): Promise<Bench> {
  const engine = await startEngine();
  const clickhouse = connectClickHouse({ url: engine.url });
  await migrate(clickhouse);
  const seeded = await seedTelemetry(clickhouse, { endMs: Date.now(), seed: 7 });
  await seedEntities(clickhouse, seeded);
  await migrate(clickhouse, { lookups: {} });
  const page = await startPreview({
    clickhouseUrl: engine.url,
    listen: { host: '127.0.0.1', port: 0 },
    dashboards,
    clock: systemClock,
  });
  const profile = await mkdtemp(join(tmpdir(), 'obsctl-browser-'));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: [...chromiumFlags],
    viewport: { width: 1280, height: 800 },
  });
  return {
    engine,
    clickhouse,
    page,
    seeded,
    browser,
    stop: async () => {
      await browser.close();
      await page.close();
      await clickhouse.close();
      await engine.stop();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** A tab, and the list of everything that went wrong in it. */
export async function openTab(
  bench: Bench,
): Promise<{ readonly tab: Page; readonly faults: string[] }> {
  const tab = await bench.browser.newPage();
  const faults: string[] = [];
  const origin = new URL(bench.page.url).origin;
  tab.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  tab.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  tab.on('requestfailed', (request) => {
    // The page cancels queries that nobody waits for any more.
    const text = request.failure()?.errorText ?? '';
    if (text !== 'net::ERR_ABORTED') faults.push(`failed: ${request.url()} ${text}`);
  });
  tab.on('response', (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  tab.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !/^(data|blob):/.test(url)) faults.push(`other host: ${url}`);
  });
  return { tab, faults };
}

/** The seeded time as a query string, so that every run sees the same data. */
export function seededRange({ seeded }: Bench): string {
  return `from=${seeded.fromMs}&to=${seeded.toMs}`;
}

const settleTimeoutMs = 20_000;

/** Scrolls through the page so that every panel asks, then waits until all have answered. */
export async function settle(tab: Page): Promise<void> {
  await tab.waitForSelector('.panel');
  await tab.evaluate(async () => {
    for (const panel of document.querySelectorAll('.panel')) {
      panel.scrollIntoView();
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    }
    scrollTo(0, 0);
  });
  await tab.waitForFunction(
    () =>
      [...document.querySelectorAll<HTMLElement>('.panel')].every(
        (panel) => panel.ariaBusy === 'false' && panel.dataset['state'] !== 'waiting',
      ),
    undefined,
    { timeout: settleTimeoutMs },
  );
  // Canvases are drawn a frame or two after their data is there.
  await tab.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

export type PanelLook = {
  readonly title: string;
  readonly type: string;
  readonly state: string;
  readonly text: string;
  /** Distinct colours on its canvas, or drawn elements where there is none. */
  readonly shapes: number;
};

/** What every panel shows, and whether anything is drawn in it. */
export function look(tab: Page): Promise<readonly PanelLook[]> {
  return tab.$$eval('.panel', (panels) =>
    panels.map((panel) => {
      const canvas = panel.querySelector('canvas');
      const drawn = panel.querySelectorAll(
        '.panel-body :is(svg path, svg polyline, .bar-fill, tbody tr, .trace-row, .log-row, .big)',
      ).length;
      const colours = new Set<number>();
      if (canvas !== null && canvas.width > 0) {
        const context = canvas.getContext('2d');
        const { data } = context!.getImageData(0, 0, canvas.width, canvas.height);
        for (let at = 0; at < data.length; at += 4) {
          colours.add(
            (data[at]! << 24) | (data[at + 1]! << 16) | (data[at + 2]! << 8) | data[at + 3]!,
          );
        }
      }
      return {
        title: panel.getAttribute('aria-label') ?? '',
        type: panel.getAttribute('data-panel') ?? '',
        state: panel.getAttribute('data-state') ?? '',
        text: (panel as HTMLElement).innerText.slice(0, 300),
        shapes: canvas === null ? drawn : colours.size,
      };
    }),
  );
}

const axeSource = readFileSync(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
);

type Violation = {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
};

/** Serious and critical findings of axe on what is shown now. */
export async function seriousFaults(tab: Page): Promise<readonly string[]> {
  await tab.evaluate(axeSource);
  const violations = (await tab.evaluate(
    "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)",
  )) as readonly Violation[];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary} (${nodes.length})`,
    );
}

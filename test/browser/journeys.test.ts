import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { dashboards } from '../../dashboards/catalog.ts';
import { describeWithPeer } from '../support/peer.ts';
import { failingService } from '../support/seed-telemetry.ts';
import { type Bench, openBench, openTab, seededRange, settle } from './open.ts';

describeWithPeer('chromium', 'a visitor of the page', (program) => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await openBench(program);
  });
  afterAll(() => bench?.stop());

  const panel = (title: string) => `.panel[aria-label="${title}"]`;

  it('finds the failing service, opens its trace and the log line that explains it', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    const worst = tab.locator(`${panel('Services by trouble')} tbody tr`).first();
    await expect(worst.innerText()).resolves.toContain(failingService);
    const start = tab.locator(`${panel('Where errors start')} tbody tr`, {
      hasText: failingService,
    });
    await tab.locator(panel('Where errors start')).scrollIntoViewIfNeeded();
    await start.first().locator('td').last().locator('a').first().click();
    await tab.waitForURL(/obsctl-traces.*var-traceId=[0-9a-f]{32}/);
    await tab.locator(panel('Waterfall')).scrollIntoViewIfNeeded();
    const failed = tab.locator('.trace-row', { hasText: failingService });
    await failed.first().click();
    await tab.locator('.span-details').getByText('Logs of this trace').click();
    await tab.waitForURL(/obsctl-logs.*var-traceId=[0-9a-f]{32}/);
    const line = tab.locator('.log-row', { hasText: 'declined' });
    await line.first().waitFor();
    await expect(line.first().innerText()).resolves.toContain(failingService);
    expect(new URL(tab.url()).searchParams.get('from')).toBe(String(bench.seeded.fromMs));
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('goes from the cluster to the workload, its pod, its node, and back to the pod', async () => {
    const { tab, faults } = await openTab(bench);
    const first = async (title: string, column: number, to: RegExp) => {
      await tab.locator(panel(title)).scrollIntoViewIfNeeded();
      const row = tab.locator(`${panel(title)} tbody tr`).first();
      await row.locator('td').nth(column).locator('a').first().click();
      await tab.waitForURL(to);
    };
    await tab.goto(`${bench.page.url}d/obsctl-kubernetes?${seededRange(bench)}`);
    await first('Workloads by trouble', 0, /obsctl-workload.*var-workload=deployment%2Forders/);
    await first('Pods', 0, /obsctl-pod.*var-pod=orders-/);
    const line = tab.locator(`${panel('Log records')} .log-row`);
    await tab.locator(panel('Log records')).scrollIntoViewIfNeeded();
    await line.first().waitFor();
    await first('State', 2, /obsctl-node.*var-node=/);
    await first('Pods on this node', 0, /obsctl-pod.*var-pod=orders-/);
    expect(new URL(tab.url()).searchParams.get('from')).toBe(String(bench.seeded.fromMs));
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('shares by a link exactly what is on screen', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}d/obsctl-logs?${seededRange(bench)}`);
    await tab.locator('.variable', { hasText: 'Severity' }).locator('select').selectOption('error');
    await tab.locator('.variables input[type=search]').first().fill('declined');
    await tab.locator('.variables input[type=search]').first().press('Enter');
    await settle(tab);
    const lines = await tab.locator('.log-body').allInnerTexts();
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((text) => text.includes('declined'))).toBe(true);
    const other = await openTab(bench);
    await other.tab.goto(tab.url());
    await settle(other.tab);
    expect(await other.tab.locator('.log-body').allInnerTexts()).toEqual(lines);
    expect(await other.tab.locator('.log-body mark').count()).toBeGreaterThan(0);
    await tab.goBack();
    await settle(tab);
    expect(new URL(tab.url()).searchParams.has('var-search')).toBe(false);
    await tab.close();
    await other.tab.close();
  });

  it('goes to any dashboard by keys, and the menu says which are open', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    await settle(tab);
    await tab.keyboard.press('g');
    const menu = tab.getByRole('dialog', { name: 'All dashboards' });
    const names = await menu.locator('strong').allInnerTexts();
    expect(names).toEqual(dashboards().map(({ title }) => title));
    await expect(menu.locator('[aria-current=page]').innerText()).resolves.toContain(names[0]);
    await tab.keyboard.press('3');
    await tab.waitForURL(new RegExp(`${dashboards()[2]?.uid}.*from=${bench.seeded.fromMs}`));
    await menu.waitFor({ state: 'detached' });
    await tab.getByTitle('All dashboards (g)').click();
    await menu.getByText(names.at(-1) ?? '', { exact: true }).click();
    await tab.waitForURL(new RegExp(`${dashboards().at(-1)?.uid}`));
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('asks what is different about a region of the heat map', async () => {
    const { tab, faults } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    const map = tab.locator(`${panel('Latency of all requests')} .heatmap`);
    await tab.locator(panel('Latency of all requests')).scrollIntoViewIfNeeded();
    await map.waitFor();
    await map.scrollIntoViewIfNeeded();
    const box = (await map.boundingBox())!;
    // The upper third of the rows, over the whole time: what took longest.
    await tab.mouse.move(box.x + box.width * 0.2, box.y + 10);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.95, box.y + box.height * 0.35, { steps: 5 });
    await tab.mouse.up();
    await tab.getByText('What is different here?').click();
    await tab.waitForURL(/obsctl-different.*var-compare=region/);
    await settle(tab);
    const asked = new URL(tab.url()).searchParams;
    expect(Number(asked.get('var-minDuration'))).toBeGreaterThan(10);
    expect(asked.get('var-since')).toMatch(/^\d{4}-.*Z$/);
    const first = tab.locator(`${panel('Attributes that differ')} tbody tr`).first();
    // The slowest are the two that wait for others.
    await expect(first.innerText()).resolves.toMatch(/\/(orders|checkout)\/\{user\}/);
    await first.locator('td').nth(1).locator('a').first().click();
    await tab.waitForURL(/obsctl-traces.*var-attributeKey=/);
    await settle(tab);
    expect(await tab.locator(`${panel('Traces')} tbody tr`).count()).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    await tab.close();
  });

  it('zooms by dragging over a chart and comes back with a double click', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    const over = tab.locator(`${panel('Failed requests')} .u-over`);
    await over.waitFor();
    const box = (await over.boundingBox())!;
    await tab.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await tab.mouse.down();
    await tab.mouse.move(box.x + box.width * 0.75, box.y + 20, { steps: 5 });
    await tab.mouse.up();
    await tab.waitForFunction(
      (from) => !location.search.includes(from),
      `from=${bench.seeded.fromMs}`,
    );
    const zoomed = new URL(tab.url()).searchParams;
    const width = Number(zoomed.get('to')) - Number(zoomed.get('from'));
    const whole = bench.seeded.toMs - bench.seeded.fromMs;
    expect(width / whole).toBeGreaterThan(0.45);
    expect(width / whole).toBeLessThan(0.55);
    await settle(tab);
    await over.dblclick({ position: { x: 30, y: 30 } });
    await tab.waitForURL((url) => url.searchParams.get('from') === String(bench.seeded.fromMs));
    await tab.close();
  });

  it('shows the cross-hair of one chart in all of them', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    await settle(tab);
    await tab.locator(`${panel('Failed requests')} .u-over`).hover({ position: { x: 60, y: 30 } });
    const moved = await tab.$$eval(
      '.uplot .u-cursor-x',
      (nodes) => nodes.filter((node) => getComputedStyle(node).transform !== 'none').length,
    );
    expect(moved).toBeGreaterThan(1);
    expect(await tab.locator('.tooltip').count()).toBe(1);
    await tab.close();
  });

  it('is driven by keys: help, time, go to, search', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}d/obsctl-logs?${seededRange(bench)}`);
    await settle(tab);
    await tab.keyboard.press('?');
    await tab.locator('[role=dialog][aria-label=Keys]').waitFor();
    await tab.keyboard.press('Escape');
    await tab.keyboard.press('t');
    await tab.locator('.time-picker').waitFor();
    await tab.keyboard.press('Escape');
    await tab.locator('.time-picker').waitFor({ state: 'detached' });
    await tab.keyboard.press('/');
    expect(await tab.evaluate(() => document.activeElement?.tagName)).toBe('INPUT');
    await tab.keyboard.press('Tab');
    await tab.evaluate(() => (document.activeElement as HTMLElement).blur());
    await tab.keyboard.press('g');
    await tab.keyboard.press('3');
    await tab.waitForURL(/obsctl-traces/);
    await tab.close();
  });

  it('shows the SQL of a panel and runs an edited one, but none that writes', async () => {
    const { tab } = await openTab(bench);
    await tab.goto(`${bench.page.url}?${seededRange(bench)}`);
    await tab
      .locator(`${panel('Services by trouble')} [aria-haspopup]`)
      .first()
      .click();
    await tab.getByText('View and edit SQL').click();
    const sql = tab.locator('dialog textarea');
    await tab.waitForFunction(
      () => document.querySelector('textarea')?.value.includes('SELECT') === true,
    );
    await sql.fill('SELECT 40 + 2 AS answer');
    await tab.locator('dialog').getByRole('button', { name: 'Run' }).click();
    await tab.locator('dialog td', { hasText: '42' }).waitFor();
    await sql.fill('DROP TABLE otel_traces');
    await tab.locator('dialog').getByRole('button', { name: 'Run' }).click();
    await tab.locator('dialog [role=alert]').waitFor();
    const rows = await bench.clickhouse.rows('SELECT 1 FROM otel.otel_traces LIMIT 1');
    expect(rows).toHaveLength(1);
    await tab.close();
  });

  it('says in the panel why it is empty, and what the database said of a bad query', async () => {
    const { tab } = await openTab(bench);
    const day = 86_400_000;
    await tab.goto(
      `${bench.page.url}?from=${bench.seeded.fromMs - 9 * day}&to=${bench.seeded.fromMs - 8 * day}`,
    );
    await settle(tab);
    const states = await tab.$$eval('.panel', (nodes) =>
      nodes.map((node) => node.getAttribute('data-state')),
    );
    expect(states).toContain('no_source');
    expect(
      await tab
        .locator(`${panel('Requests')} .note`)
        .first()
        .innerText(),
    ).toContain('No spans arrived');
    await tab.route('**/api/query', (route) =>
      route.fulfill({
        status: 422,
        json: { error: 'Unknown column x (code 47)', kind: 'engine', sql: 'SELECT x' },
      }),
    );
    await tab.keyboard.press('r');
    const alert = tab.locator(`${panel('Services by trouble')} [role=alert]`);
    await alert.waitFor();
    expect(await alert.innerText()).toContain('Unknown column x');
    await tab.close();
  });
});

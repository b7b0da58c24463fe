/**
 * What questions take over thirty days of generated data, in milliseconds from the question to the
 * last row: the queries of the cookbook, and of each dashboard its slowest panels.
 * `npm run bench -- month`; OBSCTL_BENCH_ROWS is spans (and log records) a day.
 */
import { connectClickHouse } from '../../clickhouse/client.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import type { DashboardJson } from '../../dashboards/vocabulary/board.ts';
import { type Asker, askerOf } from '../support/ask-dashboards.ts';
import { startEngine } from '../support/engine.ts';
import { ask, runSql } from '../support/engine-http.ts';
import { median, printLine } from '../support/figures.ts';
import { fillMonth, monthDays } from '../support/month.ts';
import { recipes } from './recipes.ts';

const rounds = 3;
const spansADay = Number(process.env['OBSCTL_BENCH_ROWS'] ?? 1_000_000);
const hourMs = 3_600_000;
/** What a visitor chooses, and how wide a bucket then is. */
const ranges = [
  { name: '1 h', ms: hourMs, intervalMs: 10_000 },
  { name: '24 h', ms: 24 * hourMs, intervalMs: 120_000 },
  { name: '7 d', ms: 168 * hourMs, intervalMs: 1_200_000 },
] as const;
const slowestShown = 3;

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const engine = await startEngine();
  try {
    const sql = connectClickHouse({ url: engine.url, requestTimeoutMs: 600_000 });
    const rows = { spansADay, logsADay: spansADay, pointsADay: Math.ceil(spansADay / 5) };
    await fillMonth(sql, rows, (day) => {
      process.stderr.write(`\rfilled ${day} of ${monthDays} days`);
    }).finally(() => sql.close());
    process.stderr.write('\n');
    for (const { title, sql: question } of recipes) {
      const runs = await timed(() =>
        ask(engine.url, { query: { database: 'otel' }, body: question }),
      );
      printLine(json, { bench: `cookbook: ${title}`, value: median(runs), unit: 'ms', runs });
    }
    for (const dashboard of dashboards()) await timePanels(engine.url, dashboard, json);
  } finally {
    await engine.stop();
  }
}

async function timed(question: () => Promise<unknown>): Promise<readonly number[]> {
  const runs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await question();
    runs.push(Math.round(performance.now() - start));
  }
  return runs;
}

async function timePanels(url: string, dashboard: DashboardJson, json: boolean): Promise<void> {
  const traceId = await runSql(
    url,
    'SELECT TraceId FROM otel.otel_traces ORDER BY Timestamp DESC LIMIT 1',
  );
  const set = dashboard.title === 'Traces' ? { traceId } : {};
  for (const { name, ms, intervalMs } of ranges) {
    const toMs = Date.now();
    const asker = askerOf(url, { fromMs: toMs - ms, toMs });
    const panels: { readonly title: string; readonly runs: readonly number[] }[] = [];
    for (const panel of dashboard.panels.filter(({ type }) => type !== 'row')) {
      const runs = await timed(() => askAll(asker, dashboard, panel.targets, { set, intervalMs }));
      panels.push({ title: panel.title ?? '', runs });
    }
    const slowest = panels.toSorted((left, right) => median(right.runs) - median(left.runs));
    for (const { title, runs } of slowest.slice(0, slowestShown)) {
      const bench = `panel: ${dashboard.title} / ${title}, ${name}`;
      printLine(json, { bench, value: median(runs), unit: 'ms', runs });
    }
  }
}

async function askAll(
  { ask: one, expandFor }: Asker,
  dashboard: DashboardJson,
  targets: readonly { readonly rawSql: string }[] = [],
  options: Parameters<Asker['expandFor']>[2],
): Promise<void> {
  for (const { rawSql } of targets) await one(expandFor(dashboard, rawSql, options));
}

/**
 * Objectives: what was promised, what was attained, how much of the error budget is left and how
 * fast it burns. Counted from the rollups, so sampling takes nothing away.
 */
import { latencyBucketsPerDoubling } from '../../clickhouse/schema/ours.ts';
import { like } from '../alerts/globs.ts';
import { type RuleSql, ruleSql } from '../alerts/rule-sql.ts';
import type { Objective } from '../alerts/slo.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, type Threshold, table, timeseries } from '../vocabulary/panel.ts';
import { bucketClosed, isError, red, withRed } from '../vocabulary/red.ts';
import { sql } from '../vocabulary/sql.ts';
import { textVariable } from '../vocabulary/variables.ts';
import { serviceVariable } from './services-parts.ts';

const seriesMax = 12;
const hourSeconds = 3600;

/** What counts where neither file nor page says anything: that of the alert rules. */
const initial = { objective: '99.9', latencyMs: '500', latencyObjective: '99' } as const;

const leftSteps: readonly Threshold[] = [
  { from: -1e9, colour: 'red', text: 'spent: the objective is missed' },
  { from: 0, colour: 'orange', text: 'less than a quarter is left' },
  { from: 0.25, colour: 'green', text: 'enough is left' },
];

const burnSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'at most as fast as allowed' },
  { from: 1, colour: 'orange', text: 'faster than the budget lasts' },
  { from: 6, colour: 'red', text: 'from 6 on an alert fires, from 14.4 on at once' },
];

/** With the objectives of a stack file; the first that fits a service counts. */
export function sloReportDashboard(objectives: readonly Objective[] = []): DashboardJson {
  return board({
    key: 'sloReport',
    title: 'Objectives',
    description:
      'What each service promised and kept over 28 days, how much of its error budget is left,' +
      ' and how fast it burns now.',
    from: 'now-28d',
    refresh: '5m',
    variables: [
      serviceVariable(),
      textVariable('objective', {
        label: 'Objective (%)',
        description: 'Requests that must not fail, where the stack file says nothing.',
        initial: initial.objective,
      }),
      textVariable('latencyMs', {
        label: 'Slow from (ms)',
        description: 'Requests that take so long are slow, where the stack file says nothing.',
        initial: initial.latencyMs,
      }),
      textVariable('latencyObjective', {
        label: 'Fast enough (%)',
        description: 'Requests that must not be slow, where the stack file says nothing.',
        initial: initial.latencyObjective,
      }),
    ],
    rows: [
      { title: '', panels: [report(objectives)] },
      { title: '', panels: [budgetOverTime(objectives), burnOverTime(objectives)] },
    ],
  });
}

const chosen = `$__conditionalAll(${red.service} IN (\${service:singlequote}), $service)`;

const typed = (variable: keyof typeof initial): string =>
  `toFloat64OrZero(\${${variable}:singlequote})`;

/** A number of each service as SQL: from the file, else what the page says. */
function byService(
  objectives: readonly Objective[],
  numberOf: (objective: Objective) => number | undefined,
  otherwise: string,
): string {
  const service = ruleSql`${red.service}` as RuleSql;
  return objectives.reduceRight((rest, objective) => {
    const value = numberOf(objective);
    const number = value === undefined ? 'nan' : Number(value.toPrecision(9));
    return `if(${like(service, objective.service)}, ${number}, ${rest})`;
  }, otherwise);
}

/** Share of requests that may fail, and that may be slow; nan where nothing was promised. */
const mayFail = (objectives: readonly Objective[]): string =>
  allowedShare(objectives, `1 - ${typed('objective')} / 100`);

/** What is allowed where neither file nor page says anything. */
export const defaultAllowed = `1 - ${initial.objective} / 100`;

/** Share of requests that may fail by service; `otherwise` where the file says nothing. */
export function allowedShare(objectives: readonly Objective[], otherwise: string): string {
  const share = byService(objectives, ({ objective }) => 1 - objective / 100, otherwise);
  return `greatest(1e-9, ${share})`;
}

const mayBeSlow = (objectives: readonly Objective[]): string =>
  byService(
    objectives,
    ({ latency }) => latency && 1 - latency.objective / 100,
    `greatest(1e-9, 1 - ${typed('latencyObjective')} / 100)`,
  );

/** The first bucket that is too slow: the edge next to the threshold, within 4.4 % of it. */
const slowBucket = (objectives: readonly Objective[]): string => {
  const edge = (nanoseconds: string): string =>
    `round(log2(greatest(1, ${nanoseconds})) * ${latencyBucketsPerDoubling})`;
  return byService(
    objectives,
    ({ latency }) =>
      latency && Math.round(Math.log2(latency.thresholdMs * 1e6) * latencyBucketsPerDoubling),
    edge(`${typed('latencyMs')} * 1e6`),
  );
};

const failed = `sumIf(${red.count}, ${isError})`;
const since = (seconds: number): string => `${red.time} > $__toTime - ${seconds}`;

function burn(hours: number): string {
  const recent = since(hours * hourSeconds);
  return (
    `sumIf(${red.count}, ${isError} AND ${recent})` +
    ` / nullIf(sumIf(${red.count}, ${recent}), 0) / any(allowed)`
  );
}

const links: readonly Link[] = [
  { title: 'This service', to: 'services', set: { service: { field: 'Service' } } },
  {
    title: 'Failed traces',
    to: 'traces',
    set: { service: { field: 'Service' }, status: { text: 'Error' } },
  },
  {
    title: 'What is different about the failed',
    to: 'different',
    set: { service: { field: 'Service' }, compare: { text: 'failed' } },
  },
];

const percent = { unit: 'percentunit', decimals: 2 } as const;

function report(objectives: readonly Objective[]): PanelDraft {
  const slow =
    `arraySum(arrayMap((index, spans) -> if(index >= ${slowBucket(objectives)}, spans, 0),` +
    ` ${red.bucketIndex}, ${red.bucketCount}))`;
  return table({
    title: 'Objectives',
    description:
      'Every service over the chosen range, the one with least budget first. The budget is the' +
      ' share of requests that may fail: 0.1 % with an objective of 99.9 %. Burn is how many' +
      ' times faster than allowed it is used up: at 1 it lasts exactly as long as the range.' +
      ' Where it is spent, stop what is risky and look at the failed traces.',
    source: 'requests',
    query: sql(`
      WITH ${withRed(chosen)}
      SELECT service AS "Service", 1 - any(allowed) AS "Objective",
        1 - bad / requests AS "Attained", 1 - bad / requests / any(allowed) AS "Budget left",
        ${burn(1)} AS "Burn 1 h", ${burn(6)} AS "Burn 6 h",
        sum(${red.count}) AS requests, ${failed} AS bad,
        1 - sum(slow) / requests AS "Fast enough",
        1 - sum(slow) / requests / any(allowedSlow) AS "Latency budget left"
      FROM (
        SELECT *, ${red.service} AS service, ${mayFail(objectives)} AS allowed,
          ${mayBeSlow(objectives)} AS allowedSlow, ${slow} AS slow
        FROM red
      )
      GROUP BY service ORDER BY "Budget left", service LIMIT 200`),
    width: 24,
    height: 11,
    noValue: 'no requests in this time range',
    fields: {
      Service: { links, widthPx: 200 },
      Objective: percent,
      Attained: percent,
      'Budget left': { unit: 'percentunit', decimals: 1, cell: 'text', thresholds: leftSteps },
      'Burn 1 h': { unit: 'none', decimals: 1, cell: 'text', thresholds: burnSteps },
      'Burn 6 h': { unit: 'none', decimals: 1, cell: 'text', thresholds: burnSteps },
      requests: { title: 'Requests', unit: 'short', decimals: 0 },
      bad: { title: 'Failed', unit: 'short', decimals: 0 },
      'Fast enough': percent,
      'Latency budget left': {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: leftSteps,
      },
    },
  });
}

/** A row a service and bucket, of the busiest services. */
const byBucket = (objectives: readonly Objective[]): string => `WITH ${withRed(chosen)},
      busiest AS (
        SELECT ${red.service} FROM red GROUP BY ${red.service}
        ORDER BY sum(${red.count}) DESC LIMIT ${seriesMax}
      ),
      buckets AS (
        SELECT $__timeInterval(${red.time}) AS time, ${red.service} AS service,
          any(${mayFail(objectives)}) AS allowed, sum(${red.count}) AS requests,
          ${failed} AS bad
        FROM red WHERE ${red.service} IN busiest
        GROUP BY time, service
        HAVING ${bucketClosed}
      )`;

function budgetOverTime(objectives: readonly Objective[]): PanelDraft {
  return timeseries({
    title: 'Budget left',
    description:
      'How the error budget of the chosen range was used up. A steep step is an incident; a' +
      ' steady slope is a fault that nobody mends. Below 0 the objective is missed.',
    source: 'requests',
    query: sql(`
      ${byBucket(objectives)}
      SELECT time, service,
        1 - sum(bad) OVER (PARTITION BY service ORDER BY time)
          / (sum(requests) OVER (PARTITION BY service) * allowed) AS left
      FROM buckets ORDER BY time, service`),
    width: 12,
    height: 9,
    unit: 'percentunit',
    decimals: 1,
    noValue: 'no requests in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.service}`,
    thresholds: leftSteps,
  });
}

function burnOverTime(objectives: readonly Objective[]): PanelDraft {
  return timeseries({
    title: 'Burn rate',
    description:
      'How many times faster than allowed the budget was used up, a bucket. A short peak costs' +
      ' little; what stays above 1 will miss the objective.',
    source: 'requests',
    query: sql(`
      ${byBucket(objectives)}
      SELECT time, service, bad / requests / allowed AS burn
      FROM buckets ORDER BY time, service`),
    width: 12,
    height: 9,
    unit: 'none',
    decimals: 1,
    noValue: 'no requests in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.service}`,
    thresholds: burnSteps,
  });
}

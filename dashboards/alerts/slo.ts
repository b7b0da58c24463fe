/**
 * Service level objectives as burn rates: how many times faster than allowed the error budget is
 * used up. A rule has a long window, so that a short spike stays silent, and a short one, so that
 * it ends soon after the errors do; it fires when both are over. Counted from the rollups, so
 * sampling takes nothing away.
 */
import { latencyBucketsPerDoubling } from '../../clickhouse/schema/ours.ts';
import { isError, red } from '../vocabulary/red.ts';
import { like } from './globs.ts';
import { type AlertRule, defineRule, type RuleDuration, type Severity } from './rule.ts';
import { type RuleSql, requests, ruleSql } from './rule-sql.ts';

export type Objective = {
  /** Name of a service, or a glob with `*` and `?`; the first that fits counts. */
  readonly service: string;
  /** Percent of requests that do not fail. */
  readonly objective: number;
  /** Percent of requests that are answered within the threshold. */
  readonly latency?: { readonly thresholdMs: number; readonly objective: number };
};

/**
 * For every service that the file says nothing about. With 99 % a service could fail every seventh
 * request for six minutes of an hour and nobody would hear of it.
 */
const defaultObjective = {
  service: '*',
  objective: 99.9,
  latency: { thresholdMs: 500, objective: 99 },
} as const satisfies Objective;

type Burn = {
  readonly id: 'fast' | 'slow';
  readonly times: number;
  readonly long: { readonly name: RuleDuration; readonly seconds: number; readonly min: number };
  readonly short: { readonly seconds: number; readonly min: number };
  readonly severity: Severity;
  readonly for: RuleDuration;
};

/** `min`: requests in the window below which it says nothing; about one in 35 seconds. */
export const burns: readonly Burn[] = [
  {
    id: 'fast',
    times: 14.4,
    long: { name: '1h', seconds: 3600, min: 100 },
    short: { seconds: 300, min: 10 },
    severity: 'critical',
    for: '1m',
  },
  {
    id: 'slow',
    times: 6,
    long: { name: '6h', seconds: 6 * 3600, min: 600 },
    short: { seconds: 900, min: 30 },
    severity: 'warning',
    for: '5m',
  },
];

/** Bad requests in the long window below which nothing fires, however small the budget is. */
export const badMin = 5;

const millisecond = 1e6;

/** Availability and latency, each with a fast and a slow rule. */
export function sloRules(objectives: readonly Objective[]): readonly AlertRule[] {
  const all = [...objectives, defaultObjective];
  return burns.flatMap((burn) => [availabilityRule(burn, all), latencyRule(burn, all)]);
}

function availabilityRule(burn: Burn, objectives: readonly Objective[]): AlertRule {
  const failed = ruleSql`if(${isError}, ${red.count}, 0)`;
  const budget = byService(objectives, ({ objective }) => 1 - objective / 100);
  return defineRule({
    id: `slo-availability-${burn.id}` as const,
    group: 'slo',
    title: `Requests fail: the error budget burns ${burn.id === 'fast' ? 'fast' : 'slowly'}`,
    summary: '{service} uses up its error budget {value} as fast as its objective allows',
    description:
      'So many requests of the service fail that its objective will be missed. Open Services and' +
      ' look at "Where errors start": the service named first is where the cause is.',
    labels: ['service'],
    rows: burnRows(burn, failed, budget, ruleSql`1`),
    ...common(burn),
    runbook: 'slo-availability',
    dashboard: 'services',
    panel: 'Where errors start',
    severity: burn.severity,
  });
}

function latencyRule(burn: Burn, objectives: readonly Objective[]): AlertRule {
  const from = byService(objectives, ({ latency }) => bucketFrom(latency.thresholdMs));
  const counts = ruleSql`arrayMap((index, count) -> if(index >= ${from}, count, 0),
    ${red.bucketIndex}, ${red.bucketCount})`;
  const budget = byService(objectives, ({ latency }) => 1 - latency.objective / 100);
  return defineRule({
    id: `slo-latency-${burn.id}` as const,
    group: 'slo',
    title: `Requests are slow: the latency budget burns ${burn.id === 'fast' ? 'fast' : 'slowly'}`,
    summary: '{service} answers late: it uses up its budget {value} as fast as allowed',
    description:
      'So many requests of the service take longer than its objective that it will be missed.' +
      ' Open Services, choose the service and look at its worst operations and their traces.',
    labels: ['service'],
    // A consumer takes as long as its work does; nobody waits for its answer.
    rows: burnRows(burn, ruleSql`arraySum(${counts})`, budget, ruleSql`${red.kind} = 'Server'`),
    ...common(burn),
    runbook: 'slo-latency',
    dashboard: 'services',
    panel: 'Worst operations',
    severity: 'warning',
  });
}

const common = (burn: Burn) =>
  ({
    scope: ['service'],
    threshold: { above: burn.times },
    unit: 'times',
    window: burn.long.name,
    for: burn.for,
    keep_firing_for: '5m',
    source: 'requests',
  }) as const;

/** An objective without latency allows everything, however long it takes. */
const none = { thresholdMs: Number.MAX_SAFE_INTEGER / millisecond, objective: 0 };

/** The first bucket that is too slow: the edge next to the threshold, within 4.4 % of it. */
const bucketFrom = (thresholdMs: number): number =>
  Math.round(Math.log2(thresholdMs * millisecond) * latencyBucketsPerDoubling);

/** A number by service: the first objective that fits. The last one is for all. */
function byService(
  objectives: readonly Objective[],
  numberOf: (objective: Required<Objective>) => number,
): RuleSql {
  const cases = objectives.map((one) => {
    const value = Number(numberOf({ ...one, latency: one.latency ?? none }).toPrecision(6));
    return { fits: like(ruleSql`${red.service}`, one.service), value: ruleSql`${value}` };
  });
  return cases.reduceRight(
    (rest, { fits, value }) => ruleSql`if(${fits}, ${value}, ${rest})`,
    ruleSql`1`,
  );
}

function burnRows(burn: Burn, bad: RuleSql, budget: RuleSql, which: RuleSql): RuleSql {
  const { long, short } = burn;
  return ruleSql`
    WITH ${requests()}
    SELECT service, least(bad_long / all_long, bad_short / all_short) / budget AS value
    FROM (
      SELECT service, any(allowed) AS budget,
        sum(counted) AS all_long, sumIf(counted, recent) AS all_short,
        sum(failed) AS bad_long, sumIf(failed, recent) AS bad_short,
        uniqExact(minute) AS minutes_long, uniqExactIf(minute, recent) AS minutes_short
      FROM (
        SELECT ${red.service} AS service, ${red.count} AS counted, ${bad} AS failed,
          ${budget} AS allowed, toStartOfMinute(${red.time}) AS minute,
          ${red.time} > $__toTime - ${short.seconds} AS recent
        FROM red WHERE ${which}
      )
      GROUP BY service
    )
    WHERE all_long >= ${long.min} AND all_short >= ${short.min} AND bad_long >= ${badMin}
      AND minutes_long * 120 >= ${long.seconds} AND minutes_short * 120 >= ${short.seconds}`;
}

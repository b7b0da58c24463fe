/**
 * What is unusual for this hour of the week, without a threshold that anybody has to know: the last
 * half hour of a service against the same time of the four weeks before.
 *
 *     requests  a second, straight between the two hours that lie nearest, in each week; a week is
 *               scaled by what the last seven days had against its own seven (growth)
 *     errors    the share that failed, and latency the 95th percentile: of the three nearest hours
 *               in each week, up to twelve values
 *
 * Usual is the median, so a fault or a holiday of one week does not become usual. The spread is the
 * median distance from it as a standard deviation, for requests at least how much any hour of the
 * service differs from the same one a week later (in logs), and a floor: the number of a row is how
 * many spreads lie between. What chance alone gives to so few requests is no finding. A service is
 * judged once it has three weeks to compare with.
 */
import { redHour } from '../../clickhouse/schema/ours.ts';
import { red } from '../vocabulary/red.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import {
  latencyPercentile,
  latencyPercentileOf,
  literal,
  type RuleSql,
  recentRequests,
  ruleSql,
  tableName,
} from './rule-sql.ts';

const h = columnsOf(redHour);

const weeks = 4;
const weeksMin = 3;
const weekSeconds = 7 * 86_400;
const hourSeconds = 3600;
const recentSeconds = 1800;
/** Of the middle of the last half hour, in each week before. */
const nearSeconds = 1.5 * hourSeconds;
/** What growth may be taken for; more is a fault, or a service that is new. */
const growthMax = 2;
const valuesMin = 6;
/** Spreads are at least this share of what is usual. */
const rateFloor = 0.08;
const latencyFloor = 0.12;
/** And this much of the requests. */
const errorFloor = 0.002;
const errorShareFloor = 0.3;
/** Fewer requests say nothing about a percentile, fewer errors nothing at all. */
const requestsMin = 100;
const errorsMin = 10;
const errorShareMin = 0.01;
/** A median distance as a standard deviation. */
const normal = 1.4826;

const middle = ruleSql`($__toTime - ${recentSeconds / 2})`;
const failedStatus = literal('Error');

export function unusual(): AlertRule {
  return defineRule({
    id: 'service-unusual',
    group: 'services',
    title: 'A service is not as usual for this hour of the week',
    summary:
      '{service}: {measure} {direction} what is usual at this hour, by {value} its usual spread',
    description:
      'Compared with the same time of the last four weeks. Fewer requests: look at the callers;' +
      ' more errors or latency: at the operations, and at what was deployed. A holiday or a' +
      ' campaign is unusual too: then nothing is to be done.',
    labels: ['service', 'measure', 'direction'],
    scope: ['service', 'measure'],
    rows: ruleSql`
      WITH ${recentRequests(recentSeconds)}
      SELECT service, judged.1 AS measure, judged.2 AS direction, judged.3 AS value
      FROM (
        SELECT service, arrayJoin([${rateScore()}, ${errorScore()}, ${latencyScore()}]) AS judged
        FROM (${usual()}) AS usual
        LEFT JOIN (${now()}) AS recent USING (service)
      )
      WHERE value > 0 AND (SELECT max(${red.time}) FROM red) >= $__toTime - 600`,
    threshold: { above: 5 },
    unit: 'times',
    // An hour more: the one that the oldest week begins in.
    window: `${(weeks + 1) * 7 * 24 + 1}h`,
    for: '5m',
    // An unusual day is one alert.
    keep_firing_for: '12h',
    severity: 'warning',
    source: 'requests',
    runbook: 'service-unusual',
    dashboard: 'services',
    panel: 'Services by trouble',
  });
}

function now(): RuleSql {
  return ruleSql`
        SELECT ${red.service} AS service, toFloat64(sum(${red.count})) AS requests,
          toFloat64(sumIf(${red.count}, ${red.status} = ${failedStatus})) AS failed,
          ${percentile95} AS p95
        FROM red GROUP BY service`;
}

/** Of the names inside `red`. */
const percentile95 = latencyPercentile(0.95);

const isRequest = ruleSql`${h.SpanKind} IN ('Server', 'Consumer')`;

/** Rows of the hours since `$__fromTime` that count as requests. */
const ofRequests = ruleSql`${h.Time} >= $__fromTime AND (${isRequest} OR ${h.ServiceName} NOT IN (
              SELECT ${h.ServiceName} FROM ${tableName(redHour)}
              WHERE ${h.Time} >= $__fromTime AND ${h.Time} <= $__toTime AND ${isRequest}))`;

/** The same time in each week: ranges of their own, so that other days are not read. */
const near = Array.from({ length: weeks }, (_, index) => {
  const from = (index + 1) * weekSeconds + nearSeconds + hourSeconds / 2;
  const to = (index + 1) * weekSeconds - nearSeconds + hourSeconds / 2;
  return ruleSql`${h.Time} > ${middle} - ${from} AND ${h.Time} < ${middle} - ${to}`;
}).reduce((all, one) => ruleSql`${all}\n                OR ${one}`);

/** A row a service that has been there for long enough. */
function usual(): RuleSql {
  const [index, count] = [ruleSql`${h['Buckets.Index']}`, ruleSql`${h['Buckets.Count']}`];
  const latency = latencyPercentileOf(0.95, index, count);
  return ruleSql`
        SELECT service, sumIf(total, week = 0) AS totalNow, any(restless) AS restless,
          groupArrayIf((rate, total), week BETWEEN 1 AND ${weeks}) AS before,
          groupArrayArray(ratios) AS ratios, groupArrayArray(latencies) AS latencies
        FROM (
          SELECT service, week, total, ${normal / Math.SQRT2} * ${median(
            ruleSql`arrayMap(each -> abs(each - ${median(ruleSql`steps`)}), steps)`,
          )} AS restless
          FROM (
            SELECT service, sumMap(nth, counts) AS byWeek, groupArrayArray(step) AS steps
            FROM (
              SELECT service, phase, groupArray(week) AS nth, groupArray(requests) AS counts,
                arrayMap(each -> log(counts[indexOf(nth, each)] / counts[indexOf(nth, each + 1)]),
                  arrayFilter(each -> each < ${weeks} AND has(nth, each + 1), nth)) AS step
              FROM (
                SELECT ${h.ServiceName} AS service, toFloat64(sum(${h.Count})) AS requests,
                  dateDiff('second', ${h.Time}, $__toTime) - ${hourSeconds} AS ago,
                  intDiv(ago, ${weekSeconds}) AS week, ago % ${weekSeconds} AS phase
                FROM ${tableName(redHour)}
                WHERE ${ofRequests} AND ${h.Time} <= $__toTime - ${hourSeconds}
                GROUP BY service, ${h.Time}
              )
              GROUP BY service, phase
            )
            GROUP BY service
          )
          ARRAY JOIN byWeek.1 AS week, byWeek.2 AS total
        ) AS totals
        LEFT JOIN (
          SELECT service, week,
            sum(requests * greatest(0, 1 - abs(distance) / ${hourSeconds})) / ${hourSeconds}
              AS rate,
            groupArray(failed / requests) AS ratios, groupArray(p95) AS latencies
          FROM (
            SELECT ${h.ServiceName} AS service, ${h.Time} AS at,
              dateDiff('second', at, ${middle}) - ${hourSeconds / 2} AS ago,
              toInt64(round(ago / ${weekSeconds})) AS week, ago - week * ${weekSeconds} AS distance,
              toFloat64(sum(${h.Count})) AS requests,
              toFloat64(sumIf(${h.Count}, ${h.StatusCode} = ${failedStatus})) AS failed,
              ${latency} AS p95
            FROM ${tableName(redHour)}
            WHERE ${ofRequests} AND (${near})
            GROUP BY service, at
          )
          GROUP BY service, week
        ) AS hours USING (service, week)
        GROUP BY service
        HAVING length(before) >= ${weeksMin}`;
}

const median = (values: RuleSql): RuleSql =>
  ruleSql`arrayReduce('quantileExactInclusive(0.5)', ${values})`;

/** `(what, direction, spreads)`; 0 spreads where it cannot be judged. */
function score(spec: {
  readonly measure: 'errors' | 'latency';
  readonly values: RuleSql;
  readonly actual: RuleSql;
  /** Of `usually`, squared. */
  readonly chance: RuleSql;
  readonly counts: RuleSql;
}): RuleSql {
  const usually = median(spec.values);
  const apart = ruleSql`(${spec.actual} - ${usually})`;
  const spread = ruleSql`sqrt(pow(${normal} * ${median(
    ruleSql`arrayMap(each -> abs(each - ${usually}), ${spec.values})`,
  )}, 2) + ${spec.chance})`;
  return ruleSql`(${literal(spec.measure)}, if(${apart} > 0, 'above', 'below'),
          if(${spec.counts}, ifNotFinite(abs(${apart}) / ${spread}, 0), 0))`;
}

/** In logs, as traffic grows and shrinks by factors; never more than chance explains. */
function rateScore(): RuleSql {
  const scale = ruleSql`least(${growthMax}, greatest(${1 / growthMax}, totalNow / each.2))`;
  const counts = ruleSql`arrayMap(each -> each.1 * ${scale} * ${recentSeconds}, before)`;
  const usually = median(counts);
  const apart = (count: RuleSql): RuleSql => ruleSql`log((${count} + 1) / (${usually} + 1))`;
  const own = median(ruleSql`arrayMap(count -> abs(${apart(ruleSql`count`)}), ${counts})`);
  return ruleSql`('requests', if(requests > ${usually}, 'above', 'below'),
          least(abs(${apart(ruleSql`requests`)})
            / sqrt(pow(greatest(${normal} * ${own}, restless), 2) + ${rateFloor ** 2}),
            abs(requests - ${usually}) / sqrt(${usually} + 1)))`;
}

function errorScore(): RuleSql {
  const usually = median(ruleSql`ratios`);
  return score({
    measure: 'errors',
    values: ruleSql`ratios`,
    actual: ruleSql`(failed / requests)`,
    chance: ruleSql`${errorFloor ** 2} + pow(${errorShareFloor} * ${usually}, 2)
            + ${usually} * (1 - ${usually}) / requests`,
    counts: ruleSql`length(ratios) >= ${valuesMin} AND failed >= ${errorsMin}
            AND failed / requests >= ${usually} + ${errorShareMin}`,
  });
}

function latencyScore(): RuleSql {
  const usually = median(ruleSql`latencies`);
  return score({
    measure: 'latency',
    values: ruleSql`latencies`,
    actual: ruleSql`p95`,
    chance: ruleSql`pow(${latencyFloor} * ${usually}, 2)`,
    counts: ruleSql`length(latencies) >= ${valuesMin} AND requests >= ${requestsMin}
            AND p95 > ${usually}`,
  });
}

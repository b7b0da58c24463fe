/** Rules about what services say: bursts of errors, errors never seen before, silence. */
import {
  logPatternMinutes,
  logPatterns,
  otherPatterns,
} from '../../clickhouse/schema/log-patterns.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { red } from '../vocabulary/red.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { type AlertRule, defineRule } from './rule.ts';
import { literal, type RuleSql, requests, ruleSql, tableName } from './rule-sql.ts';
import { unusual } from './unusual.ts';

const l = columnsOf(logs);
const minutes = columnsOf(logPatternMinutes);
const known = columnsOf(logPatterns);

/** The number from which on a severity is ERROR or worse. */
const severityError = 17;
const burstSeconds = 300;
/** Five-minute pieces of the hour before the burst. */
const piecesBefore = 11;
/** Records below which five minutes are no burst, and what counts as usual where nothing was. */
const burstMin = 25;
const usualMin = 4;

export function serviceRules(): readonly AlertRule[] {
  return [errorBurst(), newPattern(), serviceSilent(), unusual()];
}

/** Records of a new pattern below which it is no news. */
const newPatternMin = 10;
/** How long a service has to be known: in a new database everything is new. */
const knownSeconds = 86_400;
/** Of one service at once: a new version may say everything in other words. */
const newPatternsMax = 20;
/** What fits into a message. */
const patternShown = 120;

function newPattern(): AlertRule {
  const grave = (severity: typeof known.Severity): RuleSql =>
    ruleSql`${severity} IN ('error', 'fatal')`;
  const rare = literal(otherPatterns);
  return defineRule({
    id: 'log-new-pattern',
    group: 'services',
    title: 'Errors of a kind that was never logged before',
    summary: '{service} logs {value} records of a new kind: {pattern}',
    description:
      'In the last half hour the service logged errors whose pattern it has never logged before,' +
      ' and it is known for more than a day. Look at what was deployed, and at the traces.',
    labels: ['service', 'pattern'],
    scope: ['service'],
    rows: ruleSql`
      SELECT service, substringUTF8(kind, 1, ${patternShown}) AS pattern, sum(records) AS value
      FROM (
        SELECT ${minutes.ServiceName} AS service, ${minutes.Pattern} AS kind,
          sum(${minutes.Records}) AS records
        FROM ${tableName(logPatternMinutes)}
        WHERE $__timeFilter(${minutes.Time}) AND ${grave(minutes.Severity)}
          AND ${minutes.Pattern} != ${rare}
        GROUP BY service, kind
      ) AS now
      INNER JOIN (
        SELECT service, kind, min(first) OVER (PARTITION BY service) AS since, first
        FROM (
          SELECT ${known.ServiceName} AS service, ${known.Pattern} AS kind,
            min(${known.FirstSeen}) AS first
          FROM ${tableName(logPatterns)}
          WHERE ${known.FirstSeen} <= $__toTime
          GROUP BY service, kind
        )
      ) AS ever USING (service, kind)
      WHERE first >= $__fromTime AND since < $__toTime - ${knownSeconds}
      GROUP BY service, pattern
      ORDER BY value DESC LIMIT ${newPatternsMax} BY service`,
    threshold: { above: newPatternMin - 1 },
    unit: 'count',
    window: '30m',
    for: '0s',
    keep_firing_for: '10m',
    severity: 'warning',
    source: 'logs',
    runbook: 'log-new-pattern',
    dashboard: 'logs',
  });
}

function errorBurst(): AlertRule {
  const recent = ruleSql`${l.Timestamp} > $__toTime - ${burstSeconds}`;
  return defineRule({
    id: 'log-errors',
    group: 'services',
    title: 'A burst of error records',
    summary: '{service} logs {value} as many errors as in the hour before',
    description:
      'In the last five minutes the service logged far more records of severity ERROR or worse' +
      ' than usual. Open Logs, choose the service and look at what repeats.',
    labels: ['service'],
    scope: ['service'],
    rows: ruleSql`
      SELECT service, now_count / greatest(before_count / ${piecesBefore}, ${usualMin}) AS value
      FROM (
        SELECT ${l.ServiceName} AS service, sumIf(${l.SamplingWeight}, ${recent}) AS now_count,
          sumIf(${l.SamplingWeight}, NOT (${recent})) AS before_count
        FROM ${tableName(logs)}
        WHERE $__timeFilter(${l.Timestamp}) AND ${l.SeverityNumber} >= ${severityError}
        GROUP BY service
      )
      WHERE now_count >= ${burstMin}`,
    threshold: { above: 5 },
    unit: 'times',
    window: '1h',
    for: '1m',
    keep_firing_for: '10m',
    severity: 'warning',
    source: 'logs',
    runbook: 'log-errors',
    dashboard: 'logs',
  });
}

/** Only a service that had requests all the time can be missed; a nightly job cannot. */
function serviceSilent(): AlertRule {
  return defineRule({
    id: 'service-silent',
    group: 'services',
    title: 'A service fell silent',
    summary: '{service} has had no request for {value}',
    description:
      'The service had requests in most minutes and has none now. Either nobody calls it any' +
      ' more, it is gone, or its telemetry does not arrive: look at its callers first.',
    labels: ['service'],
    scope: ['service'],
    rows: ruleSql`
      WITH ${requests()}
      SELECT ${red.service} AS service,
        dateDiff('second', max(${red.time}), $__toTime) AS value
      FROM red
      GROUP BY service
      HAVING sum(${red.count}) >= 100
        AND dateDiff('second', min(${red.time}), max(${red.time})) >= 1800
        AND uniqExact(toStartOfMinute(${red.time})) * 120
          >= dateDiff('second', min(${red.time}), max(${red.time}))`,
    threshold: { above: 600 },
    unit: 'seconds',
    window: '6h',
    for: '1m',
    keep_firing_for: '0s',
    severity: 'warning',
    source: 'requests',
    runbook: 'service-silent',
    dashboard: 'services',
    panel: 'Services by trouble',
  });
}

/**
 * How many log records of which severity and pattern. Counted minutes are read from the rollup, so
 * that a month costs no scan of raw records; where the window begins or ends inside a minute, in
 * the minute that is still being counted, and for filters that the rollup does not know, records
 * themselves are read.
 */
import {
  logPatternMinutes,
  logPatterns,
  otherPatterns,
  patternOfBody,
  severityWord,
} from '../../clickhouse/schema/log-patterns.ts';
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { type Field, type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { reachOf } from '../vocabulary/reach.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { severities } from './logs-parts.ts';

const l = columnsOf(logsTable);
const m = columnsOf(logPatternMinutes);
const seen = columnsOf(logPatterns);

const patternScanMax = 50_000;
const newDays = 1;

/** Records that pass every filter of the dashboard. */
export const matching = [
  `$__timeFilter(${l.Timestamp})`,
  `$__conditionalAll(${l.ServiceName} IN (\${service:singlequote}), $service)`,
  `$__conditionalAll(${severityWord} = \${severity:singlequote}, $severity)`,
  `$__conditionalAll(positionCaseInsensitiveUTF8(${l.Body}, \${search:singlequote}) > 0, $search)`,
  `$__conditionalAll(${l.TraceId} = \${traceId:singlequote}, $traceId)`,
  `$__conditionalAll((mapContains(${l.LogAttributes}, \${attributeKey:singlequote})` +
    ` OR mapContains(${l.ResourceAttributes}, \${attributeKey:singlequote})), $attributeKey)`,
  `$__conditionalAll((\${attributeValue:singlequote} IN` +
    ` (${l.LogAttributes}[\${attributeKey:singlequote}],` +
    ` ${l.ResourceAttributes}[\${attributeKey:singlequote}])), $attributeValue)`,
].join('\n  AND ');

/** The filters that the rollups know. */
const ofKind =
  `$__conditionalAll(${m.ServiceName} IN (\${service:singlequote}), $service)` +
  ` AND $__conditionalAll(${m.Severity} = \${severity:singlequote}, $severity)`;

/** Whether no other filter is set. */
const noOther = ['search', 'traceId', 'attributeKey', 'attributeValue']
  .map((name) => `\${${name}:singlequote} = ''`)
  .join(' AND ');

/** A WITH clause: the first counted minute that lies in the window as a whole, and the last one. */
const reach = `WITH ${reachOf({
  ...{ table: logPatternMinutes.name, time: m.Time, tailSeconds: 0 },
  where: `$__timeFilter(${m.Time})`,
})} AS reach`;
const inReach = (column: string): string => `${column} >= reach.1 AND ${column} < reach.2`;

/** Rows of the rollup that may stand for records, and records that they do not stand for. */
const counted = (condition: string): string =>
  `${condition} AND $__timeFilter(${m.Time}) AND ${inReach(m.Time)} AND ${ofKind}`;
const uncounted = (condition: string): string =>
  `${matching}\n  AND NOT (${condition} AND ${inReach(l.Timestamp)})`;

export function volume(): PanelDraft {
  const words = [...severities.map(({ name }) => name), 'unknown'];
  const wide = `${noOther} AND $__interval_s % 60 = 0`;
  return timeseries({
    title: 'Log records by severity',
    description:
      'Records a bucket that pass the filters above. Drag over a red peak to see only its lines.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      ${reach}
      SELECT time, ${words.map((word) => `sumIf(records, word = '${word}') AS ${word}`).join(', ')}
      FROM (
        SELECT $__timeInterval(${m.Time}) AS time, toString(${m.Severity}) AS word,
          sum(${m.Records}) AS records
        FROM ${logPatternMinutes.name}
        WHERE ${counted(wide)}
        GROUP BY time, word
        UNION ALL
        SELECT $__timeInterval(${l.Timestamp}) AS time, ${severityWord} AS word,
          sum(${l.SamplingWeight}) AS records
        FROM ${logsTable.name}
        WHERE ${uncounted(wide)}
        GROUP BY time, word
      )
      GROUP BY time ORDER BY time`),
    width: 24,
    height: 6,
    unit: 'short',
    noValue: 'no log record matches these filters',
    interval: '10s',
    draw: 'bars',
    stack: true,
    fields: {
      ...Object.fromEntries(severities.map(({ name, colour }) => [name, { colour }])),
      unknown: { colour: 'text' },
    },
    links: [
      {
        title: 'Only this severity',
        to: 'logs',
        set: { service: 'same', search: 'same' },
      },
    ],
  });
}

const patternFields: Readonly<Record<string, Field>> = {
  Service: { widthPx: 160 },
  Severity: {
    widthPx: 90,
    cell: 'text',
    values: Object.fromEntries(severities.map(({ name, colour }) => [name, { colour }])),
  },
  Records: { unit: 'short', decimals: 0, widthPx: 90 },
  'First seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
  'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
};

const gravest = "word IN ('fatal', 'error') DESC";

export function patterns(): PanelDraft {
  return table({
    title: 'Patterns',
    description:
      'The same lines with words that hold digits replaced by #, counted; since when a pattern is' +
      ' known reaches back beyond the shown time. One that is frequent and useless is worth' +
      ` removing at its origin. ${otherPatterns} stands for the many that are too rare to be told` +
      ' apart.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      ${reach},
      known AS (
        SELECT ${seen.Pattern} AS pattern, toString(${seen.ServiceName}) AS service,
          toString(${seen.Severity}) AS word, min(${seen.FirstSeen}) AS since
        FROM ${logPatterns.name} WHERE ${ofKind}
        GROUP BY pattern, service, word HAVING max(${seen.LastSeen}) >= $__fromTime
      )
      SELECT pattern AS "Pattern", service AS "Service", word AS "Severity",
        sum(found) AS "Records", min(if(since = 0, begun, least(begun, since))) AS "First seen",
        max(ended) AS "Last seen"
      FROM (
        SELECT ${m.Pattern} AS pattern, toString(${m.ServiceName}) AS service,
          toString(${m.Severity}) AS word, sum(${m.Rows}) AS found, min(${m.FirstSeen}) AS begun,
          max(${m.LastSeen}) AS ended
        FROM ${logPatternMinutes.name}
        WHERE ${counted(noOther)}
        GROUP BY pattern, service, word
        UNION ALL
        SELECT pattern, service, word, count(), min(at), max(at)
        FROM (
          SELECT ${l.Timestamp} AS at, toString(${l.ServiceName}) AS service,
            ${severityWord} AS word, ${patternOfBody} AS pattern
          FROM ${logsTable.name}
          WHERE ${uncounted(noOther)}
          ORDER BY ${l.Timestamp} DESC LIMIT ${patternScanMax}
        )
        GROUP BY pattern, service, word
      ) AS all LEFT JOIN known USING (pattern, service, word)
      GROUP BY pattern, service, word
      ORDER BY ${gravest}, "Records" DESC LIMIT 50`),
    width: 24,
    height: 9,
    noValue: 'no log record matches these filters',
    fields: patternFields,
  });
}

export function newPatterns(): PanelDraft {
  return table({
    title: 'New since yesterday',
    description:
      'Patterns that nobody wrote before the last day of the shown time, grave ones first. After' +
      ' a deployment this is what the new version has to say; in the first day of a new database' +
      ' everything is new. A gateway of obsctl finds them every minute.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      SELECT ${seen.Pattern} AS "Pattern", ${seen.ServiceName} AS "Service",
        ${seen.Severity} AS word, word AS "Severity", min(${seen.FirstSeen}) AS "First seen",
        max(${seen.LastSeen}) AS "Last seen"
      FROM ${logPatterns.name} WHERE ${ofKind}
      GROUP BY ${seen.Pattern}, ${seen.ServiceName}, ${seen.Severity}
      HAVING "Last seen" >= $__fromTime AND "First seen" <= $__toTime
        AND "First seen" >= $__toTime - ${newDays * 86_400}
      ORDER BY ${gravest}, "First seen" DESC LIMIT 50`),
    width: 24,
    height: 9,
    noValue: 'nothing was written that was not written before',
    fields: { ...patternFields, word: { hidden: true } },
  });
}

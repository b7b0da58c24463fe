/** Logs: how many of which severity, search, and the lines with the way to their traces. */
import { logs as logsTable } from '../clickhouse/schema/logs.ts';
import { board, type DashboardJson } from './board.ts';
import { logBodyColumns, logLinks, severities, severityWord } from './logs-parts.ts';
import { logs, type PanelDraft, table, timeseries } from './panel.ts';
import { attributeKeysSql, columnsOf, sql } from './sql.ts';
import { choiceVariable, queryVariable, textVariable } from './variables.ts';

const l = columnsOf(logsTable);

const linesMax = 500;
const patternScanMax = 50_000;

export function logsDashboard(): DashboardJson {
  return board({
    key: 'logs',
    title: 'Logs',
    description: 'What the applications wrote: by severity, by service, by text, by trace.',
    variables: [
      queryVariable('service', {
        label: 'Service',
        description: 'Show only what these services wrote.',
        multi: true,
        all: true,
        rawSql: sql(`
          SELECT ${l.ServiceName} FROM ${logsTable.name} WHERE $__timeFilter(${l.Timestamp})
          GROUP BY ${l.ServiceName} ORDER BY ${l.ServiceName} LIMIT 1000`),
      }),
      choiceVariable('severity', {
        label: 'Severity',
        description: 'Only records of this severity.',
        choices: [
          { value: '', text: 'any' },
          ...severities.map(({ name }) => ({ value: name, text: name })),
        ],
      }),
      textVariable('search', {
        label: 'Search',
        description: 'Only records whose text contains this; upper and lower case are the same.',
      }),
      queryVariable('attributeKey', {
        label: 'Attribute',
        description: 'An attribute of the record or its resource, among those found in the data.',
        rawSql: attributeKeysSql(logsTable.name, l.Timestamp, [
          l.LogAttributes,
          l.ResourceAttributes,
        ]),
        initial: { text: '', value: '' },
      }),
      textVariable('attributeValue', {
        label: 'Attribute is',
        description: 'The value that the chosen attribute must have; empty means any value.',
      }),
      textVariable('traceId', {
        label: 'Trace id',
        description: 'Only records of this trace.',
      }),
    ],
    rows: [
      { title: '', panels: [volume()] },
      { title: '', panels: [lines()] },
      { title: 'What is written most', panels: [patterns()] },
    ],
  });
}

const matching = [
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

function volume(): PanelDraft {
  const words = [...severities.map(({ name }) => name), 'unknown'];
  return timeseries({
    title: 'Log records by severity',
    description:
      'Records a bucket that pass the filters above. Drag over a red peak to see only its lines.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      SELECT time, ${words.map((word) => `sumIf(records, word = '${word}') AS ${word}`).join(', ')}
      FROM (
        SELECT $__timeInterval(${l.Timestamp}) AS time, ${severityWord} AS word,
          sum(${l.SamplingWeight}) AS records
        FROM ${logsTable.name}
        WHERE ${matching}
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

function lines(): PanelDraft {
  return logs({
    title: 'Log records',
    description:
      `The newest ${linesMax} records that pass the filters. Open a line for its attributes and` +
      ` the` +
      ' link to its trace.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      SELECT ${logBodyColumns}
      FROM ${logsTable.name}
      WHERE ${matching}
      ORDER BY ${l.Timestamp} DESC LIMIT ${linesMax}`),
    width: 24,
    height: 16,
    noValue: 'no log record matches these filters; widen the time range or clear a filter',
    fields: logLinks,
  });
}

function patterns(): PanelDraft {
  const pattern =
    `replaceRegexpAll(substring(${l.Body}, 1, 300),` +
    " '[0-9a-fA-F]{8,}|[0-9]+([.,][0-9]+)*', '#')";
  return table({
    title: 'Patterns',
    description:
      'The same lines with numbers and ids replaced by #, counted. A pattern that is new and' +
      ' grave is worth a look; one that is frequent and useless is worth removing at its origin.',
    source: 'logs',
    empty: 'fine',
    query: sql(`
      SELECT pattern AS "Pattern", service AS "Service", word AS "Severity", count() AS "Records",
        min(at) AS "First seen", max(at) AS "Last seen"
      FROM (
        SELECT ${l.Timestamp} AS at, ${l.ServiceName} AS service, ${severityWord} AS word,
          ${pattern} AS pattern
        FROM ${logsTable.name}
        WHERE ${matching}
        ORDER BY ${l.Timestamp} DESC LIMIT ${patternScanMax}
      )
      GROUP BY pattern, service, word
      ORDER BY word IN ('fatal', 'error') DESC, "Records" DESC LIMIT 50`),
    width: 24,
    height: 9,
    noValue: 'no log record matches these filters',
    fields: {
      Service: { widthPx: 160 },
      Severity: {
        widthPx: 90,
        cell: 'text',
        values: Object.fromEntries(severities.map(({ name, colour }) => [name, { colour }])),
      },
      Records: { unit: 'short', decimals: 0, widthPx: 90 },
      'First seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
    },
  });
}

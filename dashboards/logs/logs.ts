/** Logs: how many of which severity, search, and the lines with the way to their traces. */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { attributeKeysSql, rawRowsMax, servicesOf, uncatalogued } from '../vocabulary/catalogue.ts';
import { logs, type PanelDraft } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { choiceVariable, queryVariable, textVariable } from '../vocabulary/variables.ts';
import { matching, newPatterns, patterns, volume } from './log-patterns.ts';
import { logBodyColumns, logLinks, severities } from './logs-parts.ts';

const l = columnsOf(logsTable);

const quoted = `'${logsTable.name}'`;

const linesMax = 500;

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
          SELECT value FROM (
            SELECT value FROM ${servicesOf(quoted)}
            UNION ALL
            SELECT ${l.ServiceName} AS value FROM ${logsTable.name}
            WHERE $__timeFilter(${l.Timestamp}) AND ${uncatalogued(quoted)} LIMIT ${rawRowsMax}
          )
          GROUP BY value ORDER BY value LIMIT 1000`),
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
      { title: 'What is written most, and what is new', panels: [patterns(), newPatterns()] },
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

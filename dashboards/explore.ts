/**
 * Explore: any table, filtered and grouped by any attribute found in the data.
 *
 * The tables are brought to one shape by a UNION whose branches are switched by a constant, so
 * ClickHouse reads only the chosen one, and no variable ever becomes an identifier.
 */
import { severityWord } from '../clickhouse/schema/log-patterns.ts';
import { logs } from '../clickhouse/schema/logs.ts';
import {
  exponentialHistogram,
  gauge,
  histogram,
  sum,
  summary,
} from '../clickhouse/schema/metrics.ts';
import { traces } from '../clickhouse/schema/traces.ts';
import { board, type DashboardJson } from './vocabulary/board.ts';
import { keysOf, rawRowsMax, servicesOf, uncatalogued } from './vocabulary/catalogue.ts';
import { type PanelDraft, table, timeseries } from './vocabulary/panel.ts';
import { columnsOf, sql } from './vocabulary/sql.ts';
import { choiceVariable, queryVariable, textVariable } from './vocabulary/variables.ts';

const t = columnsOf(traces);
const l = columnsOf(logs);
const m = columnsOf(sum);
const h = columnsOf(histogram);

const keysScanMax = 20_000;
const groupsMax = 10;
const rowsMax = 200;

type Branch = {
  readonly table: string;
  readonly time: string;
  readonly name: string;
  readonly status: string;
  readonly text: string;
  readonly value: string;
  readonly weight: string;
  readonly attributes: string;
  readonly trace: string;
  /** What `value` is, for the list of tables. */
  readonly says: string;
};

const points = (name: string, value: string, says: string): Branch => ({
  table: name,
  time: m.TimeUnix,
  name: m.MetricName,
  status: m.MetricUnit,
  text: m.MetricDescription,
  value,
  weight: '1.',
  attributes: m.Attributes,
  trace: "''",
  says,
});

const branches: readonly Branch[] = [
  {
    table: traces.name,
    time: t.Timestamp,
    name: t.SpanName,
    status: t.StatusCode,
    text: t.StatusMessage,
    value: `${t.Duration} / 1e6`,
    weight: t.SamplingWeight,
    attributes: t.SpanAttributes,
    trace: t.TraceId,
    says: 'spans; the value is the duration in ms',
  },
  {
    table: logs.name,
    time: l.Timestamp,
    name: l.ScopeName,
    status: severityWord,
    text: l.Body,
    value: `toFloat64(length(${l.Body}))`,
    weight: l.SamplingWeight,
    attributes: l.LogAttributes,
    trace: l.TraceId,
    says: 'log records; the value is the length of the text',
  },
  points(gauge.name, m.Value, 'gauge points'),
  points(sum.name, m.Value, 'sum points; the value is as sent, not a rate'),
  points(histogram.name, `${h.Sum} / ${h.Count}`, 'histogram points; the value is their mean'),
  points(exponentialHistogram.name, `${h.Sum} / ${h.Count}`, 'the same with exponential buckets'),
  points(summary.name, `${h.Sum} / ${h.Count}`, 'summary points; the value is their mean'),
];

const chosenTable = `\${table:singlequote}`;

/** Resource attributes carry this prefix in the lists, so that the two kinds never collide. */
const resourcePrefix = 'resource.';

/** The chosen table in one shape: at, service, name, status, text, value, weight, a, r, trace. */
function rowsOf(limit?: number, condition?: string): string {
  const branch = (b: Branch): string =>
    `SELECT ${b.time} AS at, ${t.ServiceName} AS service, toString(${b.name}) AS name,` +
    ` toString(${b.status}) AS status, toString(${b.text}) AS text, toFloat64(${b.value}) AS` +
    ` value, toFloat64(${b.weight}) AS weight, ${b.attributes} AS a, ${t.ResourceAttributes} AS` +
    ` r, ${b.trace} AS trace FROM ${b.table}` +
    ` WHERE \${table:singlequote} = '${b.table}' AND $__timeFilter(${b.time})` +
    (condition === undefined ? '' : ` AND ${condition}`) +
    (limit === undefined ? '' : ` LIMIT ${limit}`);
  return `(\n  ${branches.map((b) => branch(b)).join('\n  UNION ALL ')}\n)`;
}

/** The value of the field or attribute that the variable `name` chose, for one row. */
const chosen = (name: string): string => {
  const key = `\${${name}:singlequote}`;
  return (
    `multiIf(${key} = 'service', toString(service), ${key} = 'name', name,` +
    ` ${key} = 'status', status, ${key} = 'text', text, startsWith(${key}, '${resourcePrefix}'),` +
    ` r[substring(${key}, ${resourcePrefix.length + 1})], a[${key}])`
  );
};

const value = `\${filterValue:singlequote}`;
const operator = `\${operator:singlequote}`;

const filters =
  `$__conditionalAll((multiIf(${operator} = '=', ${chosen('filter')} = ${value},` +
  ` ${operator} = '!=', ${chosen('filter')} != ${value},` +
  ` ${operator} = '>', toFloat64OrZero(${chosen('filter')}) > toFloat64OrZero(${value}),` +
  ` ${operator} = '<', toFloat64OrZero(${chosen('filter')}) < toFloat64OrZero(${value}),` +
  ` positionCaseInsensitiveUTF8(${chosen('filter')}, ${value}) > 0)), $filter)` +
  ` AND $__conditionalAll(service IN (\${service:singlequote}), $service)`;

const measures = [
  { value: 'count', text: 'how many', expression: 'sum(weight)' },
  { value: 'rate', text: 'how many a second', expression: 'sum(weight) / $__interval_s' },
  {
    value: 'errors',
    text: 'share of errors',
    expression: "avg(status IN ('Error', 'error', 'fatal'))",
  },
  { value: 'avg', text: 'mean of the value', expression: 'avg(value)' },
  { value: 'sum', text: 'sum of the value', expression: 'sum(value)' },
  { value: 'max', text: 'largest value', expression: 'max(value)' },
  { value: 'p50', text: 'median of the value', expression: 'quantile(0.5)(value)' },
  { value: 'p95', text: 'p95 of the value', expression: 'quantile(0.95)(value)' },
  { value: 'p99', text: 'p99 of the value', expression: 'quantile(0.99)(value)' },
] as const;

const measured = `multiIf(${measures
  .slice(1)
  .map((measure) => `\${measure:singlequote} = '${measure.value}', ${measure.expression}`)
  .join(', ')}, ${measures[0].expression})`;

export function exploreDashboard(): DashboardJson {
  return board({
    key: 'explore',
    title: 'Explore',
    description:
      'Any table: filter and group by any attribute that the data has. Click a value in the list' +
      ' to filter by it.',
    variables: [...whatVariables(), ...filterVariables()],
    rows: [
      { title: '', panels: [measureOverTime()] },
      { title: '', panels: [groups(), attributesFound()] },
      { title: '', panels: [rows()] },
    ],
  });
}

function whatVariables() {
  return [
    choiceVariable('table', {
      label: 'Table',
      description: 'What to look at.',
      choices: branches.map((branch) => ({ value: branch.table, text: branch.table })),
    }),
    choiceVariable('measure', {
      label: 'Measure',
      description: branches.map((branch) => `${branch.table}: ${branch.says}`).join('. '),
      choices: measures.map((measure) => ({ value: measure.value, text: measure.text })),
    }),
    queryVariable('group', {
      label: 'Group by',
      description: 'A field or an attribute found in the data.',
      rawSql: keysSql(),
      initial: { text: 'service', value: 'service' },
    }),
  ];
}

function filterVariables() {
  return [
    queryVariable('service', {
      label: 'Service',
      description: 'Only these services.',
      multi: true,
      all: true,
      rawSql: sql(`
        SELECT service FROM (
          SELECT value AS service FROM ${servicesOf(chosenTable)}
          UNION ALL
          SELECT toString(service) FROM ${rowsOf(rawRowsMax, uncatalogued(chosenTable))}
        )
        GROUP BY service ORDER BY service LIMIT 500`),
    }),
    queryVariable('filter', {
      label: 'Where',
      description: 'A field or an attribute found in the data; empty means no condition.',
      rawSql: keysSql("SELECT '' AS key UNION ALL "),
      initial: { text: '', value: '' },
    }),
    choiceVariable('operator', {
      label: 'is',
      description: 'How the value is compared; > and < compare numbers.',
      choices: [
        { value: '=', text: '=' },
        { value: '!=', text: '!=' },
        { value: 'contains', text: 'contains' },
        { value: '>', text: '>' },
        { value: '<', text: '<' },
      ],
    }),
    textVariable('filterValue', { label: 'Value', description: 'What to compare with.' }),
  ];
}

/** The fields that every table has, then the attributes that its rows carry. */
function keysSql(first = ''): string {
  return sql(`
    SELECT key FROM (
      ${first}SELECT arrayJoin(['service', 'name', 'status', 'text']) AS key
      UNION ALL
      SELECT if(kind = 'resource', concat('${resourcePrefix}', key), key) AS key
      FROM ${keysOf(chosenTable)} WHERE kind != 'scope'
      UNION ALL
      SELECT arrayJoin(arrayConcat(mapKeys(a), arrayMap(k -> concat('${resourcePrefix}', k),
        mapKeys(r)))) AS key
      FROM ${rowsOf(rawRowsMax, uncatalogued(chosenTable))}
    )
    GROUP BY key
    ORDER BY indexOf(['text', 'status', 'name', 'service', ''], key) DESC, key LIMIT 500`);
}

function measureOverTime(): PanelDraft {
  return timeseries({
    title: 'Over time',
    description:
      `The chosen measure for the ${groupsMax} most frequent values of the chosen attribute.` +
      ` Drag over` +
      ' a part to zoom in.',
    source: 'telemetry',
    empty: 'fine',
    query: sql(`
      WITH found AS (
        SELECT at, ${chosen('group')} AS grouped, status, value, weight
        FROM ${rowsOf()}
        WHERE ${filters}
      ),
      frequent AS (
        SELECT grouped FROM found GROUP BY grouped ORDER BY count() DESC LIMIT ${groupsMax}
      )
      SELECT $__timeInterval(at) AS time, if(grouped = '', '(none)', grouped) AS series,
        ${measured} AS measure
      FROM found WHERE grouped IN frequent
      GROUP BY time, series ORDER BY time, series`),
    width: 24,
    height: 9,
    unit: 'short',
    noValue: 'nothing matches; choose another table, range or filter',
    interval: '10s',
    seriesName: `\${__field.labels.series}`,
  });
}

const keep = {
  table: 'same',
  measure: 'same',
  group: 'same',
  service: 'same',
} as const;

function groups(): PanelDraft {
  return table({
    title: 'Groups',
    description: 'Every value of the chosen attribute. Click one to look only at it.',
    source: 'telemetry',
    empty: 'fine',
    query: sql(`
      SELECT grouped AS "Value", ${measured} AS "Measure", sum(weight) AS "Rows",
        avg(status IN ('Error', 'error', 'fatal')) AS "Errors", any(\${group:singlequote}) AS "Key"
      FROM (
        SELECT ${chosen('group')} AS grouped, status, value, weight
        FROM ${rowsOf()}
        WHERE ${filters}
      )
      GROUP BY grouped ORDER BY "Rows" DESC LIMIT ${rowsMax}`).replaceAll(
      '$__interval_s',
      "greatest(1, dateDiff('second', $__fromTime, $__toTime))",
    ),
    width: 12,
    height: 10,
    noValue: 'nothing matches',
    fields: {
      Value: {
        links: [
          {
            title: 'Only this value',
            to: 'explore',
            set: {
              ...keep,
              filter: { field: 'Key' },
              operator: { text: '=' },
              filterValue: { field: 'Value' },
            },
          },
        ],
      },
      Measure: { unit: 'short', decimals: 2 },
      Rows: { unit: 'short', decimals: 0 },
      Errors: { unit: 'percentunit', decimals: 1 },
      Key: { hidden: true },
    },
  });
}

function attributesFound(): PanelDraft {
  return table({
    title: 'Attributes in the data',
    description:
      `What the matching rows carry (a sample of ${keysScanMax}): how many rows have the` +
      ` attribute, how` +
      ' many values it has, and one of them. Click an attribute to group by it.',
    source: 'telemetry',
    empty: 'fine',
    query: sql(`
      SELECT key AS "Attribute", count() / any(total) AS "Rows with it", uniq(held) AS "Values",
        any(held) AS "For example"
      FROM (
        SELECT count() OVER () AS total,
          arrayConcat(mapKeys(a), arrayMap(k -> concat('${resourcePrefix}', k), mapKeys(r))) AS
            keys,
          arrayConcat(mapValues(a), mapValues(r)) AS vals
        FROM (SELECT * FROM ${rowsOf()} WHERE ${filters} LIMIT ${keysScanMax})
      ) ARRAY JOIN keys AS key, vals AS held
      GROUP BY key ORDER BY "Rows with it" DESC, key LIMIT ${rowsMax}`),
    width: 12,
    height: 10,
    noValue: 'nothing matches',
    fields: {
      Attribute: {
        links: [
          {
            title: 'Group by it',
            to: 'explore',
            set: {
              table: 'same',
              measure: 'same',
              service: 'same',
              filter: 'same',
              operator: 'same',
              filterValue: 'same',
              group: { field: 'Attribute' },
            },
          },
        ],
      },
      'Rows with it': { unit: 'percentunit', decimals: 0 },
      Values: { unit: 'short', decimals: 0 },
    },
  });
}

function rows(): PanelDraft {
  return table({
    title: 'Rows',
    description: `The newest ${rowsMax} rows that match, with everything they carry.`,
    source: 'telemetry',
    empty: 'fine',
    query: sql(`
      SELECT at AS "Time", service AS "Service", name AS "Name", status AS "Status",
        value AS "Value", text AS "Text", trace AS "Trace", a AS "Attributes", r AS "Resource"
      FROM ${rowsOf()}
      WHERE ${filters}
      ORDER BY at DESC LIMIT ${rowsMax}`),
    width: 24,
    height: 12,
    noValue: 'nothing matches; choose another table, range or filter',
    fields: {
      Time: { unit: 'dateTimeAsLocal', widthPx: 190 },
      Service: {
        links: [{ title: 'This service', to: 'services', set: { service: { field: 'Service' } } }],
      },
      Value: { unit: 'short', decimals: 2, widthPx: 110 },
      Trace: {
        links: [{ title: 'Open this trace', to: 'traces', set: { traceId: { field: 'Trace' } } }],
      },
    },
  });
}

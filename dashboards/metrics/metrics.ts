/** Metrics: every metric there is, found by name and label, and drawn as its kind asks for. */
import { seriesCatalogue } from '../../clickhouse/schema/catalogue.ts';
import { gauge, histogram, sum } from '../../clickhouse/schema/metrics.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { inUnits } from '../vocabulary/catalogue.ts';
import { type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { histogramPercentile, histogramSteps, levels, rates } from '../vocabulary/points.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { choiceVariable, queryVariable, textVariable } from '../vocabulary/variables.ts';

const c = columnsOf(seriesCatalogue);
const points = columnsOf(sum);

const metricsMax = 1000;
const linesMax = 20;

const resourcePrefix = 'resource.';

/** Series of the shown time. */
const shown = `FROM ${seriesCatalogue.name} WHERE ${inUnits(c.Time)}`;

/** The metric that is chosen; without a choice the one with most points, of `tables`. */
const chosenOf = (tables: readonly string[]): string =>
  `if(\${metric:singlequote} != '', \${metric:singlequote}, (SELECT argMax(name, (found, name))` +
  ` FROM (SELECT toString(${c.MetricName}) AS name, sum(${c.Rows}) AS found` +
  ` ${shown} AND \`${c.Table}\` IN ('${tables.join("', '")}') GROUP BY name)))`;

const drawn = chosenOf([gauge.name, sum.name]);

/** The label that the variable `name` chose; the columns are called alike in points and series. */
const label = (name: string): string => {
  const key = `\${${name}:singlequote}`;
  return (
    `multiIf(${key} = '', '', ${key} = 'service', toString(${c.ServiceName}),` +
    ` startsWith(${key}, '${resourcePrefix}'),` +
    ` ${c.ResourceAttributes}[substring(${key}, ${resourcePrefix.length + 1})],` +
    ` ${c.Attributes}[${key}])`
  );
};

const matching =
  `$__conditionalAll(${c.ServiceName} IN (\${service:singlequote}), $service)` +
  ` AND $__conditionalAll(${label('filter')} = \${filterValue:singlequote}, $filterValue)`;

/** Labels of the chosen metric, `first` before them. */
const labelsSql = (first: string): string =>
  sql(`
    SELECT key FROM (
      SELECT arrayJoin(['${first}', 'service']) AS key
      UNION ALL
      SELECT arrayJoin(arrayConcat(mapKeys(${c.Attributes}),
        arrayMap(k -> concat('${resourcePrefix}', k), mapKeys(${c.ResourceAttributes})))) AS key
      ${shown} AND ${c.MetricName} = ${drawn}
    )
    GROUP BY key ORDER BY indexOf(['service', ''], key) DESC, key LIMIT 500`);

export function metricsDashboard(): DashboardJson {
  return board({
    key: 'metrics',
    title: 'Metrics',
    description:
      'Every metric there is: what it measures, who sends it, with which labels, and its course.',
    variables: [...whichVariables(), ...howVariables()],
    rows: [
      { title: '', panels: [course()] },
      { title: 'All of them', panels: [list()] },
      { title: 'The chosen one', panels: [labels(), percentiles()] },
    ],
  });
}

function whichVariables() {
  return [
    textVariable('search', {
      label: 'Search',
      description: 'Only metrics whose name or description contains this.',
    }),
    queryVariable('metric', {
      label: 'Metric',
      description: 'The metric to draw, among those found in the data.',
      rawSql: sql(`
        SELECT ${c.MetricName} ${shown}
        GROUP BY ${c.MetricName} ORDER BY ${c.MetricName} LIMIT ${metricsMax}`),
    }),
    queryVariable('service', {
      label: 'Service',
      description: 'Only series of these services.',
      multi: true,
      all: true,
      rawSql: sql(`
        SELECT ${c.ServiceName} ${shown} AND ${c.MetricName} = ${drawn}
        GROUP BY ${c.ServiceName} ORDER BY ${c.ServiceName} LIMIT 1000`),
    }),
    queryVariable('filter', {
      label: 'Where',
      description: 'A label of the metric; empty means no condition.',
      rawSql: labelsSql(''),
      initial: { text: '', value: '' },
    }),
    queryVariable('filterValue', {
      label: 'is',
      description: 'The value that the label must have; empty means any value.',
      rawSql: sql(`
        SELECT value FROM (
          SELECT '' AS value
          UNION ALL
          SELECT ${label('filter')} AS value ${shown} AND ${c.MetricName} = ${drawn}
        )
        GROUP BY value ORDER BY value LIMIT 1000`),
      initial: { text: '', value: '' },
    }),
  ];
}

function howVariables() {
  return [
    queryVariable('group', {
      label: 'Line by',
      description: `A line for each value of this label, at most ${linesMax}; empty: one line.`,
      rawSql: labelsSql(''),
      initial: { text: 'service', value: 'service' },
    }),
    choiceVariable('over', {
      label: 'Series as',
      description: 'How the series of one line become one value. Shares and levels are no sums.',
      choices: ['sum', 'avg', 'max', 'min'].map((value) => ({ value, text: value })),
    }),
  ];
}

function course(): PanelDraft {
  const spec = {
    metric: { sql: drawn },
    labels: {
      label: label('group'),
      each: `cityHash64(${points.ServiceName}, ${points.ResourceAttributes}, ${points.Attributes})`,
    },
  };
  const isLevel = `NOT ${points.IsMonotonic}`;
  const over = (['avg', 'max', 'min'] as const)
    .map((word) => `\${over:singlequote} = '${word}', ${word}(level)`)
    .join(', ');
  return timeseries({
    title: 'Course',
    description:
      'The chosen metric: a counter as its growth a second, a histogram as its values a second,' +
      ' anything else as its level.' +
      ` Of many lines the ${linesMax} with most points are drawn; narrow them down above.`,
    source: 'series',
    empty: 'fine',
    query: sql(`
      SELECT time, if(label = '', '(all)', label) AS line, multiIf(${over}, sum(level)) AS value
      FROM (
        SELECT time, label, level
        FROM ${levels({ ...spec, kind: 'gauge', filter: matching })}
        UNION ALL
        SELECT time, label, level
        FROM ${levels({ ...spec, kind: 'sum', filter: `${isLevel} AND ${matching}` })}
        UNION ALL
        SELECT time, label, rate AS level
        FROM ${rates({ ...spec, filter: `${points.IsMonotonic} AND ${matching}` })}
        UNION ALL
        SELECT time, label, rate AS level
        FROM ${rates({ ...spec, ofHistogram: true, filter: matching })}
      )
      WHERE label IN (
        SELECT ${label('group')} AS label ${shown} AND ${c.MetricName} = ${drawn} AND ${matching}
        GROUP BY label ORDER BY sum(${c.Rows}) DESC, label LIMIT ${linesMax}
      )
      GROUP BY time, label ORDER BY time, label`),
    width: 24,
    height: 9,
    unit: 'short',
    noValue: 'no point matches; choose another metric, label or range',
    interval: '10s',
    seriesName: `\${__field.labels.line}`,
  });
}

function list(): PanelDraft {
  const search =
    `$__conditionalAll((positionCaseInsensitiveUTF8(${c.MetricName}, \${search:singlequote}) > 0` +
    ` OR positionCaseInsensitiveUTF8(${c.MetricDescription}, \${search:singlequote}) > 0),` +
    ' $search)';
  return table({
    title: 'Metrics that there are',
    description:
      'Each metric by its kind, with how many series it has: many series are what a metric costs.' +
      ' Click a name to draw it.',
    source: 'series',
    empty: 'fine',
    query: sql(`
      SELECT ${c.MetricName} AS "Metric", replaceOne(\`${c.Table}\`, 'otel_metrics_', '') AS "Kind",
        max(${c.MetricUnit}) AS "Unit", max(${c.MetricDescription}) AS "What it measures",
        uniqExact(${c.Series}) AS "Series", uniqExact(${c.ServiceName}) AS "Services",
        sum(${c.Rows}) AS "Points", max(${c.LastSeen}) AS "Last seen"
      ${shown} AND ${search}
        AND $__conditionalAll(${c.ServiceName} IN (\${service:singlequote}), $service)
      GROUP BY ${c.MetricName}, \`${c.Table}\`
      ORDER BY "Series" DESC, "Metric" LIMIT ${metricsMax}`),
    width: 24,
    height: 12,
    noValue: 'no metric matches',
    fields: {
      Metric: {
        links: [{ title: 'Draw it', to: 'metrics', set: { metric: { field: 'Metric' } } }],
      },
      Kind: { widthPx: 110 },
      Unit: { widthPx: 90 },
      Series: { unit: 'short', decimals: 0, widthPx: 90 },
      Services: { unit: 'short', decimals: 0, widthPx: 90 },
      Points: { unit: 'short', decimals: 0, widthPx: 90 },
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
    },
  });
}

function labels(): PanelDraft {
  return table({
    title: 'Labels',
    description:
      'What tells the series of the metric apart. A label with very many values is what makes it' +
      ' dear. Click one to draw a line for each of its values.',
    source: 'series',
    empty: 'fine',
    query: sql(`
      SELECT key AS "Label", uniqExact(held) AS "Values", uniqExact(id) AS "Series",
        min(held) AS "For example", any(${drawn}) AS "Metric"
      FROM (
        SELECT ${c.Series} AS id,
          arrayConcat(mapKeys(${c.Attributes}), arrayMap(k -> concat('${resourcePrefix}', k),
            mapKeys(${c.ResourceAttributes}))) AS keys,
          arrayConcat(mapValues(${c.Attributes}), mapValues(${c.ResourceAttributes})) AS texts
        ${shown} AND ${c.MetricName} = ${drawn} AND ${matching}
      ) ARRAY JOIN keys AS key, texts AS held
      GROUP BY key ORDER BY "Values" DESC, key LIMIT 500`),
    width: 12,
    height: 10,
    noValue: 'the metric has no labels',
    fields: {
      Label: {
        links: [
          {
            title: 'A line for each value',
            to: 'metrics',
            set: { metric: { field: 'Metric' }, service: 'same', group: { field: 'Label' } },
          },
        ],
      },
      Values: { unit: 'short', decimals: 0 },
      Series: { unit: 'short', decimals: 0 },
      Metric: { hidden: true },
    },
  });
}

function percentiles(): PanelDraft {
  const spec = { metric: { sql: chosenOf([histogram.name]) }, filter: matching };
  return timeseries({
    title: 'Percentiles of a histogram',
    description:
      'Half, 95 % and 99 % of the values of the chosen histogram lie below these lines; straight' +
      ' between two bounds of its buckets. Metrics of other kinds draw nothing here.',
    source: 'series',
    empty: 'fine',
    query: sql(`
      SELECT time, ${histogramPercentile(0.5)} AS p50, ${histogramPercentile(0.95)} AS p95,
        ${histogramPercentile(0.99)} AS p99
      FROM ${histogramSteps(spec)}
      ORDER BY time`),
    width: 12,
    height: 10,
    unit: 'short',
    noValue: 'the chosen metric is no histogram',
    interval: '10s',
  });
}

/** Sources: what sends telemetry, how much, and since when something is silent. */
import {
  attributeCatalogue,
  catalogueSeconds,
  type namingKeys,
} from '../../clickhouse/schema/catalogue.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { inUnits } from '../vocabulary/catalogue.ts';
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, stat, type Threshold, table, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { choiceVariable } from '../vocabulary/variables.ts';

const a = columnsOf(attributeCatalogue);

/** How long before the end of the shown time a source that is silent now is looked for. */
const knownDays = 7;
const sourcesMax = 500;

const silenceSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'spoke in the last 10 minutes' },
  { from: 600, colour: 'orange', text: 'silent for 10 minutes' },
  { from: 3600, colour: 'red', text: 'silent for an hour: look whether it is gone on purpose' },
];

const signal =
  `multiIf(\`${a.Table}\` = '${traces.name}', 'traces',` +
  ` \`${a.Table}\` = '${logs.name}', 'logs', 'metrics')`;

const bySignal = `$__conditionalAll(${signal} = \${signal:singlequote}, $signal)`;

/** The end of what is shown; nobody is silent in the future. */
const end = 'least($__toTime, now())';

/** Seconds of the units that the shown time touches. */
const shownSeconds =
  `greatest(1, toUnixTimestamp(${end}) -` +
  ` intDiv(toUnixTimestamp($__fromTime), ${catalogueSeconds}) * ${catalogueSeconds})`;

type NamingKey = (typeof namingKeys)[number];

/** A table expression: `source`, `word`, `seen`, `silent` (seconds) and `speed` (rows a second). */
const sourcesBy = (key: NamingKey): string => `(
    SELECT ${a.Value} AS source, ${signal} AS word, max(${a.LastSeen}) AS seen,
      greatest(0, dateDiff('second', seen, ${end})) AS silent,
      sumIf(${a.Rows}, ${inUnits(a.Time)}) / ${shownSeconds} AS speed
    FROM ${attributeCatalogue.name}
    WHERE ${a.Time} >= least($__fromTime, $__toTime - ${knownDays * 86_400})
      AND ${a.Time} <= $__toTime AND ${a.Kind} = 'resource' AND \`${a.Key}\` = '${key}'
      AND ${a.Values} = 0 AND source != '' AND ${bySignal}
    GROUP BY source, word
  )`;

export function sourcesDashboard(): DashboardJson {
  return board({
    key: 'sources',
    title: 'Sources',
    description: 'What sends telemetry: when it was last heard, how much it sends, who is silent.',
    variables: [
      choiceVariable('signal', {
        label: 'Signal',
        description: 'Only this signal.',
        choices: [
          { value: '', text: 'any' },
          ...['traces', 'logs', 'metrics'].map((value) => ({ value, text: value })),
        ],
      }),
    ],
    rows: [
      { title: '', panels: [silentSources(), rowsOverTime()] },
      { title: 'By service', panels: [sourceTable('service.name', 'Services', serviceLink)] },
      {
        title: 'By machine',
        panels: [
          sourceTable('host.name', 'Hosts', hostLink),
          sourceTable('k8s.node.name', 'Nodes of Kubernetes', nodeLink),
        ],
      },
      { title: 'By cluster', panels: [sourceTable('k8s.cluster.name', 'Clusters', clusterLink)] },
    ],
  });
}

const serviceLink: Link = {
  title: 'This service',
  to: 'services',
  set: { service: { field: 'Source' } },
};
const hostLink: Link = { title: 'This machine', to: 'machine', set: { host: { field: 'Source' } } };
const nodeLink: Link = { title: 'This node', to: 'node', set: { node: { field: 'Source' } } };
const clusterLink: Link = {
  title: 'This cluster',
  to: 'kubernetes',
  set: { cluster: { field: 'Source' } },
};

function silentSources(): PanelDraft {
  const keys = ['service.name', 'host.name', 'k8s.node.name', 'k8s.cluster.name'] as const;
  const all = keys.map((key) => `SELECT silent FROM ${sourcesBy(key)}`).join(' UNION ALL ');
  return stat({
    title: 'Silent',
    description:
      `Services, machines and clusters, a signal each, that were heard in the last ${knownDays}` +
      ' days and not in the last 10 minutes. green: all speak; orange: look at the tables below,' +
      ' the longest silence is on top.',
    source: 'catalogue',
    query: sql(`SELECT countIf(silent >= 600) AS "Silent" FROM (${all}) HAVING count() > 0`),
    width: 6,
    height: 7,
    unit: 'short',
    noValue: 'no source is known',
    thresholds: [
      { from: 0, colour: 'green', text: 'all speak' },
      { from: 1, colour: 'orange', text: 'something is silent' },
    ],
  });
}

function rowsOverTime(): PanelDraft {
  const step = `greatest($__interval_s, ${catalogueSeconds})`;
  return timeseries({
    title: 'Rows by signal',
    description:
      'Spans, log records and points that were stored, by quarter hour at the finest. A signal' +
      ' that ends is worth a look at its agents; the last bar is still growing.',
    source: 'catalogue',
    query: sql(`
      SELECT toStartOfInterval(${a.Time}, toIntervalSecond(${step})) AS time, ${signal} AS word,
        sum(${a.Rows}) AS rows
      FROM ${attributeCatalogue.name}
      WHERE ${inUnits(a.Time)} AND ${a.Kind} = '' AND ${bySignal}
      GROUP BY time, word ORDER BY time, word`),
    width: 18,
    height: 7,
    unit: 'short',
    noValue: 'nothing was stored',
    interval: '15m',
    draw: 'bars',
    stack: true,
    seriesName: `\${__field.labels.word}`,
  });
}

function sourceTable(key: NamingKey, title: string, link: Link): PanelDraft {
  return table({
    title,
    description:
      `By \`${key}\` and signal, the longest silence first: what was heard in the` +
      ` ${knownDays} days before the end of the shown time. green: spoke in the last 10 minutes;` +
      ' orange: silent for 10 minutes; red: silent for an hour. A name that is gone on purpose' +
      ` leaves after ${knownDays} days.`,
    source: 'catalogue',
    empty: 'fine',
    query: sql(`
      SELECT source AS "Source", word AS "Signal", seen AS "Last seen", silent AS "Silent for",
        speed AS "Rows a second"
      FROM ${sourcesBy(key)}
      ORDER BY silent DESC, source, word LIMIT ${sourcesMax}`),
    width: key === 'host.name' || key === 'k8s.node.name' ? 12 : 24,
    height: 9,
    noValue: `no resource says its ${key}`,
    fields: {
      Source: { links: [link] },
      Signal: { widthPx: 100 },
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
      'Silent for': { unit: 's', decimals: 0, cell: 'text', thresholds: silenceSteps },
      'Rows a second': { unit: 'short', decimals: 2 },
    },
  });
}

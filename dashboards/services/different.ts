/**
 * What is different: some requests against all the others, and the attribute values that are more
 * frequent among them. Which requests: the slowest, the failed, or a region of a heat map.
 */
import { traces } from '../../clickhouse/schema/traces.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import type { Link } from '../vocabulary/links.ts';
import { type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { choiceVariable, textVariable } from '../vocabulary/variables.ts';
import { latencyHeatmap } from './services-charts.ts';
import { operationVariable, serviceVariable } from './services-parts.ts';

const t = columnsOf(traces);

/** More requests are sampled, evenly: the shares stay, and the answer comes within a second. */
const requestsMax = 100_000;
const valuesMax = 50;
const listMax = 50;
/** Smaller differences are chance. */
const differenceMin = 0.01;

export function differentDashboard(): DashboardJson {
  return board({
    key: 'different',
    title: 'What is different',
    description:
      'Some requests against all the others of the same services: which attribute values are more' +
      ' frequent among them. Choose the slowest, the failed, or drag over a heat map.',
    variables: [serviceVariable(), operationVariable(), ...chosenVariables()],
    rows: [
      { title: '', panels: [latencyHeatmap(), chosenOverTime()] },
      { title: '', panels: [attributesThatDiffer(), operationsThatDiffer()] },
      { title: '', panels: [chosenRequests()] },
    ],
  });
}

function chosenVariables() {
  return [
    choiceVariable('compare', {
      label: 'Compare',
      description: 'Which requests are held against all the others.',
      choices: [
        { value: 'slowest', text: 'the slowest twentieth' },
        { value: 'failed', text: 'the failed' },
        { value: 'region', text: 'those within the limits' },
      ],
    }),
    textVariable('minDuration', {
      label: 'From (ms)',
      description: 'A limit: requests that took at least so many milliseconds.',
    }),
    textVariable('maxDuration', {
      label: 'To (ms)',
      description: 'A limit: requests that took less than so many milliseconds.',
    }),
    textVariable('since', {
      label: 'Since',
      description: 'A limit: requests that began at this time or later, as 2026-07-31T10:00:00Z.',
    }),
    textVariable('until', {
      label: 'Until',
      description: 'A limit: requests that began before this time.',
    }),
  ];
}

const inRange = `$__timeFilter(${t.Timestamp})`;
const isEntry = `${t.SpanKind} IN ('Server', 'Consumer')`;

/** Requests as *Services* counts them: all spans of a service that has no entry spans. */
const requests = [
  inRange,
  `$__conditionalAll(${t.ServiceName} IN (\${service:singlequote}), $service)`,
  `$__conditionalAll(${t.SpanName} IN (\${operation:singlequote}), $operation)`,
  `(${isEntry} OR ${t.ServiceName} NOT IN` +
    ` (SELECT ${t.ServiceName} FROM ${traces.name} WHERE ${inRange} AND ${isEntry}))`,
].join('\n        AND ');

const limit = (variable: string, comparison: string, value: string): string =>
  `$__conditionalAll(${comparison} ${value}, $${variable})`;
const milliseconds = (variable: string): string =>
  `toFloat64OrZero(\${${variable}:singlequote}) * 1e6`;
const moment = (variable: string): string =>
  `parseDateTime64BestEffortOrZero(\${${variable}:singlequote}, 3, 'UTC')`;

const withinLimits = [
  limit('minDuration', `${t.Duration} >=`, milliseconds('minDuration')),
  limit('maxDuration', `${t.Duration} <`, milliseconds('maxDuration')),
  limit('since', `${t.Timestamp} >=`, moment('since')),
  limit('until', `${t.Timestamp} <`, moment('until')),
].join(' AND ');

/** Uses `threshold` of {@link withThreshold}. */
const isChosen =
  `multiIf(\${compare:singlequote} = 'failed', ${t.StatusCode} = 'Error',` +
  ` \${compare:singlequote} = 'region', ${withinLimits}, ${t.Duration} >= threshold)`;

const withThreshold = `
  (SELECT quantile(0.95)(${t.Duration}) FROM ${traces.name}
        WHERE ${requests}) AS threshold`.trim();

/** Every n-th request, by its id, so that no more than {@link requestsMax} are taken apart. */
const withStep = `
  (SELECT greatest(1, intDiv(count(), ${requestsMax})) FROM ${traces.name}
        WHERE ${requests}) AS step`.trim();

function chosenOverTime(): PanelDraft {
  return timeseries({
    title: 'Chosen and other requests',
    description:
      'How many requests are held against how many others, a bucket. When the chosen ones come in' +
      ' a burst, look at what began then; when they are spread evenly, at what they carry.',
    source: 'spans',
    empty: 'fine',
    query: sql(`
      WITH ${withThreshold}
      SELECT $__timeInterval(${t.Timestamp}) AS time,
        sumIf(${t.SamplingWeight}, ${isChosen}) AS chosen,
        sumIf(${t.SamplingWeight}, NOT (${isChosen})) AS others
      FROM ${traces.name}
      WHERE ${requests}
      GROUP BY time ORDER BY time`),
    width: 12,
    height: 9,
    unit: 'short',
    noValue: 'no requests in this time range',
    interval: '10s',
    draw: 'bars',
    stack: true,
    fields: { chosen: { colour: 'orange' }, others: { colour: 'blue' } },
  });
}

/** Shares of `hits` and `others` in their totals, which stand in the row with the empty key. */
function ranked(keys: readonly string[], inner: string, columns: string): string {
  const total = (count: string): string =>
    `greatest(1e-9, sum(if(${keys[0]} = '', ${count}, 0)) OVER ())`;
  return sql(`
      WITH ${withThreshold},
        ${withStep}
      SELECT ${columns}, mine AS "In the chosen", rest AS "In the others",
        mine - rest AS "Difference", hits AS "Chosen"
      FROM (
        SELECT ${keys.join(', ')},
          sumIf(weight, chosen) AS hits, sumIf(weight, NOT chosen) AS others,
          hits / ${total('hits')} AS mine, others / ${total('others')} AS rest
        FROM (
          ${inner}
        )
        GROUP BY ${keys.join(', ')}
      )
      WHERE ${keys[0]} != '' AND mine - rest >= ${differenceMin}
      ORDER BY "Difference" DESC, ${keys.join(', ')} LIMIT ${valuesMax}`);
}

const sampled = `FROM ${traces.name}
          WHERE ${requests}
            AND cityHash64(${t.SpanId}) % step = 0`;

const shares = {
  'In the chosen': { unit: 'percentunit', decimals: 0, cell: 'bar', max: 1 },
  'In the others': { unit: 'percentunit', decimals: 0, cell: 'bar', max: 1 },
  Difference: { unit: 'percentunit', decimals: 0, widthPx: 100 },
  Chosen: { unit: 'short', decimals: 0, widthPx: 90 },
} as const;

function attributesThatDiffer(): PanelDraft {
  const pairs = (column: string): string => `CAST(${column}, 'Array(Tuple(String, String))')`;
  const inner = `SELECT pair.1 AS key, pair.2 AS value, weight, chosen
        FROM (
          SELECT ${t.SamplingWeight} AS weight, ${isChosen} AS chosen,
            arrayDistinct(arrayConcat([('', '')], ${pairs(t.SpanAttributes)},
              ${pairs(t.ResourceAttributes)})) AS pairs
          ${sampled}
        ) ARRAY JOIN pairs AS pair`;
  return table({
    title: 'Attributes that differ',
    description:
      'Attribute values that the chosen requests carry more often than the others, the largest' +
      ' difference first. What stands at the top with nearly all of the chosen and hardly any of' +
      ' the others is the lead to follow.' +
      ` Beyond ${requestsMax} requests an even sample is looked at.`,
    source: 'spans',
    empty: 'fine',
    query: ranked(['key', 'value'], inner, 'key AS "Attribute", value AS "Value"'),
    width: 14,
    height: 10,
    noValue: 'no value is more frequent among the chosen requests than among the others',
    fields: { ...shares, Value: { links: [tracesWith] } },
  });
}

const tracesWith: Link = {
  title: 'Traces with this value',
  to: 'traces',
  set: {
    service: 'same',
    operation: 'same',
    attributeKey: { field: 'Attribute' },
    attributeValue: { field: 'Value' },
    order: { text: 'slowest' },
  },
};

function operationsThatDiffer(): PanelDraft {
  const inner = `SELECT operation.1 AS service, operation.2 AS name, weight, chosen
        FROM (
          SELECT ${t.SamplingWeight} AS weight, ${isChosen} AS chosen,
            [('', ''), (toString(${t.ServiceName}), toString(${t.SpanName}))] AS operations
          ${sampled}
        ) ARRAY JOIN operations AS operation`;
  return table({
    title: 'Operations that differ',
    description:
      'Operations that are more frequent among the chosen requests than among the others. Choose' +
      ' one before you read the attributes: slow operations carry other attributes than fast ones.',
    source: 'spans',
    empty: 'fine',
    query: ranked(['service', 'name'], inner, 'service AS "Service", name AS "Operation"'),
    width: 10,
    height: 10,
    noValue: 'no operation is more frequent among the chosen requests than among the others',
    fields: {
      ...shares,
      Operation: {
        links: [
          {
            title: 'Compare within this operation',
            to: 'different',
            set: {
              service: { field: 'Service' },
              operation: { field: 'Operation' },
              compare: 'same',
              minDuration: 'same',
              maxDuration: 'same',
              since: 'same',
              until: 'same',
            },
          },
        ],
      },
      Chosen: { hidden: true },
    },
  });
}

function chosenRequests(): PanelDraft {
  return table({
    title: 'Chosen requests',
    description: `The ${listMax} slowest of the chosen requests. Click a trace to see one whole.`,
    source: 'spans',
    empty: 'fine',
    query: sql(`
      WITH ${withThreshold}
      SELECT ${t.Timestamp} AS "Start", ${t.TraceId} AS "Trace", ${t.ServiceName} AS "Service",
        ${t.SpanName} AS "Operation", ${t.Duration} / 1e9 AS "Took", ${t.StatusCode} AS "Status"
      FROM ${traces.name}
      WHERE ${requests}
        AND ${isChosen}
      ORDER BY ${t.Duration} DESC LIMIT ${listMax}`),
    width: 24,
    height: 9,
    noValue: 'no request is chosen',
    fields: {
      Start: { unit: 'dateTimeAsLocal', widthPx: 190 },
      Trace: {
        widthPx: 290,
        links: [
          { title: 'Open this trace', to: 'traces', set: { traceId: { field: 'Trace' } } },
          { title: 'Logs of this trace', to: 'logs', set: { traceId: { field: 'Trace' } } },
        ],
      },
      Service: {
        links: [{ title: 'This service', to: 'services', set: { service: { field: 'Service' } } }],
      },
      Took: { unit: 's', decimals: 1, widthPx: 110 },
    },
  });
}

/**
 * What one deployment changed: the twenty minutes before it started against those after it was
 * finished (or since it started, while it is not). Requests come from the spans that name a pod of
 * the workload, CPU and memory from the kubelet.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { inNamespace } from '../infrastructure/kubernetes-parts.ts';
import { part, workload } from '../infrastructure/kubernetes-points.ts';
import { errorSteps } from '../services/services-parts.ts';
import { kubeletMetrics } from '../vocabulary/names.ts';
import { type PanelDraft, type PanelSpec, table } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { deploymentRows } from './rows.ts';

const t = columnsOf(traces);
const g = columnsOf(gauge);

const windowSeconds = 1200;
/** Smaller changes are not worth a word. */
const changeMin = 0.05;

/**
 * The chosen deployment as one tuple, so that it is looked for once: its names, and the two
 * windows. Where there is none, its windows lie in 1970 and nothing is in them.
 */
const withChosen = `(
        SELECT argMax((cluster, namespace, workload,
          toDateTime(started) - ${windowSeconds}, toDateTime(started),
          toDateTime(ifNull(finished, started)),
          least(toDateTime(ifNull(finished, started)) + ${windowSeconds}, $__toTime)), started)
        FROM ${deploymentRows(inNamespace)}
        WHERE $__conditionalAll(id = \${deployment:singlequote}, $deployment)
      ) AS chosen`;

const [cluster, namespace, name, since, until, again, last] = [1, 2, 3, 4, 5, 6, 7].map(
  (place) => `chosen.${place}`,
);

/** Rows of a table inside one of the two windows, with `after`. */
const inside = (table: string, time: string, columns: string, filter: string): string => `
        SELECT ${time} >= ${again} AS after, ${columns}
        FROM ${table}
        WHERE ${time} >= $__fromTime - ${windowSeconds} AND ${time} <= $__toTime
          AND (${time} >= ${since} AND ${time} < ${until}
            OR ${time} >= ${again} AND ${time} <= ${last})
          AND ${part.cluster} = ${cluster} AND ${part.namespace} = ${namespace}
          AND ${part.pod} != '' AND ${workload} = ${name} AND ${filter}`;

const requests = `
      SELECT after, sum(weight) AS requests, sumIf(weight, failed) / requests AS failures,
        quantileExactWeighted(0.5)(duration, toUInt64(round(weight))) / 1e9 AS p50,
        quantileExactWeighted(0.95)(duration, toUInt64(round(weight))) / 1e9 AS p95
      FROM (${inside(
        traces.name,
        t.Timestamp,
        `${t.SamplingWeight} AS weight, ${t.StatusCode} = 'Error' AS failed,
          ${t.Duration} AS duration`,
        `${t.SpanKind} IN ('Server', 'Consumer')`,
      )}
      )
      GROUP BY after`;

/** Means over the minutes with points of what all pods together used. */
const use = `
      SELECT after, greatest(1, if(after, dateDiff('second', ${again}, ${last}),
          dateDiff('second', ${since}, ${until}))) AS seconds,
        avg(cores) AS cores, avg(memory) AS memory
      FROM (
        SELECT after, minute, sum(cpu) AS cores, sum(bytes) AS memory
        FROM (
          SELECT after, toStartOfMinute(at) AS minute, pod, container,
            ifNull(avgOrNullIf(value, metric = '${kubeletMetrics.containerCpuUsage}'), 0) AS cpu,
            ifNull(avgOrNullIf(value, metric = '${kubeletMetrics.containerMemoryWorkingSet}'), 0)
              AS bytes
          FROM (${inside(
            gauge.name,
            g.TimeUnix,
            `${g.TimeUnix} AS at, ${part.pod} AS pod, ${part.container} AS container,
          ${g.MetricName} AS metric, ${g.Value} AS value`,
            `${g.MetricName} IN ('${kubeletMetrics.containerCpuUsage}',
          '${kubeletMetrics.containerMemoryWorkingSet}')`,
          )}
          )
          GROUP BY after, minute, pod, container
        )
        GROUP BY after, minute
      )
      GROUP BY after`;

const measures = `
      SELECT after, requests / seconds AS rate, failures, p50, p95,
        cores * seconds / nullIf(requests, 0) AS cpuPerRequest, cores, memory
      FROM (${use}
      ) AS used LEFT JOIN (${requests}
      ) AS answered USING (after)`;

const change = (label: string, column: string): string =>
  `if(abs(${column}.2 / nullIf(${column}.1, 0) - 1) >= ${changeMin}, concat('${label} ',
        if(${column}.2 > ${column}.1, '+', '-'),
        toString(round(100 * abs(${column}.2 / ${column}.1 - 1))), ' %'), '')`;

export function comparison(): readonly PanelDraft[] {
  return [changes(), beforeAndAfter()];
}

const minutes = windowSeconds / 60;

function beforeAndAfter(): PanelDraft {
  return table({
    ...common,
    title: 'Before and after',
    description:
      `The ${minutes} minutes before the deployment started, and those after it was finished: how` +
      ' often its pods were called, how much failed, how long it took, and what a request cost' +
      ' in CPU. Choose another deployment in the table above or in the menu.',
    query: sql(`
      WITH ${withChosen}
      SELECT if(after, 'after', 'before') AS "Window", rate AS "Requests", failures AS "Failed",
        p50, p95, cpuPerRequest AS "CPU per request", cores AS "Cores", memory AS "Memory"
      FROM (${measures}
      )
      ORDER BY after`),
    width: 24,
    height: 5,
    fields: {
      Requests: { unit: 'reqps', decimals: 1 },
      Failed: { unit: 'percentunit', decimals: 2, cell: 'text', thresholds: errorSteps },
      p50: { unit: 's', decimals: 1 },
      p95: { unit: 's', decimals: 1 },
      'CPU per request': { unit: 's', decimals: 2 },
      Cores: { unit: 'none', decimals: 2 },
      Memory: { unit: 'bytes', decimals: 1 },
    },
  });
}

const common: Pick<PanelSpec, 'source' | 'empty' | 'noValue'> = {
  source: 'kubernetes_usage',
  empty: 'fine',
  noValue: 'no deployment is chosen, or its pods told nothing around it',
};

/** Twice the columns: (before, after). */
function changes(): PanelDraft {
  const pairs = [
    ['requests', 'rate'],
    ['p50', 'p50'],
    ['p95', 'p95'],
    ['CPU per request', 'cpuPerRequest'],
    ['memory', 'memory'],
  ] as const;
  const both = (column: string): string =>
    `(anyIf(toFloat64(ifNull(${column}, 0)), NOT after),
        anyIf(toFloat64(ifNull(${column}, 0)), after)) AS ${column}Pair`;
  const words = pairs.map(([label, column]) => change(label, `${column}Pair`));
  const failed = `if(abs(failuresPair.2 - failuresPair.1) >= 0.001, concat('failed ',
        toString(round(100 * failuresPair.1, 1)), ' % → ',
        toString(round(100 * failuresPair.2, 1)), ' %'), '')`;
  return table({
    ...common,
    title: 'What changed',
    description:
      `What differs by at least ${changeMin * 100} % between the two windows, and failures by` +
      ' 0.1 % of the requests. More CPU or time for a request with the same requests is the' +
      ' deployment; more of everything is more load.',
    query: sql(`
      WITH ${withChosen}
      SELECT concat(${namespace}, '/', ${name}) AS "Deployment",
        if(uniqExact(after) < 2, 'only one side has data', if(empty(told), 'nothing', told))
          AS "What changed",
        arrayStringConcat(arrayFilter(word -> word != '', [${[...words, failed].join(',\n        ')}
        ]), ', ') AS told,
        ${[...pairs.map(([, column]) => column), 'failures'].map(both).join(',\n        ')}
      FROM (${measures}
      )
      HAVING count() > 0`),
    width: 24,
    height: 4,
    fields: {
      Deployment: { widthPx: 180 },
      ...Object.fromEntries(
        [
          'told',
          'ratePair',
          'p50Pair',
          'p95Pair',
          'cpuPerRequestPair',
          'memoryPair',
          'failuresPair',
        ].map((name) => [name, { hidden: true }]),
      ),
    },
  });
}

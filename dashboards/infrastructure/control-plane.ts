/** Control plane: does the cluster's own machinery answer, how fast, and what does it refuse? */
import { gauge as gaugeTable } from '../../clickhouse/schema/metrics.ts';
import type { ControlPlaneJob } from '../../presets/control-plane/metrics.ts';
import { errorSteps } from '../services/services-parts.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { histogramPercentile } from '../vocabulary/points.ts';
import {
  bucketsOf,
  labelOf,
  latestOf,
  levelOf,
  meanRateOf,
  rateOf,
} from '../vocabulary/scraped.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { dnsRow, etcdRow, processesRow, queuesRow, schedulerRow } from './control-plane-parts.ts';
import { clusterVariable, count, onCluster } from './kubernetes-parts.ts';
import { scrapedChart, scrapedNumber, seriesBy, troubleCount } from './scraped-panels.ts';

const g = columnsOf(gaugeTable);
const source = 'control_plane' as const;
const filter = onCluster;

const jobs: readonly ControlPlaneJob[] = [
  'kube-apiserver',
  'kube-scheduler',
  'kube-controller-manager',
  'etcd',
  'coredns',
];

/** A watch lasts as long as its client likes, which is no latency. */
const answered = `${onCluster} AND ${labelOf('apiserver_request_duration_seconds', 'verb')} NOT IN
      ('WATCH', 'CONNECT')`;

/** Beyond these, kubectl feels slow and controllers fall behind. */
const latencySteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under a second' },
  { from: 1, colour: 'orange', text: 'from 1 s on: above what Kubernetes promises' },
  { from: 5, colour: 'red', text: 'from 5 s on: controllers fall behind' },
];

export function controlPlaneDashboard(): DashboardJson {
  return board({
    key: 'controlPlane',
    title: 'Control plane',
    description:
      'The parts that run a cluster: API server, etcd, scheduler, controller manager and DNS. A' +
      ' managed cluster shows the API server and DNS alone.',
    variables: [clusterVariable()],
    rows: [
      {
        title: '',
        panels: [silent(), requests(), failed(), slowest(), pending(), refused()],
      },
      {
        title: 'API server',
        panels: [byVerb(), errorsByCode(), latencyByVerb(), byResource(), inFlight(), rejected()],
      },
      etcdRow(),
      schedulerRow(),
      queuesRow(),
      dnsRow(),
      processesRow(jobs),
    ],
    from: 'now-1h',
    refresh: '30s',
  });
}

function silent(): PanelDraft {
  const targets = latestOf({
    metric: 'up',
    and: { job: g.ServiceName },
    over: 'min',
    filter: `${onCluster} AND ${g.ServiceName} IN ('${jobs.join("', '")}')`,
  });
  return troubleCount(
    {
      title: 'Parts silent',
      description:
        'Parts of the control plane (API server, scheduler, controller manager, etcd, DNS) of' +
        ' which a target could not be read at the last try: it is down, or its address is not' +
        ' reachable.',
      source,
      query: sql(`
        SELECT countIf(level < 1) AS "Parts silent"
        FROM ${targets} HAVING count() > 0`),
    },
    'part that does not answer',
  );
}

function requests(): PanelDraft {
  return scrapedNumber({
    title: 'API requests',
    description: 'Requests a second to the API servers, by all clients, watches included.',
    source,
    query: sql(`
      SELECT perSecond AS "API requests"
      FROM ${meanRateOf({ metric: 'apiserver_request_total', filter })}`),
    unit: 'reqps',
    decimals: 1,
  });
}

const isServerError = "startsWith(code, '5')";

function failed(): PanelDraft {
  return scrapedNumber({
    title: 'API errors',
    description:
      'The share of requests that the API server itself failed (codes from 500 on). What clients' +
      ' did wrong (400 to 499) does not count.',
    source,
    query: sql(`
      SELECT sumIf(perSecond, ${isServerError}) / sum(perSecond) AS "API errors"
      FROM ${meanRateOf({ metric: 'apiserver_request_total', by: ['code'], filter })}
      HAVING sum(perSecond) > 0`),
    unit: 'percentunit',
    decimals: 2,
    thresholds: errorSteps,
  });
}

function slowest(): PanelDraft {
  return scrapedNumber({
    title: 'API p99',
    description:
      'How long the slowest 1 % of requests took at least, without watches and connections into' +
      ' pods. Look below for the verb and the resource.',
    source,
    query: sql(`
      SELECT ${histogramPercentile(0.99)} AS "API p99"
      FROM (
        SELECT sumForEach(buckets.counts) AS counts, any(buckets.bounds) AS bounds
        FROM ${bucketsOf({ metric: 'apiserver_request_duration_seconds', filter: answered })}
          AS buckets
        HAVING count() > 0
      )`),
    unit: 's',
    decimals: 2,
    thresholds: latencySteps,
  });
}

function pending(): PanelDraft {
  return troubleCount(
    {
      title: 'Pods not placed',
      description:
        'Pods for which the scheduler found no node: too large requests, a taint, a volume of' +
        ' another zone. The warning events of the Kubernetes dashboard say which.',
      source: 'scheduler',
      query: sql(`
        SELECT sumIf(level, queue = 'unschedulable') AS "Pods not placed"
        FROM ${latestOf({ metric: 'scheduler_pending_pods', by: ['queue'], filter })}
        HAVING count() > 0`),
    },
    'pod without a node',
  );
}

function refused(): PanelDraft {
  return scrapedNumber({
    title: 'API rejections',
    description:
      'Requests a second that the API server rejected to protect itself (priority and fairness).' +
      ' Its own chart below says by which level.',
    source,
    query: sql(`
      SELECT (
        SELECT sum(perSecond)
        FROM ${meanRateOf({ metric: 'apiserver_flowcontrol_rejected_requests_total', filter })}
      ) AS "API rejections"
      FROM ${meanRateOf({ metric: 'apiserver_request_total', filter })}`),
    unit: 'reqps',
    decimals: 2,
    thresholds: [
      { from: 0, colour: 'green', text: 'none' },
      { from: 0.001, colour: 'orange', text: 'some: a client asks too much' },
    ],
  });
}

function byVerb(): PanelDraft {
  return scrapedChart({
    title: 'API requests by verb',
    description:
      'What clients ask for. A sudden rise of LIST is most often a controller that begins again' +
      ' and again.',
    source,
    query: sql(`
      SELECT time, verb, rate AS requests
      FROM ${rateOf({ metric: 'apiserver_request_total', by: ['verb'], filter })}
      ORDER BY time, verb`),
    unit: 'reqps',
    draw: 'area',
    stack: true,
    seriesName: seriesBy('verb'),
  });
}

function errorsByCode(): PanelDraft {
  return scrapedChart({
    title: 'API errors by code',
    description:
      '409 is two writers at once and harmless in small numbers; 403 a client without rights;' +
      ' 429 and 5xx are the API server in trouble.',
    source,
    empty: 'fine',
    query: sql(`
      SELECT time, code, rate AS errors
      FROM ${rateOf({ metric: 'apiserver_request_total', by: ['code'], filter })}
      WHERE code >= '400' AND rate > 0 ORDER BY time, code`),
    unit: 'reqps',
    decimals: 2,
    noValue: 'no errors in this time range',
    seriesName: seriesBy('code'),
  });
}

function latencyByVerb(): PanelDraft {
  return scrapedChart({
    title: 'API p99 by verb',
    description:
      'Kubernetes promises 1 s for reads and writes of one object, 5 to 30 s for lists of a' +
      ' namespace or a cluster. Slow writes alone point to etcd or an admission webhook.',
    source,
    query: sql(`
      SELECT time, verb, ${histogramPercentile(0.99)} AS p99
      FROM ${bucketsOf({
        metric: 'apiserver_request_duration_seconds',
        by: ['verb'],
        filter: answered,
      })}
      WHERE p99 IS NOT NULL ORDER BY time, verb`),
    unit: 's',
    decimals: 2,
    seriesName: seriesBy('verb'),
  });
}

function byResource(): PanelDraft {
  const requestsOf = meanRateOf({
    metric: 'apiserver_request_total',
    by: ['resource', 'code'],
    filter,
  });
  const tookOf = bucketsOf({
    metric: 'apiserver_request_duration_seconds',
    by: ['resource'],
    filter: answered,
  });
  return table({
    title: 'API requests by resource',
    description:
      'Which kinds of objects are asked for, how many requests fail and how long they take, the' +
      ' slowest first. A custom resource at the head is an operator to look at.',
    source,
    query: sql(`
      WITH requests AS (
        SELECT resource, sum(perSecond) AS every, sumIf(perSecond, ${isServerError}) AS failed
        FROM ${requestsOf} WHERE resource != '' GROUP BY resource
      ), took AS (
        SELECT resource, ${histogramPercentile(0.99)} AS p99
        FROM (
          SELECT resource, sumForEach(buckets.counts) AS counts, any(buckets.bounds) AS bounds
          FROM ${tookOf} AS buckets GROUP BY resource
        )
      )
      SELECT resource AS "Resource", every AS "Requests", failed / nullIf(every, 0) AS "Failed",
        took.p99 AS "p99"
      FROM requests LEFT JOIN took USING (resource)
      ORDER BY "p99" DESC NULLS LAST, "Requests" DESC LIMIT 50`),
    width: 24,
    height: 8,
    noValue: 'no requests',
    fields: {
      Requests: { unit: 'reqps', decimals: 2, widthPx: 130 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        widthPx: 100,
      },
      p99: { unit: 's', decimals: 1, cell: 'text', thresholds: latencySteps, widthPx: 110 },
    },
  });
}

function inFlight(): PanelDraft {
  return scrapedChart({
    title: 'API requests in flight',
    description:
      'Requests that are answered at the moment, reads and writes apart. An API server takes 400' +
      ' reads and 200 writes by default; near that, requests wait or are rejected.',
    source,
    query: sql(`
      SELECT time, request_kind, level AS requests
      FROM ${levelOf({
        metric: 'apiserver_current_inflight_requests',
        by: ['request_kind'],
        filter,
      })}
      ORDER BY time, request_kind`),
    unit: 'none',
    decimals: 0,
    width: 12,
    seriesName: seriesBy('request_kind'),
  });
}

function rejected(): PanelDraft {
  const webhook = meanRateOf({
    metric: 'apiserver_admission_webhook_rejection_count',
    by: ['name'],
    filter,
  });
  const flow = meanRateOf({
    metric: 'apiserver_flowcontrol_rejected_requests_total',
    by: ['priority_level', 'reason'],
    filter,
  });
  return table({
    title: 'What rejects requests',
    description:
      'Admission webhooks that say no, and levels of priority and fairness that are full. A' +
      ' webhook that cannot be reached stops every change that it should judge.',
    source,
    empty: 'fine',
    query: sql(`
      SELECT * FROM (
        SELECT 'webhook' AS "By", name AS "Name", '' AS "Reason", perSecond AS "Rejected"
        FROM ${webhook}
        UNION ALL
        SELECT 'priority level', priority_level, reason, perSecond FROM ${flow}
      )
      WHERE "Rejected" > 0 ORDER BY "Rejected" DESC, "Name" LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'nothing was rejected in this time range',
    fields: {
      By: { widthPx: 120 },
      Reason: { widthPx: 130 },
      Rejected: { ...count, unit: 'reqps', decimals: 2, widthPx: 110 },
    },
  });
}

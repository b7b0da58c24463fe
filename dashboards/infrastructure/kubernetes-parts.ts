/** Parts of the Kubernetes dashboards: variables and their conditions, limits, shared panels. */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { logBodyColumns, logLinks } from '../logs/logs-parts.ts';
import { errorSteps } from '../services/services-parts.ts';
import { labelsOf } from '../vocabulary/catalogue.ts';
import type { Link } from '../vocabulary/links.ts';
import { clusterMetrics, eventsServiceName, kubeletMetrics } from '../vocabulary/names.ts';
import { type Field, logs, type PanelDraft, type Threshold, table } from '../vocabulary/panel.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';
import { part, workload } from './kubernetes-points.ts';

const l = columnsOf(logsTable);
const t = columnsOf(traces);

const several = (column: string, name: string): string =>
  `$__conditionalAll(${column} IN (\${${name}:singlequote}), $${name})`;
const one = (column: string, name: string): string =>
  `$__conditionalAll(${column} = \${${name}:singlequote}, $${name})`;

/** Conditions by the variables of the same names. */
export const onCluster = several(part.cluster, 'cluster');
export const inNamespace = `${onCluster} AND ${several(part.namespace, 'namespace')}`;
export const onNode = `${onCluster} AND ${one(part.node, 'node')}`;
export const ofWorkload = `${inNamespace} AND ${one(workload, 'workload')}`;
export const ofPod = `${inNamespace} AND ${one(part.pod, 'pod')}`;

const valuesOf = (column: string, metrics: readonly string[], filter: string): string =>
  sql(`
      SELECT ${column} AS value FROM ${labelsOf(gauge, metrics)}
      WHERE value != '' AND ${filter}
      GROUP BY value ORDER BY value LIMIT 1000`);

const nodeMetrics = [clusterMetrics.nodeReady, kubeletMetrics.nodeCpuUsage];

export function clusterVariable() {
  return queryVariable('cluster', {
    label: 'Cluster',
    description: 'Show only these clusters.',
    multi: true,
    all: true,
    rawSql: valuesOf(part.cluster, nodeMetrics, '1'),
  });
}

export function namespaceVariable() {
  const metrics = [clusterMetrics.namespacePhase, clusterMetrics.podPhase];
  return queryVariable('namespace', {
    label: 'Namespace',
    description: 'Show only what stands in these namespaces.',
    multi: true,
    all: true,
    rawSql: valuesOf(part.namespace, metrics, onCluster),
  });
}

export function workloadVariable() {
  const metrics = [
    clusterMetrics.deploymentDesired,
    clusterMetrics.statefulSetDesired,
    clusterMetrics.daemonSetDesired,
  ];
  return queryVariable('workload', {
    label: 'Workload',
    description: 'The Deployment, StatefulSet or DaemonSet to look at, as kubectl writes it.',
    rawSql: valuesOf(workload, metrics, inNamespace),
  });
}

export function podVariable() {
  const metrics = [clusterMetrics.podPhase, kubeletMetrics.containerMemoryWorkingSet];
  return queryVariable('pod', {
    label: 'Pod',
    description: 'The pod to look at.',
    rawSql: valuesOf(part.pod, metrics, inNamespace),
  });
}

export function nodeVariable() {
  return queryVariable('node', {
    label: 'Node',
    description: 'The node to look at.',
    rawSql: valuesOf(part.node, nodeMetrics, onCluster),
  });
}

/** Of a limit or of what a node has. */
export const fullSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under 80 %' },
  { from: 0.8, colour: 'orange', text: 'from 80 % on: find out what grows' },
  { from: 0.95, colour: 'red', text: 'from 95 % on: act now' },
];

/** Of what the nodes of a cluster, or one node, can give. */
export const requestedSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'under 80 % is promised to pods' },
  { from: 0.8, colour: 'orange', text: 'from 80 % on: little room for another node that fails' },
  { from: 0.95, colour: 'red', text: 'from 95 % on: new pods wait for a node' },
];

export const noneSteps = (what: string): readonly Threshold[] => [
  { from: 0, colour: 'green', text: `no ${what}` },
  { from: 1, colour: 'red', text: `at least one: ${what}` },
];

export const restartSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'no container restarted' },
  { from: 1, colour: 'orange', text: 'some did: see why below' },
  { from: 5, colour: 'red', text: 'from 5 on: something crashes again and again' },
];

export const bytes: Field = { unit: 'bytes', decimals: 1, widthPx: 100 };
export const cores: Field = { unit: 'none', decimals: 2, widthPx: 80 };
export const count: Field = { unit: 'none', decimals: 0, widthPx: 85 };
export const share: Field = {
  unit: 'percentunit',
  decimals: 0,
  cell: 'text',
  widthPx: 90,
  thresholds: fullSteps,
};
export const restarts: Field = { ...count, cell: 'text', thresholds: restartSteps };

/** Where a row of a table leads; its columns name cluster, namespace and so on. */
const here = { cluster: { field: 'Cluster' }, namespace: { field: 'Namespace' } } as const;
export const toWorkload: Link = {
  title: 'This workload',
  to: 'workload',
  set: { ...here, workload: { field: 'Workload' } },
};
export const toPod: Link = {
  title: 'This pod',
  to: 'pod',
  set: { ...here, pod: { field: 'Pod' } },
};
export const toNode: Link = {
  title: 'This node',
  to: 'node',
  set: { cluster: { field: 'Cluster' }, node: { field: 'Node' } },
};
export const toMachine: Link = {
  title: 'Its host metrics',
  to: 'machine',
  set: { host: { field: 'Node' } },
};
const ofThisPod = {
  attributeKey: { text: 'k8s.pod.name' },
  attributeValue: { field: 'Pod' },
} as const;
export const toPodLogs: Link = { title: 'Its logs', to: 'logs', set: ofThisPod };
export const toPodTraces: Link = { title: 'Its traces', to: 'traces', set: ofThisPod };

const eventReason = attribute(l.LogAttributes, 'k8s.event.reason');
export const objectKind = attribute(l.ResourceAttributes, 'k8s.object.kind');
export const objectName = attribute(l.ResourceAttributes, 'k8s.object.name');

/** Warnings of the cluster, newest first; `filter` says about what. */
export function warningEvents(filter: string, width: number, what: string): PanelDraft {
  return table({
    title: 'Warning events',
    description:
      `What Kubernetes itself complains about, ${what}: pods that find no node, images that` +
      ' cannot be pulled, probes that fail, containers that crash. The newest first.',
    source: 'kubernetes_events',
    empty: 'fine',
    query: sql(`
      SELECT max(${l.Timestamp}) AS "Last seen", ${eventReason} AS "Reason",
        concat(lower(${objectKind}), '/', ${objectName}) AS "Object",
        ${part.namespace} AS "Namespace", count() AS "Events",
        argMax(${l.Body}, ${l.Timestamp}) AS "Message"
      FROM ${logsTable.name}
      WHERE $__timeFilter(${l.Timestamp}) AND ${l.ServiceName} = '${eventsServiceName}'
        AND ${l.SeverityNumber} >= 13 AND ${filter}
      GROUP BY "Reason", "Object", "Namespace"
      ORDER BY "Last seen" DESC, "Object" LIMIT 100`),
    width,
    height: 8,
    noValue: 'no warnings in this time range',
    fields: {
      'Last seen': { unit: 'dateTimeAsLocal', widthPx: 190 },
      Reason: {
        widthPx: 170,
        links: [
          {
            title: 'All events with this reason',
            to: 'logs',
            set: {
              service: { text: eventsServiceName },
              attributeKey: { text: 'k8s.event.reason' },
              attributeValue: { field: 'Reason' },
            },
          },
        ],
      },
      Object: { widthPx: 280 },
      Namespace: { widthPx: 120 },
      Events: count,
    },
  });
}

const linesMax = 200;

/** What the pods wrote, newest first. */
export function podLines(filter: string, title: string, description: string): PanelDraft {
  return logs({
    title,
    description: `${description} The newest ${linesMax}; open a line for the way to its trace.`,
    source: 'kubernetes_logs',
    empty: 'fine',
    query: sql(`
      SELECT ${logBodyColumns}
      FROM ${logsTable.name}
      WHERE $__timeFilter(${l.Timestamp}) AND ${l.ServiceName} != '${eventsServiceName}'
        AND ${part.pod} != '' AND ${filter}
      ORDER BY ${l.Timestamp} DESC LIMIT ${linesMax}`),
    width: 24,
    height: 10,
    noValue: 'no such line in this time range',
    fields: logLinks,
  });
}

/** Requests that the pods answered, by the services that their spans name. */
export function podServices(filter: string, width: number): PanelDraft {
  const weight = `sum(${t.SamplingWeight})`;
  return table({
    title: 'Services',
    description:
      'The services that run in these pods, by the spans that name their pod: requests a second,' +
      ' how many fail and how long they take. Click one for its operations and errors.',
    source: 'kubernetes_spans',
    empty: 'fine',
    query: sql(`
      SELECT ${t.ServiceName} AS "Service",
        ${weight} / greatest(1, dateDiff('second', $__fromTime, $__toTime)) AS "Requests",
        sumIf(${t.SamplingWeight}, ${t.StatusCode} = 'Error') / ${weight} AS "Failed",
        quantile(0.95)(${t.Duration}) / 1e9 AS "p95"
      FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.SpanKind} IN ('Server', 'Consumer')
        AND ${part.pod} != '' AND ${filter}
      GROUP BY "Service" ORDER BY "Requests" DESC LIMIT 50`),
    width,
    height: 8,
    noValue: 'no requests to these pods in this time range',
    fields: {
      Service: {
        links: [
          { title: 'This service', to: 'services', set: { service: { field: 'Service' } } },
          { title: 'Its traces', to: 'traces', set: { service: { field: 'Service' } } },
        ],
      },
      Requests: { unit: 'reqps', decimals: 1, widthPx: 110 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        widthPx: 80,
        links: [
          {
            title: 'Failed traces',
            to: 'traces',
            set: { service: { field: 'Service' }, status: { text: 'Error' } },
          },
        ],
      },
      p95: { unit: 's', decimals: 1, widthPx: 90 },
    },
  });
}

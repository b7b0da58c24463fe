/** Panels over tagged spans: who called and was called, by address, as it was then. */

import type { OwnTag, PeerTag } from '../../clickhouse/schema/tags.ts';
import { taggedTraces } from '../../clickhouse/schema/tags.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { errorSteps } from '../services/services-parts.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { workloadOf } from './entities-parts.ts';
import { toNode, toWorkload } from './kubernetes-parts.ts';

const t = columnsOf(traces);
const rowsMax = 300;

const tag = (name: OwnTag | PeerTag): string => name;
const weight = `sum(${t.SamplingWeight})`;
const rate = `${weight} / greatest(1, dateDiff('second', $__fromTime, $__toTime))`;
const failed = `sumIf(${t.SamplingWeight}, ${t.StatusCode} = 'Error') / ${weight}`;
const p95 = `quantile(0.95)(${t.Duration}) / 1e9`;
const chosen =
  `$__conditionalAll(${tag('Cluster')} IN (\${cluster:singlequote}), $cluster)` +
  ` AND $__conditionalAll(${tag('Namespace')} IN (\${namespace:singlequote}), $namespace)`;

const figures = {
  Requests: { unit: 'reqps', decimals: 1, widthPx: 100 },
  Failed: { unit: 'percentunit', decimals: 1, cell: 'text', thresholds: errorSteps, widthPx: 80 },
  p95: { unit: 's', decimals: 1, widthPx: 80 },
} as const;

/** Server spans by what they ran on, told or looked up. */
export function whereRequestsRan(): PanelDraft {
  return table({
    title: 'Where requests were answered',
    description:
      'Requests by workload, node and zone. What a span does not say itself is looked up by its' +
      ' pod, container or address as it was at its time. Compare the zones of one service: when' +
      ' one is slower, the fault is below the code.',
    source: 'tagged_spans',
    query: sql(`
      SELECT ${tag('Service')} AS "Service",
        ${workloadOf(tag('WorkloadKind'), tag('Workload'))} AS "Workload",
        ${tag('Namespace')} AS "Namespace", ${tag('Node')} AS "Node", ${tag('Zone')} AS "Zone",
        ${rate} AS "Requests", ${failed} AS "Failed", ${p95} AS "p95",
        ${tag('Cluster')} AS "Cluster"
      FROM ${taggedTraces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.SpanKind} IN ('Server', 'Consumer')
        AND ${chosen}
      GROUP BY "Service", "Workload", "Namespace", "Node", "Zone", "Cluster"
      ORDER BY "Requests" DESC, "Service", "Node" LIMIT ${rowsMax}`),
    width: 24,
    height: 9,
    noValue: 'no spans of requests in this time range',
    fields: {
      Service: {
        widthPx: 170,
        links: [
          { title: 'Only this service', to: 'services', set: { service: { field: 'Service' } } },
        ],
      },
      Workload: { links: [toWorkload] },
      Namespace: { widthPx: 140 },
      Node: { links: [toNode] },
      Zone: { widthPx: 140 },
      ...figures,
      Cluster: { hidden: true },
    },
  });
}

/** Client spans by who had the address they went to. */
export function callsByAddress(): PanelDraft {
  const known = `${tag('Zone')} != '' AND ${tag('PeerZone')} != ''`;
  const crosses = `${known} AND ${tag('Zone')} != ${tag('PeerZone')}`;
  return table({
    title: 'Called by address',
    description:
      'Calls by who had their address at that moment. "across zones" is the share of the calls' +
      ' between two known zones that left their zone: it costs money and time.',
    source: 'tagged_spans',
    query: sql(`
      SELECT ${tag('Service')} AS "Caller", ${tag('PeerService')} AS "Called",
        ${tag('PeerType')} AS "Of a", ${tag('PeerNamespace')} AS "Namespace",
        ${rate} AS "Requests", ${failed} AS "Failed", ${p95} AS "p95",
        sumIf(${t.SamplingWeight}, ${crosses})
          / nullIf(sumIf(${t.SamplingWeight}, ${known}), 0) AS "Across zones"
      FROM ${taggedTraces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.SpanKind} IN ('Client', 'Producer')
        AND ${tag('PeerAddress')} != '' AND ${chosen}
        AND (\${address:singlequote} = '' OR ${tag('PeerAddress')} = \${address:singlequote})
      GROUP BY "Caller", "Called", "Of a", "Namespace"
      ORDER BY "Requests" DESC, "Caller", "Called" LIMIT ${rowsMax}`),
    width: 12,
    height: 9,
    noValue: 'no span of a call names an address in this time range',
    fields: {
      'Of a': { widthPx: 75 },
      Namespace: { widthPx: 110 },
      ...figures,
      'Across zones': { unit: 'percentunit', decimals: 0, widthPx: 105 },
    },
  });
}

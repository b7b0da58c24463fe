/** Where the services run: pods and hosts, from the spans that name them. */
import { traces } from '../../clickhouse/schema/traces.ts';
import { part, workload } from '../infrastructure/kubernetes-points.ts';
import { type PanelDraft, table } from '../vocabulary/panel.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { errorSteps } from './services-parts.ts';

const t = columnsOf(traces);
const rowsMax = 200;

export function whereTheyRun(): PanelDraft {
  const host = attribute(t.ResourceAttributes, 'host.name');
  const weight = `sum(${t.SamplingWeight})`;
  const ofPod = {
    attributeKey: { text: 'k8s.pod.name' },
    attributeValue: { field: 'Pod' },
  } as const;
  const here = { cluster: { field: 'Cluster' }, namespace: { field: 'Namespace' } } as const;
  return table({
    title: 'Pods and hosts',
    description:
      'The pods and hosts that answered the requests. When one row fails or is slow and its' +
      ' neighbours are not, the fault is in that pod or host and not in the code.',
    source: 'spans',
    query: sql(`
      SELECT ${t.ServiceName} AS "Service",
        nullIf(${attribute(t.ResourceAttributes, 'service.version')}, '') AS "Version",
        nullIf(${part.pod}, '') AS "Pod", nullIf(${host}, '') AS "Host",
        ${weight} / greatest(1, dateDiff('second', $__fromTime, $__toTime)) AS "Requests",
        sumIf(${t.SamplingWeight}, ${t.StatusCode} = 'Error') / ${weight} AS "Failed",
        quantile(0.95)(${t.Duration}) / 1e9 AS "p95",
        if("Pod" IS NULL, NULL, any(${workload})) AS "Workload",
        any(${part.namespace}) AS "Namespace", any(${part.cluster}) AS "Cluster"
      FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.SpanKind} IN ('Server', 'Consumer')
        AND $__conditionalAll(${t.ServiceName} IN (\${service:singlequote}), $service)
        AND $__conditionalAll(${t.SpanName} IN (\${operation:singlequote}), $operation)
      GROUP BY "Service", "Version", "Pod", "Host"
      ORDER BY "Failed" DESC, "p95" DESC, "Service", "Pod", "Host" LIMIT ${rowsMax}`),
    width: 24,
    height: 8,
    noValue: 'no spans of requests in this time range',
    fields: {
      Service: {
        widthPx: 150,
        links: [
          { title: 'Only this service', to: 'services', set: { service: { field: 'Service' } } },
        ],
      },
      Version: { widthPx: 90 },
      Pod: {
        links: [
          { title: 'This pod', to: 'pod', set: { ...here, pod: { field: 'Pod' } } },
          { title: 'Its traces', to: 'traces', set: ofPod },
          { title: 'Its logs', to: 'logs', set: ofPod },
        ],
      },
      Host: {
        links: [{ title: 'This host', to: 'machine', set: { host: { field: 'Host' } } }],
      },
      Requests: { unit: 'reqps', decimals: 1, widthPx: 110 },
      Failed: {
        unit: 'percentunit',
        decimals: 1,
        cell: 'text',
        thresholds: errorSteps,
        widthPx: 80,
      },
      p95: { unit: 's', decimals: 1, widthPx: 90 },
      Workload: {
        links: [
          {
            title: 'This workload',
            to: 'workload',
            set: { ...here, workload: { field: 'Workload' } },
          },
        ],
      },
      Namespace: { hidden: true },
      Cluster: { hidden: true },
    },
  });
}

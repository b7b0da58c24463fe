/**
 * What panels draw from. A panel names its source; the probe tells whether anything feeds it in
 * the chosen time range, and if not, `reason` is what the panel says instead of being empty.
 */
import { agents } from '../../clickhouse/schema/agents.ts';
import { attributeCatalogue, seriesCatalogue } from '../../clickhouse/schema/catalogue.ts';
import { costHours } from '../../clickhouse/schema/costs.ts';
import { serviceEdges } from '../../clickhouse/schema/edges.ts';
import { pods } from '../../clickhouse/schema/entities.ts';
import { flowMinutes } from '../../clickhouse/schema/flows.ts';
import { logs } from '../../clickhouse/schema/logs.ts';
import { gauge, sum } from '../../clickhouse/schema/metrics.ts';
import { receipts, redSecond } from '../../clickhouse/schema/ours.ts';
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { taggedTraces } from '../../clickhouse/schema/tags.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import type { ControlPlaneJob } from '../../presets/control-plane/metrics.ts';
import { inUnits } from './catalogue.ts';
import {
  clusterMetrics,
  containerOomEvents,
  containerStatusReason,
  eventsServiceName,
  hostMetrics,
  kubeletMetrics,
} from './names.ts';
import type { Need } from './needs.ts';
import type { ScrapedMetric } from './scraped-names.ts';
import { attribute, columnsOf } from './sql.ts';

export type Source = {
  /** Rows mean active. Uses the dashboard macros and may use the dashboard's variables. */
  readonly probe: string;
  /** Why there is nothing to see, and what would change that. */
  readonly reason: string;
  /** What feeds it, any of these; without, any application may. */
  readonly needs?: readonly Need[];
};

const t = columnsOf(traces);
const l = columnsOf(logs);
const g = columnsOf(gauge);
const s = columnsOf(sum);
const r = columnsOf(redSecond);
const p = columnsOf(receipts);
const e = columnsOf(serviceEdges);
const a = columnsOf(attributeCatalogue);
const c = columnsOf(seriesCatalogue);
const f = columnsOf(flowMinutes);
const n = columnsOf(snapshotRuns);
const q = columnsOf(pods);
const o = columnsOf(agents);
const k = columnsOf(costHours);

const fromSum = (metric: string): string =>
  `SELECT 1 FROM ${sum.name} WHERE ${s.MetricName} = '${metric}'` +
  ` AND $__timeFilter(${s.TimeUnix}) LIMIT 1`;

const fromGauge = (metric: string): string =>
  `SELECT 1 FROM ${gauge.name} WHERE ${g.MetricName} = '${metric}'` +
  ` AND $__timeFilter(${g.TimeUnix}) LIMIT 1`;

const podsSeen =
  `FROM ${pods.name} WHERE ${q.ValidFrom} <= $__toTime` + ` AND ${q.ValidTo} > $__fromTime`;

const hostMetricsWith = (scraper: string): readonly Need[] => [
  { preset: 'host_metrics', where: { scrapers: [scraper] } },
];

const host = (metric: string, scraper: string): Source => ({
  probe: fromSum(metric),
  needs: hostMetricsWith(scraper),
  reason:
    `No ${metric} arrived in this time range. Send host metrics: run \`obsctl demo\`, or a` +
    ` Collector with the host_metrics receiver and its ${scraper} scraper.`,
});

const preset = (agent: string, name: string): string =>
  `Put \`${name}: {}\` under ${agent}.presets in the stack file.`;

const ofOurGateway: readonly Need[] = [{ gateway: 'obsctl' }];

const partOfControlPlane = (component: string): readonly Need[] => [
  { preset: 'control_plane', where: { [component]: { enabled: true } } },
];

const controllerManager: ControlPlaneJob = 'kube-controller-manager';

const ofControlPlane = (component: string): string =>
  `Put \`control_plane: {${component}: {enabled: true}}\` under cluster_agent.presets in the` +
  ' stack file, and let it listen on more than the loopback address.';

const ofPlugin = (kind: string): string =>
  `If the cluster runs it, put \`cni: {kind: ${kind}}\` under node_agent.presets in the` +
  ' stack file.';

function scraped(
  kind: 'sum' | 'gauge',
  metric: ScrapedMetric,
  texts: {
    readonly needs: readonly Need[];
    readonly missing: string;
    readonly next: string;
  },
): Source {
  return {
    needs: texts.needs,
    probe: kind === 'sum' ? fromSum(metric) : fromGauge(metric),
    reason: `${texts.missing} ${texts.next}`,
  };
}

export const sources = {
  requests: {
    probe: `SELECT 1 FROM ${redSecond.name} WHERE $__timeFilter(${r.Time}) LIMIT 1`,
    reason:
      'No spans arrived in this time range. Point an application at the OTLP endpoint, or choose' +
      ' a longer range.',
  },
  edges: {
    probe: `SELECT 1 FROM ${serviceEdges.name} WHERE $__timeFilter(${e.Time}) LIMIT 1`,
    needs: ofOurGateway,
    reason:
      'No calls between services are known in this time range. They need client or producer' +
      ' spans; a gateway of obsctl finds them every minute, also in what a Collector stored.',
  },
  flows: {
    probe: `SELECT 1 FROM ${flowMinutes.name} WHERE $__timeFilter(${f.Time}) LIMIT 1`,
    needs: [{ preset: 'ebpf', where: { network: true } }],
    reason:
      'No network traffic was reported in this time range. Put `ebpf: {network: true}` under' +
      ' node_agent.presets in the stack file, or send flows as OTLP logs; a gateway of obsctl' +
      ' counts them.',
  },
  spans: {
    probe: `SELECT 1 FROM ${traces.name} WHERE $__timeFilter(${t.Timestamp}) LIMIT 1`,
    reason:
      'No spans arrived in this time range. Point an application at the OTLP endpoint, or choose' +
      ' a longer range.',
  },
  selected_trace: {
    probe: `SELECT 1 WHERE \${traceId:singlequote} != ''`,
    reason: 'No trace is chosen. Click a trace id in the list above.',
  },
  logs: {
    probe: `SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp}) LIMIT 1`,
    reason:
      'No log records arrived in this time range. Send logs to the OTLP endpoint, or choose a' +
      ' longer range.',
  },
  telemetry: {
    probe:
      `SELECT 1 FROM ${traces.name} WHERE $__timeFilter(${t.Timestamp}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${sum.name} WHERE $__timeFilter(${s.TimeUnix}) LIMIT 1` +
      ` UNION ALL SELECT 1 FROM ${gauge.name} WHERE $__timeFilter(${g.TimeUnix}) LIMIT 1`,
    reason: 'Nothing arrived in this time range. Point an application at the OTLP endpoint.',
  },
  host_cpu: host(hostMetrics.cpuTime, 'cpu'),
  host_load: {
    probe: fromGauge(hostMetrics.load1m),
    needs: hostMetricsWith('load'),
    reason:
      `No ${hostMetrics.load1m} arrived in this time range. Send host metrics with the load` +
      ' scraper; Windows has no load average.',
  },
  host_memory: host(hostMetrics.memoryUsage, 'memory'),
  host_disk: host(hostMetrics.diskIo, 'disk'),
  host_filesystem: host(hostMetrics.filesystemUsage, 'filesystem'),
  host_network: host(hostMetrics.networkIo, 'network'),
  host_processes: host(hostMetrics.processesCount, 'processes'),
  host_process: host(hostMetrics.processMemoryUsage, 'process'),
  kubernetes_state: {
    probe: fromGauge(clusterMetrics.podPhase),
    needs: [{ preset: 'cluster_metrics' }],
    reason:
      'No state of a cluster (nodes, pods, workloads) arrived in this time range. ' +
      preset('cluster_agent', 'cluster_metrics'),
  },
  kubernetes_usage: {
    probe: fromGauge(kubeletMetrics.containerMemoryWorkingSet),
    needs: [{ preset: 'kubelet_metrics' }],
    reason:
      'No kubelet told what nodes, pods and containers use in this time range. ' +
      preset('node_agent', 'kubelet_metrics'),
  },
  kubernetes_reasons: {
    probe: fromSum(containerStatusReason),
    needs: [{ preset: 'cluster_metrics', where: { metrics: { [containerStatusReason]: true } } }],
    reason:
      `No ${containerStatusReason} arrived in this time range; it is off by default. Put` +
      ` \`cluster_metrics: {metrics: {${containerStatusReason}: true}}\` under` +
      ' cluster_agent.presets in the stack file.',
  },
  kubernetes_events: {
    needs: [{ preset: 'kubernetes_events' }],
    probe:
      `SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp})` +
      ` AND ${l.ServiceName} = '${eventsServiceName}' LIMIT 1`,
    reason:
      'No event of a cluster arrived in this time range. ' +
      preset('cluster_agent', 'kubernetes_events'),
  },
  kubernetes_logs: {
    needs: [{ preset: 'pod_logs' }],
    probe:
      `SELECT 1 FROM ${logs.name} WHERE $__timeFilter(${l.Timestamp})` +
      ` AND ${attribute(l.ResourceAttributes, 'k8s.pod.name')} != ''` +
      ` AND ${l.ServiceName} != '${eventsServiceName}' LIMIT 1`,
    reason:
      'No log record of a pod arrived in this time range. ' + preset('node_agent', 'pod_logs'),
  },
  kubernetes_spans: {
    needs: [{ preset: 'kubernetes_attributes' }],
    probe:
      `SELECT 1 FROM ${traces.name} WHERE $__timeFilter(${t.Timestamp})` +
      ` AND ${attribute(t.ResourceAttributes, 'k8s.pod.name')} != '' LIMIT 1`,
    reason:
      'No span that names its pod arrived in this time range. Point applications at the' +
      " node-agent of their node; its preset kubernetes_attributes adds the pod's name.",
  },
  cadvisor: {
    probe: fromSum(containerOomEvents),
    needs: [{ preset: 'cadvisor' }],
    reason:
      `No ${containerOomEvents} arrived in this time range. ` + preset('node_agent', 'cadvisor'),
  },
  control_plane: scraped('sum', 'apiserver_request_total', {
    needs: partOfControlPlane('api_server'),
    missing: 'No API server was read in this time range.',
    next: preset('cluster_agent', 'control_plane'),
  }),
  etcd: scraped('gauge', 'etcd_server_has_leader', {
    needs: partOfControlPlane('etcd'),
    missing: 'No member of etcd was read in this time range; managed clusters show none.',
    next: ofControlPlane('etcd'),
  }),
  scheduler: scraped('gauge', 'scheduler_pending_pods', {
    needs: partOfControlPlane('scheduler'),
    missing: 'No scheduler was read in this time range; managed clusters show none.',
    next: ofControlPlane('scheduler'),
  }),
  controller_manager: {
    needs: partOfControlPlane('controller_manager'),
    probe:
      `SELECT 1 FROM ${gauge.name} WHERE ${g.MetricName} = 'workqueue_depth'` +
      ` AND ${g.ServiceName} = '${controllerManager}' AND $__timeFilter(${g.TimeUnix}) LIMIT 1`,
    reason:
      'No controller manager was read in this time range; managed clusters show none. ' +
      ofControlPlane('controller_manager'),
  },
  coredns: scraped('sum', 'coredns_dns_requests_total', {
    needs: partOfControlPlane('coredns'),
    missing: 'No CoreDNS was read in this time range.',
    next: preset('cluster_agent', 'control_plane'),
  }),
  cilium: scraped('gauge', 'cilium_endpoint_state', {
    needs: [{ preset: 'cni', where: { kind: 'cilium' } }],
    missing: 'No agent of Cilium was read in this time range.',
    next: ofPlugin('cilium'),
  }),
  calico: scraped('gauge', 'felix_active_local_endpoints', {
    needs: [{ preset: 'cni', where: { kind: 'calico' } }],
    missing: 'No Felix of Calico was read in this time range.',
    next: ofPlugin('calico'),
  }),
  aws_vpc_cni: scraped('gauge', 'awscni_ip_max', {
    needs: [{ preset: 'cni', where: { kind: 'aws_vpc' } }],
    missing: 'No aws-node was read in this time range.',
    next: ofPlugin('aws_vpc'),
  }),
  receipts: {
    probe: `SELECT 1 FROM ${receipts.name} WHERE $__timeFilter(${p.Time}) LIMIT 1`,
    needs: ofOurGateway,
    reason:
      'No gateway of obsctl stored anything in this time range. Telemetry that a plain Collector' +
      ' wrote has no receipts.',
  },
  catalogue: {
    probe: `SELECT 1 FROM ${attributeCatalogue.name} WHERE ${inUnits(a.Time)} LIMIT 1`,
    reason:
      'Nothing is in the catalogue of this time range. A gateway of obsctl counts every minute' +
      ' what came, also what a Collector stored.',
  },
  series: {
    probe: `SELECT 1 FROM ${seriesCatalogue.name} WHERE ${inUnits(c.Time)} LIMIT 1`,
    reason:
      'No series of a metric is known in this time range. Send metrics to the OTLP endpoint, or' +
      ' choose a longer range; a gateway of obsctl finds new ones every minute.',
  },
  clickhouse: {
    probe:
      'SELECT 1 FROM system.parts WHERE active AND database = currentDatabase() AND rows > 0' +
      ' AND modification_time <= $__toTime + toIntervalHour(1) LIMIT 1',
    reason:
      'The tables were empty then, or the user of this page may not read system.parts; see the' +
      ' guide on Grafana for its rights.',
  },
  snapshots: {
    probe: `SELECT 1 FROM ${snapshotRuns.name} WHERE $__timeFilter(${n.Time}) LIMIT 1`,
    needs: [{ snapshots: true }],
    reason:
      'No snapshot of a database ran in this time range. Put one under `snapshots` in the stack' +
      ' file, or choose a longer range.',
  },
  entities: {
    probe: `SELECT 1 ${podsSeen} LIMIT 1`,
    needs: [{ entities: true }],
    reason:
      'No watcher saw a pod in this time range. Put `entities: {}` into the stack file, or run' +
      ' `obsctl entities watch`.',
  },
  tagged_spans: {
    probe:
      "SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = '" +
      `${taggedTraces.name}' AND (SELECT count() ${podsSeen}) > 0`,
    needs: [{ entities: true }],
    reason:
      'There are no lookups of what runs where. Run `obsctl entities watch` and' +
      ' `obsctl migrate --lookups`; `entities: {}` in the stack file does both.',
  },
  agents: {
    needs: ofOurGateway,
    probe: `SELECT 1 FROM ${agents.name} WHERE $__timeFilter(${o.LastSeen}) LIMIT 1`,
    reason:
      'No agent reported by OpAMP in this time range. Agents of a stack file with `gateway.image`' +
      ' do; any other Collector can, see the guide on agents.',
  },
  costs: {
    probe:
      `SELECT 1 FROM ${costHours.name} WHERE ${k.Time} >= toStartOfHour($__fromTime)` +
      ` AND ${k.Time} <= $__toTime LIMIT 1`,
    needs: [{ entities: true }],
    reason:
      'No cost was counted in this time range. Put `entities: {}` in the stack file, or run' +
      ' `obsctl entities watch` and `obsctl cost run --watch`.',
  },
  gateway_metrics: {
    needs: ofOurGateway,
    probe:
      `SELECT 1 FROM ${sum.name} WHERE startsWith(${s.MetricName}, 'obsctl.')` +
      ` AND $__timeFilter(${s.TimeUnix}) LIMIT 1`,
    reason: 'The gateway reported nothing about itself in this time range. Is it running?',
  },
} as const satisfies Record<string, Source>;

export type SourceId = keyof typeof sources;

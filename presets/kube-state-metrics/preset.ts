/** A kube-state-metrics of our own, or one that is there already, read once. */
import type { PolicyRule, ProgramWorkload } from '../../collector/workload.ts';
import { noNeeds } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Preset, PresetContext } from '../preset.ts';
import {
  keepMetrics,
  podDiscovery,
  podPort,
  runningContainers,
  scrapePiece,
  shareRules,
  sharingEnv,
} from '../scraping.ts';
import type { KubeStateMetricsOptions } from './config.ts';

const program = 'kube-state-metrics';
const metricsPort = 8080;
const telemetryPort = 8081;

export const kubeStateMetrics: Preset<KubeStateMetricsOptions> = {
  name: 'kube_state_metrics',
  summary: 'Brings a kube-state-metrics and reads it once.',
  agents: ['cluster-agent', 'prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: scrapePiece('kube_state_metrics', [stateJob('kube-state-metrics', options, context)]),
    needs: { env: sharingEnv(context) },
    programs: stateProgram('kube_state_metrics', options, options.resources),
  }),
};

type Scrape = Pick<KubeStateMetricsOptions, 'install' | 'selector' | 'scrape_interval'> & {
  readonly keep: readonly string[];
};

/** The job that reads kube-state-metrics; `cost` has one of its own with another allow list. */
export function stateJob(name: string, options: Scrape, context: PresetContext): JsonObject {
  const own = {
    namespaces: [context.agentsNamespace],
    labels: `app.kubernetes.io/name=${program},app.kubernetes.io/instance=${context.stack}`,
  };
  return {
    job_name: name,
    scrape_interval: options.scrape_interval,
    // Its labels name the objects it tells of; those of its own pod must not replace them.
    honor_labels: true,
    kubernetes_sd_configs: [
      podDiscovery(options.install ? own : { labels: options.selector }, context),
    ],
    relabel_configs: [...runningContainers, ...podPort(metricsPort), ...shareRules(context)],
    ...keepMetrics(options.keep),
  };
}

export function stateProgram(
  preset: string,
  options: Pick<KubeStateMetricsOptions, 'install' | 'image' | 'container'>,
  resources: readonly string[],
): readonly ProgramWorkload[] {
  if (!options.install) return [];
  const named = [...new Set(resources)].sort();
  return [
    {
      name: program,
      preset,
      shape: { kind: 'Deployment', replicas: 1 },
      image: options.image,
      args: [
        `--port=${metricsPort}`,
        `--telemetry-port=${telemetryPort}`,
        `--resources=${named.join(',')}`,
      ],
      needs: {
        ...noNeeds,
        ports: [
          { name: 'http-metrics', port: metricsPort, protocol: 'TCP' },
          { name: 'telemetry', port: telemetryPort, protocol: 'TCP' },
        ],
      },
      resources: {
        cpuRequest: options.container.cpu_request,
        memoryRequest: options.container.memory_request,
        memoryLimit: options.container.memory_limit,
      },
      files: {},
      rules: stateRules(named),
      servicePorts: [{ name: 'http-metrics', port: metricsPort, protocol: 'TCP' }],
    },
  ];
}

/** API group of each kind of object that kube-state-metrics reads. */
const groupOf: Readonly<Record<string, string>> = {
  certificatesigningrequests: 'certificates.k8s.io',
  cronjobs: 'batch',
  daemonsets: 'apps',
  deployments: 'apps',
  endpointslices: 'discovery.k8s.io',
  horizontalpodautoscalers: 'autoscaling',
  ingresses: 'networking.k8s.io',
  jobs: 'batch',
  leases: 'coordination.k8s.io',
  networkpolicies: 'networking.k8s.io',
  poddisruptionbudgets: 'policy',
  replicasets: 'apps',
  statefulsets: 'apps',
  storageclasses: 'storage.k8s.io',
  volumeattachments: 'storage.k8s.io',
};

function stateRules(
  resources: readonly string[],
): readonly (PolicyRule & { readonly reason: string })[] {
  const groups = new Map<string, string[]>();
  for (const resource of resources) {
    const group = groupOf[resource] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), resource]);
  }
  return [...groups]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([group, names]) => ({
      apiGroups: [group],
      resources: names,
      verbs: ['list', 'watch'],
      reason: 'kube-state-metrics keeps the state of each of these objects',
    }));
}

/**
 * ServiceMonitor and PodMonitor objects, without an operator: the target allocator of the
 * OpenTelemetry operator runs as a Deployment of its own, finds the targets and deals them out to
 * the agents; each agent asks it what is its own.
 */
import { noNeeds, type PolicyRule, type ProgramWorkload } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { parseDurationMs } from '../../core/units.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset, PresetContext } from '../preset.ts';
import { sharingOf } from '../scraping.ts';
import type { MonitorsOptions } from './config.ts';

const program = 'target-allocator';
const port = 8080;
const configFile = 'targetallocator.yaml';

export const monitors: Preset<MonitorsOptions> = {
  name: 'monitors',
  summary: 'Follows ServiceMonitor and PodMonitor objects by a target allocator.',
  agents: ['prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: {
      preset: 'monitors',
      components: [
        {
          kind: 'receiver',
          id: 'prometheus/monitors',
          config: {
            config: { scrape_configs: [] },
            target_allocator: {
              endpoint: `http://${context.stack}-${program}.${context.agentsNamespace}.svc:${port}`,
              interval: '30s',
              // The allocator knows agents by the names of their pods.
              collector_id: fromEnv('MY_POD_NAME'),
            },
          },
        },
      ],
      attachments: [{ pipeline: 'metrics', as: 'receiver', id: 'prometheus/monitors' }],
    },
    programs: [allocator(options, context)],
    warnings: options.authenticated_monitors
      ? ['credentials of monitors travel unencrypted from the target allocator to the agents']
      : ['monitors with credentials in Secrets are scraped without them: authenticated_monitors'],
  }),
};

function allocator(options: MonitorsOptions, context: PresetContext): ProgramWorkload {
  return {
    name: program,
    preset: 'monitors',
    shape: { kind: 'Deployment', replicas: 1 },
    image: options.image,
    args: [`--config-file=/etc/${program}/${configFile}`, `--listen-addr=:${port}`],
    needs: { ...noNeeds, ports: [{ name: 'http', port, protocol: 'TCP' }] },
    resources: {
      cpuRequest: options.container.cpu_request,
      memoryRequest: options.container.memory_request,
      memoryLimit: options.container.memory_limit,
    },
    // JSON is YAML; the allocator reads it as such.
    files: { [configFile]: `${JSON.stringify(allocatorConfig(options, context), null, 2)}\n` },
    rules: rules(options),
    servicePorts: [{ name: 'http', port, protocol: 'TCP' }],
  };
}

function allocatorConfig(options: MonitorsOptions, context: PresetContext): JsonObject {
  const ownNode = sharingOf(context).kind === 'own-node';
  const select = (labels: Readonly<Record<string, string>>) => ({ matchlabels: labels });
  return {
    allocation_strategy: ownNode ? 'per-node' : 'consistent-hashing',
    // Targets without a node, such as addresses outside the cluster, go to one agent each.
    ...(ownNode && { allocation_fallback_strategy: 'consistent-hashing' }),
    filter_strategy: 'relabel-config',
    collector_namespace: context.agentsNamespace,
    collector_selector: {
      matchlabels: {
        'app.kubernetes.io/name': 'prometheus-agent',
        'app.kubernetes.io/instance': context.stack,
      },
    },
    prometheus_cr: {
      enabled: true,
      // Nanoseconds would be read too; a duration says its unit.
      scrape_interval: options.scrape_interval,
      // An empty selector means all; one that is absent would mean none.
      ...(options.service_monitors && {
        service_monitor_selector: select(options.match_labels),
        service_monitor_namespace_selector: select(options.namespaces),
      }),
      ...(options.pod_monitors && {
        pod_monitor_selector: select(options.match_labels),
        pod_monitor_namespace_selector: select(options.namespaces),
      }),
    },
    config: {
      global: { scrape_interval: `${(parseDurationMs(options.scrape_interval) ?? 0) / 1000}s` },
      scrape_configs: [],
    },
  };
}

function rules(options: MonitorsOptions): readonly (PolicyRule & { readonly reason: string })[] {
  const read = ['get', 'list', 'watch'];
  const kinds = [
    ...(options.service_monitors ? ['servicemonitors'] : []),
    ...(options.pod_monitors ? ['podmonitors'] : []),
  ];
  return [
    {
      apiGroups: ['monitoring.coreos.com'],
      resources: kinds,
      verbs: read,
      reason: 'the target allocator follows these objects',
    },
    {
      apiGroups: [''],
      resources: ['namespaces', 'nodes', 'pods', 'services'],
      verbs: read,
      reason: 'the target allocator finds the targets of monitors, and the agents they go to',
    },
    {
      apiGroups: ['discovery.k8s.io'],
      resources: ['endpointslices'],
      verbs: read,
      reason: 'the target allocator finds the endpoints of monitored services',
    },
    ...(options.authenticated_monitors
      ? [
          {
            apiGroups: [''],
            resources: ['secrets'],
            verbs: ['get', 'list', 'watch'],
            reason: 'authenticated_monitors: credentials of monitors are kept in Secrets',
          },
        ]
      : []),
  ];
}

import { z } from 'zod';
import { cadvisorOptions } from '../../cadvisor/config.ts';
import { controlPlaneOptions } from '../../control-plane/config.ts';
import { costOptions } from '../../cost/config.ts';
import { kubeStateMetricsOptions } from '../../kube-state-metrics/config.ts';
import { monitorsOptions } from '../../monitors/config.ts';
import { prometheusAnnotationsOptions } from '../../prometheus-annotations/config.ts';
import { described, resourceOptions } from '../../words.ts';

const exportProtocols = ['otlp', 'remote_write'] as const;

/** How an agent's metrics go to the gateway. */
export type ExportProtocol = (typeof exportProtocols)[number];

/** Key `prometheus_agent` of the stack: Collectors that scrape, each target exactly once. */
export const prometheusAgentOptions = z.strictObject({
  mode: described(
    z.enum(['deployment', 'statefulset', 'daemonset']).default('daemonset'),
    'deployment: one Collector scrapes everything; statefulset: `shards` of them share the ' +
      'targets by hash; daemonset: each scrapes its own node.',
    'statefulset',
  ),
  shards: described(
    z.int().min(1).max(64).default(2),
    'How many share the targets (a count); only in the mode statefulset.',
    4,
  ),
  annotations: described(
    z.boolean().default(true),
    'Scrapes pods that carry the annotation prometheus.io/scrape; the same as the preset ' +
      'prometheus_annotations with its defaults.',
    false,
  ),
  export: described(
    z.enum(exportProtocols).default('otlp'),
    'How metrics go to the gateway. otlp: with what is known of a target as attributes of its ' +
      'resource; remote_write: the series that a Prometheus would send, with job and instance, ' +
      'and the rest in target_info; only to a gateway of flavor `obsctl` of the same file.',
    'remote_write',
  ),
  resources: resourceOptions({
    cpuRequest: '100m',
    memoryRequest: '256Mi',
    memoryLimit: '1Gi',
  }),
  presets: described(
    z
      .strictObject({
        prometheus_annotations: described(
          prometheusAnnotationsOptions.optional(),
          'Pods with the annotation prometheus.io/scrape.',
          {},
        ),
        monitors: described(
          monitorsOptions.optional(),
          'Targets of ServiceMonitor and PodMonitor objects, by the target allocator.',
          {},
        ),
        cadvisor: described(cadvisorOptions.optional(), 'Containers, by cAdvisor.', {}),
        kube_state_metrics: described(
          kubeStateMetricsOptions.optional(),
          'A kube-state-metrics, and its metrics.',
          {},
        ),
        control_plane: described(
          controlPlaneOptions.optional(),
          'Metrics of the API server, DNS, scheduler, controller manager and etcd; not in ' +
            'the mode daemonset.',
          {},
        ),
        cost: described(
          costOptions.optional(),
          'The few metrics from which costs are computed.',
          {},
        ),
      })
      .prefault({}),
    'What it scrapes, by preset.',
    { cadvisor: {}, kube_state_metrics: {} },
  ),
});

export type PrometheusAgentOptions = z.output<typeof prometheusAgentOptions>;

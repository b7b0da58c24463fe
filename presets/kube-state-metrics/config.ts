import { z } from 'zod';
import { described, goDuration, resourceOptions } from '../words.ts';

/** Options of the preset `kube_state_metrics`. */
export const kubeStateMetricsOptions = z.strictObject({
  install: described(
    z.boolean().default(true),
    'Brings a kube-state-metrics of its own. Off where the cluster has one already: it is ' +
      'then found by `selector`.',
    false,
  ),
  image: described(
    z.string().min(1).default('registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0'),
    'Image of kube-state-metrics, with tag or digest.',
    'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.17.0',
  ),
  selector: described(
    z.string().min(1).default('app.kubernetes.io/name=kube-state-metrics'),
    'Labels of the kube-state-metrics pods that are there already, in the syntax of ' +
      'kubectl --selector; read only when install is off.',
    'app=kube-state-metrics',
  ),
  scrape_interval: described(
    goDuration.default('60s'),
    'How often it is read (a duration).',
    '30s',
  ),
  resources: described(
    z
      .array(z.string().min(1))
      .min(1)
      .default([
        'cronjobs',
        'daemonsets',
        'deployments',
        'horizontalpodautoscalers',
        'jobs',
        'namespaces',
        'nodes',
        'persistentvolumeclaims',
        'persistentvolumes',
        'pods',
        'replicasets',
        'resourcequotas',
        'services',
        'statefulsets',
      ]),
    'Kinds of objects it reads (--resources); the rights of its service account are ' +
      'computed from this list.',
    ['nodes', 'pods'],
  ),
  keep: described(
    z.array(z.string().min(1)).default([]),
    'Names of the metrics that are kept (regular expressions, anchored); an empty list ' +
      'keeps everything.',
    ['kube_pod_.*', 'kube_node_status_.*'],
  ),
  container: resourceOptions({
    cpuRequest: '20m',
    memoryRequest: '128Mi',
    memoryLimit: '256Mi',
  }),
});

export type KubeStateMetricsOptions = z.output<typeof kubeStateMetricsOptions>;

import { z } from 'zod';
import { clusterMetricsOptions } from '../../cluster-metrics/config.ts';
import { controlPlaneOptions } from '../../control-plane/config.ts';
import { kafkaOptions } from '../../kafka/config.ts';
import { kubeStateMetricsOptions } from '../../kube-state-metrics/config.ts';
import { kubernetesEventsOptions } from '../../kubernetes-events/config.ts';
import { kubernetesObjectsOptions } from '../../kubernetes-objects/config.ts';
import { described, resourceOptions } from '../../words.ts';

/** Key `cluster_agent` of the stack: one Collector for what is there once in a cluster. */
export const clusterAgentOptions = z.strictObject({
  replicas: described(
    z.int().min(1).max(5).default(1),
    'How many run (a count). With two, one works and the other takes over when it is lost; ' +
      'presets that scrape are refused then, because a scrape has no leader.',
    2,
  ),
  resources: resourceOptions({
    cpuRequest: '100m',
    memoryRequest: '256Mi',
    memoryLimit: '512Mi',
  }),
  presets: described(
    z
      .strictObject({
        cluster_metrics: described(
          clusterMetricsOptions.optional(),
          'State of nodes, pods and workloads as metrics.',
          {},
        ),
        kubernetes_events: described(
          kubernetesEventsOptions.optional(),
          'Events of the cluster as log records.',
          {},
        ),
        kubernetes_objects: described(
          kubernetesObjectsOptions.optional(),
          'Changes of objects as log records.',
          {},
        ),
        control_plane: described(
          controlPlaneOptions.optional(),
          'Metrics of the API server, DNS, scheduler, controller manager and etcd.',
          {},
        ),
        kube_state_metrics: described(
          kubeStateMetricsOptions.optional(),
          'A kube-state-metrics, and its metrics.',
          {},
        ),
        kafka: described(kafkaOptions.optional(), 'Telemetry out of Kafka topics.', {
          brokers: ['kafka-0.kafka.svc:9092'],
          traces: { topic: 'otlp_spans' },
        }),
      })
      .prefault({}),
    'What it does, by preset.',
    { cluster_metrics: {}, kubernetes_events: {} },
  ),
});

export type ClusterAgentOptions = z.output<typeof clusterAgentOptions>;

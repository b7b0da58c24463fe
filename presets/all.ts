/** Every preset with the schema of its options: for reference pages and tests, not for agents. */
import type { z } from 'zod';
import type { Contribution } from '../collector/workload.ts';
import { cadvisorOptions } from './cadvisor/config.ts';
import { cadvisor } from './cadvisor/preset.ts';
import { clusterMetricsOptions } from './cluster-metrics/config.ts';
import { clusterMetrics } from './cluster-metrics/preset.ts';
import { cniOptions } from './cni/config.ts';
import { cni } from './cni/preset.ts';
import { controlPlaneOptions } from './control-plane/config.ts';
import { controlPlane } from './control-plane/preset.ts';
import { costOptions } from './cost/config.ts';
import { cost } from './cost/preset.ts';
import { dockerStatsOptions } from './docker-stats/config.ts';
import { dockerStats } from './docker-stats/preset.ts';
import { ebpfOptions } from './ebpf/config.ts';
import { ebpf } from './ebpf/preset.ts';
import { hostMetricsOptions } from './host-metrics/config.ts';
import { hostMetrics } from './host-metrics/preset.ts';
import { kafkaOptions } from './kafka/config.ts';
import { kafka } from './kafka/preset.ts';
import { kubeStateMetricsOptions } from './kube-state-metrics/config.ts';
import { kubeStateMetrics } from './kube-state-metrics/preset.ts';
import { kubeletMetricsOptions } from './kubelet-metrics/config.ts';
import { kubeletMetrics } from './kubelet-metrics/preset.ts';
import { kubernetesAttributesOptions } from './kubernetes-attributes/config.ts';
import { kubernetesAttributes } from './kubernetes-attributes/preset.ts';
import { kubernetesEventsOptions } from './kubernetes-events/config.ts';
import { kubernetesEvents } from './kubernetes-events/preset.ts';
import { kubernetesObjectsOptions } from './kubernetes-objects/config.ts';
import { kubernetesObjects } from './kubernetes-objects/preset.ts';
import { logDedupOptions } from './log-dedup/config.ts';
import { logDedup } from './log-dedup/preset.ts';
import { monitorsOptions } from './monitors/config.ts';
import { monitors } from './monitors/preset.ts';
import { otlpIngestOptions } from './otlp-ingest/config.ts';
import { otlpIngest } from './otlp-ingest/preset.ts';
import { persistentQueueOptions } from './persistent-queue/config.ts';
import { persistentQueue } from './persistent-queue/preset.ts';
import { podLogsOptions } from './pod-logs/config.ts';
import { podLogs } from './pod-logs/preset.ts';
import type { Preset, PresetContext } from './preset.ts';
import { prometheusAnnotationsOptions } from './prometheus-annotations/config.ts';
import { prometheusAnnotations } from './prometheus-annotations/preset.ts';
import { resourceDetectionOptions } from './resource-detection/config.ts';
import { resourceDetection } from './resource-detection/preset.ts';
import { spanMetricsOptions } from './span-metrics/config.ts';
import { spanMetrics } from './span-metrics/preset.ts';
import { tailSamplingOptions } from './tail-sampling/config.ts';
import { tailSampling } from './tail-sampling/preset.ts';

/** A preset whose options are checked when it is built, because here they are of any type. */
export type KnownPreset = Omit<Preset<unknown>, 'build'> & {
  readonly folder: string;
  /** The smallest options that it takes: empty where all keys have a default. */
  readonly smallest: Readonly<Record<string, unknown>>;
  readonly build: (options: unknown, context: PresetContext) => Contribution;
};

function known<Options>(
  preset: Preset<Options>,
  schema: z.ZodType<Options>,
  smallest: KnownPreset['smallest'] = {},
): KnownPreset {
  const { name, summary, agents, needsKubernetes } = preset;
  return {
    name,
    summary,
    agents,
    ...(needsKubernetes === true && { needsKubernetes }),
    folder: name.replaceAll('_', '-'),
    smallest,
    build: (options, context) => preset.build(schema.parse(options), context),
  };
}

export const allPresets: readonly KnownPreset[] = [
  known(cadvisor, cadvisorOptions),
  known(clusterMetrics, clusterMetricsOptions),
  known(cni, cniOptions, { kind: 'cilium' }),
  known(controlPlane, controlPlaneOptions),
  known(cost, costOptions),
  known(dockerStats, dockerStatsOptions),
  known(ebpf, ebpfOptions),
  known(hostMetrics, hostMetricsOptions),
  known(kafka, kafkaOptions, {
    brokers: ['kafka-0.kafka.svc:9092'],
    traces: { topic: 'otlp_spans' },
    metrics: { topic: 'otlp_metrics' },
    logs: { topic: 'otlp_logs' },
  }),
  known(kubeStateMetrics, kubeStateMetricsOptions),
  known(kubeletMetrics, kubeletMetricsOptions),
  known(kubernetesAttributes, kubernetesAttributesOptions),
  known(kubernetesEvents, kubernetesEventsOptions),
  known(kubernetesObjects, kubernetesObjectsOptions),
  known(logDedup, logDedupOptions),
  known(monitors, monitorsOptions),
  known(otlpIngest, otlpIngestOptions),
  known(persistentQueue, persistentQueueOptions),
  known(podLogs, podLogsOptions),
  known(prometheusAnnotations, prometheusAnnotationsOptions),
  known(resourceDetection, resourceDetectionOptions),
  known(spanMetrics, spanMetricsOptions),
  known(tailSampling, tailSamplingOptions),
];

/** Options of the node-agent: its presets and what its container asks of the node. */
import { z } from 'zod';
import { cadvisorOptions } from '../../cadvisor/config.ts';
import { cniOptions } from '../../cni/config.ts';
import { dockerStatsOptions } from '../../docker-stats/config.ts';
import { ebpfOptions } from '../../ebpf/config.ts';
import { hostMetricsOptions } from '../../host-metrics/config.ts';
import { kubeletMetricsOptions } from '../../kubelet-metrics/config.ts';
import { kubernetesAttributesOptions } from '../../kubernetes-attributes/config.ts';
import { logDedupOptions } from '../../log-dedup/config.ts';
import { otlpIngestOptions } from '../../otlp-ingest/config.ts';
import { persistentQueueOptions } from '../../persistent-queue/config.ts';
import { podLogsOptions } from '../../pod-logs/config.ts';
import { resourceDetectionOptions } from '../../resource-detection/config.ts';
import { spanMetricsOptions } from '../../span-metrics/config.ts';
import { described, resourceOptions } from '../../words.ts';

const presetsOfNodeAgent = z.strictObject({
  pod_logs: podLogsOptions
    .optional()
    .describe('Reads the logs of all pods of the node.')
    .meta({ examples: [{}] }),
  host_metrics: hostMetricsOptions
    .optional()
    .describe('Counts CPU, memory, disks, file systems and network of the machine.')
    .meta({ examples: [{}] }),
  kubelet_metrics: kubeletMetricsOptions
    .optional()
    .describe('Counts what containers, pods, volumes and the node use, as the kubelet says.')
    .meta({ examples: [{}] }),
  cadvisor: cadvisorOptions
    .optional()
    .describe("Reads the cAdvisor of the node's kubelet.")
    .meta({ examples: [{}] }),
  cni: cniOptions
    .optional()
    .describe("Scrapes the network plugin's agent on the node.")
    .meta({ examples: [{ kind: 'cilium' }] }),
  docker_stats: dockerStatsOptions
    .optional()
    .describe('Counts what the containers of a Docker daemon use.')
    .meta({ examples: [{}] }),
  log_dedup: logDedupOptions
    .optional()
    .describe('Makes one record of equal log records that follow within a time.')
    .meta({ examples: [{ interval: '10s' }] }),
  span_metrics: spanMetricsOptions
    .optional()
    .describe('Counts requests, errors and durations out of the spans of the node.')
    .meta({ examples: [{ dimensions: ['http.route'] }] }),
  ebpf: ebpfOptions
    .optional()
    .describe('Traces and network metrics by eBPF, in pods of their own on every node.')
    .meta({ examples: [{ network: true }] }),
  otlp_ingest: otlpIngestOptions
    .describe('Takes OTLP from the applications of the node; stands unless taken out.')
    .meta({ examples: [{ host_port: false }] }),
  kubernetes_attributes: kubernetesAttributesOptions
    .describe('Adds pod, workload, namespace and node to telemetry; stands unless taken out.')
    .meta({ examples: [{ labels: [{ key: 'team' }] }] }),
  resource_detection: resourceDetectionOptions
    .describe('Adds the host and the cloud it runs in; stands unless taken out.')
    .meta({ examples: [{ cloud: 'eks' }] }),
  persistent_queue: persistentQueueOptions
    .describe('Keeps what waits for the gateway on disk; stands unless taken out.')
    .meta({ examples: [{ queue_size: '2Gi' }] }),
});

export const nodeAgentOptions = z.strictObject({
  presets: described(
    presetsOfNodeAgent.prefault({}),
    'What the node-agent does; a preset stands in it when its key is there.',
    { pod_logs: {}, host_metrics: {}, kubelet_metrics: {} },
  ),
  resources: resourceOptions({
    cpuRequest: '100m',
    memoryRequest: '256Mi',
    memoryLimit: '512Mi',
  }),
});

export type NodeAgentOptions = z.output<typeof nodeAgentOptions>;

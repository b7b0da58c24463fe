/**
 * The node-agent: one Collector on every node (or on a machine without Kubernetes) for what only
 * that node can tell, and the nearest address for the applications that run there.
 */
import { cadvisor } from '../cadvisor/preset.ts';
import { cni } from '../cni/preset.ts';
import { dockerStats } from '../docker-stats/preset.ts';
import { ebpf } from '../ebpf/preset.ts';
import { hostMetrics } from '../host-metrics/preset.ts';
import { kubeletMetrics } from '../kubelet-metrics/preset.ts';
import { kubernetesAttributes } from '../kubernetes-attributes/preset.ts';
import { logDedup } from '../log-dedup/preset.ts';
import { otlpIngest } from '../otlp-ingest/preset.ts';
import { persistentQueue } from '../persistent-queue/preset.ts';
import { podLogs } from '../pod-logs/preset.ts';
import { resourceDetection } from '../resource-detection/preset.ts';
import { spanMetrics } from '../span-metrics/preset.ts';
import { type AgentInput, type BuiltAgent, buildAgent, choose } from './agent.ts';
import { basePiece } from './base.ts';
import type { NodeAgentOptions } from './node-agent/config.ts';

export function buildNodeAgent(input: AgentInput<NodeAgentOptions>): BuiltAgent {
  const { presets, resources } = input.options;
  return buildAgent({
    agent: 'node-agent',
    context: input.context,
    presets: [
      ...choose(podLogs, presets.pod_logs),
      ...choose(hostMetrics, presets.host_metrics),
      ...choose(kubeletMetrics, presets.kubelet_metrics),
      ...choose(cadvisor, presets.cadvisor),
      ...choose(cni, presets.cni),
      ...choose(dockerStats, presets.docker_stats),
      ...choose(otlpIngest, presets.otlp_ingest),
      ...choose(resourceDetection, presets.resource_detection),
      ...choose(kubernetesAttributes, presets.kubernetes_attributes),
      ...choose(logDedup, presets.log_dedup),
      ...choose(spanMetrics, presets.span_metrics),
      ...choose(ebpf, presets.ebpf),
      ...choose(persistentQueue, presets.persistent_queue),
    ],
    base: (pipelines, context, standing) =>
      basePiece(
        {
          memoryLimit: resources.memory_limit,
          toGateway: true,
          queueOnDisk: standing.has('persistent_queue'),
        },
        pipelines,
        context,
      ),
    extraExporters: input.extraExporters,
    shape: { kind: 'DaemonSet' },
    resources,
  });
}

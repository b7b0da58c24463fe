/** The agent for what is there once in a cluster: its state, its events, its control plane. */
import { Problem } from '../../core/problem.ts';
import { clusterMetrics } from '../cluster-metrics/preset.ts';
import { controlPlane } from '../control-plane/preset.ts';
import { kafka } from '../kafka/preset.ts';
import { kubeStateMetrics } from '../kube-state-metrics/preset.ts';
import { kubernetesEvents } from '../kubernetes-events/preset.ts';
import { kubernetesObjects } from '../kubernetes-objects/preset.ts';
import { type AgentInput, type BuiltAgent, buildAgent, choose } from './agent.ts';
import { basePiece } from './base.ts';
import type { ClusterAgentOptions } from './cluster-agent/config.ts';

export function buildClusterAgent(input: AgentInput<ClusterAgentOptions>): BuiltAgent {
  const { presets, replicas } = input.options;
  const scraping = [
    ...choose(controlPlane, presets.control_plane),
    ...choose(kubeStateMetrics, presets.kube_state_metrics),
  ];
  refuseDoubleScrapes(
    scraping.map(({ name }) => name),
    replicas,
  );
  return buildAgent({
    agent: 'cluster-agent',
    context: input.context,
    presets: [
      ...choose(clusterMetrics, presets.cluster_metrics),
      ...choose(kubernetesEvents, presets.kubernetes_events),
      ...choose(kubernetesObjects, presets.kubernetes_objects),
      ...scraping,
      ...choose(kafka, presets.kafka),
    ],
    base: (pipelines, context) =>
      basePiece(
        { memoryLimit: input.options.resources.memory_limit, toGateway: true },
        pipelines,
        context,
      ),
    extraExporters: input.extraExporters,
    shape: { kind: 'Deployment', replicas },
    resources: input.options.resources,
  });
}

/** The prometheus receiver knows no leader: each replica would read every target. */
function refuseDoubleScrapes(scraping: readonly string[], replicas: number): void {
  if (replicas === 1 || scraping.length === 0) return;
  throw new Problem(
    'OBS-1121',
    `cluster_agent has ${replicas} replicas, and each would read every target of ` +
      `${scraping.join(' and ')}`,
    {
      where: 'cluster_agent.replicas',
      next: `Set replicas to 1, or put ${scraping.join(' and ')} into prometheus_agent.`,
    },
  );
}

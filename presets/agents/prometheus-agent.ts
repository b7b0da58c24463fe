/**
 * The agent that scrapes, in three modes; in each of them every target is read exactly once:
 *
 *     deployment   one replica reads all
 *     statefulset  each replica reads the targets whose hash is its ordinal
 *     daemonset    each replica reads what runs on its own node
 */
import type { WorkloadShape } from '../../collector/workload.ts';
import { Problem } from '../../core/problem.ts';
import { cadvisor } from '../cadvisor/preset.ts';
import { controlPlane } from '../control-plane/preset.ts';
import { cost } from '../cost/preset.ts';
import { kubeStateMetrics } from '../kube-state-metrics/preset.ts';
import { monitors } from '../monitors/preset.ts';
import type { Sharing } from '../preset.ts';
import { prometheusAnnotationsOptions } from '../prometheus-annotations/config.ts';
import { prometheusAnnotations } from '../prometheus-annotations/preset.ts';
import { type AgentInput, type BuiltAgent, buildAgent, choose } from './agent.ts';
import { basePiece } from './base.ts';
import type { PrometheusAgentOptions } from './prometheus-agent/config.ts';

export function buildPrometheusAgent(input: AgentInput<PrometheusAgentOptions>): BuiltAgent {
  const { options } = input;
  const { presets } = options;
  refuseDoubleReads(options);
  const annotations =
    presets.prometheus_annotations ??
    (options.annotations ? prometheusAnnotationsOptions.parse({}) : undefined);
  return buildAgent({
    agent: 'prometheus-agent',
    context: { ...input.context, sharing: sharing(options) },
    presets: [
      ...choose(prometheusAnnotations, annotations),
      ...choose(monitors, presets.monitors),
      ...choose(cadvisor, presets.cadvisor),
      ...choose(kubeStateMetrics, presets.kube_state_metrics),
      ...choose(controlPlane, presets.control_plane),
      ...choose(cost, presets.cost),
    ],
    base: (pipelines, context) =>
      basePiece(
        {
          memoryLimit: options.resources.memory_limit,
          toGateway: true,
          metricsBy: options.export,
        },
        pipelines,
        context,
      ),
    extraExporters: input.extraExporters,
    shape: shape(options),
    resources: options.resources,
  });
}

function sharing({ mode, shards }: PrometheusAgentOptions): Sharing {
  if (mode === 'daemonset') return { kind: 'own-node' };
  if (mode === 'statefulset' && shards > 1) return { kind: 'shards', count: shards };
  return { kind: 'single' };
}

function shape({ mode, shards }: PrometheusAgentOptions): WorkloadShape {
  if (mode === 'daemonset') return { kind: 'DaemonSet' };
  if (mode === 'statefulset') return { kind: 'StatefulSet', replicas: shards };
  return { kind: 'Deployment', replicas: 1 };
}

/** `cost` reads the same targets as two others, and would read them a second time. */
function refuseDoubleReads({ presets }: PrometheusAgentOptions): void {
  const others = (['cadvisor', 'kube_state_metrics'] as const).filter(
    (name) => presets[name] !== undefined,
  );
  if (presets.cost === undefined || others.length === 0) return;
  throw new Problem('OBS-1121', `cost reads the same targets as ${others.join(' and ')}`, {
    where: 'prometheus_agent.presets.cost',
    next: `Take out cost, or ${others.join(' and ')}: they have all metrics that cost keeps.`,
  });
}

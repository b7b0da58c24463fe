/** From a stack to the Collectors it asks for: each agent's own builder, the same context for all. */
import type { AgentContext, BuiltAgent } from '../../presets/agents/agent.ts';
import { buildClusterAgent } from '../../presets/agents/cluster-agent.ts';
import { buildCollectorGateway } from '../../presets/agents/collector-gateway.ts';
import { buildNodeAgent } from '../../presets/agents/node-agent.ts';
import { buildPrometheusAgent } from '../../presets/agents/prometheus-agent.ts';
import { buildSampler } from '../../presets/agents/sampler.ts';
import type { Stack } from '../../stack/types.ts';

/** Port of the gateway's OTLP over gRPC, in a cluster and on a machine. */
export const otlpGrpcPort = 4317;

export type Target = 'kubernetes' | 'host';

export function agentContext(stack: Stack, target: Target): AgentContext {
  return {
    target,
    stack: stack.name,
    cluster: stack.cluster,
    namespace: stack.namespace,
    agentsNamespace: stack.agents_namespace,
    collectorVersion: stack.collector.version,
    kubernetesMinor: kubernetesMinorOf(stack),
    platform: stack.platform,
    gatewayEndpoint: gatewayEndpoint(stack, target),
  };
}

export function kubernetesMinorOf(stack: Stack): number {
  return Number(stack.kubernetes.version.split('.')[1]);
}

/** The agents that the file names, in the order in which telemetry passes them. */
export function buildAgents(stack: Stack, target: Target): readonly BuiltAgent[] {
  const context = agentContext(stack, target);
  const extraExporters = stack.extra_exporters;
  const built: BuiltAgent[] = [];
  if (stack.node_agent !== undefined) {
    built.push(buildNodeAgent({ context, options: stack.node_agent, extraExporters }));
  }
  if (stack.cluster_agent !== undefined) {
    built.push(buildClusterAgent({ context, options: stack.cluster_agent, extraExporters }));
  }
  if (stack.prometheus_agent !== undefined) {
    built.push(buildPrometheusAgent({ context, options: stack.prometheus_agent, extraExporters }));
  }
  if (stack.sampler !== undefined) {
    built.push(buildSampler({ context, options: stack.sampler, extraExporters }));
  }
  return built;
}

/** The gateway of flavor `collector`: the stock Collector with the ClickHouse exporter. */
export function buildGateway(stack: Stack): BuiltAgent {
  return buildCollectorGateway({
    context: agentContext(stack, 'kubernetes'),
    options: stack.gateway,
    extraExporters: stack.extra_exporters,
  });
}

function gatewayEndpoint(stack: Stack, target: Target): string {
  const own = `${stack.name}-gateway.${stack.namespace}.svc:${otlpGrpcPort}`;
  return target === 'host' ? `127.0.0.1:${otlpGrpcPort}` : own;
}

/** From a stack to its Collectors: each agent's own builder, the same context for all. */
import { gatewayEndpoint, gatewayPorts } from '../../k8s/gateway.ts';
import type { AgentContext, BuiltAgent } from '../../presets/agents/agent.ts';
import { buildClusterAgent } from '../../presets/agents/cluster-agent.ts';
import { buildCollectorGateway } from '../../presets/agents/collector-gateway.ts';
import { buildNodeAgent } from '../../presets/agents/node-agent.ts';
import { buildPrometheusAgent } from '../../presets/agents/prometheus-agent.ts';
import { buildSampler } from '../../presets/agents/sampler.ts';
import type { Stack } from '../../stack/types.ts';
import { clickhouseUrl } from './clickhouse-address.ts';

export type Target = 'kubernetes' | 'host';

function agentContext(stack: Stack, target: Target): AgentContext {
  return {
    target,
    stack: stack.name,
    cluster: stack.cluster,
    namespace: stack.namespace,
    agentsNamespace: stack.agents_namespace,
    collectorVersion: stack.collector.version,
    kubernetesMinor: kubernetesMinorOf(stack),
    platform: stack.platform,
    gatewayEndpoint: gatewayAddress(stack, target),
    ...gatewayHttpAddress(stack, target),
    ...opampAddress(stack, target),
    ...samplerAddress(stack, target),
    ...gatewayGuard(stack, target),
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
  const { secret, user_key, password_key } = stack.clickhouse.credentials;
  return buildCollectorGateway({
    context: agentContext(stack, 'kubernetes'),
    options: stack.gateway,
    extraExporters: stack.extra_exporters,
    clickhouse: {
      url: clickhouseUrl(stack),
      database: stack.clickhouse.database,
      secret,
      userKey: user_key,
      passwordKey: password_key,
    },
  });
}

function gatewayAddress(stack: Stack, target: Target): string {
  if (stack.gateway.endpoint !== undefined) return stack.gateway.endpoint;
  if (target === 'host') return `127.0.0.1:${gatewayPorts.grpc}`;
  return gatewayEndpoint({ stack: stack.name, namespace: stack.namespace });
}

/** Of a gateway elsewhere the file has the address of one listener, and that is another one. */
function gatewayHttpAddress(
  stack: Stack,
  target: Target,
): Pick<AgentContext, 'gatewayHttpEndpoint'> {
  if (stack.gateway.endpoint !== undefined || target === 'host') return {};
  const place = { stack: stack.name, namespace: stack.namespace };
  return { gatewayHttpEndpoint: gatewayEndpoint(place, gatewayPorts.http) };
}

/** Our own gateway takes reports of agents; the stock Collector does not. */
function opampAddress(stack: Stack, target: Target): Pick<AgentContext, 'opampAddress'> {
  const { flavor, opamp } = stack.gateway;
  const { gatewayHttpEndpoint } = gatewayHttpAddress(stack, target);
  const answers = flavor === 'obsctl' && opamp && gatewayHttpEndpoint !== undefined;
  return answers ? { opampAddress: gatewayHttpEndpoint } : {};
}

/** What a gateway that this file renders asks of its agents. */
function gatewayGuard(stack: Stack, target: Target): Pick<AgentContext, 'gatewayGuard'> {
  const { endpoint, tls, auth } = stack.gateway;
  if (endpoint !== undefined || target === 'host') return {};
  if (tls === undefined && auth === undefined) return {};
  return {
    gatewayGuard: {
      isTls: tls !== undefined,
      ...(tls?.agents_ca !== undefined && { authority: tls.agents_ca }),
      ...(auth?.agents !== undefined && { token: auth.agents }),
    },
  };
}

/** The sampler's Service; a machine without Kubernetes has none. */
function samplerAddress(stack: Stack, target: Target): Pick<AgentContext, 'samplerEndpoint'> {
  if (stack.sampler === undefined || target === 'host') return {};
  const host = `${stack.name}-sampler.${stack.agents_namespace}.svc`;
  return { samplerEndpoint: `${host}:${gatewayPorts.grpc}` };
}

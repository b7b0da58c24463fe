/** Agents out of few words, as tests need them: which agent, which presets, which version. */
import type { AgentName } from '../../collector/workload.ts';
import type { AgentContext, BuiltAgent } from '../../presets/agents/agent.ts';
import { clusterAgentOptions } from '../../presets/agents/cluster-agent/config.ts';
import { buildClusterAgent } from '../../presets/agents/cluster-agent.ts';
import { collectorGatewayOptions } from '../../presets/agents/collector-gateway/config.ts';
import { buildCollectorGateway } from '../../presets/agents/collector-gateway.ts';
import { nodeAgentOptions } from '../../presets/agents/node-agent/config.ts';
import { buildNodeAgent } from '../../presets/agents/node-agent.ts';
import { prometheusAgentOptions } from '../../presets/agents/prometheus-agent/config.ts';
import { buildPrometheusAgent } from '../../presets/agents/prometheus-agent.ts';
import { samplerOptions } from '../../presets/agents/sampler/config.ts';
import { buildSampler } from '../../presets/agents/sampler.ts';
import type { ExtraExportersOptions } from '../../presets/extra-exporters/config.ts';

export type AgentWish = {
  readonly agent: AgentName;
  readonly presets?: Readonly<Record<string, unknown>>;
  /** Keys of the agent beside `presets`. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly version?: string;
  readonly context?: Partial<AgentContext>;
  readonly extraExporters?: ExtraExportersOptions;
};

/** Keys under `presets` that the agent's options know. */
export function presetKeysOf(agent: AgentName): readonly string[] {
  const shapes = {
    'node-agent': nodeAgentOptions.shape.presets.unwrap().shape,
    'cluster-agent': clusterAgentOptions.shape.presets.unwrap().shape,
    'prometheus-agent': prometheusAgentOptions.shape.presets.unwrap().shape,
    sampler: samplerOptions.shape.presets.unwrap().shape,
    gateway: {},
  };
  return Object.keys(shapes[agent]);
}

export function testContext(version = '0.149.0'): AgentContext {
  return {
    target: 'kubernetes',
    stack: 'shop',
    cluster: 'prod-eu',
    namespace: 'observability',
    agentsNamespace: 'observability-agents',
    collectorVersion: version,
    kubernetesMinor: 33,
    platform: 'generic',
    gatewayEndpoint: 'shop-gateway.observability.svc:4317',
    gatewayHttpEndpoint: 'shop-gateway.observability.svc:4318',
  };
}

/** Presets that stand in the node-agent unless they are taken out. */
const standing = [
  'otlp_ingest',
  'kubernetes_attributes',
  'resource_detection',
  'persistent_queue',
] as const;

export function buildAgentOf(wish: AgentWish): BuiltAgent {
  const context = { ...testContext(wish.version), ...wish.context };
  const extraExporters = wish.extraExporters ?? {};
  const presets = wish.presets ?? {};
  const given = { ...wish.options, presets };
  const input = { context, extraExporters };
  switch (wish.agent) {
    case 'cluster-agent':
      return buildClusterAgent({ ...input, options: clusterAgentOptions.parse(given) });
    case 'prometheus-agent': {
      const options = prometheusAgentOptions.parse({ annotations: false, ...given });
      return buildPrometheusAgent({ ...input, options });
    }
    case 'sampler':
      return buildSampler({ ...input, options: samplerOptions.parse(given) });
    case 'gateway':
      return buildCollectorGateway({
        ...input,
        options: collectorGatewayOptions.parse({ ...wish.options }),
        clickhouse: {
          url: 'http://shop-clickhouse.observability.svc:8123',
          database: 'otel',
          secret: 'clickhouse',
          userKey: 'user',
          passwordKey: 'password',
        },
      });
    default: {
      const off = Object.fromEntries(standing.map((name) => [name, { enabled: false }]));
      const options = nodeAgentOptions.parse({ ...given, presets: { ...off, ...presets } });
      return buildNodeAgent({ ...input, options });
    }
  }
}

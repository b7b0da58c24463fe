/**
 * The agents' part of the stack file, put together from what each agent and preset declares.
 * What is named is rendered; what is absent is not.
 */
import { z } from 'zod';
import { clusterAgentOptions } from '../presets/agents/cluster-agent/config.ts';
import { nodeAgentOptions } from '../presets/agents/node-agent/config.ts';
import { prometheusAgentOptions } from '../presets/agents/prometheus-agent/config.ts';
import { samplerOptions } from '../presets/agents/sampler/config.ts';
import type { KeyMeta } from './kit.ts';

/** Presets that are on when the file has the agent but not its key `presets`. */
const usualPresets = {
  node_agent: ['pod_logs', 'host_metrics', 'kubelet_metrics'],
  cluster_agent: ['cluster_metrics', 'kubernetes_events'],
  prometheus_agent: [],
  sampler: ['tail_sampling'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type AgentKey = keyof typeof usualPresets;

export const agentKeys = Object.keys(usualPresets) as readonly AgentKey[];

/** Presets that stand in the node-agent even when `presets` does not name them. */
const standingPresets = [
  'otlp_ingest',
  'kubernetes_attributes',
  'resource_detection',
  'persistent_queue',
] as const;

/** The presets that each agent knows, by their keys. */
export const presetKeys: Readonly<Record<AgentKey, readonly string[]>> = {
  node_agent: Object.keys(nodeAgentOptions.shape.presets.unwrap().shape),
  cluster_agent: Object.keys(clusterAgentOptions.shape.presets.unwrap().shape),
  prometheus_agent: Object.keys(prometheusAgentOptions.shape.presets.unwrap().shape),
  sampler: Object.keys(samplerOptions.shape.presets.unwrap().shape),
};

/** `off` takes away from what is on without being named. */
function offList<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z
    .array(z.enum(names))
    .max(names.length)
    .default([])
    .meta({
      description: 'Presets that would be on without being named, and shall not be',
      examples: [[names[0]]],
    });
}

/** An agent's key: the agent's own schema, and `node_agent:` or `true` for all its defaults. */
function agentKey<Schema extends z.ZodType>(key: AgentKey, schema: Schema, meta: KeyMeta) {
  const whole = z
    .preprocess((value) => withUsualPresets(key, value), schema)
    .optional()
    .meta({ description: meta.description, examples: [...meta.examples] });
  // A preprocessed schema takes anything; editors of a typed stack shall see the agent's keys.
  return whole as unknown as z.ZodOptional<z.ZodType<z.output<Schema>, z.input<Schema> | true>>;
}

/** The agent with the presets that its file means: those it names, or else the usual ones. */
function withUsualPresets(key: AgentKey, value: unknown): unknown {
  const agent = value === true || value === null ? {} : value;
  if (!isMap(agent)) return agent;
  const given = agent['presets'];
  const off = namesIn(agent['off']);
  const usual = usualPresets[key].filter((name) => !off.has(name));
  const named = given === undefined ? Object.fromEntries(usual.map((name) => [name, {}])) : given;
  if (!isMap(named)) return agent;
  const presets: Record<string, unknown> = {};
  for (const [name, options] of Object.entries(named)) {
    presets[name] = options === true || options === null ? {} : options;
  }
  if (key === 'node_agent') {
    for (const name of standingPresets) {
      if (off.has(name) && presets[name] === undefined) presets[name] = { enabled: false };
    }
  }
  return { ...agent, presets };
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function namesIn(list: unknown): ReadonlySet<unknown> {
  return new Set(Array.isArray(list) ? list : []);
}

export const nodeAgent = agentKey(
  'node_agent',
  nodeAgentOptions.extend({
    presets: nodeAgentOptions.shape.presets.meta({
      description: `What it does, by preset; absent: ${usualPresets.node_agent.join(', ')}`,
      examples: [{ pod_logs: {}, host_metrics: {}, kubelet_metrics: {} }],
    }),
    off: offList(['pod_logs', 'host_metrics', 'kubelet_metrics', ...standingPresets]),
  }),
  {
    description: 'The Collector on every node: logs, host and kubelet metrics, OTLP of its pods',
    examples: [{ presets: { pod_logs: {}, host_metrics: {} } }],
  },
);

export const clusterAgent = agentKey(
  'cluster_agent',
  clusterAgentOptions.extend({
    presets: clusterAgentOptions.shape.presets.meta({
      description: `What it does, by preset; absent: ${usualPresets.cluster_agent.join(', ')}`,
      examples: [{ cluster_metrics: {}, kubernetes_events: {} }],
    }),
    off: offList(['cluster_metrics', 'kubernetes_events']),
  }),
  {
    description: 'The Collector that watches the cluster itself: metrics, events, objects',
    examples: [{ presets: { cluster_metrics: {} } }],
  },
);

export const prometheusAgent = agentKey('prometheus_agent', prometheusAgentOptions, {
  description: 'The Collector that scrapes Prometheus targets, each exactly once',
  examples: [{ mode: 'daemonset', annotations: true }],
});

export const sampler = agentKey('sampler', samplerOptions, {
  description: 'A tier between agents and gateway that keeps or drops whole traces',
  examples: [{ replicas: 2, presets: { tail_sampling: {} } }],
});

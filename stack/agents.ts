/** The agents' part of the stack file. What is named is rendered; what is absent is not. */
import { z } from 'zod';
import { choice, count, cpu, flag, size } from './kit.ts';
import { clusterPresets, nodePresets, prometheusPresets, samplerPresets } from './presets.ts';

const shardsMax = 100;

type ResourceDefaults = {
  readonly cpu_request: string;
  readonly memory_request: string;
  readonly memory_limit: string;
};

export function resources(defaults: ResourceDefaults) {
  return z
    .strictObject({
      cpu_request: cpu({
        description: 'Processor time that is reserved; unit: cores or thousandths (`m`)',
        examples: ['100m'],
      }).default(defaults.cpu_request),
      memory_request: size({
        description: 'Memory that is reserved; unit: bytes with a suffix',
        examples: ['200Mi'],
      }).default(defaults.memory_request),
      memory_limit: size({
        description: 'Memory at which the process is ended; unit: bytes with a suffix',
        examples: ['400Mi'],
      }).default(defaults.memory_limit),
    })
    .prefault({})
    .meta({
      description: 'What each pod reserves and may use',
      examples: [{ memory_limit: defaults.memory_limit }],
    });
}

/** `off` takes away from what is on by default. */
function offList<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z
    .array(z.enum(names))
    .max(names.length)
    .default([])
    .meta({
      description: 'Presets that would be on by default and shall not be',
      examples: [[names[0]]],
    });
}

function presetsOf<Shape extends z.core.$ZodLooseShape>(shape: Shape, example: object) {
  return z
    .strictObject(shape)
    .optional()
    .meta({
      description:
        'Presets that are on, with their options (`{}` for the defaults); absent: the usual set',
      examples: [example],
    });
}

/** `node_agent:` with nothing after it, or `true`, is the agent with its defaults. */
function agent<Shape extends z.ZodObject>(
  shape: Shape,
  meta: { description: string; examples: readonly unknown[] },
) {
  return z
    .preprocess((value) => (value === true || value === null ? {} : value), shape)
    .optional()
    .meta({ description: meta.description, examples: [...meta.examples] });
}

export const nodeAgent = agent(
  z.strictObject({
    presets: presetsOf(nodePresets, { pod_logs: {}, host_metrics: {} }),
    off: offList(['pod_logs', 'host_metrics', 'kubelet_metrics', 'otlp_ingest']),
    resources: resources({
      cpu_request: '100m',
      memory_request: '200Mi',
      memory_limit: '400Mi',
    }),
  }),
  {
    description: 'The Collector on every node: logs, host and kubelet metrics, OTLP of its pods',
    examples: [{ presets: { pod_logs: {}, host_metrics: {} } }],
  },
);

export const clusterAgent = agent(
  z.strictObject({
    replicas: count(
      {
        description: 'Pods; one leads, the others stand by',
        examples: [2],
      },
      { min: 1, max: 5 },
    ).default(2),
    presets: presetsOf(clusterPresets, { cluster_metrics: {}, kubernetes_events: {} }),
    off: offList(['cluster_metrics', 'kubernetes_events']),
    resources: resources({ cpu_request: '100m', memory_request: '200Mi', memory_limit: '400Mi' }),
  }),
  {
    description: 'The Collector that watches the cluster itself: metrics, events, objects',
    examples: [{ presets: { cluster_metrics: {} } }],
  },
);

export const prometheusAgent = agent(
  z.strictObject({
    mode: choice(['daemonset', 'statefulset', 'deployment'], {
      description:
        '`daemonset`: each pod scrapes its own node; `statefulset`: shards; `deployment`: one pod',
      examples: ['daemonset'],
    }).default('daemonset'),
    replicas: count(
      { description: 'Shards of `mode: statefulset`; every target is in one', examples: [2] },
      { min: 1, max: shardsMax },
    ).default(1),
    annotations: flag({
      description: 'Scrape pods that have `prometheus.io/scrape: "true"`',
      examples: [true],
    }).default(true),
    presets: presetsOf(prometheusPresets, { prometheus_annotations: {} }),
    resources: resources({ cpu_request: '100m', memory_request: '300Mi', memory_limit: '800Mi' }),
  }),
  {
    description: 'The Collector that scrapes Prometheus targets, each exactly once',
    examples: [{ mode: 'daemonset', annotations: true }],
  },
);

export const sampler = agent(
  z.strictObject({
    replicas: count(
      { description: 'Pods; all spans of a trace go to the same one', examples: [2] },
      { min: 1, max: shardsMax },
    ).default(2),
    presets: presetsOf(samplerPresets, { tail_sampling: {} }),
    resources: resources({ cpu_request: '200m', memory_request: '1Gi', memory_limit: '2Gi' }),
  }),
  {
    description: 'A tier between agents and gateway that keeps or drops whole traces',
    examples: [{ replicas: 2, presets: { tail_sampling: {} } }],
  },
);

/**
 * The stack file: every key with its type, default, unit, description and example. The loader,
 * the JSON Schema for editors, `obsctl explain` and the reference page are all drawn from it.
 */
import { z } from 'zod';
import { alertsOptions, slosOptions } from '../dashboards/alerts/config.ts';
import { entitiesOptions } from '../jobs/metadata/config.ts';
import { snapshotsOptions } from '../jobs/snapshot/config.ts';
import { extraExportersOptions } from '../presets/extra-exporters/config.ts';
import { clusterAgent, nodeAgent, prometheusAgent, sampler } from './agents.ts';
import { clickhouse } from './clickhouse.ts';
import { gateway } from './gateway.ts';
import { grafana } from './grafana.ts';
import { choice, dnsLabel, image, stackName, text } from './kit.ts';

export const platforms = [
  'generic',
  'gke-autopilot',
  'eks-auto',
  'eks-fargate',
  'aks-automatic',
  'openshift',
  'bottlerocket',
  'talos',
  'windows',
] as const;

/** Longest DNS name; the attribute itself has no limit. */
const clusterLengthMax = 253;

/** Minor versions of the Collector whose component names are in the dated table. */
const collectorMinors = { min: 149, max: 161 } as const;
const kubernetesMinors = { min: 29, max: 36 } as const;

const collector = z
  .strictObject({
    version: z
      .string({ error: 'a version in quotes such as "0.149.0"' })
      .regex(/^0\.(149|15\d|16[01])\.\d{1,2}$/, {
        error:
          `a Collector version from 0.${collectorMinors.min}.0 ` + `to 0.${collectorMinors.max}.x`,
      })
      .default('0.149.0')
      .meta({
        description: 'Release of the Collector; component names, keys and images follow it',
        examples: ['0.149.0'],
      }),
    image: image({
      description:
        'Image of the agents, for example of `obsctl distro`; absent: the stock contrib image',
      examples: ['registry.example/obs/otelcol:0.149.0'],
    }).optional(),
  })
  .prefault({})
  .meta({
    description: 'The OpenTelemetry Collector that the agents run',
    examples: [{ version: '0.149.0' }],
  });

const kubernetes = z
  .strictObject({
    version: z
      .string({ error: 'a version in quotes such as "1.33"' })
      .regex(/^1\.(29|3[0-6])$/, {
        error:
          `a Kubernetes version from "1.${kubernetesMinors.min}" ` +
          `to "1.${kubernetesMinors.max}"`,
      })
      .default('1.33')
      .meta({
        description: 'Minor version of the cluster; the rights of the agents follow it',
        examples: ['1.33'],
      }),
  })
  .prefault({})
  .meta({
    description: 'The cluster that objects are rendered for',
    examples: [{ version: '1.33' }],
  });

export const stackSchema = z
  .strictObject({
    name: stackName({
      description: 'Name of the stack; every object is named after it',
      examples: ['shop'],
    }),
    cluster: text(
      {
        description: 'Name of the cluster, `k8s.cluster.name` on every item',
        examples: ['prod-eu'],
      },
      clusterLengthMax,
    ).default('default'),
    namespace: dnsLabel({
      description: 'Namespace of gateway, ClickHouse, Grafana and jobs (restricted)',
      examples: ['observability'],
    }).default('observability'),
    agents_namespace: dnsLabel({
      description: 'Namespace of the agents, labelled for the rights that they need',
      examples: ['observability-agents'],
    }).default('observability-agents'),
    platform: choice(platforms, {
      description: 'Where the cluster runs; `validate` says what does not work there',
      examples: ['gke-autopilot'],
    }).default('generic'),
    kubernetes,
    collector,
    clickhouse,
    gateway,
    node_agent: nodeAgent,
    cluster_agent: clusterAgent,
    prometheus_agent: prometheusAgent,
    sampler,
    grafana,
    alerts: alertsOptions,
    slos: slosOptions,
    snapshots: snapshotsOptions,
    entities: entitiesOptions,
    extra_exporters: extraExportersOptions,
  })
  .meta({ title: 'obsctl stack file', description: 'What obsctl renders, checks and runs' });

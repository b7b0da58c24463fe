/** Options of the preset `kubernetes_attributes`. */
import { z } from 'zod';
import { onByDefault } from '../options.ts';

const extraction = (what: string) =>
  z.strictObject({
    key: z
      .string()
      .min(1)
      .describe(`Key of the ${what}.`)
      .meta({ examples: ['app.kubernetes.io/name'] }),
    tag_name: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Attribute it becomes; `k8s.<object>.label.<key>` or `.annotation.<key>` if absent.',
      )
      .meta({ examples: ['team'] }),
    from: z
      .enum(['pod', 'namespace', 'node'])
      .default('pod')
      .describe('Object that carries it.')
      .meta({ examples: ['namespace'] }),
  });

export const kubernetesAttributesOptions = onByDefault(
  z.strictObject({
    labels: z
      .array(extraction('label'))
      .default([])
      .describe('Labels that become resource attributes.')
      .meta({ examples: [[{ key: 'team', tag_name: 'team', from: 'namespace' }]] }),
    annotations: z
      .array(extraction('annotation'))
      .default([])
      .describe('Annotations that become resource attributes.')
      .meta({ examples: [[{ key: 'owner', from: 'pod' }]] }),
    workload_uids: z
      .boolean()
      .default(false)
      .describe('Whether UIDs of deployments, sets and jobs are added; watches ReplicaSets too.')
      .meta({ examples: [true] }),
    otel_annotations: z
      .boolean()
      .default(true)
      .describe('Whether pods may set attributes by `resource.opentelemetry.io/` annotations.')
      .meta({ examples: [false] }),
  }),
);

export type KubernetesAttributesOptions = z.output<typeof kubernetesAttributesOptions>;

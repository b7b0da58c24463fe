/**
 * Preset `kubernetes_attributes`: pod, workload, namespace and node as resource attributes. On a
 * node it watches the pods of that node alone, which is what keeps its memory small.
 */
import { escapeDollars } from '../../collector/escape.ts';
import { minorOf } from '../../collector/versions.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { KubernetesAttributesOptions } from './config.ts';

const processorId = 'k8s_attributes';

/** Read off the pod itself, so no other kind of object is watched for them. */
const podMetadata = [
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.pod.uid',
  'k8s.node.name',
  'k8s.deployment.name',
  'k8s.replicaset.name',
  'k8s.statefulset.name',
  'k8s.daemonset.name',
  'k8s.job.name',
  'k8s.cronjob.name',
  'k8s.container.name',
  'container.image.name',
  'container.image.tag',
  'service.namespace',
  'service.name',
  'service.version',
  'service.instance.id',
];

const uidMetadata = [
  'k8s.deployment.uid',
  'k8s.replicaset.uid',
  'k8s.statefulset.uid',
  'k8s.daemonset.uid',
  'k8s.job.uid',
];

/** The surest first; the address of the connection is right only for a sender without a proxy. */
const associations: readonly (readonly JsonObject[])[] = [
  [{ from: 'resource_attribute', name: 'k8s.pod.uid' }],
  [
    { from: 'resource_attribute', name: 'k8s.pod.name' },
    { from: 'resource_attribute', name: 'k8s.namespace.name' },
  ],
  [{ from: 'resource_attribute', name: 'k8s.pod.ip' }],
  [{ from: 'connection' }],
];

export const kubernetesAttributes: Preset<KubernetesAttributesOptions> = {
  name: 'kubernetes_attributes',
  summary: 'Adds pod, workload, namespace and node to telemetry.',
  agents: ['node-agent', 'cluster-agent', 'prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => ({
    piece: {
      preset: 'kubernetes_attributes',
      components: [
        {
          kind: 'processor',
          id: processorId,
          config: {
            auth_type: 'serviceAccount',
            ...(context.agent === 'node-agent' && {
              filter: { node_from_env_var: 'K8S_NODE_NAME' },
            }),
            extract: extract(options, context),
            pod_association: associations.map((sources) => ({ sources })),
          },
        },
      ],
      attachments: (['traces', 'metrics', 'logs'] as const).map((pipeline) => ({
        pipeline,
        as: 'processor',
        id: processorId,
        stage: 'enrich',
      })),
    },
    needs: { env: [{ name: 'K8S_NODE_NAME', fieldPath: 'spec.nodeName' }] },
  }),
};

function extract(options: KubernetesAttributesOptions, context: PresetContext): JsonObject {
  const minor = minorOf(context.collectorVersion);
  return {
    metadata: [...podMetadata, ...(options.workload_uids ? uidMetadata : [])],
    ...(options.labels.length > 0 && { labels: options.labels.map(rule) }),
    ...(options.annotations.length > 0 && { annotations: options.annotations.map(rule) }),
    otel_annotations: options.otel_annotations,
    // The default from 0.153 on, and no key any more from 0.160 on.
    ...(minor < 153 && { deployment_name_from_replicaset: !options.workload_uids }),
  };
}

function rule(wanted: KubernetesAttributesOptions['labels'][number]): JsonObject {
  return {
    ...(wanted.tag_name !== undefined && { tag_name: escapeDollars(wanted.tag_name) }),
    key: escapeDollars(wanted.key),
    from: wanted.from,
  };
}

/** Changes of objects as log records, by the k8s_objects receiver of one leader. */
import { escapeDollars } from '../../collector/escape.ts';
import type { Attachment, Component } from '../../collector/types.ts';
import type { JsonObject } from '../../core/json.ts';
import { leaderElector } from '../leader.ts';
import type { Preset } from '../preset.ts';
import type { KubernetesObjectsOptions } from './config.ts';

const pipeline = 'logs/kubernetes_objects';

export const kubernetesObjects: Preset<KubernetesObjectsOptions> = {
  name: 'kubernetes_objects',
  summary: 'Writes objects of the cluster as log records whenever they change.',
  agents: ['cluster-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const elector = leaderElector('kubernetes_objects', context);
    const transform: Component = {
      kind: 'processor',
      id: 'transform/kubernetes_objects',
      config: { error_mode: 'ignore', log_statements: statements(options) },
    };
    const attachments: readonly Attachment[] = [
      { pipeline, as: 'receiver', id: 'k8s_objects' },
      { pipeline, as: 'processor', id: transform.id, stage: 'transform' },
    ];
    return {
      piece: {
        preset: 'kubernetes_objects',
        components: [
          elector,
          {
            kind: 'receiver',
            id: 'k8s_objects',
            config: {
              auth_type: 'serviceAccount',
              k8s_leader_elector: elector.id,
              // An object the cluster does not know must not end the whole agent.
              error_mode: 'ignore',
              objects: options.objects.map(objectConfig),
            },
          },
          transform,
        ],
        attachments,
      },
    };
  },
};

function objectConfig(object: KubernetesObjectsOptions['objects'][number]): JsonObject {
  return {
    name: object.name,
    ...(object.group !== '' && { group: object.group }),
    mode: object.mode,
    ...(object.mode === 'pull' && { interval: object.interval }),
    ...(object.namespaces.length > 0 && { namespaces: object.namespaces }),
    ...(object.label_selector !== undefined && {
      label_selector: escapeDollars(object.label_selector),
    }),
    ...(object.field_selector !== undefined && {
      field_selector: escapeDollars(object.field_selector),
    }),
  };
}

/** A watched object lies under `object` beside the kind of change, a pulled one is the body. */
function statements({ drop_managed_fields }: KubernetesObjectsOptions): readonly JsonObject[] {
  const who = 'set(resource.attributes["service.name"], "kubernetes-objects")';
  const diet = [
    'delete_key(log.body["object"]["metadata"], "managedFields") where ' +
      'log.body["object"]["metadata"]["managedFields"] != nil',
    'delete_key(log.body["metadata"], "managedFields") where ' +
      'log.body["metadata"]["managedFields"] != nil',
  ];
  return [{ context: 'log', statements: [who, ...(drop_managed_fields ? diet : [])] }];
}

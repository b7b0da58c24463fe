/** Events of the cluster as log records, by the k8s_events receiver of one leader. */

import { minorOf } from '../../collector/versions.ts';
import type { JsonObject } from '../../core/json.ts';
import { leaderElector } from '../leader.ts';
import type { Preset } from '../preset.ts';
import type { KubernetesEventsOptions } from './config.ts';

/** First version whose receiver knows `dedup_interval`. */
const dedupMinor = 154;

export const kubernetesEvents: Preset<KubernetesEventsOptions> = {
  name: 'kubernetes_events',
  summary: 'Writes events of the cluster as log records, once for the cluster.',
  agents: ['cluster-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const elector = leaderElector('kubernetes_events', context);
    const canDedup = minorOf(context.collectorVersion) >= dedupMinor;
    const receiver: JsonObject = {
      auth_type: 'serviceAccount',
      k8s_leader_elector: elector.id,
      ...(options.namespaces.length > 0 && { namespaces: options.namespaces }),
      ...(canDedup &&
        options.dedup_interval !== undefined && { dedup_interval: options.dedup_interval }),
    };
    return {
      piece: {
        preset: 'kubernetes_events',
        components: [
          elector,
          { kind: 'receiver', id: 'k8s_events', config: receiver },
          {
            kind: 'processor',
            id: 'transform/kubernetes_events',
            config: { error_mode: 'ignore', log_statements: eventStatements },
          },
        ],
        attachments: [
          { pipeline: 'logs/kubernetes_events', as: 'receiver', id: 'k8s_events' },
          {
            pipeline: 'logs/kubernetes_events',
            as: 'processor',
            id: 'transform/kubernetes_events',
            stage: 'transform',
          },
        ],
      },
      warnings:
        options.dedup_interval !== undefined && !canDedup
          ? [`dedup_interval needs Collector 0.154, this is ${context.collectorVersion}: left out`]
          : [],
    };
  },
};

/**
 * Who the events are from, and the names by which events of one pod are found beside its logs: the
 * receiver gives the object as kind and name.
 */
const eventStatements: readonly JsonObject[] = [
  {
    context: 'log',
    statements: [
      'set(resource.attributes["service.name"], "kubernetes-events")',
      'set(resource.attributes["k8s.namespace.name"], log.attributes["k8s.namespace.name"]) ' +
        'where log.attributes["k8s.namespace.name"] != nil',
      'set(resource.attributes["k8s.pod.name"], resource.attributes["k8s.object.name"]) where ' +
        'resource.attributes["k8s.object.kind"] == "Pod"',
    ],
  },
];

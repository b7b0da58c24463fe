/** State of nodes, pods and workloads, by the k8s_cluster receiver of one leader. */
import type { JsonObject } from '../../core/json.ts';
import { leaderElector } from '../leader.ts';
import type { Preset } from '../preset.ts';
import type { ClusterMetricsOptions } from './config.ts';

export const clusterMetrics: Preset<ClusterMetricsOptions> = {
  name: 'cluster_metrics',
  summary: 'Writes the state of nodes, pods and workloads as metrics, once for the cluster.',
  agents: ['cluster-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const elector = leaderElector('cluster_metrics', context);
    const receiver: JsonObject = {
      auth_type: 'serviceAccount',
      collection_interval: options.collection_interval,
      metadata_collection_interval: options.metadata_collection_interval,
      node_conditions_to_report: options.node_conditions,
      allocatable_types_to_report: options.allocatable_types,
      distribution: context.platform === 'openshift' ? 'openshift' : 'kubernetes',
      k8s_leader_elector: elector.id,
      ...(options.namespaces.length > 0 && { namespaces: options.namespaces }),
      ...(Object.keys(options.metrics).length > 0 && {
        metrics: Object.fromEntries(
          Object.entries(options.metrics).map(([name, enabled]) => [name, { enabled }]),
        ),
      }),
    };
    return {
      piece: {
        preset: 'cluster_metrics',
        components: [elector, { kind: 'receiver', id: 'k8s_cluster', config: receiver }],
        attachments: [{ pipeline: 'metrics', as: 'receiver', id: 'k8s_cluster' }],
      },
    };
  },
};

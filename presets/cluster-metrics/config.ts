import { z } from 'zod';
import { described, goDuration } from '../words.ts';

/** Options of the preset `cluster_metrics`. */
export const clusterMetricsOptions = z.strictObject({
  collection_interval: described(
    goDuration.default('30s'),
    'How often the state of all objects is written as metrics (a duration).',
    '10s',
  ),
  metadata_collection_interval: described(
    goDuration.default('5m'),
    'How often the labels of all objects are sent even when nothing changed (a duration).',
    '15m',
  ),
  node_conditions: described(
    z
      .array(z.string().min(1))
      .default(['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable']),
    'Conditions of nodes written as metrics, one series a node and condition.',
    ['Ready', 'DiskPressure'],
  ),
  allocatable_types: described(
    z
      .array(z.enum(['cpu', 'memory', 'ephemeral-storage', 'storage', 'pods']))
      .default(['cpu', 'memory', 'ephemeral-storage', 'pods']),
    'Allocatable resources of nodes written as metrics, one series a node and resource.',
    ['cpu', 'memory'],
  ),
  namespaces: described(
    z.array(z.string().min(1)).default([]),
    'Only these namespaces; empty means the whole cluster. With a list, nodes and other ' +
      'objects without a namespace are not reported.',
    ['shop', 'payments'],
  ),
  metrics: described(
    z.record(z.string(), z.boolean()).default({}),
    'Single metrics of the k8s_cluster receiver switched on or off, by name.',
    { 'k8s.pod.status_reason': true },
  ),
});

export type ClusterMetricsOptions = z.output<typeof clusterMetricsOptions>;

/**
 * What presets that scrape have in common: where targets come from, how the replicas of an agent
 * share them so that each is read exactly once, and which metrics are kept.
 *
 * Shared by hash, a rule at the end of all others keeps a target on one replica; it reads the final
 * address, so that targets which the rules before made equal stay together. On its own node, the
 * API server sends a replica only what runs there.
 */
import { escapeDollars } from '../collector/escape.ts';
import type { Component, Piece } from '../collector/types.ts';
import type { EnvVar } from '../collector/workload.ts';
import type { JsonObject } from '../core/json.ts';
import { fromEnv } from './from-env.ts';
import type { PresetContext, Sharing } from './preset.ts';

const serviceAccountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The label that Kubernetes gives each pod of a StatefulSet since 1.28: its ordinal. */
const ordinal: EnvVar = {
  name: 'SHARD',
  fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']",
};

export function sharingOf(context: PresetContext): Sharing {
  if (context.sharing !== undefined) return context.sharing;
  return context.agent === 'node-agent' ? { kind: 'own-node' } : { kind: 'single' };
}

/** What the process must know about itself to take its share. */
export function sharingEnv(context: PresetContext): readonly EnvVar[] {
  return sharingOf(context).kind === 'shards' ? [ordinal] : [];
}

/** The rules that leave a target to one replica; they stand after all others. */
export function shareRules(context: PresetContext): readonly JsonObject[] {
  const sharing = sharingOf(context);
  if (sharing.kind !== 'shards') return [];
  return [
    {
      source_labels: ['__address__', '__metrics_path__'],
      modulus: sharing.count,
      target_label: '__tmp_shard',
      action: 'hashmod',
    },
    // In parentheses, so that the number stays text when the Collector puts it in.
    { source_labels: ['__tmp_shard'], regex: `(${fromEnv('SHARD')})`, action: 'keep' },
  ];
}

export type PodSelection = {
  readonly namespaces?: readonly string[];
  /** In the syntax of kubectl --selector. */
  readonly labels?: string;
};

/** Pods as targets; in the mode `own-node` only those of the replica's node. */
export function podDiscovery(selection: PodSelection, context: PresetContext): JsonObject {
  const ownNode = sharingOf(context).kind === 'own-node';
  const { namespaces = [], labels } = selection;
  return {
    role: 'pod',
    ...(namespaces.length > 0 && { namespaces: { names: [...namespaces] } }),
    ...((ownNode || labels !== undefined) && {
      selectors: [
        {
          role: 'pod',
          ...(labels !== undefined && { label: escapeDollars(labels) }),
          ...(ownNode && { field: `spec.nodeName=${fromEnv('K8S_NODE_NAME')}` }),
        },
      ],
    }),
  };
}

/** Kubelets as targets; in the mode `own-node` the replica's own, asked from the API server too. */
export function nodeDiscovery(context: PresetContext): JsonObject {
  const ownNode = sharingOf(context).kind === 'own-node';
  return {
    role: 'node',
    ...(ownNode && {
      selectors: [{ role: 'node', field: `metadata.name=${fromEnv('K8S_NODE_NAME')}` }],
    }),
  };
}

/** Leaves out what does not run, and the duplicates that init containers would be. */
export const runningContainers: readonly JsonObject[] = [
  {
    source_labels: ['__meta_kubernetes_pod_phase'],
    regex: 'Pending|Succeeded|Failed|Completed',
    action: 'drop',
  },
  {
    source_labels: ['__meta_kubernetes_pod_container_init'],
    regex: 'true',
    action: 'drop',
  },
];

/** The pod's address with this port; IPv6 in brackets. Ports of one pod become one target. */
export function podPort(port: number): readonly JsonObject[] {
  const source = { source_labels: ['__meta_kubernetes_pod_ip'], target_label: '__address__' };
  return [
    { ...source, regex: '([^:]+)', replacement: `$$1:${port}` },
    { ...source, regex: '(.*:.*)', replacement: `[$$1]:${port}` },
  ];
}

/** The service account's token, sent over TLS. */
export function serviceAccountAccess(verify: boolean, serverName?: string): JsonObject {
  return {
    scheme: 'https',
    authorization: { type: 'Bearer', credentials_file: `${serviceAccountDir}/token` },
    tls_config: {
      ca_file: `${serviceAccountDir}/ca.crt`,
      ...(serverName !== undefined && { server_name: serverName }),
      ...(!verify && { insecure_skip_verify: true }),
    },
  };
}

/** Drops all metrics but these; nothing when the list is empty. */
export function keepMetrics(names: readonly string[]): JsonObject {
  if (names.length === 0) return {};
  const regex = escapeDollars(names.join('|'));
  return {
    metric_relabel_configs: [{ source_labels: ['__name__'], regex, action: 'keep' }],
  };
}

/** A receiver of its own for the preset, in the pipeline of metrics. */
export function scrapePiece(preset: string, scrapeConfigs: readonly JsonObject[]): Piece {
  const receiver: Component = {
    kind: 'receiver',
    id: `prometheus/${preset}`,
    config: { config: { scrape_configs: [...scrapeConfigs] } },
  };
  return {
    preset,
    components: [receiver],
    attachments: [{ pipeline: 'metrics', as: 'receiver', id: receiver.id }],
  };
}

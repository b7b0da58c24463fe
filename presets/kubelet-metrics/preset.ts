/**
 * Preset `kubelet_metrics`: the kubelet's own summary of node, pods, containers and volumes. Which
 * CA signs a kubelet's certificate, and for which address, is the platform's choice: see `trust`.
 */

import { escapeDollars } from '../../collector/escape.ts';
import type { HostMount, Platform } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import { fromEnv } from '../from-env.ts';
import type { Preset, PresetContext } from '../preset.ts';
import type { KubeletMetricsOptions } from './config.ts';

const receiverId = 'kubelet_stats';
const kubeletPort = 10_250;
const clusterCa = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
const nodeCaDirectory = '/etc/kubelet-ca';

type Trust = {
  readonly verified: boolean;
  readonly address: 'ip' | 'name';
  /** A file on the node; the cluster's CA, which every pod has, when absent. */
  readonly nodeCa?: string;
};

/** Platforms whose kubelets have certificates that a CA signed; elsewhere they sign their own. */
const trusted: Partial<Record<Platform, Trust>> = {
  // Kubelets ask the cluster's CA for a serving certificate (serverTLSBootstrap).
  'eks-auto': { verified: true, address: 'ip' },
  bottlerocket: { verified: true, address: 'ip' },
  openshift: { verified: true, address: 'name', nodeCa: '/etc/kubelet-serving-ca/ca-bundle.crt' },
};

export const kubeletMetrics: Preset<KubeletMetricsOptions> = {
  name: 'kubelet_metrics',
  summary: 'Counts what containers, pods, volumes and the node use, as the kubelet says.',
  agents: ['node-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const found = trust(options, context);
    const mayAskPods = context.platform !== 'gke-autopilot';
    return {
      piece: {
        preset: 'kubelet_metrics',
        components: [
          {
            kind: 'receiver',
            id: receiverId,
            config: {
              auth_type: 'serviceAccount',
              endpoint: endpoint(found),
              ...security(found),
              collection_interval: options.collection_interval,
              metric_groups: options.groups,
              ...(options.container_id &&
                mayAskPods && { extra_metadata_labels: ['container.id'] }),
              ...(options.utilization && mayAskPods && { metrics: utilization(options) }),
            },
          },
        ],
        attachments: [{ pipeline: 'metrics', as: 'receiver', id: receiverId }],
      },
      needs: { hostMounts: found.nodeCa === undefined ? [] : [caMount(found.nodeCa)] },
      warnings: warnings(options, found, context),
    };
  },
};

function trust(options: KubeletMetricsOptions, context: PresetContext): Trust {
  const usual: Trust = trusted[context.platform] ?? { verified: false, address: 'ip' };
  const verified = options.verify === 'auto' ? usual.verified : options.verify === 'ca';
  const nodeCa = options.ca_file ?? usual.nodeCa;
  return {
    verified: verified || (options.verify === 'auto' && options.ca_file !== undefined),
    address: options.address === 'auto' ? usual.address : options.address,
    ...(nodeCa !== undefined && options.verify !== 'off' && { nodeCa }),
  };
}

function endpoint({ address }: Trust): string {
  return `https://${fromEnv(address === 'ip' ? 'K8S_NODE_IP' : 'K8S_NODE_NAME')}:${kubeletPort}`;
}

function security(found: Trust): JsonObject {
  if (!found.verified) return { insecure_skip_verify: true };
  if (found.nodeCa === undefined) return { ca_file: clusterCa };
  return { ca_file: escapeDollars(`${nodeCaDirectory}/${fileName(found.nodeCa)}`) };
}

/** The directory, not the file: a CA that is written anew would otherwise stay the old one. */
function caMount(nodeCa: string): HostMount {
  return {
    name: 'kubelet-ca',
    hostPath: nodeCa.slice(0, nodeCa.lastIndexOf('/')) || '/',
    mountPath: nodeCaDirectory,
    readOnly: true,
    reason: "CA of the kubelets' certificates",
  };
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function utilization(options: KubeletMetricsOptions): JsonObject {
  const groups = options.groups.filter((group) => group === 'container' || group === 'pod');
  const names = groups.flatMap((group) =>
    ['cpu', 'memory'].flatMap((resource) => [
      `k8s.${group}.${resource}_limit_utilization`,
      `k8s.${group}.${resource}_request_utilization`,
    ]),
  );
  return Object.fromEntries(names.map((name) => [name, { enabled: true }]));
}

function warnings(
  options: KubeletMetricsOptions,
  found: Trust,
  context: PresetContext,
): readonly string[] {
  const texts: string[] = [];
  if (!found.verified && options.verify !== 'off') {
    texts.push(
      `the kubelets' certificates are not checked: on ${context.platform} they are often ` +
        'self-signed; set verify: ca (and ca_file) where a CA signs them',
    );
  }
  if ((options.utilization || options.container_id) && context.platform === 'gke-autopilot') {
    texts.push('utilization and container_id are left out: the platform denies the right');
  }
  return texts;
}

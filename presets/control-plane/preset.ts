/** The parts that run the cluster, where they can be reached, by their own metrics. */
import { escapeDollars } from '../../collector/escape.ts';
import type { SecretMount } from '../../collector/workload.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Preset, PresetContext } from '../preset.ts';
import {
  keepMetrics,
  podDiscovery,
  podPort,
  runningContainers,
  scrapePiece,
  serviceAccountAccess,
  shareRules,
  sharingEnv,
  sharingOf,
} from '../scraping.ts';
import type { ControlPlaneOptions } from './config.ts';
import { type ControlPlaneJob, controlPlaneSeries } from './metrics.ts';

const corednsPort = 9153;
const etcdCertificates = '/etc/etcd-client';

export const controlPlane: Preset<ControlPlaneOptions> = {
  name: 'control_plane',
  summary:
    'Reads the API server, DNS and, where reachable, scheduler, controller manager and etcd.',
  agents: ['cluster-agent', 'prometheus-agent'],
  needsKubernetes: true,
  build: (options, context) => {
    const { scheduler, controller_manager, etcd } = options;
    const jobs = [
      ...(options.api_server.enabled ? [apiServerJob(context)] : []),
      ...(scheduler.enabled ? [staticPodJob('kube-scheduler', scheduler.port, context)] : []),
      ...(controller_manager.enabled
        ? [staticPodJob('kube-controller-manager', controller_manager.port, context)]
        : []),
      ...(etcd.enabled ? [etcdJob(options, context)] : []),
      ...(options.coredns.enabled ? [corednsJob(context)] : []),
    ];
    const metrics = keepMetrics(options.keep_all ? [] : controlPlaneSeries);
    const scrapeConfigs = jobs.map((job) => ({
      job_name: job['job_name'] ?? '',
      scrape_interval: options.scrape_interval,
      ...job,
      ...metrics,
    }));
    const piece = scrapePiece('control_plane', scrapeConfigs);
    return {
      piece: jobs.length === 0 ? { ...piece, components: [], attachments: [] } : piece,
      needs: { env: sharingEnv(context), secretMounts: etcdSecret(options) },
      warnings: [
        ...(jobs.length === 0 ? ['every part of it is switched off'] : []),
        ...unreachable(options, context),
      ],
    };
  },
};

/** What a mode cannot see is said, because a missing target looks like a healthy one. */
function unreachable(options: ControlPlaneOptions, context: PresetContext): readonly string[] {
  if (sharingOf(context).kind !== 'own-node') return [];
  const warnings: string[] = [];
  if (options.api_server.enabled) {
    warnings.push(
      'in the mode daemonset an API server is read only where it runs as a pod of a node with an ' +
        'agent; managed clusters have none: put the preset into cluster_agent there',
    );
  }
  return warnings;
}

function apiServerJob(context: PresetContext): JsonObject {
  // On its own node: by pods, because the endpoints of the service belong to no node.
  if (sharingOf(context).kind === 'own-node') {
    return {
      ...staticPodJob('kube-apiserver', 6443, context),
      ...serviceAccountAccess(true, 'kubernetes'),
    };
  }
  return {
    job_name: 'kube-apiserver' satisfies ControlPlaneJob,
    // Each certificate has this name, whatever the address of the replica.
    ...serviceAccountAccess(true, 'kubernetes'),
    kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: ['default'] } }],
    relabel_configs: [
      {
        source_labels: [
          '__meta_kubernetes_endpointslice_label_kubernetes_io_service_name',
          '__meta_kubernetes_endpointslice_port_name',
        ],
        regex: 'kubernetes;https',
        action: 'keep',
      },
      ...shareRules(context),
    ],
  };
}

/** Pods that a kubelet starts from files; kubeadm labels them by component. */
function staticPodJob(
  component: ControlPlaneJob,
  port: number,
  context: PresetContext,
): JsonObject {
  return {
    job_name: component,
    // Their certificates are signed by themselves.
    ...serviceAccountAccess(false),
    kubernetes_sd_configs: [
      podDiscovery({ namespaces: ['kube-system'], labels: `component=${component}` }, context),
    ],
    relabel_configs: [...runningContainers, ...podPort(port), ...shareRules(context)],
  };
}

function corednsJob(context: PresetContext): JsonObject {
  return {
    job_name: 'coredns' satisfies ControlPlaneJob,
    kubernetes_sd_configs: [
      podDiscovery({ namespaces: ['kube-system'], labels: 'k8s-app=kube-dns' }, context),
    ],
    relabel_configs: [...runningContainers, ...podPort(corednsPort), ...shareRules(context)],
  };
}

function etcdJob({ etcd }: ControlPlaneOptions, context: PresetContext): JsonObject {
  const access =
    etcd.client_certificate_secret === undefined
      ? {}
      : {
          scheme: 'https',
          tls_config: {
            ca_file: `${etcdCertificates}/ca.crt`,
            cert_file: `${etcdCertificates}/tls.crt`,
            key_file: `${etcdCertificates}/tls.key`,
          },
        };
  if (etcd.endpoints.length > 0) {
    return {
      job_name: 'etcd' satisfies ControlPlaneJob,
      ...access,
      static_configs: [{ targets: etcd.endpoints.map(escapeDollars) }],
      relabel_configs: [...shareRules(context)],
    };
  }
  return {
    job_name: 'etcd' satisfies ControlPlaneJob,
    ...access,
    kubernetes_sd_configs: [
      podDiscovery({ namespaces: ['kube-system'], labels: 'component=etcd' }, context),
    ],
    relabel_configs: [...runningContainers, ...podPort(etcd.port), ...shareRules(context)],
  };
}

function etcdSecret({ etcd }: ControlPlaneOptions): readonly SecretMount[] {
  if (!etcd.enabled || etcd.client_certificate_secret === undefined) return [];
  return [
    {
      name: 'etcd-client',
      secret: etcd.client_certificate_secret,
      mountPath: etcdCertificates,
    },
  ];
}

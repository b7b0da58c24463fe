/**
 * What managed and hardened platforms take away from a preset, as data: `validate --platform X`
 * prints it and the presets switch themselves off by it. From the platforms' documentation and
 * the issue threads of charts that ran into them, August 2026; none was tried on the platform.
 */
import type { Platform } from '../collector/workload.ts';

export type PlatformNote = {
  /** Key of the preset in the stack file, or `node_agent` for the whole agent. */
  readonly preset: string;
  /** `off`: cannot run there; `less`: runs with the loss named; `setup`: needs a step before. */
  readonly effect: 'off' | 'less' | 'setup';
  readonly what: string;
  /** What to do about it, or what still gives part of the picture. */
  readonly instead: string;
};

const hostPathDenied = 'hostPath volumes are allowed below /var/log only, and only read-only';
const allowlist =
  'ask Google for a WorkloadAllowlist, or give up what reads the host; kubelet metrics stay';

export const platformNotes: Readonly<Record<Platform, readonly PlatformNote[]>> = {
  generic: [],
  'gke-autopilot': [
    {
      preset: 'persistent_queue',
      effect: 'off',
      what: `${hostPathDenied}, so the queue is in memory`,
      instead: 'the gateway keeps what it took on a volume of its own',
    },
    {
      preset: 'host_metrics',
      effect: 'off',
      what: `${hostPathDenied}, so the host's / cannot be mounted`,
      instead: 'kubelet_metrics has CPU, memory and file systems of each node',
    },
    {
      preset: 'pod_logs',
      effect: 'less',
      what: 'log positions cannot be kept on the host: a new agent begins at the end of each file',
      instead: 'keep the agent running through upgrades, or send logs by OTLP',
    },
    {
      preset: 'kubelet_metrics',
      effect: 'less',
      what: 'nodes/proxy and nodes/pods are denied: no utilization against limits, no extra labels',
      instead: 'usage against limits from cluster_metrics and container metrics',
    },
    {
      preset: 'ebpf',
      effect: 'off',
      what: 'hostPID, hostNetwork and added capabilities are denied',
      instead: allowlist,
    },
    {
      preset: 'cni',
      effect: 'less',
      what: 'the agents of Dataplane V2 open no metrics port to pods',
      instead: "GKE's own flow observability",
    },
    {
      preset: 'otlp_ingest',
      effect: 'less',
      what: 'host ports are denied',
      instead: 'send to the Service of the node-agent instead of the node address',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'no Docker socket, and it could not be mounted',
      instead: 'kubelet_metrics',
    },
  ],
  'eks-auto': [
    {
      preset: 'pod_logs',
      effect: 'setup',
      what: 'nodes are Bottlerocket with SELinux enforcing: the agent runs as spc_t',
      instead: 'rendered so with this platform',
    },
    {
      preset: 'resource_detection',
      effect: 'less',
      what: 'the metadata service answers with hop limit 1: only pods in the host network get it',
      instead: 'cloud attributes come from node labels',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'nodes run containerd',
      instead: 'kubelet_metrics',
    },
  ],
  'eks-fargate': [
    {
      preset: 'node_agent',
      effect: 'off',
      what: 'Fargate runs no DaemonSets',
      instead:
        'cluster_agent and prometheus_agent in mode deployment run; logs by OTLP or by a sidecar',
    },
    {
      preset: 'kubelet_metrics',
      effect: 'off',
      what: 'a pod may not reach the kubelet of its own node',
      instead: 'cluster_metrics has the state of the pods; their usage is missing',
    },
    {
      preset: 'ebpf',
      effect: 'off',
      what: 'no privileged pods, no host namespaces',
      instead: 'instrument the application with an OpenTelemetry SDK',
    },
  ],
  'aks-automatic': [
    {
      preset: 'persistent_queue',
      effect: 'off',
      what: 'deployment safeguards deny hostPath volumes, so the queue is in memory',
      instead: 'the gateway keeps what it took on a volume of its own',
    },
    {
      preset: 'host_metrics',
      effect: 'off',
      what: 'deployment safeguards deny hostPath volumes',
      instead: 'kubelet_metrics',
    },
    {
      preset: 'pod_logs',
      effect: 'off',
      what: 'deployment safeguards deny hostPath volumes',
      instead: 'send logs by OTLP, or exempt the namespace of the agents from the safeguards',
    },
    {
      preset: 'ebpf',
      effect: 'off',
      what: 'host namespaces and capabilities are denied',
      instead: 'instrument the application with an OpenTelemetry SDK',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'nodes run containerd',
      instead: 'kubelet_metrics',
    },
  ],
  openshift: [
    {
      preset: 'pod_logs',
      effect: 'setup',
      what: 'a SecurityContextConstraints object must allow hostPath and the SELinux type spc_t',
      instead:
        '`oc adm policy add-scc-to-user privileged -z NODE-AGENT` in the namespace of the agents',
    },
    {
      preset: 'host_metrics',
      effect: 'setup',
      what: 'needs the same constraint as pod_logs',
      instead: 'one grant serves both',
    },
    {
      preset: 'persistent_queue',
      effect: 'setup',
      what: 'needs the same constraint as pod_logs: its directory is on the node',
      instead: 'one grant serves both',
    },
    {
      preset: 'otlp_ingest',
      effect: 'setup',
      what: 'needs the same constraint as pod_logs for its ports on the node',
      instead:
        'one grant serves both, or set host_port: false and send to the Service of the agent',
    },
    {
      preset: 'ebpf',
      effect: 'setup',
      what: 'needs the same constraint for host namespaces and capabilities, in pods of its own',
      instead: '`oc adm policy add-scc-to-user privileged -z EBPF` in the namespace of the agents',
    },
    {
      preset: 'kubelet_metrics',
      effect: 'less',
      what: 'the kubelet serves with a CA of its own',
      instead:
        'verified against /etc/kubelet-serving-ca/ca-bundle.crt, rendered so with this platform',
    },
    { preset: 'docker_stats', effect: 'off', what: 'nodes run CRI-O', instead: 'kubelet_metrics' },
  ],
  bottlerocket: [
    {
      preset: 'pod_logs',
      effect: 'setup',
      what: 'SELinux is enforcing: the agent runs as spc_t',
      instead: 'rendered so with this platform',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'nodes run containerd',
      instead: 'kubelet_metrics',
    },
  ],
  talos: [
    {
      preset: 'node_agent',
      effect: 'setup',
      what: 'Pod Security is enforced at baseline in every namespace but those labelled otherwise',
      instead:
        'the rendered Namespace of the agents carries the label; apply it before the workloads',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'nodes run containerd',
      instead: 'kubelet_metrics',
    },
  ],
  windows: [
    {
      preset: 'host_metrics',
      effect: 'off',
      what: 'the agent image and its mounts are for Linux nodes',
      instead:
        'Windows nodes are left out by a node selector; kubelet_metrics of them stays out as well',
    },
    {
      preset: 'pod_logs',
      effect: 'off',
      what: 'logs lie under C:\\var\\log\\pods and need an image for Windows',
      instead: 'send logs by OTLP from the application',
    },
    {
      preset: 'ebpf',
      effect: 'off',
      what: 'a Linux kernel facility',
      instead: 'instrument the application with an OpenTelemetry SDK',
    },
    {
      preset: 'docker_stats',
      effect: 'off',
      what: 'no Docker socket',
      instead: 'cluster_metrics has the state of pods on Windows nodes',
    },
  ],
};

/** The notes that concern what is switched on. */
export function platformReport(
  platform: Platform,
  presets: ReadonlySet<string>,
): readonly PlatformNote[] {
  return platformNotes[platform].filter(({ preset }) => presets.has(preset));
}

/**
 * What a rendered process needs from the place where it runs, said without Kubernetes words where
 * possible: the `k8s` room turns it into pod templates, `--target host` into systemd units.
 */
import type { CollectorConfig, Piece, Provenance } from './types.ts';

export type AgentName = 'node-agent' | 'cluster-agent' | 'prometheus-agent' | 'sampler' | 'gateway';

export type Platform =
  | 'generic'
  | 'gke-autopilot'
  | 'eks-auto'
  | 'eks-fargate'
  | 'aks-automatic'
  | 'openshift'
  | 'bottlerocket'
  | 'talos'
  | 'windows';

export type HostMount = {
  /** Name of the volume, unique in the pod. */
  readonly name: string;
  readonly hostPath: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
  readonly type?: 'Directory' | 'DirectoryOrCreate' | 'File' | 'Socket';
  readonly propagation?: 'HostToContainer';
  /** Why the mount is there, for the Pod Security report. */
  readonly reason: string;
};

export type EnvVar =
  | { readonly name: string; readonly value: string }
  /** Downward API, for example `spec.nodeName`, `status.podIP`, `metadata.name`. */
  | { readonly name: string; readonly fieldPath: string }
  | { readonly name: string; readonly secret: { readonly name: string; readonly key: string } };

export type Port = {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
  /** Also opened on the node's own address. */
  readonly host?: boolean;
};

export type SecretMount = {
  readonly name: string;
  readonly secret: string;
  readonly mountPath: string;
};

/** Everything beside the configuration; pieces add to it, none takes away. */
export type Needs = {
  readonly hostMounts: readonly HostMount[];
  readonly secretMounts: readonly SecretMount[];
  readonly env: readonly EnvVar[];
  readonly ports: readonly Port[];
  readonly hostPid: boolean;
  readonly hostNetwork: boolean;
  /** Uid 0: only where a file cannot be read otherwise, with the reason. */
  readonly root?: { readonly reason: string };
  /** Added to none: the container drops ALL first. */
  readonly capabilities: readonly { readonly name: string; readonly reason: string }[];
  /** Directories that must be writable and outlive the process, for example of `file_storage`. */
  readonly stateDirs: readonly { readonly name: string; readonly mountPath: string }[];
  /** `--feature-gates` of the process. */
  readonly featureGates: readonly string[];
};

export const noNeeds: Needs = {
  hostMounts: [],
  secretMounts: [],
  env: [],
  ports: [],
  hostPid: false,
  hostNetwork: false,
  capabilities: [],
  stateDirs: [],
  featureGates: [],
};

export type WorkloadShape =
  | { readonly kind: 'DaemonSet' }
  | { readonly kind: 'Deployment'; readonly replicas: number }
  | { readonly kind: 'StatefulSet'; readonly replicas: number; readonly volume?: string };

export type Resources = {
  readonly cpuRequest: string;
  readonly memoryRequest: string;
  readonly memoryLimit: string;
};

/** One Collector to run. */
export type CollectorWorkload = {
  readonly name: AgentName;
  readonly shape: WorkloadShape;
  readonly config: CollectorConfig;
  readonly provenance: Provenance;
  readonly needs: Needs;
  readonly resources: Resources;
  readonly collectorVersion: string;
  /** Said to the person who renders, on stderr and in `validate`. */
  readonly warnings: readonly string[];
};

export type PolicyRule = {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
};

/** A program beside the Collectors that a preset brings: OBI, the target allocator, exporters. */
export type ProgramWorkload = {
  readonly name: string;
  readonly preset: string;
  readonly shape: WorkloadShape;
  readonly image: string;
  readonly args: readonly string[];
  readonly needs: Needs;
  readonly resources: Resources;
  /** Files of a ConfigMap mounted at `/etc/<name>`. */
  readonly files: Readonly<Record<string, string>>;
  readonly rules: readonly (PolicyRule & { readonly reason: string })[];
  /** Ports for which a Service is made. */
  readonly servicePorts: readonly Port[];
};

/** What a preset gives back. */
export type Contribution = {
  readonly piece: Piece;
  readonly needs?: Partial<Needs>;
  readonly programs?: readonly ProgramWorkload[];
  readonly warnings?: readonly string[];
};

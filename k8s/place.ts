/** Where a stack's objects go, and what of the cluster decides how they are written. */
import type { CollectorWorkload, Platform } from '../collector/workload.ts';

export type Place = {
  /** Name of the stack; every object's name starts with it. */
  readonly stack: string;
  /** Gateway, ClickHouse, Grafana, jobs: the restricted one. */
  readonly namespace: string;
  readonly agentsNamespace: string;
  /** Minor version of Kubernetes, for example 33. */
  readonly kubernetesMinor: number;
  readonly platform: Platform;
  /** Image of the Collectors; the stock one of the workload's version when absent. */
  readonly collectorImage?: string;
  /** The Collector configuration as the file that is mounted (`writeConfig` of its version). */
  readonly configText: (workload: CollectorWorkload) => string;
};

/** A Secret with a user and its password; only its name is ever rendered. */
export type SecretRef = {
  readonly name: string;
  readonly userKey: string;
  readonly passwordKey: string;
};

/** A lifecycle hook that only sleeps, for images without a shell, came with this minor version. */
export const sleepHookMinor = 30;

export function namespaceOf(workload: CollectorWorkload, place: Place): string {
  return workload.name === 'gateway' ? place.namespace : place.agentsNamespace;
}

/** Platforms whose nodes enforce SELinux, where host files need the type `spc_t`. */
export function enforcesSelinux(platform: Platform): boolean {
  return ['openshift', 'bottlerocket', 'eks-auto'].includes(platform);
}

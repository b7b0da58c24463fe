/**
 * Pods of a cluster as the API server tells them while workloads are rolled out, scaled, rolled
 * back or stuck: the points of the Collector's `k8s_cluster` receiver, twice a minute.
 */
import { gaugeRow, type Labels } from './seed-points.ts';

const stepMs = 30_000;

export type DeployedPod = {
  readonly pod: string;
  /** Image of each container, by its name. */
  readonly images: Readonly<Record<string, string>>;
  /** Seconds since the start of the scenario; without an end it runs on. */
  readonly from: number;
  readonly until?: number;
  /** Seconds until it is ready; Infinity: never. */
  readonly readyAfter?: number;
  /** Seconds since the start from when on its phase is Failed. */
  readonly failedFrom?: number;
  /** Beside the names, as kubernetes_attributes adds it. */
  readonly revision?: string;
};

export type DeployedWorkload = {
  readonly kind: 'deployment' | 'statefulset' | 'daemonset';
  readonly namespace: string;
  readonly workload: string;
  /** Unknown to the API server: the pods of a Job, whose names look like those of others. */
  readonly foreign?: boolean;
  readonly pods: readonly DeployedPod[];
};

const desired = {
  deployment: 'k8s.deployment.desired',
  statefulset: 'k8s.statefulset.desired_pods',
  daemonset: 'k8s.daemonset.desired_scheduled_nodes',
} as const;

/** Rows of otel_metrics_gauge from `startMs` for `seconds`; `silent`: when nothing was told. */
export function deploymentPoints(
  workloads: readonly DeployedWorkload[],
  startMs: number,
  seconds: number,
  silent?: { readonly from: number; readonly until: number },
): object[] {
  const rows: object[] = [];
  for (let second = 0; second < seconds; second += stepMs / 1000) {
    if (silent !== undefined && second >= silent.from && second < silent.until) continue;
    const told = (resource: Labels, name: string, value: number): void => {
      const of = { 'k8s.cluster.name': 'prod', ...resource };
      rows.push(gaugeRow('', of, name, startMs + second * 1000, value, {}));
    };
    for (const each of workloads) {
      const namespace = { 'k8s.namespace.name': each.namespace };
      if (each.foreign !== true) {
        const name = { ...namespace, [`k8s.${each.kind}.name`]: each.workload };
        told(name, desired[each.kind], 1);
      }
      for (const pod of each.pods) tellPod(pod, namespace, second, told);
    }
  }
  return rows;
}

function tellPod(
  pod: DeployedPod,
  namespace: Labels,
  second: number,
  told: (resource: Labels, name: string, value: number) => void,
): void {
  const { from, until = Number.POSITIVE_INFINITY, readyAfter = 30 } = pod;
  if (second < from || second >= until) return;
  const failed = second >= (pod.failedFrom ?? Number.POSITIVE_INFINITY);
  const named = {
    ...namespace,
    'k8s.pod.name': pod.pod,
    'k8s.pod.uid': `${pod.pod}-${from}`,
    'k8s.node.name': 'node-1',
    ...(pod.revision !== undefined && { 'k8s.pod.label.controller-revision-hash': pod.revision }),
  };
  told(named, 'k8s.pod.phase', failed ? 4 : 2);
  for (const [container, image] of Object.entries(pod.images)) {
    const [name = '', tag = ''] = image.split(':');
    const resource = {
      ...named,
      'k8s.container.name': container,
      'container.image.name': name,
      'container.image.tag': tag,
    };
    told(resource, 'k8s.container.ready', !failed && second >= from + readyAfter ? 1 : 0);
  }
}

/**
 * Pods of a cluster as the API server tells them while workloads are rolled out, scaled, rolled
 * back or stuck: the points of the Collector's `k8s_cluster` receiver, twice a minute; and the
 * same as the watcher of what runs where is told of them.
 */
import type { JsonObject } from '../../core/json.ts';
import type { Recorder } from '../../jobs/metadata/recorder.ts';
import { see } from './entities.ts';
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

const kindOf = { deployment: 'Deployment', statefulset: 'StatefulSet', daemonset: 'DaemonSet' };

type Told = { readonly second: number; readonly tell: (version: bigint, atMs: number) => void };

/** Tells the recorder what happened from `startMs` for `seconds`, in the order of time. */
export function tellDeployments(
  recorder: Recorder,
  workloads: readonly DeployedWorkload[],
  startMs: number,
  seconds: number,
): void {
  const all: Told[] = workloads.flatMap((workload) => [
    ...(workload.foreign === true ? [] : [tellWorkload(recorder, workload, startMs)]),
    ...workload.pods.flatMap((pod) => tellEnds(recorder, workload, pod, startMs)),
  ]);
  const told = all.filter(({ second }) => second < seconds).sort((a, b) => a.second - b.second);
  for (const [nth, { second, tell }] of told.entries()) {
    tell(BigInt(nth + 1), startMs + second * 1000);
  }
}

const iso = (startMs: number, second: number): string =>
  new Date(startMs + second * 1000).toISOString();

function tellWorkload(recorder: Recorder, workload: DeployedWorkload, startMs: number): Told {
  const { kind, namespace, workload: name } = workload;
  const metadata = { uid: `of-${name}`, name, namespace, creationTimestamp: iso(startMs, 0) };
  return {
    second: 0,
    tell: (version, atMs) => see(recorder, kindOf[kind], { metadata }, { version, atMs }),
  };
}

/** A pod begins, becomes ready, fails and ends. */
function tellEnds(
  recorder: Recorder,
  workload: DeployedWorkload,
  pod: DeployedPod,
  startMs: number,
): Told[] {
  const { from, until, failedFrom, readyAfter = 30 } = pod;
  const uid = `${pod.pod}-${from}`;
  const at = (second: number): Told => ({
    second,
    tell: (version, atMs) =>
      see(recorder, 'Pod', podObject(workload, pod, startMs, second), { version, atMs }),
  });
  const moments = [from, from + readyAfter, ...(failedFrom === undefined ? [] : [failedFrom])];
  const ends = until ?? Number.POSITIVE_INFINITY;
  const end = { second: ends, tell: (v: bigint, ms: number) => recorder.lose(uid, v, ms) };
  return [...moments.filter((second) => second < ends).map(at), end];
}

function podObject(
  { kind, namespace, workload, foreign }: DeployedWorkload,
  pod: DeployedPod,
  startMs: number,
  second: number,
): JsonObject {
  const { from, readyAfter = 30, failedFrom = Number.POSITIVE_INFINITY } = pod;
  const hash = pod.pod.split('-').at(-2) ?? '';
  const isReady = second >= from + readyAfter && second < failedFrom;
  const owner = {
    ...(kind === 'deployment'
      ? { kind: 'ReplicaSet', name: `${workload}-${hash}` }
      : { kind: foreign === true ? 'Job' : kindOf[kind], name: workload }),
    ...{ uid: `of-${workload}`, controller: true },
  };
  return {
    metadata: {
      ...{ uid: `${pod.pod}-${from}`, name: pod.pod, namespace },
      creationTimestamp: iso(startMs, from),
      labels: {
        ...(kind === 'deployment' && { 'pod-template-hash': hash }),
        ...(pod.revision !== undefined && { 'controller-revision-hash': pod.revision }),
      },
      ownerReferences: [owner],
    },
    spec: {
      nodeName: 'node-1',
      containers: Object.entries(pod.images).map(([name, image]) => ({ name, image })),
    },
    status: {
      phase: second >= failedFrom ? 'Failed' : 'Running',
      conditions: [
        {
          ...{ type: 'Ready', status: isReady ? 'True' : 'False' },
          lastTransitionTime: iso(startMs, isReady ? from + readyAfter : from),
        },
      ],
    },
  };
}

/**
 * What ran in the seeded shop's cluster, as the watcher records it: its nodes in two zones, its
 * pods with addresses, and the deployment of *cart*; the same that its points tell.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { JsonObject } from '../../core/json.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { see } from './entities.ts';
import { cartBefore, cartDeployedMs, nodes, pods, type SeededPod } from './seed-kubernetes.ts';

const startedBeforeMs = 1_200_000;
const kinds = { deployment: 'Deployment', statefulset: 'StatefulSet', daemonset: 'DaemonSet' };

/** Writes entities that began 20 minutes before the range. */
export async function seedEntities(clickhouse: ClickHouse, range: Range): Promise<void> {
  const store = new EntityStore(clickhouse, 'shop');
  const startMs = range.fromMs - startedBeforeMs;
  const recorder = new Recorder(await store.recorded(new Map(), startMs));
  let version = 0n;
  const tell = (kind: string, object: JsonObject, atMs = startMs): void => {
    version += 1n;
    const creationTimestamp = new Date(atMs).toISOString();
    const metadata = { creationTimestamp, ...Object(object['metadata']) };
    see(recorder, kind, { ...object, metadata }, { version, atMs });
  };
  for (const name of new Set(pods.map(({ namespace }) => namespace))) {
    tell('Namespace', { metadata: { uid: `ns-${name}`, name }, status: { phase: 'Active' } });
  }
  for (const [nth, { node }] of nodes.entries()) tell('Node', nodeObject(node, nth));
  for (const pod of new Map(pods.map((each) => [each.workload, each])).values()) {
    tell(kinds[pod.kind], workloadObject(pod, tagBefore(pod)));
    tell('Service', serviceObject(pod));
  }
  const changedMs = cartDeployedMs(range.fromMs);
  for (const [nth, pod] of pods.entries()) {
    const isNew = pod.workload === 'cart';
    if (isNew) tell('Pod', podObject({ ...pod, pod: cartBefore.pod }, nth + 100, startMs));
    const fromMs = isNew ? changedMs : startMs;
    tell('Pod', podObject(pod, nth, fromMs), fromMs);
    if (!isNew) continue;
    version += 1n;
    recorder.lose(`uid-of-${cartBefore.pod}`, version, changedMs);
    tell(kinds[pod.kind], workloadObject(pod, tagNow), changedMs);
  }
  await store.write(recorder.take());
  await store.writePositions(new Map([['pods', version]]), range.toMs);
}

type Range = { readonly fromMs: number; readonly toMs: number };

const tagNow = '1.4.2';
const tagBefore = (pod: SeededPod): string => (pod.workload === 'cart' ? cartBefore.tag : tagNow);

const nodeObject = (name: string, nth: number): JsonObject => ({
  metadata: {
    ...{ uid: `node-${name}`, name },
    labels: {
      'topology.kubernetes.io/zone': `zone-${nth + 1}`,
      'topology.kubernetes.io/region': 'here',
      'node.kubernetes.io/instance-type': 'm7i.xlarge',
    },
  },
  spec: {},
  status: {
    addresses: [{ type: 'InternalIP', address: `192.0.2.${nth + 1}` }],
    allocatable: { cpu: '4', memory: '8Gi' },
    capacity: { cpu: '4', memory: '8Gi' },
  },
});

const containerOf = ({ workload, coresRequest, memoryRequest }: SeededPod, tag: string) => ({
  ...{ name: 'app', image: `registry.example/${workload}:${tag}` },
  resources: { requests: { cpu: String(coresRequest), memory: String(memoryRequest) } },
});

const workloadObject = (pod: SeededPod, tag: string): JsonObject => ({
  metadata: { uid: `of-${pod.workload}`, name: pod.workload, namespace: pod.namespace },
  spec: { replicas: 1, template: { spec: { containers: [containerOf(pod, tag)] } } },
});

const serviceObject = ({ workload, namespace }: SeededPod): JsonObject => ({
  metadata: { uid: `service-${workload}`, name: workload, namespace },
  spec: { selector: { app: workload }, ports: [{ port: 80, protocol: 'TCP' }] },
});

const podObject = (pod: SeededPod, nth: number, fromMs: number): JsonObject => ({
  metadata: {
    ...{ uid: `uid-of-${pod.pod}`, name: pod.pod, namespace: pod.namespace },
    labels: { team: pod.namespace, 'pod-template-hash': pod.pod.split('-').at(-2) ?? '' },
    ownerReferences: [
      pod.kind === 'deployment'
        ? { kind: 'ReplicaSet', name: pod.pod.slice(0, -6), uid: 'rs', controller: true }
        : {
            kind: kinds[pod.kind],
            name: pod.workload,
            uid: `of-${pod.workload}`,
            controller: true,
          },
    ],
  },
  spec: {
    nodeName: pod.node,
    containers: [containerOf(pod, pod.pod === cartBefore.pod ? cartBefore.tag : tagNow)],
  },
  status: {
    ...{ phase: 'Running', podIP: `10.20.0.${nth + 1}` },
    conditions: [
      {
        ...{ type: 'Ready', status: pod.crashes ? 'False' : 'True' },
        lastTransitionTime: new Date(fromMs).toISOString(),
      },
    ],
  },
});

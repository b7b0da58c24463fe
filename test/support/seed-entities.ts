/**
 * What ran in the seeded shop's cluster, as the watcher records it: its nodes in two zones, its
 * pods with addresses, and one Deployment that got another image.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import type { JsonObject } from '../../core/json.ts';
import { Recorder } from '../../jobs/metadata/recorder.ts';
import { EntityStore } from '../../jobs/metadata/store.ts';
import { see } from './entities.ts';
import { nodes, pods, type SeededPod } from './seed-kubernetes.ts';

const startedBeforeMs = 1_200_000;
const changedBeforeMs = 240_000;
const kinds = { deployment: 'Deployment', statefulset: 'StatefulSet', daemonset: 'DaemonSet' };

/** Writes entities that began 20 minutes before `endMs`. */
export async function seedEntities(clickhouse: ClickHouse, endMs: number): Promise<void> {
  const store = new EntityStore(clickhouse, 'shop');
  const startMs = endMs - startedBeforeMs;
  const recorder = new Recorder(await store.recorded(new Map(), startMs));
  let version = 0n;
  const tell = (kind: string, object: JsonObject, atMs = startMs): void => {
    version += 1n;
    const metadata = {
      creationTimestamp: new Date(startMs).toISOString(),
      ...Object(object['metadata']),
    };
    see(recorder, kind, { ...object, metadata }, { version, atMs });
  };
  for (const name of new Set(pods.map(({ namespace }) => namespace))) {
    tell('Namespace', { metadata: { uid: `ns-${name}`, name }, status: { phase: 'Active' } });
  }
  for (const [nth, { node }] of nodes.entries()) tell('Node', nodeObject(node, nth));
  for (const pod of new Map(pods.map((each) => [each.workload, each])).values()) {
    tell(kinds[pod.kind], workloadObject(pod, '1.0'));
    tell('Service', serviceObject(pod));
  }
  for (const [nth, pod] of pods.entries()) tell('Pod', podObject(pod, nth));
  const [first] = pods;
  if (first === undefined) throw new Error('no pods');
  tell(kinds[first.kind], workloadObject(first, '1.1'), endMs - changedBeforeMs);
  await store.write(recorder.take());
  await store.writePositions(new Map([['pods', version]]), endMs);
}

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
  ...{ name: workload, image: `shop/${workload}:${tag}` },
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

const podObject = (pod: SeededPod, nth: number): JsonObject => ({
  metadata: {
    ...{ uid: `pod-${pod.pod}`, name: pod.pod, namespace: pod.namespace },
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
  spec: { nodeName: pod.node, containers: [containerOf(pod, '1.0')] },
  status: { phase: 'Running', podIP: `10.20.0.${nth + 1}` },
});

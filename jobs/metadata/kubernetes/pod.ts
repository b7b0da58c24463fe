/** What is kept of a pod, and of the template of one. */
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { sorted, type Value } from '../entity.ts';
import { bytesOf, millisOf } from './quantity.ts';
import { distinct, listAt, msOf, objectAt, textAt } from './read.ts';

type Own = Readonly<Record<string, Value>>;

/** Phases in which a pod's address may already be another one's. */
const ended: ReadonlySet<string> = new Set(['Succeeded', 'Failed']);

export function podColumns(object: JsonObject): Own {
  const spec = objectAt(object, 'spec');
  const status = objectAt(object, 'status');
  const phase = textAt(status, 'phase');
  const hasOwnAddress = spec['hostNetwork'] !== true && !ended.has(phase);
  const ips = listAt(status, 'podIPs').map((one) => textAt(one, 'ip'));
  const { kind, id, name } = ownerOf(object);
  return {
    Node: textAt(spec, 'nodeName'),
    ...workloadOf(object, kind, name),
    OwnerId: id,
    Addresses: hasOwnAddress ? distinct([textAt(status, 'podIP'), ...ips]) : [],
    Phase: phase,
    Started: msOf(textAt(status, 'startTime')),
    Containers: containersOf(status),
    ...templateColumns(spec),
    TemplateHash: templateHashOf(object),
    Ready: readySince(status),
  };
}

/** Of a Deployment's pod, and of a StatefulSet's or DaemonSet's. */
function templateHashOf(object: JsonObject): string {
  const label = (name: string): string => textAt(object, 'metadata', 'labels', name);
  return label('pod-template-hash') || label('controller-revision-hash');
}

function readySince(status: JsonObject): number {
  const condition = listAt(status, 'conditions').find((one) => textAt(one, 'type') === 'Ready');
  const isReady = condition !== undefined && textAt(condition, 'status') === 'True';
  return isReady ? msOf(textAt(condition, 'lastTransitionTime')) : 0;
}

/** Images, requests and limits of a pod's specification. */
export function templateColumns(spec: JsonObject): Own {
  const containers = listAt(spec, 'containers');
  // Those that run beside the others until the end; others are over when the pod is at work.
  const beside = listAt(spec, 'initContainers').filter(
    (one) => textAt(one, 'restartPolicy') === 'Always',
  );
  const all = [...containers, ...beside];
  const images = all.map((one) => [textAt(one, 'name'), textAt(one, 'image')] as const);
  return {
    Images: sorted(Object.fromEntries(images)),
    CpuRequestMillis: sumOf(all, 'requests', 'cpu', millisOf),
    MemoryRequestBytes: sumOf(all, 'requests', 'memory', bytesOf),
    CpuLimitMillis: limitOf(all, 'cpu', millisOf),
    MemoryLimitBytes: limitOf(all, 'memory', bytesOf),
  };
}

/** What made an object; nothing when nobody did. */
export function ownerOf(object: JsonObject): { kind: string; id: string; name: string } {
  const owners = listAt(object, 'metadata', 'ownerReferences');
  const owner = owners.find((one) => one['controller'] === true) ?? owners[0] ?? {};
  return { kind: textAt(owner, 'kind'), id: textAt(owner, 'uid'), name: textAt(owner, 'name') };
}

/**
 * The workload that people know: of a ReplicaSet that a Deployment made, the Deployment. Its name
 * is that of the set without the hash that the set's pods have as a label; a Job of a CronJob
 * ends in the minute of its time.
 */
function workloadOf(object: JsonObject, kind: string, name: string): Own {
  const hash = textAt(object, 'metadata', 'labels', 'pod-template-hash');
  if (kind === 'ReplicaSet' && hash !== '' && name.endsWith(`-${hash}`)) {
    return { WorkloadKind: 'Deployment', Workload: name.slice(0, -hash.length - 1) };
  }
  const scheduled = /^(.+)-\d{8,10}$/.exec(name)?.[1];
  if (kind === 'Job' && scheduled !== undefined) {
    return { WorkloadKind: 'CronJob', Workload: scheduled };
  }
  // A mirror pod of the kubelet is owned by its node, which is no workload.
  return kind === 'Node'
    ? { WorkloadKind: '', Workload: '' }
    : { WorkloadKind: kind, Workload: name };
}

function containersOf(status: JsonObject): Readonly<Record<string, string>> {
  const all = [...listAt(status, 'containerStatuses'), ...listAt(status, 'initContainerStatuses')];
  const ids = all.flatMap((one) => {
    const id = textAt(one, 'containerID').replace(/^[a-z.-]+:\/\//, '');
    return id === '' ? [] : [[textAt(one, 'name'), id] as const];
  });
  return sorted(Object.fromEntries(ids));
}

function sumOf(
  containers: readonly JsonObject[],
  what: 'requests' | 'limits',
  resource: string,
  read: (quantity: JsonValue | undefined) => number,
): number {
  let sum = 0;
  for (const one of containers) sum += read(objectAt(one, 'resources', what)[resource]);
  return sum;
}

/** The sum of the limits; 0 when a container has none, because the pod has none then. */
function limitOf(
  containers: readonly JsonObject[],
  resource: string,
  read: (quantity: JsonValue | undefined) => number,
): number {
  const isLimited = containers.every(
    (one) => read(objectAt(one, 'resources', 'limits')[resource]) > 0,
  );
  return isLimited ? sumOf(containers, 'limits', resource, read) : 0;
}

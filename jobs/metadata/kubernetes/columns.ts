/** What is kept of the kinds that are no pods. */
import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../core/json.ts';
import type { Value } from '../entity.ts';
import { ownerOf, templateColumns } from './pod.ts';
import { bytesOf, millisOf } from './quantity.ts';
import { distinct, listAt, mapAt, numberAt, objectAt, textAt, textsAt } from './read.ts';

type Own = Readonly<Record<string, Value>>;

const hashDigits = 16;

export function namespaceColumns(object: JsonObject): Own {
  return { Phase: textAt(object, 'status', 'phase') };
}

export function nodeColumns(object: JsonObject): Own {
  const status = objectAt(object, 'status');
  const addresses = listAt(status, 'addresses').filter((one) => /IP$/.test(textAt(one, 'type')));
  const label = (name: string): string => textAt(object, 'metadata', 'labels', name);
  return {
    Addresses: distinct(addresses.map((one) => textAt(one, 'address'))),
    Region: label('topology.kubernetes.io/region'),
    Zone: label('topology.kubernetes.io/zone'),
    InstanceType: label('node.kubernetes.io/instance-type'),
    CapacityType: capacityType(label),
    ProviderId: textAt(object, 'spec', 'providerID'),
    Architecture: textAt(status, 'nodeInfo', 'architecture'),
    KubeletVersion: textAt(status, 'nodeInfo', 'kubeletVersion'),
    CpuMillis: millisOf(objectAt(status, 'allocatable')['cpu']),
    MemoryBytes: bytesOf(objectAt(status, 'allocatable')['memory']),
    CapacityCpuMillis: millisOf(objectAt(status, 'capacity')['cpu']),
    CapacityMemoryBytes: bytesOf(objectAt(status, 'capacity')['memory']),
    State: nodeState(object),
  };
}

export function workloadColumns(object: JsonObject): Own {
  const kind = textAt(object, 'kind');
  const spec = objectAt(object, 'spec');
  const owner = ownerOf(object);
  const template =
    kind === 'CronJob'
      ? objectAt(spec, 'jobTemplate', 'spec', 'template', 'spec')
      : objectAt(spec, 'template', 'spec');
  return {
    Kind: kind,
    OwnerKind: owner.kind,
    OwnerId: owner.id,
    OwnerName: owner.name,
    Replicas: numberAt(spec, kind === 'Job' ? 'parallelism' : 'replicas'),
    ...templateColumns(template),
    Schedule: textAt(spec, 'schedule'),
  };
}

export function serviceColumns(object: JsonObject): Own {
  const spec = objectAt(object, 'spec');
  const ports = listAt(spec, 'ports').map(
    (one) => `${numberAt(one, 'port')}/${textAt(one, 'protocol') || 'TCP'}`,
  );
  const given = [textAt(spec, 'clusterIP'), ...textsAt(spec, 'clusterIPs')];
  return {
    Type: textAt(spec, 'type'),
    Addresses: distinct([
      ...given.filter((address) => address !== 'None'),
      ...textsAt(spec, 'externalIPs'),
      ...balancers(object),
    ]),
    Ports: distinct(ports),
    Selector: mapAt(spec, ['selector']),
  };
}

export function endpointSliceColumns(object: JsonObject): Own {
  const endpoints = listAt(object, 'endpoints');
  const targets = endpoints.map((one) => objectAt(one, 'targetRef'));
  return {
    Service: textAt(object, 'metadata', 'labels', 'kubernetes.io/service-name'),
    Pods: distinct(
      targets.filter((one) => textAt(one, 'kind') === 'Pod').map((one) => textAt(one, 'uid')),
    ),
    Addresses: distinct(endpoints.flatMap((one) => textsAt(one, 'addresses'))),
  };
}

export function ingressColumns(object: JsonObject): Own {
  const rules = listAt(object, 'spec', 'rules');
  const backends = rules.flatMap((rule) => listAt(rule, 'http', 'paths'));
  return {
    Class: textAt(object, 'spec', 'ingressClassName'),
    Hosts: distinct(rules.map((rule) => textAt(rule, 'host'))),
    Services: distinct([
      textAt(object, 'spec', 'defaultBackend', 'service', 'name'),
      ...backends.map((one) => textAt(one, 'backend', 'service', 'name')),
    ]),
    Addresses: distinct(balancers(object)),
  };
}

export function volumeColumns(object: JsonObject): Own {
  const spec = objectAt(object, 'spec');
  const kind = textAt(object, 'kind');
  const claim = objectAt(spec, 'claimRef');
  const name = textAt(claim, 'name');
  const isVolume = kind === 'PersistentVolume';
  const given = isVolume
    ? objectAt(spec, 'capacity')
    : { ...objectAt(spec, 'resources', 'requests'), ...objectAt(object, 'status', 'capacity') };
  return {
    Kind: kind,
    Class: textAt(spec, 'storageClassName'),
    Bytes: bytesOf(given['storage']),
    Phase: textAt(object, 'status', 'phase'),
    BoundTo: isVolume
      ? name && `${textAt(claim, 'namespace')}/${name}`
      : textAt(spec, 'volumeName'),
  };
}

/** Never what it holds: a hash, by which a change is seen. */
export function configMapColumns(object: JsonObject): Own {
  const data = mapAt(object, ['data']);
  const binary = mapAt(object, ['binaryData']);
  const hash = createHash('sha256')
    .update(JSON.stringify([data, binary]))
    .digest('hex');
  let bytes = 0;
  for (const [key, text] of Object.entries({ ...data, ...binary })) {
    bytes += Buffer.byteLength(key) + Buffer.byteLength(text);
  }
  return { Hash: hash.slice(0, hashDigits), Bytes: bytes };
}

/** As clouds and Karpenter say it, in one spelling. */
function capacityType(label: (name: string) => string): string {
  const said =
    label('karpenter.sh/capacity-type') ||
    label('eks.amazonaws.com/capacityType') ||
    label('kubernetes.azure.com/scalesetpriority');
  if (/spot/i.test(said) || label('cloud.google.com/gke-spot') === 'true') return 'spot';
  if (label('cloud.google.com/gke-preemptible') === 'true') return 'spot';
  return said === '' ? '' : 'on-demand';
}

function nodeState(object: JsonObject): string {
  const conditions = listAt(object, 'status', 'conditions');
  const ready = conditions.find((one) => textAt(one, 'type') === 'Ready') ?? {};
  const states: Readonly<Record<string, string>> = { True: 'ready', False: 'not ready' };
  const state = states[textAt(ready, 'status')] ?? 'unknown';
  return objectAt(object, 'spec')['unschedulable'] === true ? `${state}, cordoned` : state;
}

function balancers(object: JsonObject): readonly string[] {
  return listAt(object, 'status', 'loadBalancer', 'ingress').map(
    (one) => textAt(one, 'ip') || textAt(one, 'hostname'),
  );
}

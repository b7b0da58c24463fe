/** An object of each watched kind, with every field that is kept of it. */
import type { JsonObject } from '../../../core/json.ts';

const created = '2026-11-20T11:58:00Z';
const container = {
  name: 'app',
  image: "shop:1'\\\n",
  resources: {
    requests: { cpu: '250m', memory: '64Mi' },
    limits: { cpu: '1', memory: '1e9' },
  },
};
const template = { spec: { containers: [container] } };

function object(name: string, rest: JsonObject, owner?: JsonObject): JsonObject {
  return {
    metadata: {
      uid: `uid-of-${name}`,
      name,
      namespace: 'shop',
      creationTimestamp: created,
      labels: { 'zone b': 'ü', app: name, 'kubernetes.io/service-name': 'web' },
      annotations: { note: 'two\nlines, "quoted"' },
      ...(owner === undefined ? {} : { ownerReferences: [{ ...owner, controller: true }] }),
    },
    ...rest,
  };
}

export const fullObjects: Readonly<Record<string, JsonObject>> = {
  Namespace: object('shop', { status: { phase: 'Active' } }),
  Node: object('node-1', {
    spec: { providerID: 'aws:///eu-1/i-1', unschedulable: true },
    status: {
      addresses: [
        { type: 'InternalIP', address: '192.0.2.1' },
        { type: 'Hostname', address: 'node-1' },
      ],
      allocatable: { cpu: '3920m', memory: '15Gi' },
      capacity: { cpu: '4', memory: '16Gi' },
      nodeInfo: { architecture: 'arm64', kubeletVersion: 'v1.35.4' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }),
  Deployment: object('web', { spec: { replicas: 3, template } }),
  StatefulSet: object('db', { spec: { replicas: 1, template } }),
  DaemonSet: object('agent', { spec: { template } }),
  ReplicaSet: object(
    'web-5d9',
    { spec: { replicas: 3, template } },
    { kind: 'Deployment', uid: 'uid-of-web', name: 'web' },
  ),
  CronJob: object('report', { spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } } } }),
  Job: object(
    'report-29384756',
    { spec: { parallelism: 2, template } },
    { kind: 'CronJob', uid: 'uid-of-report', name: 'report' },
  ),
  Pod: object(
    'web-0',
    {
      spec: { nodeName: 'node-1', containers: [container] },
      status: {
        phase: 'Running',
        startTime: '2026-11-20T11:58:01Z',
        podIP: '10.0.0.7',
        podIPs: [{ ip: '10.0.0.7' }, { ip: 'fd00::7' }],
        containerStatuses: [{ name: 'app', containerID: 'containerd://abc' }],
      },
    },
    { kind: 'StatefulSet', uid: 'uid-of-db', name: 'db' },
  ),
  Service: object('web-service', {
    spec: {
      type: 'LoadBalancer',
      clusterIPs: ['10.1.0.1'],
      ports: [{ port: 80 }, { port: 53, protocol: 'UDP' }],
      selector: { app: 'web' },
    },
    status: { loadBalancer: { ingress: [{ hostname: 'lb.example' }] } },
  }),
  EndpointSlice: object('web-abc', {
    endpoints: [{ addresses: ['10.0.0.7'], targetRef: { kind: 'Pod', uid: 'uid-of-web-0' } }],
  }),
  Ingress: object('web-ingress', {
    spec: {
      ingressClassName: 'nginx',
      rules: [
        { host: 'shop.example', http: { paths: [{ backend: { service: { name: 'web' } } }] } },
      ],
    },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.9' }] } },
  }),
  PersistentVolume: object('pv-1', {
    spec: {
      storageClassName: 'fast',
      capacity: { storage: '10Gi' },
      claimRef: { namespace: 'shop', name: 'data' },
    },
    status: { phase: 'Bound' },
  }),
  PersistentVolumeClaim: object('data', {
    spec: {
      storageClassName: 'fast',
      volumeName: 'pv-1',
      resources: { requests: { storage: '10Gi' } },
    },
    status: { phase: 'Bound', capacity: { storage: '12Gi' } },
  }),
  ConfigMap: object('settings', { data: { key: 'value' }, binaryData: { more: 'AA==' } }),
};

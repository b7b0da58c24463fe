/**
 * The metric points and lines of the seeded shop's cluster: two nodes, two namespaces, a pod that
 * crashes again and again, a container near its memory limit. Names, tables and units as the
 * Collector's `k8s_cluster`, `kubelet_stats` and `k8s_events` receivers write them through our
 * presets (CPU in cores, memory in bytes, no service on what the API server tells).
 */
import { gaugeRow, hostName, type Labels, sumRow } from './seed-points.ts';

const stepMs = 30_000;
const cluster = { 'k8s.cluster.name': 'shop' };
const mebibyte = 2 ** 20;

export type SeededPod = {
  readonly kind: 'deployment' | 'statefulset' | 'daemonset';
  readonly workload: string;
  readonly namespace: string;
  readonly pod: string;
  readonly node: string;
  readonly cores: number;
  readonly memory: number;
  readonly coresRequest: number;
  readonly memoryRequest: number;
  /** 0: no limit is set. */
  readonly coresLimit: number;
  readonly memoryLimit: number;
  /** A crash loop: never ready, and restarted every five minutes. */
  readonly crashes: boolean;
};

const otherNode = 'shop-host-2';
export const nodes = [hostName, otherNode].map((node, index) => ({
  node,
  coresAllocatable: 4,
  memoryAllocatable: 8192 * mebibyte,
  cores: 1.5 - index / 2,
  memory: (4096 - index * 1024) * mebibyte,
  disk: 30e9 + index * 60e9,
  diskCapacity: 100e9,
}));

const services = ['storefront', 'checkout', 'cart', 'catalog', 'payment', 'orders'];

/** A hash of a pod template and a random ending, in the letters that Kubernetes uses. */
const podName = (workload: string, index: number): string =>
  `${workload}-6d4cf56db6-${['x2vqk', 'h7zlm'][index]}`;

const usual = {
  kind: 'deployment',
  namespace: 'shop',
  node: hostName,
  cores: 0.05,
  memory: 96 * mebibyte,
  coresRequest: 0.1,
  memoryRequest: 128 * mebibyte,
  coresLimit: 0.5,
  memoryLimit: 256 * mebibyte,
  crashes: false,
} as const;

/** Each service of the shop is a Deployment; its spans and lines come from the first pod. */
export const pods: readonly SeededPod[] = [
  ...services.map((name) => ({
    ...usual,
    workload: name,
    pod: podName(name, 0),
    crashes: name === 'orders',
  })),
  { ...usual, workload: 'storefront', pod: podName('storefront', 1), node: otherNode },
  {
    ...usual,
    kind: 'statefulset',
    namespace: 'data',
    workload: 'ledger',
    pod: 'ledger-0',
    node: otherNode,
    cores: 0.4,
    memory: 972 * mebibyte,
    coresRequest: 0.5,
    memoryRequest: 1024 * mebibyte,
    memoryLimit: 1024 * mebibyte,
  },
  ...[hostName, otherNode].map((node, index) => ({
    ...usual,
    kind: 'daemonset' as const,
    namespace: 'data',
    workload: 'backup',
    pod: `backup-${['n4d8s', 'w9k2c'][index]}`,
    node,
    coresLimit: 0,
    memoryLimit: 0,
  })),
];

/** What the node-agent adds to the spans, lines and points of a pod. */
function podAttributes({ kind, workload, namespace, pod, node }: SeededPod): Labels {
  return {
    ...cluster,
    'k8s.namespace.name': namespace,
    'k8s.pod.name': pod,
    'k8s.node.name': node,
    [`k8s.${kind}.name`]: workload,
  };
}

const restartEverySteps = 10;
/**
 * How often the crashing container was restarted at a step: before the range, in it, and in its
 * last minutes, when points of the old and of the new container stand beside each other.
 */
const restartsAt = (step: number): number => 7 + Math.floor((step + 4) / restartEverySteps);
const stepsOf = (fromMs: number, toMs: number): number => Math.ceil((toMs - fromMs) / stepMs);

/** Restarts between the first point and the last. */
export const restartsBetween = (fromMs: number, toMs: number): number =>
  restartsAt(stepsOf(fromMs, toMs) - 1) - restartsAt(0);

export function kubernetesPoints(fromMs: number, toMs: number) {
  const sums: object[] = [];
  const gauges: object[] = [];
  for (let step = 0; step < stepsOf(fromMs, toMs); step += 1) {
    const at = { atMs: fromMs + step * stepMs, startMs: fromMs - 60_000, step };
    gauges.push(...nodePoints(at.atMs), ...workloadPoints(at.atMs), ...endedPod(at.atMs));
    for (const pod of pods) gauges.push(...podPoints(deployed(pod, step), at.atMs, step));
    sums.push(...networkSums(at), ...reasonSums(at));
  }
  return { sums, gauges };
}

/** From this step on *cart* runs what {@link pods} says; before it ran the version before. */
const deployedAtStep = 10;
/** What its pod was named then, and its image's tag. */
export const cartBefore = { pod: 'cart-57c9d8f6b4-j4tzn', tag: '1.4.1' } as const;
/** When its first pod of the new version was seen. */
export const cartDeployedMs = (fromMs: number): number => fromMs + deployedAtStep * stepMs;

const deployed = (pod: SeededPod, step: number): SeededPod =>
  pod.workload === 'cart' && step < deployedAtStep ? { ...pod, pod: cartBefore.pod } : pod;

const told = (resource: Labels, atMs: number, values: Readonly<Record<string, number>>) =>
  Object.entries(values).map(([name, value]) =>
    gaugeRow(resource['service.name'] ?? '', { ...cluster, ...resource }, name, atMs, value, {}),
  );

function nodePoints(atMs: number): object[] {
  return nodes.flatMap((each) => [
    ...told({ 'k8s.node.name': each.node, 'k8s.node.uid': `uid-of-${each.node}` }, atMs, {
      'k8s.node.condition_ready': 1,
      'k8s.node.condition_memory_pressure': 0,
      'k8s.node.condition_disk_pressure': each.disk > 0.85 * each.diskCapacity ? 1 : 0,
      'k8s.node.condition_pid_pressure': 0,
      // Only some network plugins tell it.
      'k8s.node.condition_network_unavailable': -1,
      'k8s.node.allocatable_cpu': each.coresAllocatable,
      'k8s.node.allocatable_memory': each.memoryAllocatable,
      'k8s.node.allocatable_pods': 110,
    }),
    ...told({ 'k8s.node.name': each.node, 'host.name': each.node }, atMs, {
      'k8s.node.cpu.usage': each.cores,
      'k8s.node.memory.working_set': each.memory,
      'k8s.node.memory.available': 8192 * mebibyte - each.memory,
      'k8s.node.filesystem.usage': each.disk,
      'k8s.node.filesystem.capacity': each.diskCapacity,
    }),
  ]);
}

function workloadPoints(atMs: number): object[] {
  const names = [...new Set(pods.map(({ workload }) => workload))];
  const rows = ['shop', 'data'].flatMap((namespace) =>
    told({ 'k8s.namespace.name': namespace }, atMs, { 'k8s.namespace.phase': 1 }),
  );
  const metrics = {
    deployment: ['k8s.deployment.desired', 'k8s.deployment.available'],
    statefulset: ['k8s.statefulset.desired_pods', 'k8s.statefulset.ready_pods'],
    daemonset: ['k8s.daemonset.desired_scheduled_nodes', 'k8s.daemonset.ready_nodes'],
  } as const;
  for (const name of names) {
    const own = pods.filter(({ workload }) => workload === name);
    const [{ kind, namespace } = usual] = own;
    const [desired, available] = metrics[kind];
    const resource = { 'k8s.namespace.name': namespace, [`k8s.${kind}.name`]: name };
    const ready = own.filter(({ crashes }) => !crashes).length;
    rows.push(...told(resource, atMs, { [desired]: own.length, [available]: ready }));
  }
  return rows;
}

function podPoints(pod: SeededPod, atMs: number, step: number): object[] {
  const named = {
    'k8s.namespace.name': pod.namespace,
    'k8s.pod.name': pod.pod,
    'k8s.node.name': pod.node,
  };
  const image = {
    'container.image.name': `registry.example/${pod.workload}`,
    'container.image.tag': pod.pod === cartBefore.pod ? cartBefore.tag : '1.4.2',
  };
  const restarts = pod.crashes ? restartsAt(step) : 0;
  // A container that restarts has a new id, and so new series.
  const id = { 'container.id': `${pod.pod}-${restarts}` };
  const kubelet = {
    ...podAttributes(pod),
    'service.name': pod.workload,
    'host.name': pod.node,
    'k8s.pod.uid': `uid-of-${pod.pod}`,
  };
  return [
    ...told(named, atMs, { 'k8s.pod.phase': 2 }),
    ...told({ ...named, ...image, ...id, 'k8s.container.name': 'app' }, atMs, {
      'k8s.container.cpu_request': pod.coresRequest,
      'k8s.container.memory_request': pod.memoryRequest,
      ...(pod.coresLimit > 0 && { 'k8s.container.cpu_limit': pod.coresLimit }),
      ...(pod.memoryLimit > 0 && { 'k8s.container.memory_limit': pod.memoryLimit }),
      'k8s.container.ready': pod.crashes ? 0 : 1,
      'k8s.container.restarts': restarts,
    }),
    ...told({ ...kubelet, 'k8s.container.name': 'app' }, atMs, {
      'container.cpu.usage': pod.cores,
      'container.memory.working_set': pod.memory,
      'container.filesystem.usage': 4e6,
    }),
    ...told({ ...kubelet, ...volumeOf(pod) }, atMs, {
      'k8s.volume.available': 4e9,
      'k8s.volume.capacity': 10e9,
    }),
  ];
}

/** A Job that did its work: the API server tells its requests for ever, but it holds nothing. */
function endedPod(atMs: number): object[] {
  const named = {
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': 'migrate-5k8zt',
    'k8s.node.name': otherNode,
  };
  return [
    ...told(named, atMs, { 'k8s.pod.phase': 3 }),
    ...told({ ...named, 'k8s.container.name': 'app' }, atMs, {
      'k8s.container.cpu_request': 2,
      'k8s.container.memory_request': 2048 * mebibyte,
      'k8s.container.ready': 0,
      'k8s.container.restarts': 0,
    }),
  ];
}

const volumeOf = ({ kind, pod }: SeededPod): Labels =>
  kind === 'statefulset'
    ? { 'k8s.volume.name': 'data', 'k8s.persistentvolumeclaim.name': `data-${pod}` }
    : { 'k8s.volume.name': 'scratch' };

type At = { readonly atMs: number; readonly startMs: number; readonly step: number };

/** Bytes that every pod receives a second; it sends half. */
export const podBytesPerSecond = 2000;

function networkSums({ atMs, startMs, step }: At): object[] {
  const grown = (perSecond: number): number => (perSecond * step * stepMs) / 1000;
  const both = (resource: Labels, name: string, perSecond: number): object[] =>
    ['receive', 'transmit'].map((direction, index) => {
      const labels = { interface: 'eth0', direction };
      const value = grown(perSecond / (index + 1));
      const service = resource['service.name'] ?? '';
      return sumRow(service, resource, name, startMs, atMs, value, labels, true);
    });
  return [
    ...nodes.flatMap(({ node }) => {
      const resource = { ...cluster, 'k8s.node.name': node, 'host.name': node };
      return [
        ...both(resource, 'k8s.node.network.io', 50_000),
        ...both(resource, 'k8s.node.network.errors', 0),
      ];
    }),
    ...pods.flatMap((pod) => {
      const resource = { ...podAttributes(pod), 'service.name': pod.workload };
      return both(resource, 'k8s.pod.network.io', podBytesPerSecond);
    }),
  ];
}

/** As with `k8s.container.status.reason` switched on: every reason, the one that holds is 1. */
function reasonSums({ atMs, startMs }: At): object[] {
  return pods.flatMap((pod) =>
    ['CrashLoopBackOff', 'OOMKilled', 'Error'].map((reason, index) => {
      const resource = { ...podAttributes(pod), 'k8s.container.name': 'app' };
      const value = pod.crashes && index === 0 ? 1 : 0;
      const labels = { 'k8s.container.status.reason': reason };
      return sumRow(
        '',
        resource,
        'k8s.container.status.reason',
        startMs,
        atMs,
        value,
        labels,
        false,
      );
    }),
  );
}

const eventsService = 'kubernetes-events';
const crashing = pods.find(({ crashes }) => crashes) ?? pods[0];

/** Lines of the crash loop, one a minute: what the pod wrote, and the warning of the cluster. */
export function kubernetesLogs(fromMs: number, toMs: number) {
  const lines = [];
  for (let atMs = fromMs; atMs < toMs; atMs += 60_000) {
    const line = { service: 'orders', severityNumber: 17, body: 'no route to mail.example:25' };
    const body = 'Back-off restarting failed container app';
    const event = { service: eventsService, severityNumber: 13, body };
    lines.push({ ...line, atMs, traceId: '' }, { ...event, atMs: atMs + 1000, traceId: '' });
  }
  return lines;
}

/** The attributes of resource and record that a line of `service` carries beside its own. */
export function attributesOfService(service: string): { resource: Labels; record: Labels } {
  if (service === eventsService && crashing !== undefined) {
    return {
      resource: {
        ...cluster,
        'k8s.node.name': crashing.node,
        'k8s.namespace.name': crashing.namespace,
        'k8s.pod.name': crashing.pod,
        'k8s.object.kind': 'Pod',
        'k8s.object.name': crashing.pod,
      },
      record: { 'k8s.event.reason': 'BackOff', 'k8s.event.count': '1' },
    };
  }
  const pod = pods.find(({ workload }) => workload === service);
  return { resource: pod === undefined ? {} : podAttributes(pod), record: {} };
}

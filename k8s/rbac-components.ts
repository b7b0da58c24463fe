/**
 * What each component of the Collector asks the API server for, read from the components' sources
 * (0.149, 0.161): an informer lists and watches, a client's `Get` gets, a Lease lock gets, creates
 * and updates. Components that are defined but in no pipeline ask for nothing.
 */
import type { CollectorConfig, ComponentId } from '../collector/types.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import {
  type Ask,
  type AskContext,
  asObject,
  inNamespaces,
  list,
  object,
  text,
  texts,
} from './rbac-ask.ts';
import { groupName } from './rbac-groups.ts';
import { asksOfPrometheus } from './rbac-prometheus.ts';

type Asks = (config: JsonObject, id: string, context: AskContext) => readonly Ask[];

const listWatch = ['list', 'watch'];

/** Minor version that knows `nodes/pods`, so that nobody needs `nodes/proxy` (exec in any pod). */
const fineGrainedKubeletMinor = 33;

/** From here on the name of a Deployment is cut out of its ReplicaSet's name by default. */
const deploymentFromNameMinor = 153;

/** From here on the detector of the API server adds the uid of the cluster. */
const clusterUidDetectorMinor = 154;

const receivers: Readonly<Record<string, Asks>> = {
  k8s_cluster: asksOfCluster,
  k8s_events: asksOfEvents,
  k8s_objects: asksOfObjects,
  kubelet_stats: asksOfKubelet,
  prometheus: asksOfPrometheus,
  receiver_creator: asksOfCreator,
};

const processors: Readonly<Record<string, Asks>> = {
  k8s_attributes: asksOfAttributes,
  resource_detection: asksOfDetection,
};

const exporters: Readonly<Record<string, Asks>> = { load_balancing: asksOfLoadBalancing };

const extensions: Readonly<Record<string, Asks>> = {
  k8s_leader_elector: asksOfElector,
  k8s_observer: asksOfObserver,
};

/** The names before the renaming of 2026 mean the same components. */
const oldNames: Readonly<Record<string, string>> = {
  k8sattributes: 'k8s_attributes',
  k8sobjects: 'k8s_objects',
  kubeletstats: 'kubelet_stats',
  resourcedetection: 'resource_detection',
  loadbalancing: 'load_balancing',
};

export function asksOf(config: CollectorConfig, context: AskContext): readonly Ask[] {
  const used = usedComponents(config);
  return [
    ...asksOfAll(config.extensions, extensions, new Set(config.service.extensions), context),
    ...asksOfAll(config.receivers, receivers, used, context),
    ...asksOfAll(config.processors, processors, used, context),
    ...asksOfAll(config.exporters, exporters, used, context),
  ];
}

function asksOfAll(
  components: Readonly<Record<ComponentId, JsonObject>>,
  table: Readonly<Record<string, Asks>>,
  used: ReadonlySet<string>,
  context: AskContext,
): readonly Ask[] {
  return Object.entries(components)
    .filter(([id]) => used.has(id))
    .flatMap(([id, config]) => asksOfOne(table, config, id, context));
}

function asksOfOne(
  table: Readonly<Record<string, Asks>>,
  config: JsonObject,
  id: string,
  context: AskContext,
  startedBy = '',
): readonly Ask[] {
  const type = id.split('/')[0] ?? '';
  const asks = table[oldNames[type] ?? type];
  if (asks === undefined || ['none', 'kubeConfig'].includes(text(config, 'auth_type'))) return [];
  return asks(config ?? {}, `${startedBy}${id}`, context);
}

function usedComponents(config: CollectorConfig): ReadonlySet<string> {
  return new Set(
    Object.values(config.service.pipelines).flatMap((pipeline) => [
      ...(pipeline?.receivers ?? []),
      ...(pipeline?.processors ?? []),
      ...(pipeline?.exporters ?? []),
    ]),
  );
}

function asksOfCluster(config: JsonObject, id: string): readonly Ask[] {
  const single = text(config, 'namespace');
  const namespaces = texts(config, 'namespaces').concat(single === '' ? [] : [single]);
  const metrics = object(config, 'metrics');
  const on = (prefix: string) =>
    Object.entries(metrics).some(([name, value]) => name.startsWith(prefix) && isOn(value));
  const core = ['pods', 'replicationcontrollers', 'resourcequotas', 'services'];
  const reason = `${id} watches it`;
  const asks: Ask[] = inNamespaces(namespaces, [
    { resources: core, verbs: listWatch, reason },
    {
      group: 'apps',
      resources: ['daemonsets', 'deployments', 'replicasets', 'statefulsets'],
      verbs: listWatch,
      reason,
    },
    { group: 'batch', resources: ['jobs', 'cronjobs'], verbs: listWatch, reason },
    { group: 'autoscaling', resources: ['horizontalpodautoscalers'], verbs: listWatch, reason },
    ...(on('k8s.service.endpoint')
      ? [
          {
            group: 'discovery.k8s.io',
            resources: ['endpointslices'],
            verbs: listWatch,
            reason: `${id} has k8s.service.endpoint metrics on`,
          },
        ]
      : []),
    ...(on('k8s.persistentvolumeclaim')
      ? [
          {
            resources: ['persistentvolumeclaims'],
            verbs: listWatch,
            reason: `${id} has k8s.persistentvolumeclaim metrics on`,
          },
        ]
      : []),
  ]);
  if (namespaces.length > 0) return asks;
  asks.push({ resources: ['nodes', 'namespaces'], verbs: listWatch, reason });
  if (on('k8s.persistentvolume.')) {
    asks.push({
      resources: ['persistentvolumes'],
      verbs: listWatch,
      reason: `${id} has k8s.persistentvolume metrics on`,
    });
  }
  if (text(config, 'distribution') === 'openshift') {
    asks.push({
      group: 'quota.openshift.io',
      resources: ['clusterresourcequotas'],
      verbs: listWatch,
      reason: `${id} has distribution openshift`,
    });
  }
  return asks;
}

function asksOfEvents(config: JsonObject, id: string): readonly Ask[] {
  const ask = { resources: ['events'], verbs: listWatch, reason: `${id} watches it` };
  return inNamespaces(texts(config, 'namespaces'), [ask]);
}

function asksOfObjects(config: JsonObject, id: string): readonly Ask[] {
  return list(config, 'objects').flatMap((entry) => {
    const name = text(entry, 'name');
    const group = 'group' in entry ? text(entry, 'group') : groupName(name, id);
    const watches = text(entry, 'mode') === 'watch';
    const ask = {
      group,
      resources: [name],
      verbs: watches ? listWatch : ['list'],
      reason: `${id} ${watches ? 'watches' : 'pulls'} it`,
    };
    return inNamespaces(texts(entry, 'namespaces'), [ask]);
  });
}

function asksOfKubelet(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  if (text(config, 'auth_type') !== 'serviceAccount') return [];
  const asks: Ask[] = [
    { resources: ['nodes/stats'], verbs: ['get'], reason: `${id} reads the kubelet's summary` },
  ];
  const metrics = Object.entries(object(config, 'metrics')).filter(([, value]) => isOn(value));
  const extra = texts(config, 'extra_metadata_labels');
  const asksPods = metrics.find(([name]) => /[._](limit|request)[._]utilization$/.test(name))?.[0];
  const cause = asksPods ?? extra[0];
  if (cause !== undefined) {
    const fine = context.kubernetesMinor >= fineGrainedKubeletMinor;
    asks.push({
      resources: [fine ? 'nodes/pods' : 'nodes/proxy'],
      verbs: ['get'],
      reason: fine
        ? `${id} has ${cause} on, which reads the kubelet's /pods`
        : `${id} has ${cause} on, which reads the kubelet's /pods; before Kubernetes 1.33 only ` +
          'nodes/proxy opens it',
    });
  }
  if (extra.includes('k8s.volume.type') && 'k8s_api_config' in config) {
    asks.push({
      resources: ['persistentvolumeclaims', 'persistentvolumes'],
      verbs: ['get'],
      reason: `${id} has k8s.volume.type on and names the volume behind a claim`,
    });
  }
  const node = metrics.find(([name]) => /[._]node[._]utilization$/.test(name))?.[0];
  if (node !== undefined) {
    asks.push({
      resources: ['nodes'],
      verbs: listWatch,
      reason: `${id} has ${node} on and reads the node's capacity`,
    });
  }
  return asks;
}

function asksOfAttributes(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  if (config['passthrough'] === true) return [];
  const extract = object(config, 'extract');
  const metadata = new Set(texts(extract, 'metadata'));
  const fields = [...list(extract, 'labels'), ...list(extract, 'annotations')];
  const from = (kind: string) => fields.some((field) => text(field, 'from') === kind);
  const namespace = text(object(config, 'filter'), 'namespace');
  const namespaces = namespace === '' ? [] : [namespace];
  const asks: Ask[] = inNamespaces(namespaces, [
    { resources: ['pods'], verbs: listWatch, reason: `${id} knows a pod by its address or uid` },
  ]);
  const clusterWide = (resource: string, reason: string, names?: readonly string[]) =>
    asks.push({
      resources: [resource],
      verbs: listWatch,
      reason,
      ...(names === undefined ? {} : { names }),
    });
  if (from('namespace')) clusterWide('namespaces', `${id} copies labels of namespaces`);
  else if (metadata.has('k8s.cluster.uid')) {
    const reason = `${id} adds k8s.cluster.uid, the uid of this namespace`;
    clusterWide('namespaces', reason, ['kube-system']);
  }
  if (from('node')) clusterWide('nodes', `${id} copies labels of nodes`);
  if (metadata.has('k8s.node.uid')) clusterWide('nodes', `${id} adds k8s.node.uid`);
  const workloads = (group: string, resource: string, reason: string) =>
    asks.push(
      ...inNamespaces(namespaces, [{ group, resources: [resource], verbs: listWatch, reason }]),
    );
  const replicaSets = reasonForReplicaSets(extract, metadata, context);
  if (replicaSets !== undefined) workloads('apps', 'replicasets', `${id} ${replicaSets}`);
  for (const kind of ['deployment', 'statefulset', 'daemonset']) {
    if (from(kind)) workloads('apps', `${kind}s`, `${id} copies labels of ${kind}s`);
  }
  if (from('job')) workloads('batch', 'jobs', `${id} copies labels of jobs`);
  if (metadata.has('k8s.cronjob.uid')) workloads('batch', 'jobs', `${id} adds k8s.cronjob.uid`);
  return asks;
}

function reasonForReplicaSets(
  extract: JsonObject,
  metadata: ReadonlySet<string>,
  context: AskContext,
): string | undefined {
  if (metadata.has('k8s.deployment.uid')) return 'adds k8s.deployment.uid';
  if (context.collectorMinor >= deploymentFromNameMinor) return undefined;
  if (extract['deployment_name_from_replicaset'] === true) return undefined;
  // Without a list the processor has its own, and the Deployment's name is in it.
  const named = metadata.size === 0 || metadata.has('k8s.deployment.name');
  return named ? 'adds k8s.deployment.name' : undefined;
}

function asksOfDetection(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  const detectors = texts(config, 'detectors');
  const asks: Ask[] = [];
  const node = detectors.find((name) => ['k8s_api', 'k8snode', 'eks'].includes(name));
  if (node !== undefined) {
    const reason = `${id} has the detector ${node}, which reads its own node`;
    asks.push({ resources: ['nodes'], verbs: ['get'], reason });
  }
  const uid = detectors.find(
    (name) =>
      name === 'kubeadm' ||
      (['k8s_api', 'k8snode'].includes(name) && context.collectorMinor >= clusterUidDetectorMinor),
  );
  if (uid !== undefined) {
    asks.push({
      resources: ['namespaces'],
      names: ['kube-system'],
      verbs: ['get'],
      reason: `${id} has the detector ${uid}, which reads the cluster's uid`,
    });
  }
  if (detectors.includes('kubeadm')) {
    asks.push({
      namespace: 'kube-system',
      resources: ['configmaps'],
      names: ['kubeadm-config'],
      verbs: ['get'],
      reason: `${id} has the detector kubeadm, which reads the cluster's name`,
    });
  }
  if (detectors.includes('openshift')) {
    asks.push({
      group: 'config.openshift.io',
      resources: ['infrastructures/status', 'clusterversions/status'],
      verbs: ['get'],
      reason: `${id} has the detector openshift`,
    });
  }
  return asks;
}

function asksOfLoadBalancing(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  const service = text(object(object(config, 'resolver'), 'k8s'), 'service');
  if (service === '') return [];
  return [
    {
      namespace: service.split('.')[1] ?? context.namespace,
      group: 'discovery.k8s.io',
      resources: ['endpointslices'],
      verbs: listWatch,
      reason: `${id} finds the pods behind ${service}`,
    },
  ];
}

function asksOfElector(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  const namespace = text(config, 'lease_namespace') || context.namespace;
  const lease = text(config, 'lease_name');
  const common = { namespace, group: 'coordination.k8s.io', resources: ['leases'] };
  return [
    { ...common, names: [lease], verbs: ['get', 'update'], reason: `${id} holds this lease` },
    // A right to create cannot be bound to a name.
    { ...common, verbs: ['create'], reason: `${id} makes its lease` },
  ];
}

function asksOfObserver(config: JsonObject, id: string): readonly Ask[] {
  const namespaces = texts(config, 'namespaces');
  const asks: Ask[] = [];
  const observe = (resource: string, group = '') =>
    asks.push(
      ...inNamespaces(resource === 'nodes' ? [] : namespaces, [
        { group, resources: [resource], verbs: listWatch, reason: `${id} observes ${resource}` },
      ]),
    );
  if (config['observe_pods'] !== false) observe('pods');
  if (config['observe_services'] === true) observe('services');
  if (config['observe_nodes'] === true) observe('nodes');
  if (config['observe_ingresses'] === true) observe('ingresses', 'networking.k8s.io');
  return asks;
}

/** The receivers that it may start ask as if they were started. */
function asksOfCreator(config: JsonObject, id: string, context: AskContext): readonly Ask[] {
  return Object.entries(object(config, 'receivers')).flatMap(([inner, template]) =>
    asksOfOne(receivers, object(asObject(template), 'config'), inner, context, `${id} starts `),
  );
}

function isOn(value: JsonValue): boolean {
  return asObject(value)['enabled'] === true;
}

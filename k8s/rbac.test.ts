import { describe, expect, it } from '@jest/globals';
import type { CollectorConfig } from '../collector/types.ts';
import type { JsonObject } from '../core/json.ts';
import { type RuleOptions, rulesFor } from './rbac.ts';
import { accountObjects } from './rbac-objects.ts';

type Section = 'receivers' | 'processors' | 'exporters' | 'extensions';

/** A configuration in which the component is in use. */
function using(section: Section, id: string, config: JsonObject): CollectorConfig {
  const one = { [id]: config };
  const inPipeline = (name: Section) => (section === name ? [id] : []);
  return {
    extensions: section === 'extensions' ? one : {},
    receivers: section === 'receivers' ? one : {},
    processors: section === 'processors' ? one : {},
    exporters: section === 'exporters' ? one : {},
    connectors: {},
    service: {
      extensions: inPipeline('extensions'),
      pipelines: {
        metrics: {
          receivers: inPipeline('receivers'),
          processors: inPipeline('processors'),
          exporters: inPipeline('exporters'),
        },
      },
      telemetry: {},
    },
  };
}

/** A rule in one line: `namespace: group/resource,… [names] verbs`. */
function lines(config: CollectorConfig, options: Partial<RuleOptions> = {}): readonly string[] {
  return rulesFor(config, { kubernetesMinor: 33, namespace: 'agents', ...options }).map((rule) => {
    const place = rule.namespace === undefined ? '' : `${rule.namespace}: `;
    const group = rule.apiGroups?.[0] ?? '';
    const things = (rule.resources ?? []).map((name) => (group === '' ? name : `${group}/${name}`));
    const names = rule.resourceNames === undefined ? '' : ` [${rule.resourceNames.join()}]`;
    const what = [...things, ...(rule.nonResourceURLs ?? [])].join();
    return `${place}${what}${names} ${rule.verbs.join()}`;
  });
}

const on = { enabled: true };
const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';

function scrape(job: JsonObject): JsonObject {
  return { config: { scrape_configs: [{ job_name: 'j', ...job }] } };
}

const authorization = { credentials_file: token };

const clusterKinds = [
  'apps/daemonsets,apps/deployments,apps/replicasets,apps/statefulsets list,watch',
  'batch/jobs,batch/cronjobs list,watch',
  'autoscaling/horizontalpodautoscalers list,watch',
];

const workloads = 'pods,replicationcontrollers,resourcequotas,services';

// biome-ignore format: a table reads as a table: section, component, what is special, rules
const table: readonly (readonly [Section, string, string, JsonObject, readonly string[]])[] = [
  ['receivers', 'k8s_cluster', 'plain', {}, [`${workloads},nodes,namespaces list,watch`, ...clusterKinds]],
  ['receivers', 'k8s_cluster', 'in namespaces', { namespaces: ['a'] }, [`a: ${workloads} list,watch`, ...clusterKinds.map((line) => `a: ${line}`)]],
  ['receivers', 'k8s_cluster', 'endpoints', { metrics: { 'k8s.service.endpoint.count': on } }, [`${workloads},nodes,namespaces list,watch`, ...clusterKinds, 'discovery.k8s.io/endpointslices list,watch']],
  ['receivers', 'k8s_cluster', 'volumes', { metrics: { 'k8s.persistentvolume.capacity': on, 'k8s.persistentvolumeclaim.status.phase': on } }, [`${workloads},nodes,namespaces list,watch`, ...clusterKinds, 'persistentvolumeclaims list,watch', 'persistentvolumes list,watch']],
  ['receivers', 'k8s_cluster', 'metric off', { metrics: { 'k8s.service.endpoint.count': { enabled: false } } }, [`${workloads},nodes,namespaces list,watch`, ...clusterKinds]],
  ['receivers', 'k8s_cluster', 'OpenShift', { distribution: 'openshift' }, [`${workloads},nodes,namespaces list,watch`, ...clusterKinds, 'quota.openshift.io/clusterresourcequotas list,watch']],
  ['receivers', 'k8s_cluster', 'kubeConfig', { auth_type: 'kubeConfig' }, []],
  ['receivers', 'k8s_events', 'plain', {}, ['events list,watch']],
  ['receivers', 'k8s_events', 'in namespaces', { namespaces: ['a', 'b'] }, ['a: events list,watch', 'b: events list,watch']],
  ['receivers', 'k8s_objects', 'pull', { objects: [{ name: 'deployments', mode: 'pull' }] }, ['apps/deployments list']],
  ['receivers', 'k8s_objects', 'watch', { objects: [{ name: 'events', group: 'events.k8s.io', mode: 'watch' }] }, ['events.k8s.io/events list,watch']],
  ['receivers', 'k8s_objects', 'in namespaces', { objects: [{ name: 'pods', namespaces: ['a'] }] }, ['a: pods list']],
  ['receivers', 'kubelet_stats', 'plain', { auth_type: 'serviceAccount' }, ['nodes/stats get']],
  ['receivers', 'kubelet_stats', 'certificates', { auth_type: 'tls' }, []],
  ['receivers', 'kubelet_stats', 'utilization', { auth_type: 'serviceAccount', metrics: { 'k8s.container.cpu_limit_utilization': on } }, ['nodes/stats get', 'nodes/pods get']],
  ['receivers', 'kubelet_stats', 'container id', { auth_type: 'serviceAccount', extra_metadata_labels: ['container.id'] }, ['nodes/stats get', 'nodes/pods get']],
  ['receivers', 'kubelet_stats', 'volumes', { auth_type: 'serviceAccount', extra_metadata_labels: ['k8s.volume.type'], k8s_api_config: { auth_type: 'serviceAccount' } }, ['nodes/stats get', 'nodes/pods get', 'persistentvolumeclaims,persistentvolumes get']],
  ['receivers', 'kubelet_stats', 'node share', { auth_type: 'serviceAccount', metrics: { 'k8s.pod.cpu.node.utilization': on } }, ['nodes/stats get', 'nodes list,watch']],
  ['receivers', 'prometheus', 'pods', scrape({ kubernetes_sd_configs: [{ role: 'pod' }] }), ['pods list,watch']],
  ['receivers', 'prometheus', 'own namespace', scrape({ kubernetes_sd_configs: [{ role: 'pod', namespaces: { own_namespace: true } }] }), ['agents: pods list,watch']],
  ['receivers', 'prometheus', 'endpoints', scrape({ kubernetes_sd_configs: [{ role: 'endpoints' }] }), ['endpoints,services,pods list,watch']],
  ['receivers', 'prometheus', 'slices and nodes', scrape({ kubernetes_sd_configs: [{ role: 'endpointslice', namespaces: { names: ['a'] }, attach_metadata: { node: true } }] }), ['a: discovery.k8s.io/endpointslices list,watch', 'a: services,pods list,watch', 'nodes list,watch']],
  ['receivers', 'prometheus', 'cAdvisor', scrape({ metrics_path: '/metrics/cadvisor', authorization, static_configs: [{ targets: ['10.0.0.1:10250'] }] }), ['nodes/metrics get']],
  ['receivers', 'prometheus', 'kubelets', scrape({ authorization, kubernetes_sd_configs: [{ role: 'node' }] }), ['nodes list,watch', 'nodes/metrics get']],
  ['receivers', 'prometheus', 'API server', scrape({ authorization, static_configs: [{ targets: ['kubernetes.default.svc:443'] }] }), ['/metrics get']],
  ['receivers', 'prometheus', 'EKS control plane', scrape({ authorization, metrics_path: '/apis/metrics.eks.amazonaws.com/v1/ksh/container/metrics', static_configs: [{ targets: ['kubernetes.default.svc:443'] }] }), ['metrics.eks.amazonaws.com/ksh/metrics get']],
  ['receivers', 'prometheus', 'static without token', scrape({ static_configs: [{ targets: ['a:1'] }] }), []],
  ['receivers', 'receiver_creator', 'starting another', { receivers: { kubelet_stats: { rule: 'type == "k8s.node"', config: { auth_type: 'serviceAccount' } } } }, ['nodes/stats get']],
  ['receivers', 'file_log', 'plain', { include: ['/var/log/pods/*/*/*.log'] }, []],
  ['processors', 'k8s_attributes', 'its own list', {}, ['pods list,watch', 'apps/replicasets list,watch']],
  ['processors', 'k8s_attributes', 'pods only', { extract: { metadata: ['k8s.pod.name'] } }, ['pods list,watch']],
  ['processors', 'k8s_attributes', 'name from ReplicaSet', { extract: { metadata: ['k8s.deployment.name'], deployment_name_from_replicaset: true } }, ['pods list,watch']],
  ['processors', 'k8s_attributes', 'uids', { extract: { metadata: ['k8s.deployment.uid', 'k8s.node.uid', 'k8s.cronjob.uid', 'k8s.cluster.uid'] } }, ['pods list,watch', 'namespaces [kube-system] list,watch', 'nodes list,watch', 'apps/replicasets list,watch', 'batch/jobs list,watch']],
  ['processors', 'k8s_attributes', 'labels', { extract: { metadata: ['k8s.pod.name', 'k8s.cluster.uid'], labels: ['namespace', 'node', 'deployment', 'job'].map((from) => ({ from, key_regex: '(.*)' })) } }, ['pods list,watch', 'namespaces list,watch', 'nodes list,watch', 'apps/deployments list,watch', 'batch/jobs list,watch']],
  ['processors', 'k8s_attributes', 'one namespace', { filter: { namespace: 'a' } }, ['a: pods list,watch', 'a: apps/replicasets list,watch']],
  ['processors', 'k8s_attributes', 'passing through', { passthrough: true }, []],
  ['processors', 'resource_detection', 'the node', { detectors: ['env', 'k8s_api'] }, ['nodes get']],
  ['processors', 'resource_detection', 'EKS', { detectors: ['eks'] }, ['nodes get']],
  ['processors', 'resource_detection', 'kubeadm', { detectors: ['kubeadm'] }, ['namespaces [kube-system] get', 'kube-system: configmaps [kubeadm-config] get']],
  ['processors', 'resource_detection', 'OpenShift', { detectors: ['openshift'] }, ['config.openshift.io/infrastructures/status,config.openshift.io/clusterversions/status get']],
  ['processors', 'resource_detection', 'the machine', { detectors: ['env', 'system', 'gcp'] }, []],
  ['exporters', 'load_balancing', 'k8s resolver', { resolver: { k8s: { service: 'sampler.obs' } } }, ['obs: discovery.k8s.io/endpointslices list,watch']],
  ['exporters', 'load_balancing', 'own namespace', { resolver: { k8s: { service: 'sampler' } } }, ['agents: discovery.k8s.io/endpointslices list,watch']],
  ['exporters', 'load_balancing', 'DNS', { resolver: { dns: { hostname: 'h' } } }, []],
  ['extensions', 'k8s_leader_elector', 'plain', { lease_name: 'l', lease_namespace: 'n' }, ['n: coordination.k8s.io/leases [l] get,update', 'n: coordination.k8s.io/leases create']],
  ['extensions', 'k8s_observer', 'plain', {}, ['pods list,watch']],
  ['extensions', 'k8s_observer', 'all', { observe_nodes: true, observe_services: true, observe_ingresses: true, namespaces: ['a'] }, ['a: pods list,watch', 'a: services list,watch', 'nodes list,watch', 'a: networking.k8s.io/ingresses list,watch']],
];

describe('the rights of', () => {
  it.each(table)('%s %s (%s) are what it asks for', (section, type, _special, config, rules) => {
    expect(lines(using(section, `${type}/x`, config))).toEqual(rules);
  });

  it.each(table)('%s %s (%s) hold no * and no nodes/proxy', (section, type, _what, config) => {
    const text = lines(using(section, type, config)).join('\n');
    expect(text).not.toMatch(/\*|nodes\/proxy/);
  });

  it.each(table)('%s %s (%s) are each explained', (section, type, _what, config) => {
    for (const rule of rulesFor(using(section, type, config), { kubernetesMinor: 33 })) {
      expect(rule.reason).toContain(type);
    }
  });
});

describe('rights', () => {
  it.each([
    ['k8sattributes', 'processors'],
    ['kubeletstats', 'receivers'],
    ['loadbalancing', 'exporters'],
    ['resourcedetection', 'processors'],
  ] as const)('are the same under the old name %s', (old, section) => {
    const config = {
      auth_type: 'serviceAccount',
      detectors: ['k8snode'],
      resolver: { k8s: { service: 'a.b' } },
    };
    expect(lines(using(section, old, config)).length).toBeGreaterThan(0);
  });

  it('on an old cluster open /pods of the kubelet by nodes/proxy, and say why', () => {
    const config = using('receivers', 'kubelet_stats', {
      auth_type: 'serviceAccount',
      metrics: { 'k8s.pod.memory_limit_utilization': on },
    });
    const [, rule] = rulesFor(config, { kubernetesMinor: 32 });
    expect(rule).toMatchObject({ resources: ['nodes/proxy'], verbs: ['get'] });
    expect(rule?.reason).toContain('k8s.pod.memory_limit_utilization');
    expect(rule?.reason).toContain('1.33');
  });

  it('follow the version of the Collector', () => {
    const attributes = using('processors', 'k8s_attributes', {});
    expect(lines(attributes, { collectorVersion: '0.161.0' })).toEqual(['pods list,watch']);
    const detection = using('processors', 'resource_detection', { detectors: ['k8s_api'] });
    expect(lines(detection, { collectorVersion: '0.161.0' })).toEqual([
      'nodes get',
      'namespaces [kube-system] get',
    ]);
  });

  it('are none for components that no pipeline uses', () => {
    const config = using('receivers', 'k8s_cluster', {});
    const unused = { ...config, service: { ...config.service, pipelines: {} } };
    expect(lines(unused)).toEqual([]);
    const extension = using('extensions', 'k8s_observer', {});
    expect(lines({ ...extension, service: { ...extension.service, extensions: [] } })).toEqual([]);
  });

  it('of two components on one resource become one rule with both reasons', () => {
    const base = using('receivers', 'k8s_events', {});
    const rules = rulesFor(
      {
        ...base,
        receivers: {
          ...base.receivers,
          k8s_objects: { objects: [{ name: 'events', mode: 'pull', namespaces: ['a'] }] },
          'k8s_objects/all': { objects: [{ name: 'events', mode: 'watch' }] },
        },
        service: {
          ...base.service,
          pipelines: {
            logs: {
              receivers: ['k8s_events', 'k8s_objects', 'k8s_objects/all'],
              processors: [],
              exporters: [],
            },
          },
        },
      },
      { kubernetesMinor: 33 },
    );
    expect(rules).toEqual([
      {
        apiGroups: [''],
        resources: ['events'],
        verbs: ['list', 'watch'],
        reason: 'k8s_events watches it; k8s_objects/all watches it',
      },
    ]);
  });

  it('on a resource of an unknown group are refused, with the receiver named', () => {
    const config = using('receivers', 'k8s_objects/mine', { objects: [{ name: 'widgets' }] });
    expect(() => lines(config)).toThrow(
      expect.objectContaining({ code: 'OBS-1302', where: 'k8s_objects/mine' }),
    );
  });

  it('through the API server to nodes are refused, with the job named', () => {
    const path = '/api/v1/nodes/$$1/proxy/metrics';
    const job = scrape({ relabel_configs: [{ replacement: path }] });
    expect(() => lines(using('receivers', 'prometheus', job))).toThrow(
      expect.objectContaining({ code: 'OBS-1303', where: 'prometheus job j' }),
    );
  });
});

describe('an account', () => {
  it('has a role in each namespace where it has rights, and no more', () => {
    const config = using('receivers', 'k8s_events', { namespaces: ['a', 'b'] });
    const rules = rulesFor(config, { kubernetesMinor: 33 });
    const objects = accountObjects({ stack: 's', name: 'n' }, 'agents', rules);
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace}`)).toEqual([
      'ServiceAccount agents',
      'Role a',
      'RoleBinding a',
      'Role b',
      'RoleBinding b',
    ]);
  });

  it('shares no object outside its namespace with that of another stack of its name', () => {
    const config = using('receivers', 'k8s_events', {});
    const elsewhere = using('receivers', 'k8s_events', { namespaces: ['kube-system'] });
    const rules = [config, elsewhere].flatMap((one) => rulesFor(one, { kubernetesMinor: 33 }));
    const part = { stack: 's', name: 'n' };
    const outside = (home: string) =>
      accountObjects(part, home, rules)
        .filter(({ metadata }) => metadata.namespace !== home)
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''} ${metadata.name}`);
    expect(outside('agents')).toContain('ClusterRole  s-n.agents');
    expect(outside('agents')).toContain('RoleBinding kube-system s-n.agents');
    expect(outside('agents').filter((name) => outside('others').includes(name))).toEqual([]);
  });

  it('is bound to roles that are there', () => {
    const config = using('receivers', 'k8s_events', { namespaces: ['agents', 'b'] });
    const rules = [
      ...rulesFor(config, { kubernetesMinor: 33 }),
      ...rulesFor(using('receivers', 'k8s_cluster', {}), { kubernetesMinor: 33 }),
    ];
    const objects = accountObjects({ stack: 's', name: 'n' }, 'agents', rules);
    const roles = objects.flatMap(({ kind, metadata }) =>
      /Role$/.test(kind) ? [`${kind} ${metadata.namespace ?? ''} ${metadata.name}`] : [],
    );
    const bound = objects.flatMap((one) =>
      'roleRef' in one
        ? [`${one.roleRef.kind} ${one.metadata.namespace ?? ''} ${one.roleRef.name}`]
        : [],
    );
    expect(bound).toHaveLength(3);
    expect(bound.toSorted()).toEqual(roles.toSorted());
  });

  it('without rights is an account alone', () => {
    const objects = accountObjects({ stack: 's', name: 'n' }, 'agents', []);
    expect(objects.map(({ kind }) => kind)).toEqual(['ServiceAccount']);
  });
});

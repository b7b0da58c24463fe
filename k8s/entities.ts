/** The watcher of what runs where, of our own image: reads the API server, writes ClickHouse. */
import { noNeeds, type Resources } from '../collector/workload.ts';
import { disruptionBudget, workloadObject } from './agent.ts';
import { type Part, partName } from './labels.ts';
import { apiServerPorts, dnsEgress, policyOf } from './network.ts';
import type { KubernetesObject, Probe } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import type { RuleWithReason } from './rbac.ts';
import { accountObjects } from './rbac-objects.ts';

export type EntitiesInput = {
  /** Our own image. */
  readonly image: string;
  readonly cluster: string;
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly replicas: number;
  /** What it lists and watches: the path of each kind, such as `/apis/apps/v1/deployments`. */
  readonly paths: readonly string[];
  /** HTTP interface with the database as its path. */
  readonly clickhouseUrl: string;
  /** Of a user who inserts into that database and reads it. */
  readonly secret: SecretRef;
  /** Of ClickHouse. */
  readonly port: number;
};

/** Its `/livez`, asked by the kubelet alone. */
const livezPort = 8891;
const liveness: Probe = {
  httpGet: { path: '/livez', port: livezPort, scheme: 'HTTP' },
  initialDelaySeconds: 10,
  periodSeconds: 30,
  timeoutSeconds: 5,
  failureThreshold: 3,
};
/** Writes what has come, and gives its Lease back. */
const graceS = 30;
const resources: Resources = { cpuRequest: '50m', memoryRequest: '256Mi', memoryLimit: '512Mi' };

export function entitiesObjects(input: EntitiesInput, place: Place): readonly KubernetesObject[] {
  const part: Part = { stack: place.stack, name: 'entities' };
  const { namespace } = place;
  const { replicas, image, port } = input;
  const lease = `${namespace}/${partName(part)}`;
  const egress = [
    dnsEgress(place.platform),
    { ports: apiServerPorts },
    { ports: [{ protocol: 'TCP' as const, port }] },
  ];
  const ingress = [{ ports: [{ protocol: 'TCP' as const, port: livezPort }] }];
  return [
    ...accountObjects(part, namespace, rules(input, partName(part), namespace)),
    workloadObject(
      part,
      namespace,
      { kind: 'Deployment', replicas },
      {
        part,
        image,
        args: [
          ...['entities', 'watch', '--cluster', input.cluster, '--lease', lease],
          ...['--hosts', '--livez', `$(MY_POD_IP):${livezPort}`],
          ...input.labels.flatMap((name) => ['--label', name]),
          ...input.annotations.flatMap((name) => ['--annotation', name]),
        ],
        needs: { ...noNeeds, env: environment(input) },
        resources,
        annotations: {},
        probes: { liveness },
        state: { kind: 'pod' },
        token: true,
        everyNode: false,
        replicas,
        graceS,
        served: false,
        platform: place.platform,
        kubernetesMinor: place.kubernetesMinor,
      },
    ),
    ...disruptionBudget(part, namespace, replicas),
    policyOf(part, namespace, { ingress, egress }),
  ];
}

function environment({ clickhouseUrl, secret }: EntitiesInput) {
  return [
    { name: 'MY_POD_IP', fieldPath: 'status.podIP' },
    { name: 'CLICKHOUSE_URL', value: clickhouseUrl },
    { name: 'CLICKHOUSE_USER', secret: { name: secret.name, key: secret.userKey } },
    { name: 'CLICKHOUSE_PASSWORD', secret: { name: secret.name, key: secret.passwordKey } },
  ];
}

/** What the paths say, by group; and its own Lease, which can only be created without a name. */
function rules(
  { paths }: EntitiesInput,
  lease: string,
  namespace: string,
): readonly RuleWithReason[] {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    const words = path.split('/');
    const group = words[1] === 'apis' ? (words[2] ?? '') : '';
    groups.set(group, [...(groups.get(group) ?? []), words.at(-1) ?? '']);
  }
  const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespace };
  return [
    ...[...groups].map(([group, resources]) => ({
      apiGroups: [group],
      resources: resources.sort(),
      verbs: ['list', 'watch'],
      reason: 'entities: what is recorded',
    })),
    {
      ...leases,
      resourceNames: [lease],
      verbs: ['get', 'update'],
      reason: 'entities: one of several writes',
    },
    { ...leases, verbs: ['create'], reason: 'entities: one of several writes' },
  ];
}

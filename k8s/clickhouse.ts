/**
 * ClickHouse in the cluster: servers of the official image on volumes that outlive them, one or
 * replicas of shards over Keeper; an external one makes no object.
 */
import type { EnvVar, Port, Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { Problem } from '../core/problem.ts';
import { disruptionBudget, stateOf, workloadObject } from './agent.ts';
import { clickhouseUsers, serverConfig, snapshotsUser, usersConfig } from './clickhouse-files.ts';
import { clickhousePorts, clickhouseUserId } from './clickhouse-image.ts';
import { clusterConfig, clusterPorts, serverVariables } from './cluster-files.ts';
import { type KeeperInput, keeperObjects } from './keeper.ts';
import { componentSelector, metadata, type Part, partName, selector } from './labels.ts';
import { dnsEgress, policyOf } from './network.ts';
import type { KubernetesObject, LabelSelector, NetworkPolicy, Probe } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { startup } from './pod.ts';
import { accountObjects } from './rbac-objects.ts';
import { clientService, headlessService, headlessSuffix } from './services.ts';
import {
  type ClickhouseTopology,
  isCluster,
  keeperHosts,
  keeperPart,
  replicaHosts,
  serverPart,
  shardParts,
} from './topology.ts';
import { configHash } from './write.ts';

/** The server finishes running inserts and flushes its logs. */
const graceS = 60;

/** Loading many parts after a crash takes minutes. */
const startSeconds = 900;

export type ClickhouseInput = {
  readonly image: string;
  readonly database: string;
  readonly volume: string;
  readonly storageClass?: string | undefined;
  readonly resources: Resources;
  readonly topology: ClickhouseTopology;
  /** Disk and resources of each Keeper of a cluster. */
  readonly keeper: Pick<KeeperInput, 'volume' | 'resources'>;
  readonly secrets: ClickhouseSecrets;
  /** Databases that snapshots are written to; a user is made for them when there are any. */
  readonly snapshots?: readonly string[];
  /** Those of them that have dictionaries. */
  readonly dictionaries?: readonly string[];
  /** Whether there are dictionaries over entities. */
  readonly lookups?: boolean;
};

/** One Secret a user, so that who reads one does not get the others. */
export type ClickhouseSecrets = {
  readonly gateway: SecretRef;
  readonly schema: SecretRef;
  readonly reader: SecretRef;
  readonly snapshots: SecretRef;
  /** What the servers of a cluster show each other. */
  readonly cluster: SecretRef;
};

/** The Secrets beside the one that the stack file names. */
export function clickhouseSecrets(gateway: SecretRef): ClickhouseSecrets {
  return {
    gateway,
    schema: { ...gateway, name: `${gateway.name}-schema` },
    reader: { ...gateway, name: `${gateway.name}-reader` },
    // Not `-snapshots`: a stack of the Secret's name has one of that name for its sources.
    snapshots: { ...gateway, name: `${gateway.name}-snapshot-user` },
    cluster: { ...gateway, name: `${gateway.name}-cluster` },
  };
}

/** Name of the Service in its namespace's DNS. */
export function clickhouseHost(place: Pick<Place, 'stack' | 'namespace'>): string {
  return `${partName(serverPart(place.stack))}.${place.namespace}.svc`;
}

export function clickhouseObjects(
  input: ClickhouseInput,
  place: Place,
): readonly KubernetesObject[] {
  const { topology } = input;
  checkTopology(topology);
  const { namespace } = place;
  const parts = shardParts(place.stack, topology);
  const [first = serverPart(place.stack)] = parts;
  const files = filesOf(input, place);
  return [
    ...parts.flatMap((part) => accountObjects(part, namespace, [])),
    configMap(first, namespace, '-config', { 'obsctl.xml': files.config }),
    configMap(first, namespace, '-users', { 'obsctl.xml': files.users }),
    ...parts.flatMap((part, index) => shardObjects({ part, first, index }, input, files, place)),
    clientService(first, namespace, 'StatefulSet', clientPorts, podsOf(first, topology)),
    policy(first, place, topology),
    ...(isCluster(topology) ? keeperObjects(keeperInput(input), topology, place) : []),
  ];
}

function keeperInput({ image, storageClass, keeper }: ClickhouseInput): KeeperInput {
  return { ...keeper, image, storageClass };
}

type Files = { readonly config: string; readonly users: string };

function filesOf(input: ClickhouseInput, place: Place): Files {
  const { topology, database, snapshots, dictionaries, lookups } = input;
  const several = isCluster(topology);
  const cluster = several
    ? clusterConfig(replicaHosts(place, topology), keeperHosts(place, topology))
    : undefined;
  return {
    config: serverConfig(dictionaries, cluster, lookups),
    users: usersConfig(database, snapshots, dictionaries, several, lookups),
  };
}

type Shard = { readonly part: Part; readonly first: Part; readonly index: number };

function shardObjects(
  shard: Shard,
  input: ClickhouseInput,
  files: Files,
  place: Place,
): readonly KubernetesObject[] {
  const { part, first } = shard;
  const { namespace } = place;
  const { topology } = input;
  const { replicas } = topology;
  const shape = { kind: 'StatefulSet', replicas, volume: input.volume } as const;
  return [
    workloadObject(part, namespace, shape, {
      part,
      image: input.image,
      // Not the image's entry point: it makes users and directories, which are ours to make.
      command: ['/usr/bin/clickhouse-server'],
      args: ['--config-file=/etc/clickhouse-server/config.xml'],
      needs: {
        ...noNeeds,
        env: [...passwords(input), ...(isCluster(topology) ? identity(shard, input, place) : [])],
        ports: ports(topology),
        stateDirs: [{ name: 'data', mountPath: '/var/lib/clickhouse' }],
      },
      resources: input.resources,
      annotations: configHash(files),
      probes: {
        startup: startup(ping(), startSeconds),
        liveness: { ...ping(), timeoutSeconds: 10, failureThreshold: 6 },
        readiness: ping(),
      },
      state: stateOf(shape, place, input.storageClass),
      token: false,
      everyNode: false,
      replicas,
      graceS,
      served: true,
      platform: place.platform,
      kubernetesMinor: place.kubernetesMinor,
      userId: clickhouseUserId,
      volumes: [
        mounted('config', first, '-config', '/etc/clickhouse-server/config.d'),
        mounted('users', first, '-users', '/etc/clickhouse-server/users.d'),
        { name: 'tmp', emptyDir: {}, mountPath: '/tmp' },
      ],
    }),
    headlessService(part, namespace, ports(topology), isCluster(topology)),
    ...disruptionBudget(part, namespace, replicas),
  ];
}

function checkTopology({ shards, replicas, keepers }: ClickhouseTopology): void {
  const where = 'clickhouse.topology';
  if (keepers > 0 && keepers % 2 === 0) {
    const words = `${keepers} Keepers bear no more losses than ${keepers - 1}`;
    throw new Problem('OBS-1305', words, { where: `${where}.keepers` });
  }
  if (keepers > 0 || (shards === 1 && replicas === 1)) return;
  throw new Problem('OBS-1305', `${shards} shards of ${replicas} replicas need Keeper`, {
    where: `${where}.keepers`,
  });
}

const clientPorts: readonly Port[] = [
  { name: 'http', port: clickhousePorts.http, protocol: 'TCP' },
  { name: 'native', port: clickhousePorts.native, protocol: 'TCP' },
];

function ports(topology: ClickhouseTopology): readonly Port[] {
  return [
    ...clientPorts,
    ...(isCluster(topology)
      ? [{ name: 'interserver', port: clusterPorts.interserver, protocol: 'TCP' } as const]
      : []),
  ];
}

function passwords({ secrets, snapshots }: ClickhouseInput): readonly EnvVar[] {
  return [
    passwordVariable(clickhouseUsers.gateway.variable, secrets.gateway),
    passwordVariable(clickhouseUsers.schema.variable, secrets.schema),
    passwordVariable(clickhouseUsers.reader.variable, secrets.reader),
    ...(snapshots === undefined || snapshots.length === 0
      ? []
      : [passwordVariable(snapshotsUser.variable, secrets.snapshots)]),
  ];
}

/** Who a server of a cluster is; the kubelet puts the pod's name into its host. */
function identity(
  { part, index }: Shard,
  { secrets }: ClickhouseInput,
  { namespace }: Place,
): readonly EnvVar[] {
  const { shard, replica, host, password } = serverVariables;
  return [
    { name: shard, value: String(index + 1) },
    { name: replica, fieldPath: 'metadata.name' },
    { name: host, value: `$(${replica}).${partName(part)}${headlessSuffix}.${namespace}.svc` },
    passwordVariable(password, secrets.cluster),
  ];
}

function passwordVariable(variable: string, secret: SecretRef) {
  return { name: variable, secret: { name: secret.name, key: secret.passwordKey } };
}

function configMap(
  part: Part,
  namespace: string,
  suffix: string,
  data: Readonly<Record<string, string>>,
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(part, namespace, suffix),
    data,
  };
}

function mounted(volume: string, part: Part, suffix: string, mountPath: string) {
  return { name: volume, configMap: { name: `${partName(part)}${suffix}` }, mountPath };
}

function ping(): Probe {
  return { httpGet: { path: '/ping', port: clickhousePorts.http, scheme: 'HTTP' } };
}

/** The pods that clients reach: of one server its own, of a cluster those of all shards. */
function podsOf(first: Part, topology: ClickhouseTopology): LabelSelector {
  return isCluster(topology) ? componentSelector(first) : selector(first);
}

/** Only pods of this namespace come in; a single server calls nobody, others each other. */
function policy(first: Part, place: Place, topology: ClickhouseTopology): NetworkPolicy {
  const tcp = (...numbers: readonly number[]) =>
    numbers.map((port) => ({ protocol: 'TCP' as const, port }));
  const { http, native } = clickhousePorts;
  const from = [{ podSelector: { matchLabels: { 'app.kubernetes.io/instance': place.stack } } }];
  const clients = { from, ports: tcp(http, native) };
  if (!isCluster(topology)) return policyOf(first, place.namespace, { ingress: [clients] });
  const servers = [{ podSelector: podsOf(first, topology) }];
  const keepers = [{ podSelector: selector(keeperPart(place.stack)) }];
  const { interserver, keeper } = clusterPorts;
  const ingress = [clients, { from: servers, ports: tcp(interserver) }];
  const egress = [
    dnsEgress(place.platform),
    { to: servers, ports: tcp(native, interserver) },
    { to: keepers, ports: tcp(keeper) },
  ];
  return policyOf(first, place.namespace, { ingress, egress }, podsOf(first, topology));
}

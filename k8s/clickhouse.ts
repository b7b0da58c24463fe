/**
 * ClickHouse in the cluster: one server of the official image on a volume that outlives it. More
 * than one is refused with the reason, two Keepers always are; an external one makes no object.
 */
import type { Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { Problem } from '../core/problem.ts';
import { services, stateOf, workloadObject } from './agent.ts';
import { clickhouseUsers, serverConfig, snapshotsUser, usersConfig } from './clickhouse-files.ts';
import { metadata, type Part, partName } from './labels.ts';
import { policyOf } from './network.ts';
import type { KubernetesObject, NetworkPolicy, Probe } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { accountObjects } from './rbac-objects.ts';
import { configHash } from './write.ts';

const name = 'clickhouse';

/** The image's own user. */
const userId = 101;

export const clickhousePorts = { http: 8123, native: 9000 } as const;

/** The server finishes running inserts and flushes its logs. */
const graceS = 60;

/** Loading many parts after a crash takes minutes. */
const startSeconds = 900;
const startPeriodS = 5;

export type ClickhouseInput = {
  readonly image: string;
  readonly database: string;
  readonly volume: string;
  readonly storageClass?: string | undefined;
  readonly resources: Resources;
  readonly topology: ClickhouseTopology;
  readonly secrets: ClickhouseSecrets;
  /** Databases that snapshots are written to; a user is made for them when there are any. */
  readonly snapshots?: readonly string[];
  /** Those of them that have dictionaries. */
  readonly dictionaries?: readonly string[];
};

type ClickhouseTopology = {
  readonly shards: number;
  readonly replicas: number;
  readonly keepers: number;
};

/** One Secret a user, so that who reads one does not get the others. */
export type ClickhouseSecrets = {
  readonly gateway: SecretRef;
  readonly schema: SecretRef;
  readonly reader: SecretRef;
  readonly snapshots: SecretRef;
};

/** The Secrets beside the one that the stack file names. */
export function clickhouseSecrets(gateway: SecretRef): ClickhouseSecrets {
  return {
    gateway,
    schema: { ...gateway, name: `${gateway.name}-schema` },
    reader: { ...gateway, name: `${gateway.name}-reader` },
    // Not `-snapshots`: a stack of the Secret's name has one of that name for its sources.
    snapshots: { ...gateway, name: `${gateway.name}-snapshot-user` },
  };
}

/** Name of the Service in its namespace's DNS. */
export function clickhouseHost(place: Pick<Place, 'stack' | 'namespace'>): string {
  return `${partName({ stack: place.stack, name })}.${place.namespace}.svc`;
}

export function clickhouseObjects(
  input: ClickhouseInput,
  place: Place,
): readonly KubernetesObject[] {
  checkTopology(input.topology);
  const part = { stack: place.stack, name };
  const { namespace } = place;
  const configs = { 'obsctl.xml': serverConfig(input.dictionaries) };
  const users = { 'obsctl.xml': usersConfig(input.database, input.snapshots, input.dictionaries) };
  const shape = { kind: 'StatefulSet', replicas: 1, volume: input.volume } as const;
  const needs = {
    ...noNeeds,
    env: [
      passwordVariable(clickhouseUsers.gateway.variable, input.secrets.gateway),
      passwordVariable(clickhouseUsers.schema.variable, input.secrets.schema),
      passwordVariable(clickhouseUsers.reader.variable, input.secrets.reader),
      ...(input.snapshots === undefined || input.snapshots.length === 0
        ? []
        : [passwordVariable(snapshotsUser.variable, input.secrets.snapshots)]),
    ],
    ports: [
      { name: 'http', port: clickhousePorts.http, protocol: 'TCP' as const },
      { name: 'native', port: clickhousePorts.native, protocol: 'TCP' as const },
    ],
    stateDirs: [{ name: 'data', mountPath: '/var/lib/clickhouse' }],
  };
  return [
    ...accountObjects(part, namespace, []),
    configMap(part, namespace, '-config', configs),
    configMap(part, namespace, '-users', users),
    workloadObject(part, namespace, shape, {
      part,
      image: input.image,
      // Not the image's entry point: it makes users and directories, which are ours to make.
      command: ['/usr/bin/clickhouse-server'],
      args: ['--config-file=/etc/clickhouse-server/config.xml'],
      needs,
      resources: input.resources,
      annotations: configHash({ config: configs['obsctl.xml'], users: users['obsctl.xml'] }),
      probes: {
        startup: {
          ...ping(),
          periodSeconds: startPeriodS,
          failureThreshold: startSeconds / startPeriodS,
        },
        liveness: { ...ping(), timeoutSeconds: 10, failureThreshold: 6 },
        readiness: ping(),
      },
      state: stateOf(shape, place, input.storageClass),
      token: false,
      everyNode: false,
      replicas: 1,
      graceS,
      served: true,
      platform: place.platform,
      kubernetesMinor: place.kubernetesMinor,
      userId,
      volumes: [
        mounted('config', part, '-config', '/etc/clickhouse-server/config.d'),
        mounted('users', part, '-users', '/etc/clickhouse-server/users.d'),
        { name: 'tmp', emptyDir: {}, mountPath: '/tmp' },
      ],
    }),
    ...services(part, namespace, 'StatefulSet', needs.ports),
    policy(part, namespace),
  ];
}

function checkTopology({ shards, replicas, keepers }: ClickhouseTopology): void {
  const where = 'clickhouse.topology';
  if (keepers === 2) {
    throw new Problem('OBS-1305', 'two Keepers stop when one is lost, so they are never right', {
      where: `${where}.keepers`,
    });
  }
  if (shards === 1 && replicas === 1) return;
  throw new Problem('OBS-1305', `${shards} shards of ${replicas} replicas need Keeper`, {
    where: `${where}.${shards === 1 ? 'replicas' : 'shards'}`,
  });
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

/** Only pods of this namespace come in; the server itself calls nobody. */
function policy(part: Part, namespace: string): NetworkPolicy {
  const ports = Object.values(clickhousePorts).map((port) => ({ protocol: 'TCP' as const, port }));
  const from = [{ podSelector: { matchLabels: { 'app.kubernetes.io/instance': part.stack } } }];
  return policyOf(part, namespace, { ingress: [{ from, ports }] });
}

/**
 * ClickHouse Keeper: a StatefulSet whose pods agree on the log of every replicated table. Most of
 * them must be there, so they leave one at a time.
 */
import type { Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { disruptionBudget, stateOf, workloadObject } from './agent.ts';
import { clickhouseUserId } from './clickhouse-image.ts';
import { clusterPorts, keeperConfig, keeperDir, keeperIdVariable } from './cluster-files.ts';
import { componentSelector, metadata } from './labels.ts';
import { dnsEgress, policyOf } from './network.ts';
import type { KubernetesObject, NetworkPolicy } from './objects.ts';
import type { Place } from './place.ts';
import { startup } from './pod.ts';
import { accountObjects } from './rbac-objects.ts';
import { headlessService } from './services.ts';
import { type ClickhouseTopology, keeperHosts, keeperPart, shardParts } from './topology.ts';
import { configHash } from './write.ts';

/** The number of a vote is that of its pod, which only its name says. */
const podVariable = 'KEEPER_POD';

const configDir = '/etc/obsctl-keeper';
const configFile = 'keeper.xml';

/** Hands its leadership over and closes its log. */
const graceS = 60;

/** It listens only once there is a leader: all may have to be scheduled and get volumes first. */
const startSeconds = 900;

export type KeeperInput = {
  /** Of ClickHouse, which holds Keeper too. */
  readonly image: string;
  readonly volume: string;
  readonly storageClass?: string | undefined;
  readonly resources: Resources;
};

export function keeperObjects(
  input: KeeperInput,
  topology: ClickhouseTopology,
  place: Place,
): readonly KubernetesObject[] {
  const part = keeperPart(place.stack);
  const { namespace } = place;
  const replicas = topology.keepers;
  const files = { [configFile]: keeperConfig(keeperHosts(place, topology)) };
  const shape = { kind: 'StatefulSet', replicas, volume: input.volume } as const;
  const ports = [
    { name: 'keeper', port: clusterPorts.keeper, protocol: 'TCP' as const },
    { name: 'raft', port: clusterPorts.raft, protocol: 'TCP' as const },
  ];
  const listens = { tcpSocket: { port: clusterPorts.keeper } };
  return [
    ...accountObjects(part, namespace, []),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(part, namespace), data: files },
    workloadObject(part, namespace, shape, {
      part,
      image: input.image,
      command: ['/bin/sh', '-c'],
      args: [
        `${keeperIdVariable}=$((\${${podVariable}##*-} + 1)) exec /usr/bin/clickhouse keeper ` +
          `--config-file=${configDir}/${configFile}`,
      ],
      needs: {
        ...noNeeds,
        env: [{ name: podVariable, fieldPath: 'metadata.name' }],
        ports,
        stateDirs: [{ name: 'data', mountPath: keeperDir }],
      },
      resources: input.resources,
      configDir,
      annotations: configHash(files),
      probes: {
        startup: startup(listens, startSeconds),
        // One that has lost the others waits for them: a restart would not bring them back.
        liveness: { ...listens, timeoutSeconds: 10, failureThreshold: 6 },
        readiness: {
          httpGet: { path: '/ready', port: clusterPorts.keeperHealth, scheme: 'HTTP' },
        },
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
      volumes: [{ name: 'tmp', emptyDir: {}, mountPath: '/tmp' }],
    }),
    headlessService(part, namespace, ports, true),
    ...disruptionBudget(part, namespace, replicas),
    policy(place, topology),
  ];
}

/** Servers ask, Keepers vote, and nobody else comes in. */
function policy(place: Place, topology: ClickhouseTopology): NetworkPolicy {
  const part = keeperPart(place.stack);
  const self = { podSelector: componentSelector(part) };
  const [server = part] = shardParts(place.stack, topology);
  const raft = [{ protocol: 'TCP' as const, port: clusterPorts.raft }];
  return policyOf(part, place.namespace, {
    ingress: [
      {
        from: [{ podSelector: componentSelector(server) }],
        ports: [{ protocol: 'TCP', port: clusterPorts.keeper }],
      },
      { from: [self], ports: raft },
    ],
    egress: [dnsEgress(place.platform), { to: [self], ports: raft }],
  });
}

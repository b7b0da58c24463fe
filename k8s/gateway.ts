/**
 * The gateway: a StatefulSet with a volume per replica, because what was answered is on that volume
 * until ClickHouse has it. Volumes outlive their pods, an autoscaler is off by default and never
 * scales in: that would strand a log until it is drained.
 */
import type { CollectorWorkload, Needs, Port, Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { agentObjects, checkSize, disruptionBudget, stateOf, workloadObject } from './agent.ts';
import { metadata, type Part, partName } from './labels.ts';
import { dnsEgress, ingressTo, policyOf, portOf } from './network.ts';
import type { HorizontalPodAutoscaler, KubernetesObject, NetworkPolicy, Probe } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { startup } from './pod.ts';
import { accountObjects } from './rbac-objects.ts';
import { services } from './services.ts';
import { configHash } from './write.ts';

const name = 'gateway';
const dataDir = '/var/lib/obsctl/gateway';
const configDir = '/etc/obsctl';
const configFile = 'obs.yaml';
const credentialsDir = '/etc/obsctl-credentials';
const redactionDir = '/etc/obsctl-redaction';
const tlsDir = '/etc/obsctl-tls';
const sendersDir = '/etc/obsctl-senders';

/** `http` takes remote write and line protocol, too, each by its path. */
export const gatewayPorts = { grpc: 4317, http: 4318, dogstatsd: 8125, admin: 8890 } as const;

/** After the time for delivery: syncing, closing, and the kubelet's own delays. */
const graceExtraS = 20;

/** Recovery reads the log again before the gateway answers; a full volume takes minutes. */
const startSeconds = 600;

const cpuUtilizationTarget = 70;

type Autoscale = { readonly min: number; readonly max: number };

export type GatewayInput =
  | {
      readonly flavor: 'collector';
      /** Built by the preset room; a StatefulSet with a volume. */
      readonly workload: CollectorWorkload;
      readonly storageClass?: string | undefined;
      readonly autoscale?: Autoscale | undefined;
    }
  | {
      readonly flavor: 'obsctl';
      readonly image: string;
      /** The stack file of which the gateway reads its part. */
      readonly stackText: string;
      readonly replicas: number;
      readonly volume: string;
      readonly storageClass?: string | undefined;
      readonly resources: Resources;
      readonly workers?: number | undefined;
      /** Replicas that must have rows before they count as stored. */
      readonly insertQuorum?: number | 'auto' | undefined;
      /** How long SIGTERM waits for delivery. */
      readonly graceS: number;
      /** For each shard of ClickHouse its replicas: HTTP interfaces, with the database as path. */
      readonly clickhouse: readonly (readonly string[])[];
      readonly secret: SecretRef;
      /** What values are hashed with. */
      readonly redactionKey?: { readonly secret: string; readonly key: string } | undefined;
      readonly autoscale?: Autoscale | undefined;
      /** Certificate and key of the listeners. */
      readonly tls?:
        | {
            readonly secret: string;
            readonly certKey: string;
            readonly keyKey: string;
            readonly clientCaKey?: string | undefined;
          }
        | undefined;
      /** The file of who may send. */
      readonly auth?: { readonly secret: string; readonly key: string } | undefined;
      /** Whether it listens for datagrams; off where it is absent. */
      readonly dogstatsd?: boolean | undefined;
      /** Whether agents may report themselves; absent: they may. */
      readonly opamp?: boolean | undefined;
    };

type OwnGateway = Extract<GatewayInput, { readonly flavor: 'obsctl' }>;

/** `host:port` of the Service, OTLP/gRPC by default, as agents in any namespace write it. */
export function gatewayEndpoint(
  place: Pick<Place, 'stack' | 'namespace'>,
  port: number = gatewayPorts.grpc,
): string {
  return `${partName({ stack: place.stack, name })}.${place.namespace}.svc:${port}`;
}

export function gatewayObjects(input: GatewayInput, place: Place): readonly KubernetesObject[] {
  const part = { stack: place.stack, name };
  const { autoscale } = input;
  const given = autoscale === undefined ? input : withReplicas(input, autoscale.max);
  const objects =
    given.flavor === 'collector'
      ? agentObjects(given.workload, place, { storageClass: given.storageClass })
      : ownObjects(given, place, part);
  if (autoscale === undefined) return objects;
  return [...objects.map(withoutReplicas), autoscaler(part, place.namespace, autoscale)];
}

/** What several need, a budget for disruptions and a spread, one that may become several needs. */
function withReplicas(input: GatewayInput, replicas: number): GatewayInput {
  if (input.flavor === 'obsctl') return { ...input, replicas };
  const { workload } = input;
  const { shape } = workload;
  if (shape.kind === 'DaemonSet') return input;
  return { ...input, workload: { ...workload, shape: { ...shape, replicas } } };
}

function ownObjects(input: OwnGateway, place: Place, part: Part): readonly KubernetesObject[] {
  const { namespace } = place;
  checkSize(input.stackText, partName(part));
  const needs = ownNeeds(input);
  const shape = {
    kind: 'StatefulSet',
    replicas: input.replicas,
    volume: input.volume,
  } as const;
  const files = { [configFile]: input.stackText };
  const served = needs.ports.filter((port) => port.name !== 'admin');
  return [
    ...accountObjects(part, namespace, []),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(part, namespace), data: files },
    workloadObject(part, namespace, shape, {
      part,
      image: input.image,
      args: ownArgs(input),
      needs,
      resources: input.resources,
      configDir,
      annotations: configHash(files),
      probes: {
        startup: startup(probe('/livez'), startSeconds),
        liveness: probe('/livez'),
        readiness: probe('/readyz'),
      },
      state: stateOf(shape, place, input.storageClass),
      token: false,
      everyNode: false,
      replicas: input.replicas,
      graceS: input.graceS + graceExtraS,
      served: true,
      platform: place.platform,
      kubernetesMinor: place.kubernetesMinor,
    }),
    ...services(part, namespace, 'StatefulSet', served),
    ...disruptionBudget(part, namespace, input.replicas),
    ownPolicy(part, place, needs.ports, input.clickhouse),
  ];
}

function ownNeeds(input: OwnGateway): Needs {
  const { secret, redactionKey, tls, auth } = input;
  return {
    ...noNeeds,
    env: [
      { name: 'MY_POD_IP', fieldPath: 'status.podIP' },
      { name: 'CLICKHOUSE_URL', value: serversText(input.clickhouse) },
      { name: 'CLICKHOUSE_USER_FILE', value: `${credentialsDir}/${secret.userKey}` },
      { name: 'CLICKHOUSE_PASSWORD_FILE', value: `${credentialsDir}/${secret.passwordKey}` },
      ...(redactionKey === undefined
        ? []
        : [{ name: 'OBSCTL_REDACTION_KEY_FILE', value: `${redactionDir}/${redactionKey.key}` }]),
    ],
    // Files, not variables: the gateway takes a changed Secret without a restart.
    secretMounts: [
      { name: 'credentials', secret: secret.name, mountPath: credentialsDir },
      ...(redactionKey === undefined
        ? []
        : [{ name: 'redaction', secret: redactionKey.secret, mountPath: redactionDir }]),
      ...(tls === undefined ? [] : [{ name: 'tls', secret: tls.secret, mountPath: tlsDir }]),
      ...(auth === undefined
        ? []
        : [{ name: 'senders', secret: auth.secret, mountPath: sendersDir }]),
    ],
    ports: [
      { name: 'otlp-grpc', port: gatewayPorts.grpc, protocol: 'TCP' },
      { name: 'otlp-http', port: gatewayPorts.http, protocol: 'TCP' },
      ...(input.dogstatsd === true
        ? [{ name: 'dogstatsd', port: gatewayPorts.dogstatsd, protocol: 'UDP' } as const]
        : []),
      { name: 'admin', port: gatewayPorts.admin, protocol: 'TCP' },
    ],
    stateDirs: [{ name: 'log', mountPath: dataDir }],
  };
}

/** The kubelet puts the pod's address in: `$(NAME)` is its form for a variable in arguments. */
function ownArgs(input: OwnGateway): readonly string[] {
  const at = (port: number) => `$(MY_POD_IP):${port}`;
  return [
    'gateway',
    '-f',
    `${configDir}/${configFile}`,
    '--data-dir',
    dataDir,
    '--otlp-grpc',
    at(gatewayPorts.grpc),
    '--otlp-http',
    at(gatewayPorts.http),
    ...(input.dogstatsd === true ? ['--dogstatsd', at(gatewayPorts.dogstatsd)] : []),
    '--admin',
    at(gatewayPorts.admin),
    '--grace',
    `${input.graceS}s`,
    // The migrate Job does it, with a user who may.
    '--no-migrate',
    ...(input.opamp === false ? ['--no-opamp'] : []),
    ...(input.workers === undefined ? [] : ['--workers', String(input.workers)]),
    ...(input.insertQuorum === undefined ? [] : ['--insert-quorum', String(input.insertQuorum)]),
    ...guardArgs(input),
  ];
}

/** Files, because they are read again when the Secret changes. */
function guardArgs({ tls, auth }: OwnGateway): readonly string[] {
  const args = auth === undefined ? [] : ['--credentials', `${sendersDir}/${auth.key}`];
  if (tls === undefined) return args;
  args.push('--tls-cert', `${tlsDir}/${tls.certKey}`, '--tls-key', `${tlsDir}/${tls.keyKey}`);
  if (tls.clientCaKey !== undefined) args.push('--tls-client-ca', `${tlsDir}/${tls.clientCaKey}`);
  return args;
}

function probe(path: string): Probe {
  return { httpGet: { path, port: gatewayPorts.admin, scheme: 'HTTP' } };
}

function ownPolicy(
  part: Part,
  place: Place,
  ports: readonly Port[],
  clickhouse: OwnGateway['clickhouse'],
): NetworkPolicy {
  const numbers = new Set(clickhouse.flat().map((url) => portOf(url) ?? 8123));
  const servers = [...numbers].map((port) => ({ protocol: 'TCP' as const, port }));
  return policyOf(part, place.namespace, {
    ...ingressTo(ports),
    egress: [dnsEgress(place.platform), { ports: servers }],
  });
}

/** As `obsctl gateway --clickhouse` takes them. */
function serversText(clickhouse: OwnGateway['clickhouse']): string {
  return clickhouse.map((replicas) => replicas.join('|')).join(',');
}

/** The number belongs to the autoscaler then; writing it too would undo its work at each apply. */
function withoutReplicas(object: KubernetesObject): KubernetesObject {
  if (object.kind !== 'StatefulSet') return object;
  const { replicas: _replicas, ...spec } = object.spec;
  return { ...object, spec };
}

function autoscaler(part: Part, namespace: string, scale: Autoscale): HorizontalPodAutoscaler {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: metadata(part, namespace),
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: partName(part) },
      minReplicas: scale.min,
      maxReplicas: scale.max,
      metrics: [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: cpuUtilizationTarget },
          },
        },
      ],
      behavior: { scaleDown: { selectPolicy: 'Disabled' } },
    },
  };
}

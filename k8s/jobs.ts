/**
 * Jobs that prepare a stack: the Secrets that are made inside the cluster, and the schema. The
 * template of a Job can never change, so the name carries a hash of it; a Job that is done stays,
 * because deleting it would make the next diff show it as new.
 */
import { createHash } from 'node:crypto';
import type { EnvVar, Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { checkSize } from './agent.ts';
import { clickhouseUserId } from './clickhouse-image.ts';
import { curlImage } from './images.ts';
import { metadata, type Part, partName } from './labels.ts';
import { apiServerPorts, dnsEgress, policyOf } from './network.ts';
import type { Job, KubernetesObject, NetworkPolicy, NetworkPort } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { type PodInput, podTemplate } from './pod.ts';
import { accountObjects } from './rbac-objects.ts';
import { type MadeSecret, secretsScript } from './secrets-script.ts';

/** Restarts with growing pauses cover half an hour until ClickHouse answers. */
const retriesMax = 20;
const graceS = 10;
const hashDigits = 8;

const resources: Resources = { cpuRequest: '50m', memoryRequest: '64Mi', memoryLimit: '512Mi' };

const accountDir = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Makes each Secret once if it is absent; pods that refer to it wait until it is there. */
export function credentialsJob(
  secrets: readonly MadeSecret[],
  place: Place,
): readonly KubernetesObject[] {
  const part = { stack: place.stack, name: 'credentials' };
  const reason = 'makes Secrets that are absent; a right to create cannot be bound to names';
  return [
    ...accountObjects(part, place.namespace, [
      {
        apiGroups: [''],
        resources: ['secrets'],
        verbs: ['create'],
        namespace: place.namespace,
        reason,
      },
    ]),
    job(part, place, {
      image: curlImage,
      command: ['/bin/sh', '-c'],
      args: [secretsScript(secrets, place.namespace)],
      env: [
        { name: 'API', value: 'https://kubernetes.default.svc' },
        { name: 'ACCOUNT', value: accountDir },
      ],
      token: true,
    }),
    policy(part, place, apiServerPorts),
  ];
}

export type SchemaInput = {
  /** ClickHouse's own image, for its client. */
  readonly image: string;
  /** All statements, each ended by a semicolon. */
  readonly ddl: string;
  /** Of the native protocol. */
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly secret: SecretRef;
};

const schemaDir = '/etc/obsctl/schema';

/** Runs statements that are harmless when they were run before. */
export function schemaJob(input: SchemaInput, place: Place): readonly KubernetesObject[] {
  const part = { stack: place.stack, name: 'schema' };
  checkSize(input.ddl, partName(part));
  return [
    ...accountObjects(part, place.namespace, []),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(part, place.namespace),
      data: { 'schema.sql': input.ddl },
    },
    job(
      part,
      place,
      {
        image: input.image,
        command: ['/usr/bin/clickhouse-client'],
        args: [
          '--host',
          input.host,
          '--port',
          String(input.port),
          ...(input.secure ? ['--secure'] : []),
          '--multiquery',
          '--queries-file',
          `${schemaDir}/schema.sql`,
        ],
        env: credentialVariables(input.secret),
        token: false,
        configDir: schemaDir,
        userId: clickhouseUserId,
      },
      input.ddl,
    ),
    policy(part, place, [{ protocol: 'TCP', port: input.port }]),
  ];
}

export type MigrateInput = {
  /** Our own image. */
  readonly image: string;
  /** HTTP interface with the database as its path. */
  readonly clickhouseUrl: string;
  readonly port: number;
  /** For example `--retention traces=14d`. */
  readonly args: readonly string[];
  readonly secret: SecretRef;
};

/** `obsctl migrate`, which also changes what exists. */
export function migrateJob(input: MigrateInput, place: Place): readonly KubernetesObject[] {
  const part = { stack: place.stack, name: 'migrate' };
  return [
    ...accountObjects(part, place.namespace, []),
    job(part, place, {
      image: input.image,
      args: ['migrate', ...input.args],
      env: [
        { name: 'CLICKHOUSE_URL', value: input.clickhouseUrl },
        ...credentialVariables(input.secret),
      ],
      token: false,
    }),
    policy(part, place, [{ protocol: 'TCP', port: input.port }]),
  ];
}

function credentialVariables(secret: SecretRef): readonly EnvVar[] {
  return [
    { name: 'CLICKHOUSE_USER', secret: { name: secret.name, key: secret.userKey } },
    { name: 'CLICKHOUSE_PASSWORD', secret: { name: secret.name, key: secret.passwordKey } },
  ];
}

type JobInput = Pick<PodInput, 'image' | 'command' | 'args' | 'configDir' | 'userId' | 'token'> & {
  readonly env: readonly EnvVar[];
};

function job(part: Part, place: Place, input: JobInput, mounted = ''): Job {
  const { env, ...rest } = input;
  const spec: Job['spec'] = {
    backoffLimit: retriesMax,
    template: podTemplate({
      ...rest,
      part,
      needs: { ...noNeeds, env },
      resources,
      annotations: {},
      probes: {},
      state: { kind: 'pod' },
      everyNode: false,
      replicas: 1,
      graceS,
      served: false,
      platform: place.platform,
      kubernetesMinor: place.kubernetesMinor,
      restartPolicy: 'OnFailure',
    }),
  };
  const hash = createHash('sha256')
    .update(JSON.stringify([spec, mounted]))
    .digest('hex')
    .slice(0, hashDigits);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadata(part, place.namespace, `-${hash}`),
    spec,
  };
}

function policy(part: Part, place: Place, ports: readonly NetworkPort[]): NetworkPolicy {
  return policyOf(part, place.namespace, { egress: [dnsEgress(place.platform), { ports }] });
}

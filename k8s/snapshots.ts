/**
 * Snapshots on their schedule: a CronJob each, of our own image, over one file with all of them.
 * Where a database is and how to get in stands in a Secret that its owner makes: a variable a key,
 * of which each pod gets only its own.
 */
import { createHash } from 'node:crypto';
import type { EnvVar, Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { checkSize } from './agent.ts';
import { labels, metadata, type Part, partName } from './labels.ts';
import { dnsEgress, policyOf } from './network.ts';
import type { CronJob, KubernetesObject, NetworkPort, PodTemplate, Volume } from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { podTemplate } from './pod.ts';
import { accountObjects } from './rbac-objects.ts';

export type SnapshotJob = {
  /** Of the snapshot, as `obsctl snapshot run` takes it. */
  readonly name: string;
  /** Five fields of cron, in UTC. */
  readonly schedule: string;
  /** The variable that its DSN refers to; absent where the DSN itself stands in the file. */
  readonly variable?: string;
  /** Keys of the Secret that are files in {@link snapshotFilesDir}. */
  readonly files: readonly string[];
};

export type SnapshotsInput = {
  /** Our own image. */
  readonly image: string;
  /** A stack file with nothing but the snapshots; its references are not resolved. */
  readonly stackText: string;
  readonly jobs: readonly SnapshotJob[];
  /** HTTP interface with the database of `snapshot_runs` as its path. */
  readonly clickhouseUrl: string;
  /** Of a user who may write the databases of the snapshots. */
  readonly secret: SecretRef;
  /** Where runs tell how far they are, by OTLP/HTTP: `http://HOST:PORT`. */
  readonly telemetryUrl?: string;
  /** Of ClickHouse, of that and of the databases that are read. */
  readonly ports: readonly number[];
};

const configDir = '/etc/obsctl/snapshots';

/** Where keys of the Secret are files: what `ca_file` may name. */
export const snapshotFilesDir = '/etc/obsctl/snapshots-secret';

/** A run that could not begin in this time is left out; fewer minutes than starts may be missed. */
const startingDeadlineS = 3600;

/** A run that hangs holds back all later ones. */
const activeDeadlineS = 6 * 3600;
const retriesMax = 2;
const historyMax = { successful: 1, failed: 3 } as const;

/** Drops the tables that it began. */
const graceS = 60;

const resources: Resources = { cpuRequest: '200m', memoryRequest: '256Mi', memoryLimit: '1Gi' };

/** The controller appends eleven characters to the name of a Job, which takes 63. */
const nameLengthMax = 52;
const hashDigits = 8;

/** The Secret with the DSNs, made by whoever owns the databases. */
export function snapshotSecretName(stack: string): string {
  return partName(partOf(stack));
}

export function snapshotCronJobs(input: SnapshotsInput, place: Place): readonly KubernetesObject[] {
  if (input.jobs.length === 0) return [];
  const part = partOf(place.stack);
  checkSize(input.stackText, partName(part));
  const ports = [...new Set(input.ports)].map((port): NetworkPort => ({ protocol: 'TCP', port }));
  return [
    ...accountObjects(part, place.namespace, []),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadata(part, place.namespace),
      data: { 'obs.yaml': input.stackText },
    },
    ...input.jobs.map((job) => cronJob(job, input, place)),
    policyOf(part, place.namespace, { egress: [dnsEgress(place.platform), { ports }] }),
  ];
}

function partOf(stack: string): Part {
  return { stack, name: 'snapshots' };
}

function cronJob(job: SnapshotJob, input: SnapshotsInput, place: Place): CronJob {
  const part = partOf(place.stack);
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { ...metadata(part, place.namespace), name: nameOf(place.stack, job.name) },
    spec: {
      schedule: job.schedule,
      timeZone: 'Etc/UTC',
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds: startingDeadlineS,
      successfulJobsHistoryLimit: historyMax.successful,
      failedJobsHistoryLimit: historyMax.failed,
      jobTemplate: {
        metadata: { labels: labels(part) },
        spec: {
          activeDeadlineSeconds: activeDeadlineS,
          backoffLimit: retriesMax,
          template: template(job, input, place),
        },
      },
    },
  };
}

function nameOf(stack: string, snapshot: string): string {
  const whole = `${stack}-snapshot-${snapshot}`;
  if (whole.length <= nameLengthMax) return whole;
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, hashDigits);
  const kept = whole.slice(0, nameLengthMax - hashDigits - 1).replace(/-+$/, '');
  return `${kept}-${hash}`;
}

function template(job: SnapshotJob, input: SnapshotsInput, place: Place): PodTemplate {
  return podTemplate({
    part: partOf(place.stack),
    image: input.image,
    args: ['snapshot', 'run', job.name, '-f', `${configDir}/obs.yaml`],
    needs: { ...noNeeds, env: environmentOf(job, input, place) },
    resources,
    configDir,
    annotations: {},
    probes: {},
    state: { kind: 'pod' },
    token: false,
    everyNode: false,
    replicas: 1,
    graceS,
    served: false,
    platform: place.platform,
    kubernetesMinor: place.kubernetesMinor,
    volumes: filesOf(job, place),
    // Not in the same pod: each try has its log, and what it left is cleaned by the next.
    restartPolicy: 'Never',
  });
}

function environmentOf(
  { variable }: SnapshotJob,
  { clickhouseUrl, secret, telemetryUrl }: SnapshotsInput,
  { stack }: Place,
): readonly EnvVar[] {
  return [
    { name: 'CLICKHOUSE_URL', value: clickhouseUrl },
    { name: 'CLICKHOUSE_USER', secret: { name: secret.name, key: secret.userKey } },
    { name: 'CLICKHOUSE_PASSWORD', secret: { name: secret.name, key: secret.passwordKey } },
    ...(telemetryUrl === undefined
      ? []
      : [{ name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: telemetryUrl }]),
    ...(variable === undefined
      ? []
      : [{ name: variable, secret: { name: snapshotSecretName(stack), key: variable } }]),
  ];
}

/** Only the files that are named: the DSNs of others are no business of this pod. */
function filesOf(
  { files }: SnapshotJob,
  { stack }: Place,
): readonly (Volume & { readonly mountPath: string })[] {
  if (files.length === 0) return [];
  const items = files.map((key) => ({ key, path: key }));
  return [
    {
      name: 'files',
      secret: { secretName: snapshotSecretName(stack), items },
      mountPath: snapshotFilesDir,
    },
  ];
}

/**
 * Scheduled snapshots of a stack as CronJobs. What is rendered names databases by reference alone:
 * the variables come from a Secret that the user makes, and is told how to.
 */
import { stringify } from 'yaml';
import { databaseOf, type SnapshotConfig, variableOf } from '../../jobs/snapshot/config.ts';
import { dictionariesCollection } from '../../k8s/clickhouse-files.ts';
import { gatewayEndpoint, gatewayPorts } from '../../k8s/gateway.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import type { Place, SecretRef } from '../../k8s/place.ts';
import {
  type SnapshotJob,
  type SnapshotsInput,
  snapshotCronJobs,
  snapshotFilesDir,
  snapshotSecretName,
} from '../../k8s/snapshots.ts';
import type { Stack } from '../../stack/types.ts';
import { clickhouseTarget } from './clickhouse-address.ts';

type RenderedSnapshots = {
  readonly objects: readonly KubernetesObject[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
};

/** Texts on one line: blocks and folded ones with blanks alone are read back otherwise. */
const exactTexts = {
  blockQuote: false,
  doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
} as const;

const defaultPorts = { postgres: 5432, mysql: 3306 } as const;

/** Databases in ClickHouse that snapshots are written to, each once. */
export function snapshotDatabases(snapshots: readonly SnapshotConfig[]): readonly string[] {
  return [...new Set(snapshots.map(databaseOf))].sort();
}

export function hasDictionaries({ dictionaries }: SnapshotConfig): boolean {
  return dictionaries.length > 0;
}

/** @param secret the user of ClickHouse */
export function renderSnapshots(stack: Stack, place: Place, secret: SecretRef): RenderedSnapshots {
  const { image } = stack.gateway;
  const scheduled = stack.snapshots.filter(({ schedule }) => schedule !== undefined);
  // A file without an image was refused when it was read.
  if (scheduled.length === 0 || image === undefined)
    return { objects: [], warnings: [], notes: [] };
  const { href, port } = clickhouseTarget(stack);
  const telemetry = telemetryOf(stack, place);
  const gatewayPort = telemetry.telemetryUrl === undefined ? [] : [gatewayPorts.http];
  const objects = snapshotCronJobs(
    {
      image,
      stackText: stackTextOf(stack, scheduled),
      jobs: scheduled.map(jobOf),
      clickhouseUrl: href,
      secret,
      ...telemetry,
      ports: [port, ...gatewayPort, ...scheduled.map(portOf)],
    },
    place,
  );
  return { objects, warnings: warningsOf(stack, scheduled), notes: notesOf(scheduled) };
}

/** A gateway that asks for a certificate or a token is told nothing: these pods have neither. */
function telemetryOf({ gateway }: Stack, place: Place): Pick<SnapshotsInput, 'telemetryUrl'> {
  if (gateway.tls !== undefined || gateway.auth !== undefined) return {};
  return { telemetryUrl: `http://${gatewayEndpoint(place, gatewayPorts.http)}` };
}

/**
 * The snapshots alone, as a stack file that is read again in the pod; the clock is the CronJob's.
 * A `$` of another text than the DSN was resolved here, so it is written as one that stays.
 */
function stackTextOf(stack: Stack, scheduled: readonly SnapshotConfig[]): string {
  const snapshots = scheduled.map(({ schedule: _, dictionaries, ...one }) => ({
    ...one,
    ...(dictionaries.length > 0 && { dictionaries: dictionaries.map(inClusterOf(stack)) }),
  }));
  const text = JSON.stringify({ name: stack.name, snapshots });
  const kept: unknown = JSON.parse(text, (key, value: unknown) =>
    typeof value === 'string' && key !== 'dsn' ? value.replaceAll('$', '$$$$') : value,
  );
  return stringify(kept, { lineWidth: 0, ...exactTexts });
}

/** In a cluster of ours there is no user `default` that a dictionary could read as. */
function inClusterOf({ clickhouse }: Stack) {
  const isOurs = clickhouse.mode === 'in_cluster';
  const given = isOurs ? { collection: dictionariesCollection } : {};
  return (one: SnapshotConfig['dictionaries'][number]) => ({ ...given, ...one });
}

function jobOf(config: SnapshotConfig): SnapshotJob {
  const variable = variableOf(config);
  const file = fileKeyOf(config);
  return {
    name: config.name,
    schedule: config.schedule ?? '',
    ...(variable !== undefined && { variable }),
    files: file === undefined ? [] : [file],
  };
}

/** The key of the Secret that `ca_file` names; `undefined` for a file of somewhere else. */
function fileKeyOf({ source }: SnapshotConfig): string | undefined {
  const path = (source.postgres ?? source.mysql)?.ca_file ?? '';
  const key = path.slice(snapshotFilesDir.length + 1);
  const isInside = path === `${snapshotFilesDir}/${key}` && /^[-._a-zA-Z0-9]{1,253}$/.test(key);
  return isInside && !/^\.\.?$/.test(key) ? key : undefined;
}

/** Of the database: what the DSN says when it is written, else the usual one of its kind. */
function portOf({ source }: SnapshotConfig): number {
  const { postgres, mysql } = source;
  const written = URL.parse((postgres ?? mysql)?.dsn ?? '')?.port ?? '';
  return Number(written) || (postgres === undefined ? defaultPorts.mysql : defaultPorts.postgres);
}

function warningsOf(stack: Stack, snapshots: readonly SnapshotConfig[]): readonly string[] {
  const variables = new Set(snapshots.flatMap((one) => variableOf(one) ?? []));
  const files = new Set(snapshots.flatMap((one) => fileKeyOf(one) ?? []));
  const keys = [...variables, ...files];
  const secret = snapshotSecretName(stack.name);
  const command = [
    `kubectl create secret generic ${secret} -n ${stack.namespace}`,
    ...[...variables].map((name) => `--from-literal="${name}=$${name}"`),
    ...[...files].map((name) => `--from-file=${name}`),
  ];
  const made =
    `snapshots: the Secret ${stack.namespace}/${secret} with the keys ${keys.join(', ')} is ` +
    `yours to make: pods wait for it; \`${command.join(' ')}\``;
  return [...(keys.length === 0 ? [] : [made]), ...snapshots.flatMap(strayFile)];
}

function strayFile(config: SnapshotConfig): readonly string[] {
  const path = (config.source.postgres ?? config.source.mysql)?.ca_file;
  if (path === undefined || fileKeyOf(config) !== undefined) return [];
  return [
    `snapshots: ${config.name}: ca_file ${path} is not brought into the pod: put the file into ` +
      `the Secret as a key, and write ${snapshotFilesDir}/KEY`,
  ];
}

/** Where a port stands in a Secret, the network policy cannot follow it. */
function notesOf(snapshots: readonly SnapshotConfig[]): readonly string[] {
  const guessed = snapshots.filter((one) => variableOf(one) !== undefined);
  if (guessed.length === 0) return [];
  const ports = guessed.map((one) => `${one.name} to ${portOf(one)}`).join(', ');
  return [
    `snapshots: pods may go out to the usual port of their database (${ports}); for another one ` +
      'add a NetworkPolicy for pods labelled app.kubernetes.io/name: snapshots',
  ];
}

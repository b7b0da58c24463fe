/** Where telemetry is stored and shown: ClickHouse, its schema, Grafana, dashboards, Secrets. */
import { clusterMacro } from '../../clickhouse/cluster.ts';
import type { ScriptOptions } from '../../clickhouse/script.ts';
import { schemaScript } from '../../clickhouse/script.ts';
import { parseDurationMs } from '../../core/units.ts';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { provisioningTexts } from '../../dashboards/alerts/grafana.ts';
import { dataSourceBody } from '../../dashboards/data-source.ts';
import { renderFiles } from '../../dashboards/render.ts';
import {
  type ClickhouseSecrets,
  clickhouseHost,
  clickhouseObjects,
  clickhouseSecrets,
} from '../../k8s/clickhouse.ts';
import { clickhouseUsers, lookupsCollection, snapshotsUser } from '../../k8s/clickhouse-files.ts';
import { clickhousePorts } from '../../k8s/clickhouse-image.ts';
import { interserverUser } from '../../k8s/cluster-files.ts';
import {
  type Dashboard,
  dashboardBytesMax,
  dashboardObjects,
  type GrafanaInput,
  grafanaObjects,
} from '../../k8s/grafana.ts';
import { credentialsJob, migrateJob, schemaJob } from '../../k8s/jobs.ts';
import type { KubernetesObject } from '../../k8s/objects.ts';
import type { Place, SecretRef } from '../../k8s/place.ts';
import type { MadeSecret } from '../../k8s/secrets-script.ts';
import { isCluster } from '../../k8s/topology.ts';
import type { Stack } from '../../stack/types.ts';
import { grafanaRuleOptionsOf, ruleOptionsOf } from './alert-options.ts';
import { clickhouseTarget, clickhouseUrl } from './clickhouse-address.ts';
import { ownerArgs, renderEntities } from './entities.ts';
import type { RenderedPart } from './parts.ts';
import { hasDictionaries, renderSnapshots, snapshotDatabases } from './snapshots.ts';
import { leftOut, leftOutNotes } from './standing.ts';

export type RenderedStorage = {
  readonly parts: readonly RenderedPart[];
  /** The schema as SQL, as its Job runs it. */
  readonly ddl: string;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
};

/** Ports of the native protocol where a URL names only the HTTP one. */
const nativePorts = { plain: 9000, secure: 9440 } as const;
/** Of our oldest supported server, for one whose version nobody can know. */
const unknownServer = [25, 8] as const;
const dayMs = 86_400_000;
const adminUser = 'admin';

export function renderStorage(stack: Stack, place: Place): RenderedStorage {
  const named = secretRef(stack.clickhouse.credentials);
  const inCluster = stack.clickhouse.mode === 'in_cluster';
  // An external ClickHouse has the users that it has: one Secret, made by its owner.
  const secrets = inCluster
    ? clickhouseSecrets(named)
    : { gateway: named, schema: named, reader: named, snapshots: named, cluster: named };
  const ddl = ddlOf(stack);
  const grafana = grafanaInput(stack, place, secrets);
  const snapshots = renderSnapshots(stack, place, secrets.snapshots);
  return {
    parts: [
      { name: 'clickhouse', objects: inCluster ? serverObjects(stack, place, secrets) : [] },
      { name: 'grafana', objects: grafana === undefined ? [] : grafanaObjects(grafana, place) },
      {
        name: 'dashboards',
        objects: grafana === undefined ? [] : dashboardObjects(grafana, place),
      },
      {
        name: 'jobs',
        objects: [
          ...jobs(stack, place, secrets, ddl),
          ...snapshots.objects,
          ...renderEntities(stack, place),
        ],
      },
    ],
    ddl,
    warnings: [...warningsOf(stack), ...snapshots.warnings],
    notes: [
      ...(stack.grafana === undefined ? [] : leftOutNotes(leftOut(stack))),
      ...snapshots.notes,
    ],
  };
}

/** Every table for this stack, with views where the stock Collector inserts. */
function ddlOf(stack: Stack): string {
  const { database, profile, retention } = stack.clickhouse;
  return schemaScript({
    database,
    profile,
    flavour: isCloud(stack) ? 'cloud' : 'server',
    serverVersion: serverVersionOf(stack),
    retentionDays: {
      traces: daysOf(retention.traces),
      logs: daysOf(retention.logs),
      metrics: daysOf(retention.metrics),
    },
    views: stack.gateway.flavor === 'collector',
    ...(isSeveral(stack) ? { cluster: clusterMacro } : {}),
  });
}

function serverObjects(stack: Stack, place: Place, secrets: ClickhouseSecrets) {
  const { image, database, volume, storage_class, resources, topology, keeper } = stack.clickhouse;
  return clickhouseObjects(
    {
      image,
      database,
      volume,
      storageClass: storage_class,
      resources: resourcesOf(resources),
      topology,
      keeper: { volume: keeper.volume, resources: resourcesOf(keeper.resources) },
      secrets,
      snapshots: snapshotDatabases(stack.snapshots),
      dictionaries: snapshotDatabases(stack.snapshots.filter(hasDictionaries)),
      lookups: stack.entities !== undefined,
    },
    place,
  );
}

function jobs(
  stack: Stack,
  place: Place,
  secrets: ClickhouseSecrets,
  ddl: string,
): readonly KubernetesObject[] {
  const made = madeSecrets(stack, secrets);
  return [
    ...(made.length === 0 ? [] : credentialsJob(made, place)),
    ...schemaObjects(stack, place, secrets.schema, ddl),
  ];
}

/** Our image compares with what is there; ClickHouse's own client only adds what is missing. */
function schemaObjects(stack: Stack, place: Place, secret: SecretRef, ddl: string) {
  const { gateway, clickhouse } = stack;
  if (gateway.flavor === 'obsctl' && gateway.image !== undefined) {
    const { href, port } = clickhouseTarget(stack);
    const { traces, logs, metrics } = clickhouse.retention;
    const retention = `traces=${traces},logs=${logs},metrics=${metrics}`;
    const cluster = isSeveral(stack) ? ['--cluster', clusterMacro] : [];
    const lookups =
      stack.entities === undefined
        ? []
        : ['--lookups', ...collectionOf(stack), ...ownerArgs(stack.entities)];
    const common = ['--profile', clickhouse.profile, '--retention', retention];
    const args = [...common, ...cluster, ...lookups];
    return migrateJob({ image: gateway.image, clickhouseUrl: href, port, args, secret }, place);
  }
  const server = nativeServer(stack, place);
  return schemaJob({ image: clickhouse.image, ddl, ...server, secret }, place);
}

/** By which dictionaries read: another server's owner names one, or leaves it to `default`. */
function collectionOf({ clickhouse, entities }: Stack): readonly string[] {
  if (clickhouse.mode === 'in_cluster') return [lookupsCollection];
  return entities?.collection === undefined ? [] : [entities.collection];
}

function madeSecrets(stack: Stack, secrets: ClickhouseSecrets): readonly MadeSecret[] {
  const made: MadeSecret[] = [];
  if (stack.clickhouse.mode === 'in_cluster') {
    for (const key of ['gateway', 'schema', 'reader'] as const) {
      made.push({ secret: secrets[key], user: clickhouseUsers[key].name });
    }
    if (stack.snapshots.length > 0) {
      made.push({ secret: secrets.snapshots, user: snapshotsUser.name });
    }
    if (isCluster(stack.clickhouse.topology)) {
      made.push({ secret: secrets.cluster, user: interserverUser });
    }
  }
  if (stack.grafana?.deploy === true) {
    made.push({ secret: secretRef(stack.grafana.credentials), user: adminUser });
  }
  return made;
}

function grafanaInput(
  stack: Stack,
  place: Place,
  secrets: ClickhouseSecrets,
): GrafanaInput | undefined {
  const { grafana } = stack;
  if (grafana === undefined) return undefined;
  const { database } = stack.clickhouse;
  return {
    deliver: grafana.deliver,
    ...(grafana.deploy
      ? {
          deploy: {
            image: grafana.image,
            volume: grafana.volume,
            resources: resourcesOf(grafana.resources),
            secret: secretRef(grafana.credentials),
          },
        }
      : {}),
    folder: grafana.folder,
    datasource: {
      body: dataSourceBody({ ...nativeServer(stack, place), protocol: 'native', database }),
      secret: secrets.reader,
    },
    dashboards: dashboardsOf(stack),
    alertRules: provisioningTexts(
      alertRules({ ...ruleOptionsOf(stack), without: leftOut(stack) }),
      grafanaRuleOptionsOf(stack),
      dashboardBytesMax,
    ),
  };
}

function dashboardsOf(stack: Stack): readonly Dashboard[] {
  return renderFiles({ rules: ruleOptionsOf(stack), without: leftOut(stack) })
    .filter(({ path }) => path.endsWith('.json'))
    .map(({ path, text }) => ({ name: path.replace(/^obsctl-|\.json$/g, ''), json: text }));
}

function nativeServer(stack: Stack, place: Place) {
  if (stack.clickhouse.mode === 'in_cluster') {
    return { host: clickhouseHost(place), port: clickhousePorts.native, secure: false };
  }
  const { hostname, protocol } = new URL(clickhouseUrl(stack));
  const secure = protocol === 'https:';
  return { host: hostname, port: secure ? nativePorts.secure : nativePorts.plain, secure };
}

/** Whether the servers that are rendered have tables of a cluster. */
function isSeveral({ clickhouse }: Stack): boolean {
  return clickhouse.mode === 'in_cluster' && isCluster(clickhouse.topology);
}

function isCloud(stack: Stack): boolean {
  const { mode, url } = stack.clickhouse;
  return mode === 'external' && /\.clickhouse\.cloud$/.test(URL.parse(url ?? '')?.hostname ?? '');
}

/** The release in the image's tag, so that what newer servers add is switched on. */
function serverVersionOf(stack: Stack): ScriptOptions['serverVersion'] {
  const found = /:(\d{2})\.(\d{1,2})(\.|-|$)/.exec(stack.clickhouse.image);
  if (stack.clickhouse.mode !== 'in_cluster' || found === null) return unknownServer;
  return [Number(found[1]), Number(found[2])];
}

function warningsOf(stack: Stack): readonly string[] {
  const { clickhouse, grafana } = stack;
  const { secret, user_key, password_key } = clickhouse.credentials;
  const found: string[] = [];
  if (clickhouse.mode === 'external') {
    found.push(
      `clickhouse: the Secret ${stack.namespace}/${secret} with the keys ${user_key} and ` +
        `${password_key} is yours to make: pods wait for it`,
    );
  }
  if (isSeveral(stack) && clickhouse.topology.keepers === 1) {
    found.push('clickhouse.topology: while the one Keeper is away nothing is stored; use 3');
  }
  if (grafana !== undefined && !grafana.deploy && grafana.deliver === 'config_map') {
    found.push(
      'grafana: the data source reads CLICKHOUSE_USER and CLICKHOUSE_PASSWORD from the ' +
        'environment of your Grafana',
    );
  }
  if (grafana?.deliver === 'push') {
    found.push(
      'grafana: the dashboards are not among these objects: bring them with ' +
        `\`obsctl dashboards push --grafana ${grafana.url ?? 'URL'}\``,
    );
  }
  return found;
}

function secretRef(from: Stack['clickhouse']['credentials']): SecretRef {
  return { name: from.secret, userKey: from.user_key, passwordKey: from.password_key };
}

function resourcesOf(from: Stack['clickhouse']['resources']) {
  return {
    cpuRequest: from.cpu_request,
    memoryRequest: from.memory_request,
    memoryLimit: from.memory_limit,
  };
}

function daysOf(text: string): number {
  return Math.floor((parseDurationMs(text) ?? 0) / dayMs);
}

/**
 * Grafana with its data source and dashboards provisioned, or only the objects for one that exists:
 * ConfigMaps that its sidecar finds, or objects of the Grafana operator. Grafana is AGPL-3.0: it
 * runs as its own unchanged image beside us, pinned.
 */
import { stringify } from 'yaml';
import type { Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { Problem } from '../core/problem.ts';
import { services, stateOf, workloadObject } from './agent.ts';
import { metadata, type Part, partName } from './labels.ts';
import { dnsEgress, policyOf, portOf } from './network.ts';
import type {
  ConfigMap,
  GrafanaCustomObject,
  KubernetesObject,
  NetworkPolicy,
  Volume,
} from './objects.ts';
import type { Place, SecretRef } from './place.ts';
import { accountObjects } from './rbac-objects.ts';
import { configHash } from './write.ts';

const name = 'grafana';

/** The image's own user. */
const userId = 472;
const port = 3000;
const graceS = 30;

/** Client-side apply keeps the whole object in an annotation of 256 KiB. */
export const dashboardBytesMax = 200 * 1024;

const plugin = { id: 'grafana-clickhouse-datasource', version: '4.20.0' } as const;

/** Fixed, because dashboards and alert rules name it. */
const datasourceUid = 'obsctl-clickhouse';

export type Dashboard = {
  /** Short and unique: `services`. */
  readonly name: string;
  /** The dashboard's JSON. */
  readonly json: string;
};

type Datasource = {
  readonly host: string;
  /** Of the native protocol. */
  readonly port: number;
  readonly secure: boolean;
  readonly database: string;
  readonly secret: SecretRef;
};

export type GrafanaInput = {
  readonly deliver: 'config_map' | 'operator' | 'files' | 'push';
  /** The Grafana to run; absent where one exists. */
  readonly deploy?: {
    readonly image: string;
    readonly volume: string;
    readonly resources: Resources;
    /** The administrator. */
    readonly secret: SecretRef;
  };
  readonly folder: string;
  readonly datasource: Datasource;
  readonly dashboards: readonly Dashboard[];
};

/** The server and its data source, without dashboards. */
export function grafanaObjects(input: GrafanaInput, place: Place): readonly KubernetesObject[] {
  const part = { stack: place.stack, name };
  if (input.deploy === undefined) return datasourceFor(input, part, place);
  return server(input, input.deploy, part, place);
}

/** Files and pushed dashboards are no objects of the cluster. */
export function dashboardObjects(input: GrafanaInput, place: Place): readonly KubernetesObject[] {
  const part = { stack: place.stack, name };
  for (const { name: dashboard, json } of input.dashboards) {
    const bytes = Buffer.byteLength(json);
    if (bytes > dashboardBytesMax) {
      throw new Problem('OBS-1304', `the dashboard has ${bytes} bytes`, { where: dashboard });
    }
  }
  if (input.deliver === 'operator') return operatorDashboards(input, part, place);
  if (input.deliver !== 'config_map') return [];
  return input.dashboards.map((dashboard) => dashboardMap(input, dashboard, part, place));
}

function dashboardMap(
  input: GrafanaInput,
  dashboard: Dashboard,
  part: Part,
  place: Place,
): ConfigMap {
  const own = metadata(part, place.namespace, `-dashboard-${dashboard.name}`);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...own,
      // A sidecar of a Grafana that exists looks for these.
      labels: { ...own.labels, grafana_dashboard: '1' },
      annotations: { grafana_folder: input.folder },
    },
    data: { [`${dashboard.name}.json`]: dashboard.json },
  };
}

function datasourceFor(input: GrafanaInput, part: Part, place: Place): readonly KubernetesObject[] {
  if (input.deliver === 'operator') return [operatorDatasource(input, part, place)];
  if (input.deliver !== 'config_map') return [];
  const own = metadata(part, place.namespace, '-datasource');
  return [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...own, labels: { ...own.labels, grafana_datasource: '1' } },
      data: { 'datasource.yaml': datasourceFile(input.datasource) },
    },
  ];
}

/** Grafana puts variables of its environment in, so no password is in the file. */
function datasourceFile(datasource: Datasource): string {
  const { jsonData, ...common } = datasourceBody(datasource);
  return stringify({
    apiVersion: 1,
    datasources: [
      {
        ...common,
        jsonData: { ...jsonData, username: '$CLICKHOUSE_USER' },
        secureJsonData: { password: '$CLICKHOUSE_PASSWORD' },
        editable: false,
      },
    ],
  });
}

function datasourceBody(datasource: Datasource) {
  return {
    name: 'ClickHouse',
    uid: datasourceUid,
    type: plugin.id,
    access: 'proxy',
    isDefault: true,
    jsonData: {
      version: plugin.version,
      host: datasource.host,
      port: datasource.port,
      protocol: 'native',
      secure: datasource.secure,
      defaultDatabase: datasource.database,
      // Looking for map keys reads whole columns of the largest tables.
      enableMapKeysDiscovery: false,
      logs: {
        defaultDatabase: datasource.database,
        defaultTable: 'otel_logs',
        otelEnabled: true,
        otelVersion: 'latest',
      },
      traces: {
        defaultDatabase: datasource.database,
        defaultTable: 'otel_traces',
        otelEnabled: true,
        otelVersion: 'latest',
        durationUnit: 'nanoseconds',
      },
    },
  };
}

function server(
  input: GrafanaInput,
  deploy: NonNullable<GrafanaInput['deploy']>,
  part: Part,
  place: Place,
): readonly KubernetesObject[] {
  const { namespace } = place;
  const files = {
    'datasource.yaml': datasourceFile(input.datasource),
    'dashboards.yaml': providerFile(input.folder),
  };
  const shape = { kind: 'StatefulSet', replicas: 1, volume: deploy.volume } as const;
  const ports = [{ name: 'http', port, protocol: 'TCP' as const }];
  const health = { httpGet: { path: '/api/health', port, scheme: 'HTTP' as const } };
  return [
    ...accountObjects(part, namespace, []),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(part, namespace), data: files },
    workloadObject(part, namespace, shape, {
      part,
      image: deploy.image,
      args: [],
      needs: {
        ...noNeeds,
        env: environment(input.datasource, deploy.secret),
        ports,
        stateDirs: [{ name: 'data', mountPath: '/var/lib/grafana' }],
      },
      resources: deploy.resources,
      annotations: configHash({
        ...files,
        ...Object.fromEntries(input.dashboards.map(({ name: key, json }) => [key, json])),
      }),
      probes: {
        // The plugin is fetched before the first answer.
        startup: { ...health, periodSeconds: 5, failureThreshold: 60 },
        liveness: health,
        readiness: health,
      },
      state: stateOf(shape, place, undefined),
      token: false,
      everyNode: false,
      replicas: 1,
      graceS,
      served: true,
      platform: place.platform,
      kubernetesMinor: place.kubernetesMinor,
      userId,
      volumes: provisioning(input, part),
    }),
    ...services(part, namespace, 'StatefulSet', ports),
    policy(part, place, input.datasource),
  ];
}

function environment(datasource: Datasource, admin: SecretRef) {
  const secret = (variable: string, from: SecretRef, key: 'userKey' | 'passwordKey') => ({
    name: variable,
    secret: { name: from.name, key: from[key] },
  });
  return [
    secret('GF_SECURITY_ADMIN_USER', admin, 'userKey'),
    secret('GF_SECURITY_ADMIN_PASSWORD', admin, 'passwordKey'),
    secret('CLICKHOUSE_USER', datasource.secret, 'userKey'),
    secret('CLICKHOUSE_PASSWORD', datasource.secret, 'passwordKey'),
    { name: 'GF_PLUGINS_PREINSTALL_SYNC', value: `${plugin.id}@${plugin.version}` },
    { name: 'GF_LOG_MODE', value: 'console' },
    { name: 'GF_ANALYTICS_REPORTING_ENABLED', value: 'false' },
    { name: 'GF_ANALYTICS_CHECK_FOR_UPDATES', value: 'false' },
  ];
}

function provisioning(
  input: GrafanaInput,
  part: Part,
): readonly (Volume & { readonly mountPath: string })[] {
  const root = '/etc/grafana/provisioning';
  const one = (key: string, mountPath: string) => ({
    name: key,
    configMap: { name: partName(part), items: [{ key: `${key}.yaml`, path: `${key}.yaml` }] },
    mountPath,
  });
  const sources = input.dashboards.map((dashboard) => ({
    configMap: { name: `${partName(part)}-dashboard-${dashboard.name}` },
  }));
  const shown = input.deliver === 'config_map' && sources.length > 0;
  return [
    one('datasource', `${root}/datasources`),
    one('dashboards', `${root}/dashboards`),
    ...(shown ? [{ name: 'shown', projected: { sources }, mountPath: dashboardDir }] : []),
    { name: 'tmp', emptyDir: {}, mountPath: '/tmp' },
  ];
}

const dashboardDir = '/etc/grafana/dashboards';

function providerFile(folder: string): string {
  return stringify({
    apiVersion: 1,
    providers: [
      {
        name: 'obsctl',
        folder,
        type: 'file',
        allowUiUpdates: false,
        options: { path: dashboardDir },
      },
    ],
  });
}

function policy(part: Part, place: Place, datasource: Datasource): NetworkPolicy {
  const exits = [...new Set([datasource.port, portOf('https://grafana.com') ?? 443])];
  return policyOf(part, place.namespace, {
    ingress: [{ ports: [{ protocol: 'TCP', port }] }],
    egress: [
      dnsEgress(place.platform),
      { ports: exits.map((exit) => ({ protocol: 'TCP', port: exit })) },
    ],
  });
}

/** Instances that the operator's objects choose; its own examples carry this label. */
const instanceSelector = { matchLabels: { dashboards: 'grafana' } };

function operatorDatasource(input: GrafanaInput, part: Part, place: Place): GrafanaCustomObject {
  const { secret } = input.datasource;
  const { uid, ...body } = datasourceBody(input.datasource);
  const value = (key: string) => ({ secretKeyRef: { name: secret.name, key } });
  return {
    apiVersion: 'grafana.integreatly.org/v1beta1',
    kind: 'GrafanaDatasource',
    metadata: metadata(part, place.namespace),
    spec: {
      allowCrossNamespaceImport: true,
      instanceSelector,
      uid,
      plugins: [{ name: plugin.id, version: plugin.version }],
      valuesFrom: [
        { targetPath: 'jsonData.username', valueFrom: value(secret.userKey) },
        { targetPath: 'secureJsonData.password', valueFrom: value(secret.passwordKey) },
      ],
      datasource: {
        ...body,
        jsonData: { ...body.jsonData, username: `\${${secret.userKey}}` },
        secureJsonData: { password: `\${${secret.passwordKey}}` },
      },
    },
  };
}

function operatorDashboards(
  input: GrafanaInput,
  part: Part,
  place: Place,
): readonly GrafanaCustomObject[] {
  return input.dashboards.map((dashboard) => ({
    apiVersion: 'grafana.integreatly.org/v1beta1',
    kind: 'GrafanaDashboard',
    metadata: metadata(part, place.namespace, `-dashboard-${dashboard.name}`),
    spec: {
      allowCrossNamespaceImport: true,
      instanceSelector,
      folder: input.folder,
      json: dashboard.json,
    },
  }));
}

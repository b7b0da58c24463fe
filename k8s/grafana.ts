/**
 * Grafana with its data source, dashboards and alert rules provisioned, or only the objects for one
 * that exists: ConfigMaps that its sidecar finds, or objects of the Grafana operator. Grafana is
 * AGPL-3.0: it runs as its own unchanged image beside us, pinned.
 */
import { stringify } from 'yaml';
import type { Resources } from '../collector/workload.ts';
import { noNeeds } from '../collector/workload.ts';
import { Problem } from '../core/problem.ts';
import { stateOf, workloadObject } from './agent.ts';
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
import { services } from './services.ts';
import { configHash } from './write.ts';

const name = 'grafana';

/** The image's own user. */
const userId = 472;
const port = 3000;
const graceS = 30;

/** Client-side apply keeps the whole object in an annotation of 256 KiB. */
export const dashboardBytesMax = 200 * 1024;

const alertRulesSuffix = '-alert-rules';

export type Dashboard = {
  /** Short and unique: `services`. */
  readonly name: string;
  /** The dashboard's JSON. */
  readonly json: string;
};

type Datasource = {
  /** What Grafana is to be told, without user and password. */
  readonly body: {
    readonly name: string;
    readonly uid: string;
    /** The id of the plugin. */
    readonly type: string;
    readonly access: string;
    readonly jsonData: {
      /** Of the plugin. */
      readonly version: string;
      readonly port: number;
      readonly [key: string]: unknown;
    };
  };
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
  /** Provisioning files of alert rules; the operator has no object that takes them all. */
  readonly alertRules: readonly string[];
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
  for (const { name: dashboard, json } of input.dashboards) assertFits(dashboard, json);
  if (input.deliver === 'operator') return operatorDashboards(input, part, place);
  if (input.deliver !== 'config_map') return [];
  for (const file of ruleFiles(input)) assertFits(file.path, file.text);
  return [
    ...input.dashboards.map((dashboard) => dashboardMap(input, dashboard, part, place)),
    ...ruleFiles(input).map((file) => alertRulesMap(file, part, place)),
  ];
}

function assertFits(where: string, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= dashboardBytesMax) return;
  throw new Problem('OBS-1304', `the file has ${bytes} bytes`, { where });
}

type RuleFile = { readonly suffix: string; readonly path: string; readonly text: string };

/** The first keeps the names that it has where there is no other. */
function ruleFiles({ alertRules }: GrafanaInput): readonly RuleFile[] {
  return alertRules.map((text, index) => {
    const number = index === 0 ? '' : `-${index + 1}`;
    const path = `alert-rules${number}.yaml`;
    return { suffix: `${alertRulesSuffix}${number}`, path, text };
  });
}

function alertRulesMap({ suffix, path, text }: RuleFile, part: Part, place: Place): ConfigMap {
  const own = metadata(part, place.namespace, suffix);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...own, labels: { ...own.labels, grafana_alert: '1' } },
    data: { [path]: text },
  };
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
function datasourceFile({ body }: Datasource): string {
  const { jsonData, ...common } = body;
  return stringify({
    apiVersion: 1,
    datasources: [
      {
        ...common,
        isDefault: true,
        jsonData: { ...jsonData, username: '$CLICKHOUSE_USER' },
        secureJsonData: { password: '$CLICKHOUSE_PASSWORD' },
        editable: false,
      },
    ],
  });
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
        ...Object.fromEntries(ruleFiles(input).map(({ path, text }) => [path, text])),
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

function pluginAt({ body }: Datasource): string {
  return `${body.type}@${body.jsonData.version}`;
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
    { name: 'GF_PLUGINS_PREINSTALL_SYNC', value: pluginAt(datasource) },
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
  const maps = ruleFiles(input).map(({ suffix, path }) => ({
    name: `${partName(part)}${suffix}`,
    items: [{ key: path, path }],
  }));
  const [only, ...others] = maps;
  const alerting = {
    name: 'alerting',
    ...(only !== undefined && others.length === 0
      ? { configMap: only }
      : { projected: { sources: maps.map((configMap) => ({ configMap })) } }),
    mountPath: `${root}/alerting`,
  };
  return [
    one('datasource', `${root}/datasources`),
    one('dashboards', `${root}/dashboards`),
    ...(shown ? [{ name: 'shown', projected: { sources }, mountPath: dashboardDir }] : []),
    ...(input.deliver === 'config_map' ? [alerting] : []),
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
  const exits = [...new Set([datasource.body.jsonData.port, portOf('https://grafana.com') ?? 443])];
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
  const { secret, body } = input.datasource;
  const { uid, jsonData, ...common } = body;
  const value = (key: string) => ({ secretKeyRef: { name: secret.name, key } });
  return {
    apiVersion: 'grafana.integreatly.org/v1beta1',
    kind: 'GrafanaDatasource',
    metadata: metadata(part, place.namespace),
    spec: {
      allowCrossNamespaceImport: true,
      instanceSelector,
      uid,
      plugins: [{ name: body.type, version: jsonData.version }],
      valuesFrom: [
        { targetPath: 'jsonData.username', valueFrom: value(secret.userKey) },
        { targetPath: 'secureJsonData.password', valueFrom: value(secret.passwordKey) },
      ],
      datasource: {
        ...common,
        isDefault: true,
        jsonData: { ...jsonData, username: `\${${secret.userKey}}` },
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

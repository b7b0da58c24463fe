/**
 * Workloads that together use every branch of this room, for its golden files and for whoever
 * checks objects against a real API server.
 */
import { writeConfig } from '../../collector/write.ts';
import { dataSourceBody } from '../../dashboards/data-source.ts';
import type { CollectorConfig, Pipeline } from '../../collector/types.ts';
import { type CollectorWorkload, noNeeds, type ProgramWorkload } from '../../collector/workload.ts';
import { agentObjects } from '../agent.ts';
import { type ClickhouseInput, clickhouseHost, clickhouseObjects, clickhouseSecrets } from '../clickhouse.ts';
import { clickhousePorts } from '../clickhouse-image.ts';
import { clickhouseUsers, snapshotsUser } from '../clickhouse-files.ts';
import { interserverUser } from '../cluster-files.ts';
import { gatewayEndpoint, gatewayObjects } from '../gateway.ts';
import { dashboardObjects, grafanaObjects, type GrafanaInput } from '../grafana.ts';
import { credentialsJob, migrateJob, schemaJob } from '../jobs.ts';
import { namespaceObjects } from '../namespaces.ts';
import type { KubernetesObject } from '../objects.ts';
import { inApplyOrder } from '../order.ts';
import type { Place } from '../place.ts';
import { programObjects } from '../program.ts';
import { type CostInput, costObjects } from '../cost.ts';
import { entitiesObjects, type EntitiesInput } from '../entities.ts';
import { snapshotCronJobs, type SnapshotsInput } from '../snapshots.ts';

export const samplePlace: Place = {
  stack: 'shop',
  namespace: 'observability',
  agentsNamespace: 'observability-agents',
  kubernetesMinor: 35,
  platform: 'generic',
  configText: ({ config, collectorVersion }) => writeConfig(config, { version: collectorVersion }),
};

const resources = { cpuRequest: '0.1', memoryRequest: '256Mi', memoryLimit: '1024Mi' };

const common = { provenance: new Map(), warnings: [], resources, collectorVersion: '0.149.0' };

const health = { name: 'health', port: 13133, protocol: 'TCP' } as const;

const toGateway = { 'otlp_grpc/gateway': { endpoint: gatewayEndpoint(samplePlace) } };

function config(
  parts: Partial<Omit<CollectorConfig, 'service'>>,
  pipelines: Readonly<Record<string, Pipeline>>,
): CollectorConfig {
  const extensions = { health_check: { endpoint: '${env:MY_POD_IP}:13133' }, ...parts.extensions };
  return {
    extensions,
    receivers: parts.receivers ?? {},
    processors: parts.processors ?? {},
    exporters: parts.exporters ?? toGateway,
    connectors: parts.connectors ?? {},
    service: { extensions: Object.keys(extensions), pipelines, telemetry: {} },
  };
}

const sendsOn = ['otlp_grpc/gateway'];

export const sampleNodeAgent: CollectorWorkload = {
  ...common,
  name: 'node-agent',
  shape: { kind: 'DaemonSet' },
  config: config(
    {
      extensions: { 'file_storage/queue': { directory: '/var/lib/otelcol/queue' } },
      receivers: {
        file_log: { include: ['/var/log/pods/*/*/*.log'] },
        kubelet_stats: {
          auth_type: 'serviceAccount',
          metrics: { 'k8s.container.cpu_limit_utilization': { enabled: true } },
        },
        otlp: { protocols: { grpc: { endpoint: '${env:MY_POD_IP}:4317' } } },
      },
      processors: { k8s_attributes: { extract: { metadata: ['k8s.pod.name'] } } },
    },
    {
      logs: { receivers: ['file_log', 'otlp'], processors: ['k8s_attributes'], exporters: sendsOn },
      metrics: { receivers: ['kubelet_stats'], processors: [], exporters: sendsOn },
    },
  ),
  needs: {
    ...noNeeds,
    hostMounts: [
      {
        name: 'pod-logs',
        hostPath: '/var/log/pods',
        mountPath: '/var/log/pods',
        readOnly: true,
        reason: 'pod logs',
      },
    ],
    env: [
      { name: 'MY_POD_IP', fieldPath: 'status.podIP' },
      { name: 'K8S_NODE_NAME', fieldPath: 'spec.nodeName' },
    ],
    ports: [health, { name: 'otlp-grpc', port: 4317, protocol: 'TCP', host: true }],
    root: { reason: 'pod logs are readable by root only' },
    stateDirs: [{ name: 'queue', mountPath: '/var/lib/otelcol/queue' }],
  },
};

export const sampleClusterAgent: CollectorWorkload = {
  ...common,
  name: 'cluster-agent',
  shape: { kind: 'Deployment', replicas: 2 },
  config: config(
    {
      extensions: {
        k8s_leader_elector: {
          lease_name: 'shop-cluster-agent',
          lease_namespace: 'observability-agents',
        },
      },
      receivers: { k8s_cluster: { k8s_leader_elector: 'k8s_leader_elector' } },
    },
    { metrics: { receivers: ['k8s_cluster'], processors: [], exporters: sendsOn } },
  ),
  needs: { ...noNeeds, env: [{ name: 'MY_POD_IP', fieldPath: 'status.podIP' }], ports: [health] },
};

/** Not root, and yet a directory on the node: the init container hands it over. */
export const samplePrometheusAgent: CollectorWorkload = {
  ...common,
  name: 'prometheus-agent',
  shape: { kind: 'DaemonSet' },
  config: config(
    {
      receivers: {
        prometheus: {
          config: {
            scrape_configs: [{ job_name: 'pods', kubernetes_sd_configs: [{ role: 'pod' }] }],
          },
        },
      },
    },
    { metrics: { receivers: ['prometheus'], processors: [], exporters: sendsOn } },
  ),
  needs: {
    ...noNeeds,
    env: [{ name: 'MY_POD_IP', fieldPath: 'status.podIP' }],
    ports: [health],
    stateDirs: [{ name: 'queue', mountPath: '/var/lib/otelcol/queue' }],
  },
};

const secret = { name: 'clickhouse', userKey: 'user', passwordKey: 'password' };

export const sampleCollectorGateway: CollectorWorkload = {
  ...common,
  name: 'gateway',
  shape: { kind: 'StatefulSet', replicas: 2, volume: '10Gi' },
  config: config(
    {
      receivers: { otlp: { protocols: { grpc: { endpoint: '${env:MY_POD_IP}:4317' } } } },
      exporters: { clickhouse: { endpoint: `tcp://${clickhouseHost(samplePlace)}:9000` } },
    },
    { traces: { receivers: ['otlp'], processors: [], exporters: ['clickhouse'] } },
  ),
  needs: {
    ...noNeeds,
    env: [
      { name: 'MY_POD_IP', fieldPath: 'status.podIP' },
      { name: 'CLICKHOUSE_PASSWORD', secret: { name: secret.name, key: secret.passwordKey } },
    ],
    ports: [health, { name: 'otlp-grpc', port: 4317, protocol: 'TCP' }],
    secretMounts: [{ name: 'tls', secret: 'clickhouse-tls', mountPath: '/etc/clickhouse-tls' }],
    stateDirs: [
      { name: 'queue', mountPath: '/var/lib/otelcol/queue' },
      { name: 'offsets', mountPath: '/var/lib/otelcol/offsets' },
    ],
  },
};

const sampleEbpf: ProgramWorkload = {
  name: 'ebpf',
  preset: 'ebpf',
  shape: { kind: 'DaemonSet' },
  image: 'ghcr.io/open-telemetry/opentelemetry-ebpf-instrumentation/ebpf-instrument:v0.13.0',
  args: [],
  needs: {
    ...noNeeds,
    hostPid: true,
    hostNetwork: true,
    capabilities: [
      { name: 'BPF', reason: 'loads programs' },
      { name: 'PERFMON', reason: 'attaches probes' },
    ],
    env: [{ name: 'OTEL_EBPF_CONFIG_PATH', value: '/etc/ebpf/config.yaml' }],
  },
  resources,
  files: { 'config.yaml': 'discovery: {}\n' },
  rules: [
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'], reason: 'names of pods' },
  ],
  servicePorts: [],
};

export const sampleGrafana: GrafanaInput = {
  deliver: 'config_map',
  deploy: {
    image: 'grafana/grafana:12.2.0',
    volume: '1Gi',
    resources,
    secret: { ...secret, name: 'grafana' },
  },
  folder: 'obsctl',
  datasource: {
    body: dataSourceBody({
      host: clickhouseHost(samplePlace),
      port: clickhousePorts.native,
      protocol: 'native',
      secure: false,
      database: 'otel',
    }),
    secret: clickhouseSecrets(secret).reader,
  },
  dashboards: [{ name: 'services', json: '{"uid":"obsctl-services","title":"Services"}' }],
  alertRules: ['apiVersion: 1\ngroups: []\n'],
};

const ownImage = 'registry.example/obs/obsctl:0.1.0';

export const sampleSnapshots: SnapshotsInput = {
  image: ownImage,
  stackText: 'name: shop\nsnapshots: []\n',
  jobs: [
    { name: 'orders', schedule: '0 * * * *', variable: 'SHOP_DSN', files: ['shop-ca.crt'] },
    { name: 'a-name-that-is-as-long-as-it-may-be-here', schedule: '*/5 1-3 * 1,6 mon-fri', files: [] },
  ],
  clickhouseUrl: `http://${clickhouseHost(samplePlace)}:${clickhousePorts.http}/otel`,
  secret: clickhouseSecrets(secret).snapshots,
  ports: [clickhousePorts.http, 5432, 5432],
};

/** Two of them, of which one writes. */
const sampleEntities: EntitiesInput = {
  image: ownImage,
  cluster: 'test',
  labels: ['team'],
  annotations: ['example.com/owner'],
  replicas: 2,
  paths: ['/api/v1/pods', '/api/v1/nodes', '/apis/apps/v1/deployments'],
  clickhouseUrl: `http://${clickhouseHost(samplePlace)}:${clickhousePorts.http}/otel`,
  secret: clickhouseSecrets(secret).gateway,
  port: clickhousePorts.http,
};

const sampleCost: CostInput = {
  image: ownImage,
  labels: { team: ['team', 'example.com/team'], owner: ['owner'], costCenter: [] },
  clickhouseUrl: sampleEntities.clickhouseUrl,
  secret: sampleEntities.secret,
  port: clickhousePorts.http,
};

/** Replicas of shards, as they are rendered beside our own gateway. */
export const sampleTopology = { shards: 2, replicas: 2, keepers: 3 };

/** One server. */
export const sampleClickhouse: ClickhouseInput = {
  image: 'clickhouse/clickhouse-server:25.8',
  database: 'otel',
  volume: '50Gi',
  resources,
  topology: { shards: 1, replicas: 1, keepers: 0 },
  keeper: { volume: '10Gi', resources },
  secrets: clickhouseSecrets(secret),
};

/** Everything in the cluster, with the gateway of one flavor. */
export function sampleObjects(
  flavor: 'collector' | 'obsctl',
  place: Place = samplePlace,
): readonly KubernetesObject[] {
  const secrets = clickhouseSecrets(secret);
  const clickhouseUrl = `http://${clickhouseHost(place)}:${clickhousePorts.http}/otel`;
  const image = ownImage;
  const objects = [
    ...agentObjects(sampleNodeAgent, place),
    ...agentObjects(sampleClusterAgent, place),
    ...agentObjects(samplePrometheusAgent, place),
    ...programObjects(sampleEbpf, place),
    ...gatewayObjects(
      flavor === 'collector'
        ? { flavor, workload: sampleCollectorGateway }
        : {
            flavor,
            image,
            stackText: 'name: shop\n',
            replicas: 2,
            volume: '10Gi',
            storageClass: 'fast-ssd',
            resources,
            graceS: 30,
            clickhouse: [[clickhouseUrl]],
            secret,
            autoscale: { min: 2, max: 6 },
            dogstatsd: true,
          },
      place,
    ),
    ...clickhouseObjects(
      {
        ...sampleClickhouse,
        ...(flavor === 'obsctl' && { topology: sampleTopology, snapshots: ['orders'] }),
      },
      place,
    ),
    ...(flavor === 'obsctl' ? snapshotCronJobs(sampleSnapshots, place) : []),
    ...(flavor === 'obsctl' ? entitiesObjects(sampleEntities, place) : []),
    ...(flavor === 'obsctl' ? costObjects(sampleCost, place) : []),
    ...credentialsJob(
      [
        { secret: secrets.gateway, user: clickhouseUsers.gateway.name },
        { secret: secrets.schema, user: clickhouseUsers.schema.name },
        { secret: secrets.reader, user: clickhouseUsers.reader.name },
        ...(flavor === 'obsctl'
          ? [
              { secret: secrets.snapshots, user: snapshotsUser.name },
              { secret: secrets.cluster, user: interserverUser },
            ]
          : []),
        { secret: { ...secret, name: 'grafana' }, user: 'admin' },
      ],
      place,
    ),
    ...(flavor === 'collector'
      ? schemaJob(
          {
            image: 'clickhouse/clickhouse-server:25.8',
            ddl: 'CREATE DATABASE IF NOT EXISTS otel ENGINE = Atomic;\n',
            host: clickhouseHost(place),
            port: clickhousePorts.native,
            secure: false,
            secret: secrets.schema,
          },
          place,
        )
      : migrateJob(
          { image, clickhouseUrl, port: clickhousePorts.http, args: [], secret: secrets.schema },
          place,
        )),
    ...grafanaObjects(sampleGrafana, place),
    ...dashboardObjects(sampleGrafana, place),
  ];
  return inApplyOrder([...namespaceObjects(objects, place), ...objects]);
}

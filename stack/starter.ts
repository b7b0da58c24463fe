/** The file that `obsctl init` writes: works as it is, and says beside each key what it is for. */
import { stringify } from 'yaml';
import type { JsonObject } from '../core/json.ts';
import { asTyped } from './document.ts';

export type StarterAnswers = {
  readonly name: string;
  readonly cluster: string;
  readonly platform: string;
  /** HTTP interface of a ClickHouse that exists; absent: one is rendered. */
  readonly clickhouseUrl?: string;
  /** Network plugin whose metrics are wanted. */
  readonly cni?: string;
  readonly grafana: boolean;
  /** Sections that something else has written already, taken as they are. */
  readonly sections?: StarterSections;
};

export type StarterSections = {
  readonly clickhouse: JsonObject;
  readonly grafana?: JsonObject;
};

export const starterDefaults: StarterAnswers = {
  name: 'obs',
  cluster: 'default',
  platform: 'generic',
  grafana: true,
};

/** Beside the starter file, so that editors complete and check it without a network. */
export const schemaFileName = 'obs.schema.json';

/** `obs.yaml`, whole. */
export function starterFile(answers: StarterAnswers): string {
  const { name, cluster, platform } = answers;
  return [
    `# yaml-language-server: $schema=./${schemaFileName}`,
    '# One file for agents, gateway, ClickHouse and Grafana.',
    '#   obsctl validate                                       says everything that is wrong',
    '#   obsctl render | kubectl apply --server-side -f -      makes it so',
    '#   obsctl explain gateway.volume                         what a key means, and its default',
    '',
    noted(`name: ${asTyped(name)}`, 'every object is named after it'),
    noted(`cluster: ${asTyped(cluster)}`, 'k8s.cluster.name on everything that is collected'),
    noted(`platform: ${asTyped(platform)}`, 'obsctl validate says what does not work there'),
    '',
    '# Your cluster, as `kubectl version` prints it; the rights of the agents follow it.',
    'kubernetes:',
    '  version: "1.33"',
    '',
    ...clickhousePart(answers),
    '',
    '# Takes OTLP from the agents and keeps it on disk until ClickHouse has it.',
    'gateway:',
    '  replicas: 2',
    noted('  volume: 10Gi', 'of each: how long ClickHouse may be away'),
    '',
    '# On every node. A preset is on when its key is here; {} means its defaults.',
    'node_agent:',
    '  presets:',
    '    pod_logs: {}',
    '    host_metrics: {}',
    '    kubelet_metrics: {}',
    ...cniPart(answers),
    '',
    '# Once in the cluster.',
    'cluster_agent:',
    '  presets:',
    '    cluster_metrics: {}',
    '    kubernetes_events: {}',
    '    # kubernetes_objects: {}',
    '',
    '# Scrapes pods that have the annotation prometheus.io/scrape: "true".',
    'prometheus_agent:',
    '  mode: daemonset',
    '  annotations: true',
    ...grafanaPart(answers),
    '',
    '# Further OTLP back ends that get the same.',
    '# extra_exporters:',
    '#   vendor:',
    '#     endpoint: https://otlp.example.com:4317',
    '#     signals: [traces]',
    '#     headers: {authorization: {secret: vendor, key: header}}',
    '',
  ].join('\n');
}

const noteColumn = 24;

function noted(line: string, note: string): string {
  return `${line.padEnd(noteColumn)}  # ${note}`;
}

function clickhousePart({ clickhouseUrl, sections }: StarterAnswers): readonly string[] {
  const retention = [
    noted('  retention:', 'whole days; older items are dropped'),
    '    traces: 7d',
    '    logs: 7d',
    '    metrics: 30d',
  ];
  if (sections !== undefined) {
    return [
      '# Where everything is stored. User and password are in the Secret, never in this file.',
      ...sectionLines('clickhouse', sections.clickhouse),
      ...('retention' in sections.clickhouse ? [] : retention),
    ];
  }
  if (clickhouseUrl === undefined) {
    return [
      '# Where everything is stored.',
      'clickhouse:',
      noted('  mode: in_cluster', 'or external, with url: https://your.clickhouse:8443'),
      '  volume: 50Gi',
      ...retention,
    ];
  }
  return [
    '# Where everything is stored. User and password are in the Secret, never in this file.',
    'clickhouse:',
    '  mode: external',
    `  url: ${asTyped(clickhouseUrl)}`,
    '  credentials: {secret: clickhouse, user_key: user, password_key: password}',
    ...retention,
  ];
}

function cniPart({ cni }: StarterAnswers): readonly string[] {
  return [cni === undefined ? '    # cni: {kind: cilium}' : `    cni: {kind: ${asTyped(cni)}}`];
}

function sectionLines(key: string, section: JsonObject): readonly string[] {
  return stringify({ [key]: section }, { lineWidth: 0, compat: 'yaml-1.1' })
    .trimEnd()
    .split('\n');
}

function grafanaPart({ grafana, sections }: StarterAnswers): readonly string[] {
  if (!grafana) return [];
  if (sections?.grafana !== undefined) {
    return ['', '# A Grafana that exists.', ...sectionLines('grafana', sections.grafana)];
  }
  return [
    '',
    '# A Grafana with the data source and the dashboards.',
    'grafana:',
    '  deliver: config_map',
  ];
}

/**
 * What keys mean together. The rules read the values as they are in the file, so that a default
 * contradicts nobody, and they hold for every file: none of them throws on any value.
 */
import { agentRules } from './agent-rules.ts';
import type { KeyPath } from './document.ts';
import { keysOfFlavor, queueShareMax, replicasDefault } from './gateway.ts';
import { guardRules } from './guard-rules.ts';
import type { PlacelessFault } from './issues.ts';
import { bytesOf, clash, isRawMap, mapAt, type RawMap, type Rule, text } from './raw.ts';
import { redactionRules } from './redaction-rules.ts';
import { routingRules } from './routing-rules.ts';
import { entitiesRules, productRules, snapshotRules } from './snapshot-rules.ts';

/** Every rule over one file. */
export function faultsOfRules(stack: unknown): readonly PlacelessFault[] {
  if (!isRawMap(stack)) return [];
  return [...rules, ...agentRules].flatMap((rule) => rule(stack));
}

const inClusterKeys = [
  'topology',
  'keeper',
  'image',
  'volume',
  'storage_class',
  'resources',
] as const;

function clickhouseMode(stack: RawMap): readonly PlacelessFault[] {
  const clickhouse = mapAt(stack, 'clickhouse');
  const mode = clickhouse['mode'] ?? 'in_cluster';
  if (!['in_cluster', 'external', 'embedded'].includes(String(mode))) return [];
  const faults: PlacelessFault[] = [];
  if (mode === 'external' && clickhouse['url'] === undefined) {
    faults.push({
      path: ['clickhouse', 'mode'],
      on: 'value',
      code: 'OBS-1206',
      message: 'clickhouse.mode is external, but there is no clickhouse.url',
      expected: 'the HTTP interface of your ClickHouse',
      next: 'Add “url: https://abc.example:8443” under clickhouse.',
    });
  }
  if (mode !== 'external' && clickhouse['url'] !== undefined) {
    faults.push(
      clash(
        ['clickhouse', 'url'],
        `clickhouse.url is for an external ClickHouse, and clickhouse.mode is ${text(mode)}`,
        'Set “mode: external”, or take the URL out.',
      ),
    );
  }
  if (mode === 'in_cluster') return faults;
  for (const key of inClusterKeys) {
    if (clickhouse[key] === undefined) continue;
    faults.push(
      clash(
        ['clickhouse', key],
        `clickhouse.${key} is for a ClickHouse that is rendered here, ` +
          `and clickhouse.mode is ${text(mode)}`,
        'Set “mode: in_cluster”, or take the key out.',
      ),
    );
  }
  return faults;
}

/** Servers agree by Keeper, and Keepers by majority. */
function clickhouseTopology(stack: RawMap): readonly PlacelessFault[] {
  const topology = mapAt(stack, 'clickhouse', 'topology');
  const path = (key: string): KeyPath => ['clickhouse', 'topology', key];
  const { shards = 1, replicas = 1, keepers = 0 } = topology;
  if (typeof keepers !== 'number') return [];
  if (keepers > 0 && keepers % 2 === 0) {
    return [
      {
        path: path('keepers'),
        on: 'value',
        code: 'OBS-1207',
        message:
          `${keepers} Keepers bear no more losses than ${keepers - 1}, and are one more that can ` +
          'be lost: more than half must stay',
        expected: 'an odd number',
        next: `Use ${keepers + 1}.`,
      },
    ];
  }
  const several = [
    ['shards', shards],
    ['replicas', replicas],
  ] as const;
  if (keepers > 0) return [];
  return several
    .filter(([, value]) => typeof value === 'number' && value > 1)
    .map(([key, value]) => ({
      path: path(key),
      on: 'value' as const,
      code: 'OBS-1206' as const,
      message: `${value} ${key} of ClickHouse agree by Keeper, and clickhouse.topology has none`,
      expected: '“keepers: 3” beside it, or 1',
      next: 'Add “keepers: 3” under topology: one of three may be lost.',
    }));
}

/** More replicas than are rendered never have an insert, and nothing would ever be delivered. */
function insertQuorum(stack: RawMap): readonly PlacelessFault[] {
  const { insert_quorum: quorum } = mapAt(stack, 'gateway');
  const clickhouse = mapAt(stack, 'clickhouse');
  const { replicas = 1 } = mapAt(stack, 'clickhouse', 'topology');
  if (quorum === undefined || (clickhouse['mode'] ?? 'in_cluster') !== 'in_cluster') return [];
  const wanted = quorum === 'auto' ? 2 : quorum;
  if (typeof wanted !== 'number' || typeof replicas !== 'number' || wanted <= replicas) return [];
  return [
    {
      path: ['gateway', 'insert_quorum'],
      on: 'value',
      code: 'OBS-1207',
      message: `gateway.insert_quorum is ${text(quorum)}, and a shard has ${replicas} replicas`,
      expected: 'at most clickhouse.topology.replicas, which is 2 or more',
      next: 'Take the key out, or raise replicas.',
    },
  ];
}

function gatewayFlavor(stack: RawMap): readonly PlacelessFault[] {
  const gateway = mapAt(stack, 'gateway');
  const given = gateway['flavor'];
  const flavor = given ?? (gateway['image'] === undefined ? 'collector' : 'obsctl');
  if (flavor !== 'collector' && flavor !== 'obsctl') return [];
  const faults: PlacelessFault[] = [];
  if (given === 'obsctl' && gateway['image'] === undefined) {
    faults.push({
      path: ['gateway', 'flavor'],
      on: 'value',
      code: 'OBS-1206',
      message: 'gateway.flavor is obsctl, but there is no gateway.image',
      expected: "the image of obsctl's gateway, which you make with the project's Dockerfile",
      next: 'Add “image: registry.example/obs/obsctl:0.1.0”, or use “flavor: collector”.',
    });
  }
  if (given === 'collector' && gateway['image'] !== undefined) {
    faults.push(
      clash(
        ['gateway', 'image'],
        "gateway.image is the image of obsctl's own gateway, and gateway.flavor is collector",
        'Take the image out, or use “flavor: obsctl”. collector.image changes the Collector.',
      ),
    );
  }
  const other = flavor === 'collector' ? 'obsctl' : 'collector';
  for (const key of keysOfFlavor[other]) {
    if (gateway[key] === undefined) continue;
    faults.push(
      clash(
        ['gateway', key],
        `gateway.${key} is read by the flavor ${other}, and this gateway is of the flavor ` +
          flavor,
        other === 'obsctl' ? 'Take it out, or set gateway.image.' : 'Take it out.',
      ),
    );
  }
  return faults;
}

function gatewayQueue(stack: RawMap): readonly PlacelessFault[] {
  const gateway = mapAt(stack, 'gateway');
  const queue = bytesOf(gateway['queue_size']);
  const volume = bytesOf(gateway['volume'] ?? '10Gi');
  if (queue === undefined || volume === undefined || queue <= volume * queueShareMax) return [];
  return [
    clash(
      ['gateway', 'queue_size'],
      `gateway.queue_size ${text(gateway['queue_size'])} does not fit into four fifths of ` +
        `gateway.volume, ${text(gateway['volume'] ?? '10Gi')}`,
      'Take queue_size out, so that it follows the volume, or raise the volume.',
    ),
  ];
}

function gatewayScale(stack: RawMap): readonly PlacelessFault[] {
  const gateway = mapAt(stack, 'gateway');
  const { replicas = replicasDefault, replicas_max: most } = gateway;
  if (typeof most !== 'number' || typeof replicas !== 'number' || most > replicas) return [];
  return [
    clash(
      ['gateway', 'replicas_max'],
      `gateway.replicas_max ${most} leaves the autoscaler nothing to start: ` +
        `gateway.replicas is ${replicas}`,
      'Raise replicas_max, or take it out, so that no autoscaler is rendered.',
    ),
  ];
}

function grafanaDelivery(stack: RawMap): readonly PlacelessFault[] {
  const grafana = mapAt(stack, 'grafana');
  const deliver = grafana['deliver'] ?? 'config_map';
  if (!['config_map', 'files', 'operator', 'push'].includes(String(deliver))) return [];
  const faults: PlacelessFault[] = [];
  if (deliver === 'push' && grafana['url'] === undefined) {
    faults.push({
      path: ['grafana', 'deliver'],
      on: 'value',
      code: 'OBS-1206',
      message: 'grafana.deliver is push, but there is no grafana.url',
      expected: 'the address of your Grafana',
      next: 'Add “url: https://grafana.example” under grafana.',
    });
  }
  if (deliver !== 'push' && grafana['url'] !== undefined) {
    const message = `grafana.url is where push sends to, and grafana.deliver is ${text(deliver)}`;
    faults.push(clash(['grafana', 'url'], message, 'Set “deliver: push”, or take the URL out.'));
  }
  const deploys = grafana['deploy'] ?? deliver === 'config_map';
  if (deploys === true && deliver !== 'config_map') {
    faults.push(
      clash(
        ['grafana', 'deploy'],
        `grafana.deploy renders a Grafana that reads ConfigMaps, and grafana.deliver is ` +
          text(deliver),
        'Set “deploy: false”, or “deliver: config_map”.',
      ),
    );
  }
  if (deploys !== false) return faults;
  for (const key of ['image', 'volume', 'resources'] as const) {
    if (grafana[key] === undefined) continue;
    const message = `grafana.${key} is for a Grafana that is rendered here, and none is`;
    faults.push(clash(['grafana', key], message, 'Set “deploy: true”, or take the key out.'));
  }
  return faults;
}

function secretsInText(stack: RawMap): readonly PlacelessFault[] {
  const faults: PlacelessFault[] = [];
  for (const path of [
    ['clickhouse', 'url'],
    ['grafana', 'url'],
  ] as const) {
    const url = mapAt(stack, path[0])[path[1]];
    if (typeof url !== 'string' || !userInUrl.test(url)) continue;
    faults.push({
      path,
      on: 'value',
      code: 'OBS-1210',
      message: `${path.join('.')} carries a user or a password`,
      expected: 'the address alone',
      next:
        path[0] === 'clickhouse'
          ? 'Take it out of the URL; clickhouse.credentials names the Secret.'
          : 'Take it out of the URL; the token comes from GRAFANA_TOKEN.',
    });
  }
  for (const [name, exporter] of Object.entries(mapAt(stack, 'extra_exporters'))) {
    const { endpoint } = mapAt(exporter);
    if (typeof endpoint === 'string' && userInUrl.test(endpoint)) {
      faults.push({
        path: ['extra_exporters', name, 'endpoint'],
        on: 'value',
        code: 'OBS-1210',
        message: `the endpoint of “${name}” carries a user or a password`,
        expected: 'the address alone',
        next: 'Put them into a Secret, and name it under headers: {authorization: {secret, key}}.',
      });
    }
    for (const [header, value] of Object.entries(mapAt(exporter, 'headers'))) {
      if (typeof value !== 'string' || !secretHeader.test(header)) continue;
      faults.push({
        path: ['extra_exporters', name, 'headers', header],
        on: 'value',
        code: 'OBS-1210',
        message: `the header ${header} looks like a secret, and it would be rendered as it is`,
        expected: 'a key of a Secret, for example {secret: backend-token, key: header}',
        next: 'Put the value into a Secret in the namespaces of the exporters, and name it here.',
      });
    }
  }
  return faults;
}

const userInUrl = /^[a-z]+:\/\/[^/?#]*@/i;
const secretHeader = /auth|token|secret|passw|cookie|api[-_]?key|access[-_]?key|license/i;

function namespaces(stack: RawMap): readonly PlacelessFault[] {
  const system = stack['namespace'] ?? 'observability';
  const agents = stack['agents_namespace'] ?? 'observability-agents';
  if (system !== agents) return [];
  const key = stack['agents_namespace'] === undefined ? 'namespace' : 'agents_namespace';
  return [
    clash(
      [key],
      `namespace and agents_namespace are both “${text(system)}”: what agents need of their ` +
        'nodes would be allowed to everything else too',
      'Use two namespaces.',
    ),
  ];
}

/** A limit below what is reserved is refused by the API server, pod by pod. */
function resourceLimits(stack: RawMap): readonly PlacelessFault[] {
  const faults: PlacelessFault[] = [];
  const visit = (map: RawMap, path: KeyPath): void => {
    if (path.length > resourcesDepthMax) return;
    const request = bytesOf(map['memory_request']);
    const limit = bytesOf(map['memory_limit']);
    if (request !== undefined && limit !== undefined && limit < request) {
      faults.push(
        clash(
          [...path, 'memory_limit'],
          `the limit ${text(map['memory_limit'])} is below what is reserved, ` +
            `${text(map['memory_request'])}`,
          'Raise memory_limit, or lower memory_request.',
        ),
      );
    }
    for (const [key, child] of Object.entries(map))
      if (isRawMap(child)) visit(child, [...path, key]);
  };
  visit(stack, []);
  return faults;
}

/** Deepest place of a map of resources in the schema, and some. */
const resourcesDepthMax = 8;

const rules: readonly Rule[] = [
  clickhouseMode,
  clickhouseTopology,
  insertQuorum,
  gatewayFlavor,
  gatewayQueue,
  gatewayScale,
  redactionRules,
  guardRules,
  grafanaDelivery,
  routingRules,
  snapshotRules,
  entitiesRules,
  productRules,
  secretsInText,
  namespaces,
  resourceLimits,
];

/** What the keys of agents and presets mean together. */
import type { PlacelessFault } from './issues.ts';
import { clash, isRawMap, mapAt, type RawMap, type Rule } from './raw.ts';

/** Presets that would store every series twice when two agents have them. */
const oncePerCluster = ['kube_state_metrics', 'control_plane'] as const;

function scrapedTwice(stack: RawMap): readonly PlacelessFault[] {
  const cluster = mapAt(stack, 'cluster_agent', 'presets');
  const prometheus = mapAt(stack, 'prometheus_agent', 'presets');
  return oncePerCluster
    .filter((preset) => isOn(cluster, preset) && isOn(prometheus, preset))
    .map((preset) =>
      clash(
        ['prometheus_agent', 'presets', preset],
        `${preset} is on in cluster_agent and in prometheus_agent: every series would be ` +
          'stored twice',
        'Keep it in one of the two.',
      ),
    );
}

function scrapeWithoutLeader(stack: RawMap): readonly PlacelessFault[] {
  const agent = mapAt(stack, 'cluster_agent');
  const { replicas } = agent;
  if (typeof replicas !== 'number' || replicas <= 1) return [];
  return oncePerCluster
    .filter((preset) => isOn(mapAt(agent, 'presets'), preset))
    .map((preset) =>
      clash(
        ['cluster_agent', 'presets', preset],
        `cluster_agent has ${replicas} replicas, and ${preset} scrapes, which has no leader: ` +
          'every series would be stored once a replica',
        `Move ${preset} to prometheus_agent, or use one replica.`,
      ),
    );
}

function prometheusModes(stack: RawMap): readonly PlacelessFault[] {
  const agent = mapAt(stack, 'prometheus_agent');
  const mode = agent['mode'] ?? 'daemonset';
  if (!['deployment', 'statefulset', 'daemonset'].includes(String(mode))) return [];
  const presets = mapAt(agent, 'presets');
  const faults: PlacelessFault[] = [];
  if (agent['shards'] !== undefined && mode !== 'statefulset') {
    faults.push(
      clash(
        ['prometheus_agent', 'shards'],
        `prometheus_agent.shards is read in the mode statefulset, and the mode is ${String(mode)}`,
        'Set “mode: statefulset”, or take the key out.',
      ),
    );
  }
  if (mode === 'daemonset' && isOn(presets, 'control_plane')) {
    faults.push(
      clash(
        ['prometheus_agent', 'presets', 'control_plane'],
        'in the mode daemonset each pod scrapes its own node, and the control plane is on none',
        'Move control_plane to cluster_agent, or use “mode: deployment”.',
      ),
    );
  }
  if (agent['annotations'] === false && isOn(presets, 'prometheus_annotations')) {
    faults.push(
      clash(
        ['prometheus_agent', 'annotations'],
        'prometheus_agent.annotations is false, but the preset prometheus_annotations is on',
        'Take one of the two out.',
      ),
    );
  }
  return faults;
}

/** Who can take remote write: our own gateway, where this file knows its HTTP address. */
function remoteWriteIsTaken(stack: RawMap): readonly PlacelessFault[] {
  if (mapAt(stack, 'prometheus_agent')['export'] !== 'remote_write') return [];
  const path = ['prometheus_agent', 'export'];
  const gateway = mapAt(stack, 'gateway');
  if (gateway['endpoint'] !== undefined) {
    const message =
      'prometheus_agent.export is remote_write, and gateway.endpoint is an OTLP/gRPC address';
    return [clash(path, message, 'Use “export: otlp”.')];
  }
  if (isOwnGateway(gateway)) return [];
  const message =
    'prometheus_agent.export is remote_write, and gateway.flavor collector takes OTLP only';
  const next = "Use “export: otlp”, or set gateway.image, the image of obsctl's own gateway.";
  return [clash(path, message, next)];
}

function countedTwice(stack: RawMap): readonly PlacelessFault[] {
  const isOnIn = (agent: string) => isOn(mapAt(stack, agent, 'presets'), 'span_metrics');
  if (!isOnIn('node_agent') || !isOnIn('sampler')) return [];
  return [
    clash(
      ['sampler', 'presets', 'span_metrics'],
      'span_metrics is on in node_agent and in sampler: every request would be counted twice',
      'Keep it in one of the two.',
    ),
  ];
}

function costReadsThem(stack: RawMap): readonly PlacelessFault[] {
  const presets = mapAt(stack, 'prometheus_agent', 'presets');
  if (!isOn(presets, 'cost')) return [];
  return (['cadvisor', 'kube_state_metrics'] as const)
    .filter((preset) => isOn(presets, preset))
    .map((preset) =>
      clash(
        ['prometheus_agent', 'presets', preset],
        `cost reads ${preset} too, so every series would be stored twice`,
        'Keep one of the two: cost has the few metrics that costs are computed from.',
      ),
    );
}

function offAndOn(stack: RawMap): readonly PlacelessFault[] {
  return (['node_agent', 'cluster_agent'] as const).flatMap((key) => {
    const agent = mapAt(stack, key);
    const { off } = agent;
    if (!Array.isArray(off)) return [];
    const presets = mapAt(agent, 'presets');
    return off.flatMap((name: unknown, index) =>
      typeof name === 'string' && isOn(presets, name)
        ? [
            clash(
              [key, 'off', index],
              `${name} is in ${key}.off and in ${key}.presets`,
              'Take it out of one of the two.',
            ),
          ]
        : [],
    );
  });
}

function cniKind(stack: RawMap): readonly PlacelessFault[] {
  const cni = mapAt(stack, 'node_agent', 'presets', 'cni');
  if (typeof cni['kind'] !== 'string' || cni['kind'] === 'cilium') return [];
  return (['hubble', 'envoy'] as const)
    .filter((key) => cni[key] === true)
    .map((key) =>
      clash(
        ['node_agent', 'presets', 'cni', key],
        `${key} belongs to Cilium, and cni.kind is ${cni['kind']}`,
        'Take the key out.',
      ),
    );
}

function samePorts(stack: RawMap): readonly PlacelessFault[] {
  const ingest = mapAt(stack, 'node_agent', 'presets', 'otlp_ingest');
  const grpc = ingest['grpc_port'] ?? grpcPort;
  const http = ingest['http_port'] ?? httpPort;
  if (grpc !== http) return [];
  const key = ingest['http_port'] === undefined ? 'grpc_port' : 'http_port';
  return [
    clash(
      ['node_agent', 'presets', 'otlp_ingest', key],
      `OTLP over gRPC and over HTTP would both listen on ${String(grpc)}`,
      'Use two ports.',
    ),
  ];
}

const grpcPort = 4317;
const httpPort = 4318;

/** Names of agents in `extra_exporters` to their keys in the file. */
const keyOfAgent: Readonly<Record<string, string>> = {
  'node-agent': 'node_agent',
  'cluster-agent': 'cluster_agent',
  'prometheus-agent': 'prometheus_agent',
  sampler: 'sampler',
};

function exportersHaveAgents(stack: RawMap): readonly PlacelessFault[] {
  const ours = isOwnGateway(mapAt(stack, 'gateway'));
  return Object.entries(mapAt(stack, 'extra_exporters')).flatMap(([name, exporter]) => {
    if (!isRawMap(exporter)) return [];
    const given = exporter['agents'];
    const agents: readonly unknown[] = Array.isArray(given) ? given : ['gateway'];
    const path = (index: number) =>
      Array.isArray(given) ? ['extra_exporters', name, 'agents', index] : ['extra_exporters', name];
    return agents.flatMap((agent, index) => {
      const key = keyOfAgent[String(agent)];
      if (key !== undefined && stack[key] === undefined) {
        const message = `${String(agent)} would send to “${name}”, but there is no ${key}`;
        return [clash(path(index), message, `Add “${key}: {}”, or name another agent.`)];
      }
      if (agent !== 'gateway' || !ours) return [];
      const message = `“${name}” gets its data from the gateway, and obsctl's own has no exporters`;
      const next = `Add “agents: [node-agent]” to “${name}”, or use “flavor: collector”.`;
      return [clash(path(index), message, next)];
    });
  });
}

function isOwnGateway(gateway: RawMap): boolean {
  return (gateway['flavor'] ?? (gateway['image'] && 'obsctl')) === 'obsctl';
}

/** Whether a preset's key is there, and not switched off in its options. */
function isOn(presets: RawMap, name: string): boolean {
  const options = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (options === undefined || options === false) return false;
  return !(isRawMap(options) && options['enabled'] === false);
}

export const agentRules: readonly Rule[] = [
  scrapedTwice,
  scrapeWithoutLeader,
  prometheusModes,
  remoteWriteIsTaken,
  countedTwice,
  costReadsThem,
  offAndOn,
  cniKind,
  samePorts,
  exportersHaveAgents,
];

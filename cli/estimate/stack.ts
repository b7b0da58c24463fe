/**
 * What a stack file sends, before anything is applied: series of its presets by node, and the
 * events a second that they and the applications make. Pure.
 */
import type { Question } from './estimate.ts';

/** What a cluster is like; the file cannot know. */
export type ClusterSize = {
  readonly nodes: number;
  readonly podsPerNode: number;
  readonly containersPerPod: number;
  readonly coresPerNode: number;
  /** A second. */
  readonly logsPerPod: number;
  readonly spansPerPod: number;
};

type Series = {
  readonly node?: number;
  readonly core?: number;
  readonly pod?: number;
  readonly container?: number;
  /** Once, whatever the size. */
  readonly cluster?: number;
  /** What was counted, as its README says it (`estimate-stack.test.ts` compares). */
  readonly source: string;
};

/** A machine with one disk, two file systems and one network interface; three pods a workload. */
// biome-ignore format: a table reads as a table, one preset a line
export const seriesOf: Readonly<Record<string, Series>> = {
  host_metrics: { node: 38 + 11 + 2 * 6 + 8, core: 16, source: '38 a node, and for each core 16 (8 without `utilization`), disk 11, file system 6, interface 8' },
  kubelet_metrics: { node: 15 + 4, pod: 15, container: 11, source: '11 a container, 15 a pod, 15 a node and 4 more for each of its interfaces' },
  cluster_metrics: { node: 6, pod: 12 + 4 / 3, source: 'about 12 a pod with one container, 6 a node and condition list, 3 to 5 a workload' },
  cadvisor: { container: 18, source: 'about 18 a container with the default list' },
  kube_state_metrics: { node: 30, pod: 40 + 15 / 3, source: 'about 40 a pod, 30 a node, 15 a Deployment' },
  cost: { node: 10, pod: 6, container: 4 + 6, source: '4 a container, 6 a container and pod of kube-state-metrics, 10 a node' },
  control_plane: { cluster: 2000 + 2 * 100 + 300, source: 'about 2 000 an API server with the allow list (over 10 000 without), 100 a CoreDNS pod, 300 an etcd member' },
};

const cniSource =
  'a node: Cilium about 150, Calico 60, AWS VPC CNI 80, Flannel 24; Hubble by its own labels';
const cniSeries: Readonly<Record<string, number>> = {
  ...{ cilium: 150, calico: 60, aws_vpc: 80, flannel: 24 },
};
/** Of a kind of CNI that nobody counted: as the one with most. */
const cniSeriesMax = 150;

/** «some hundred an hour» and as many changes of objects. */
const kubernetesRecordsAnHour = 300;
const withRecords: ReadonlySet<string> = new Set(['kubernetes_events', 'kubernetes_objects']);
/** Presets that make neither series nor records of their own. */
const silent: ReadonlySet<string> = new Set([
  ...['otlp_ingest', 'kubernetes_attributes', 'resource_detection', 'persistent_queue'],
  ...['tail_sampling', 'log_dedup', 'extra_exporters', 'pod_logs', 'kafka', ...withRecords],
]);

const intervalSecondsDefault = 30;

type PresetSeries = {
  readonly preset: string;
  readonly perNode: number;
  readonly total: number;
  readonly intervalSeconds: number;
  readonly pointsPerSecond: number;
  readonly source: string;
};

export type StackVolume = {
  readonly presets: readonly PresetSeries[];
  readonly seriesPerNode: number;
  readonly series: number;
  readonly perSecond: Readonly<Record<'spans' | 'logs' | 'points', number>>;
  /** Presets whose series depend on what they find. */
  readonly notCounted: readonly string[];
};

type Presets = Readonly<Record<string, readonly unknown[]>>;

export function stackVolume(presets: Presets, size: ClusterSize): StackVolume {
  const names = Object.keys(presets).sort();
  const counted = names.flatMap((name) => {
    const series = name === 'cni' ? cniOf(presets[name]) : seriesOf[name];
    return series === undefined ? [] : [presetSeries(name, series, presets[name], size)];
  });
  const sum = (key: 'perNode' | 'total' | 'pointsPerSecond'): number =>
    counted.reduce((total, one) => total + one[key], 0);
  const pods = size.nodes * size.podsPerNode;
  const has = (name: string): boolean => presets[name] !== undefined;
  const records = names.filter((name) => withRecords.has(name)).length;
  return {
    presets: counted,
    seriesPerNode: sum('perNode'),
    series: sum('total'),
    perSecond: {
      spans: has('otlp_ingest') ? pods * size.spansPerPod : 0,
      logs:
        (has('pod_logs') ? pods * size.logsPerPod : 0) + (records * kubernetesRecordsAnHour) / 3600,
      points: sum('pointsPerSecond'),
    },
    notCounted: names.filter(
      (name) => !silent.has(name) && !counted.some(({ preset }) => preset === name),
    ),
  };
}

/** The same as the rate and mix that {@link Question} asks about. */
export function volumeQuestion({
  perSecond,
}: StackVolume): Pick<Question, 'eventsPerSecond' | 'mix'> {
  const { spans, logs, points } = perSecond;
  return { eventsPerSecond: spans + logs + points, mix: { spans, logs, points } };
}

function presetSeries(
  preset: string,
  series: Series,
  options: readonly unknown[] | undefined,
  size: ClusterSize,
): PresetSeries {
  const { node = 0, core = 0, pod = 0, container = 0, cluster = 0, source } = series;
  const perNode = Math.round(
    node + core * size.coresPerNode + size.podsPerNode * (pod + container * size.containersPerPod),
  );
  const total = perNode * size.nodes + cluster;
  const intervalSeconds = intervalOf(options);
  return {
    ...{ preset, perNode, total, intervalSeconds, source },
    pointsPerSecond: total / intervalSeconds,
  };
}

function cniOf(options: readonly unknown[] | undefined): Series {
  const kind = String(Object(options?.[0]).kind);
  return { node: cniSeries[kind] ?? cniSeriesMax, source: cniSource };
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** Of a preset in several agents the shortest. */
function intervalOf(options: readonly unknown[] | undefined): number {
  const all = (options ?? []).flatMap((one) => {
    const text = Object(one).collection_interval ?? Object(one).scrape_interval;
    if (typeof text !== 'string') return [];
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
    return parts.reduce((sum, [, n, unit = 's']) => sum + Number(n) * (unitSeconds[unit] ?? 1), 0);
  });
  return all.length === 0 ? intervalSecondsDefault : Math.max(1, Math.min(...all));
}

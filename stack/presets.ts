/**
 * The presets by the agent that they run in: which keys `presets` of an agent knows, and which are
 * on when the file names none. The options themselves are declared beside each preset.
 */
import { z } from 'zod';

/** A preset is on when its key is there: `cni: {}`, `cni: true` and `cni:` say the same. */
function presetKey<Options extends z.ZodType>(options: Options, description: string) {
  return z
    .preprocess(emptyOptions, options)
    .optional()
    .meta({ description, examples: [{}] });
}

function emptyOptions(value: unknown): unknown {
  return value === true || value === null ? {} : value;
}

const noOptions = z.strictObject({});

export const nodePresets = {
  pod_logs: presetKey(noOptions, 'Logs of all containers on the node, read from their files'),
  host_metrics: presetKey(noOptions, 'Processor, memory, disk, file system, network of the node'),
  kubelet_metrics: presetKey(noOptions, 'Usage of nodes, pods and containers from the kubelet'),
  kubernetes_attributes: presetKey(noOptions, 'Pod, workload and node names on every item'),
  resource_detection: presetKey(noOptions, 'Host and cloud attributes of the node'),
  otlp_ingest: presetKey(noOptions, 'OTLP from the pods of the node'),
  persistent_queue: presetKey(noOptions, 'What waits for the gateway is kept on disk'),
  log_dedup: presetKey(noOptions, 'Repeated log records become one with a count'),
  docker_stats: presetKey(noOptions, 'Usage of containers from the Docker engine'),
  cadvisor: presetKey(noOptions, 'Container metrics from cAdvisor of the kubelet'),
  cni: presetKey(noOptions, 'Metrics of the network plugin'),
  ebpf: presetKey(noOptions, 'Traces and metrics by eBPF, without changes to applications'),
};

export const clusterPresets = {
  kubernetes_events: presetKey(noOptions, 'Events of the cluster as log records'),
  kubernetes_objects: presetKey(noOptions, 'Objects of the cluster as log records'),
  cluster_metrics: presetKey(noOptions, 'State of nodes, workloads and quotas'),
  kube_state_metrics: presetKey(noOptions, 'Metrics of kube-state-metrics'),
  control_plane: presetKey(noOptions, 'Metrics of API server, scheduler and etcd'),
  resource_detection: presetKey(noOptions, 'Cloud attributes of the cluster'),
  persistent_queue: presetKey(noOptions, 'What waits for the gateway is kept on disk'),
  log_dedup: presetKey(noOptions, 'Repeated log records become one with a count'),
  cost: presetKey(noOptions, 'The metrics that cost allocation needs'),
  kafka: presetKey(noOptions, 'Telemetry from Kafka topics'),
};

export const prometheusPresets = {
  prometheus_annotations: presetKey(noOptions, 'Pods with `prometheus.io/*` annotations'),
  monitors: presetKey(noOptions, 'ServiceMonitors and PodMonitors, by the target allocator'),
};

export const samplerPresets = {
  tail_sampling: presetKey(noOptions, 'Whole traces kept or dropped when they are complete'),
  span_metrics: presetKey(noOptions, 'Rates, errors and durations counted from spans'),
};

/**
 * What rendered workloads run: role and licence of each image, for the words on stderr and for the
 * table of technologies. Found by the image's name without registry and tag.
 */
export type Technology = {
  readonly name: string;
  readonly role: string;
  /** SPDX identifier. */
  readonly licence: string;
  readonly source: string;
  /** Who runs it where. */
  readonly hosting: string;
};

// biome-ignore format: a table reads as a table, one technology a line
const byImage: Readonly<Record<string, Technology>> = {
  'opentelemetry-collector-contrib': { name: 'OpenTelemetry Collector (contrib)', role: 'agents; the gateway of flavor `collector`', licence: 'Apache-2.0', source: 'https://github.com/open-telemetry/opentelemetry-collector-releases', hosting: 'your cluster' },
  'obsctl': { name: 'obsctl', role: 'renders everything; the gateway of flavor `obsctl`', licence: 'Apache-2.0', source: 'this repository', hosting: 'your terminal or CI; your cluster' },
  'clickhouse-server': { name: 'ClickHouse', role: 'stores spans, log records and data points', licence: 'Apache-2.0', source: 'https://github.com/ClickHouse/ClickHouse', hosting: 'your cluster, or ClickHouse Cloud' },
  'grafana': { name: 'Grafana', role: 'shows the dashboards', licence: 'AGPL-3.0-only', source: 'https://github.com/grafana/grafana', hosting: 'your cluster, or Grafana Cloud' },
  'target-allocator': { name: 'OpenTelemetry target allocator', role: 'finds ServiceMonitors and PodMonitors for the prometheus-agent', licence: 'Apache-2.0', source: 'https://github.com/open-telemetry/opentelemetry-operator', hosting: 'your cluster' },
  'kube-state-metrics': { name: 'kube-state-metrics', role: 'state of Kubernetes objects as metrics', licence: 'Apache-2.0', source: 'https://github.com/kubernetes/kube-state-metrics', hosting: 'your cluster' },
  'ebpf-instrument': { name: 'OpenTelemetry eBPF Instrumentation', role: 'traces and network metrics without changing applications', licence: 'Apache-2.0', source: 'https://github.com/open-telemetry/opentelemetry-ebpf-instrumentation', hosting: 'your cluster' },
  'curl': { name: 'curl', role: 'makes Secrets once, inside the cluster', licence: 'curl', source: 'https://github.com/curl/curl-container', hosting: 'your cluster' },
  'busybox': { name: 'BusyBox', role: "hands a node's directory over to the agent's user", licence: 'GPL-2.0-only', source: 'https://git.busybox.net/busybox', hosting: 'your cluster' },
};

/** `ghcr.io/a/b:1.2` is `b`; undefined for an image of the user's own. */
export function technologyOf(image: string): Technology | undefined {
  const path = image.replace(/@sha256:.*$/, '').replace(/:[^/:]*$/, '');
  return byImage[path.split('/').at(-1) ?? ''];
}

/**
 * What else changed between versions beside the names of components: keys that are gone, each with
 * what to write instead, and types that were replaced. `version` is the first that refuses the old
 * spelling; `0.144.0` stands for everything that was gone by then. As of v0.161 (September 2026),
 * from the changelogs; where a binary of ours has the component, a test asks it.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ComponentKind } from '../types.ts';

type Pair = { readonly key: string; readonly value: JsonValue };

export type KeyChange = {
  /** `receiver/prometheus` with the newest type, or `service` for keys of the service. */
  readonly of: string;
  /** Keys from the component down. */
  readonly path: readonly string[];
  readonly version: string;
  readonly why: string;
  /** What stands in its place; nothing means that the key is taken out. */
  readonly instead?: (value: JsonValue) => Pair | undefined;
};

export const keyChanges: readonly KeyChange[] = [
  {
    of: 'receiver/prometheus',
    path: ['use_start_time_metric'],
    version: '0.143.0',
    why: 'start times are set by the processor metric_start_time (strategy start_time_metric)',
  },
  {
    of: 'receiver/prometheus',
    path: ['start_time_metric_regex'],
    version: '0.143.0',
    why: 'it is start_time_metric_regex of the processor metric_start_time',
  },
  {
    of: 'receiver/prometheus',
    path: ['report_extra_scrape_metrics'],
    version: '0.149.0',
    why: 'set extra_scrape_metrics: true in `global` of the Prometheus configuration',
  },
  {
    of: 'receiver/k8s_cluster',
    path: ['namespace'],
    version: '0.135.0',
    why: 'a list took its place',
    instead: (value) => ({ key: 'namespaces', value: [value] }),
  },
  {
    of: 'processor/k8s_attributes',
    path: ['extract', 'deployment_name_from_replicaset'],
    version: '0.160.0',
    why: 'names of deployments are read from those of replica sets by default since 0.153',
  },
  {
    of: 'processor/memory_limiter',
    path: ['ballast_size_mib'],
    version: '0.144.0',
    why: 'set GOMEMLIMIT to 80 % of the container’s memory instead',
  },
  {
    of: 'processor/resource_detection',
    path: ['attributes'],
    version: '0.144.0',
    why: 'each detector has `resource_attributes` of its own, with `enabled` for each',
  },
  {
    of: 'exporter/debug',
    path: ['loglevel'],
    version: '0.144.0',
    why: 'it is called verbosity',
    instead: (value) => ({ key: 'verbosity', value: verbosityOf(value) }),
  },
  {
    of: 'exporter/clickhouse',
    path: ['ttl_days'],
    version: '0.144.0',
    why: 'ttl takes a duration',
    instead: (value) =>
      typeof value === 'number' ? { key: 'ttl', value: `${value * hoursPerDay}h` } : undefined,
  },
  {
    of: 'exporter/otlp_grpc',
    path: ['insecure'],
    version: '0.144.0',
    why: 'it stands under tls',
    instead: (value) => ({ key: 'tls', value: { insecure: value } }),
  },
  {
    of: 'service',
    path: ['telemetry', 'metrics', 'address'],
    version: '0.144.0',
    why: 'own metrics are read by `readers`, of which there can be several',
    instead: (value) => {
      const reader = typeof value === 'string' ? readerOf(value) : undefined;
      return reader === undefined ? undefined : { key: 'readers', value: [reader] };
    },
  },
];

const hoursPerDay = 24;

/** Types that another one replaced. Only of one kind each: a receiver of that name may live on. */
export type TypeChange = {
  readonly kind: ComponentKind;
  readonly from: string;
  /** Nothing means that a person must decide. */
  readonly to?: string;
  readonly version: string;
  readonly why: string;
};

export const typeChanges: readonly TypeChange[] = [
  {
    kind: 'exporter',
    from: 'logging',
    to: 'debug',
    version: '0.144.0',
    why: 'the debug exporter took its place',
  },
  {
    kind: 'extension',
    from: 'memory_ballast',
    version: '0.144.0',
    why: 'set GOMEMLIMIT instead, and take it out of service.extensions',
  },
  {
    kind: 'processor',
    from: 'routing',
    version: '0.134.0',
    why: 'the routing connector took its place; pipelines must be split by hand',
  },
  {
    kind: 'exporter',
    from: 'jaeger',
    version: '0.144.0',
    why: 'Jaeger takes OTLP: use otlp_grpc',
  },
  {
    kind: 'exporter',
    from: 'opencensus',
    version: '0.144.0',
    why: 'OpenCensus ended: use otlp_grpc',
  },
  {
    kind: 'receiver',
    from: 'opencensus',
    version: '0.144.0',
    why: 'OpenCensus ended: let senders use OTLP, received by otlp',
  },
];

/** Said of what still works, and only once each. */
export const advice: readonly {
  readonly kind: ComponentKind;
  readonly type: string;
  readonly why: string;
}[] = [
  {
    kind: 'processor',
    type: 'batch',
    why: 'it loses what it holds when the process ends; batch in sending_queue.batch instead',
  },
];

function verbosityOf(level: JsonValue): string {
  if (level === 'debug') return 'detailed';
  return level === 'info' ? 'normal' : 'basic';
}

/** `:8888` and `0.0.0.0:8888`; `[::]:8888` keeps its brackets out of the host. */
function readerOf(address: string): JsonObject | undefined {
  const found = /^(.*):(\d+)$/.exec(address);
  if (found === null) return undefined;
  const host = (found[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  return {
    pull: {
      exporter: {
        prometheus: { host: host === '' ? '0.0.0.0' : host, port: Number(found[2]) },
      },
    },
  };
}

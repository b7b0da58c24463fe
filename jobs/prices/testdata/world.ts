/** Rows of entities and points for tests of cost, as the watcher and the node-agent write them. */
import type { ClickHouse } from '../../../clickhouse/client.ts';
import { openEndMs } from '../../../clickhouse/schema/entities.ts';

export const hourMs = 3_600_000;

type Version = {
  readonly id?: string;
  readonly name: string;
  readonly cluster?: string;
  readonly from: number;
  readonly to?: number;
  readonly created?: number;
  readonly labels?: Readonly<Record<string, string>>;
};

export type NodeVersion = Version & {
  readonly cores: number;
  readonly bytes: number;
  readonly providerId?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly addresses?: readonly string[];
  readonly instanceType?: string;
  readonly capacityType?: string;
};

export type PodVersion = Version & {
  readonly node: string;
  readonly millis: number;
  readonly bytes: number;
  readonly namespace?: string;
  readonly workload?: string;
  readonly phase?: string;
  readonly addresses?: readonly string[];
};

let resourceVersion = 0;

function common({ id, name, cluster = 'lab', from, to, created, labels }: Version) {
  resourceVersion += 1;
  return {
    Cluster: cluster,
    Id: id ?? name,
    ResourceVersion: resourceVersion,
    ValidFrom: from,
    ValidTo: to ?? openEndMs,
    Version: resourceVersion,
    Created: created ?? from,
    Name: name,
    Labels: labels ?? {},
  };
}

async function insert(server: ClickHouse, table: string, rows: readonly object[]): Promise<void> {
  if (rows.length === 0) return;
  const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const into = `INSERT INTO ${server.database}.${table} FORMAT JSONEachRow`;
  await server.insert(into, [Buffer.from(body)], { async_insert: 0 });
}

export async function addNodes(server: ClickHouse, nodes: readonly NodeVersion[]): Promise<void> {
  const rows = nodes.map((node) => ({
    ...common(node),
    ProviderId: node.providerId ?? '',
    Region: node.region ?? '',
    Zone: node.zone ?? 'zone-a',
    Addresses: node.addresses ?? [],
    InstanceType: node.instanceType ?? '',
    CapacityType: node.capacityType ?? '',
    CapacityCpuMillis: node.cores * 1000,
    CapacityMemoryBytes: node.bytes,
  }));
  await insert(server, 'entity_nodes', rows);
}

export async function addPods(server: ClickHouse, pods: readonly PodVersion[]): Promise<void> {
  const rows = pods.map((pod) => ({
    ...common(pod),
    Namespace: pod.namespace ?? 'shop',
    Node: pod.node,
    Addresses: pod.addresses ?? [],
    WorkloadKind: pod.workload === undefined ? '' : 'Deployment',
    Workload: pod.workload ?? '',
    Phase: pod.phase ?? 'Running',
    CpuRequestMillis: pod.millis,
    MemoryRequestBytes: pod.bytes,
  }));
  await insert(server, 'entity_pods', rows);
}

export async function addLabels(
  server: ClickHouse,
  table: 'entity_workloads' | 'entity_namespaces',
  version: Version & { readonly namespace?: string },
): Promise<void> {
  const kind = table === 'entity_workloads' ? { Kind: 'Deployment' } : {};
  await insert(server, table, [{ ...common(version), Namespace: version.namespace ?? '', ...kind }]);
}

/** Columns of `entity_hosts`, `flow_minutes` or `cost_hours`, as they are. */
export async function addRows(
  server: ClickHouse,
  table: 'entity_hosts' | 'flow_minutes' | 'cost_hours',
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  await insert(server, table, rows);
}

export type Points = {
  /** Resource of the points. */
  readonly of: Readonly<Record<string, string>>;
  readonly metric: string;
  readonly fromMs: number;
  /** A point a minute. */
  readonly values: readonly number[];
};

export async function addPoints(server: ClickHouse, series: readonly Points[]): Promise<void> {
  const rows = series.flatMap(({ of, metric, fromMs, values }) =>
    values.map((value, minute) => ({
      ResourceAttributes: { 'k8s.cluster.name': 'lab', ...of },
      MetricName: metric,
      // Seconds as text with nanoseconds, as a number would be ticks.
      TimeUnix: `${(fromMs + minute * 60_000 + 10_000) / 1000}.000000001`,
      Value: value,
      Seal: (resourceVersion += 1),
    })),
  );
  await insert(server, 'otel_metrics_gauge', rows);
}

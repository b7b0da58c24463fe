/**
 * What nodes and containers used, of the kubelet's points: means over the minutes with points of
 * what stood side by side in a minute. A container that restarted or ended counts in its minutes
 * alone, and minutes without points are taken to be like the others.
 */
import { gauge } from '../../clickhouse/schema/metrics.ts';
import { nameOf } from '../../clickhouse/sql.ts';

const names = {
  containerCpu: 'container.cpu.usage',
  containerMemory: 'container.memory.working_set',
  nodeCpu: 'k8s.node.cpu.usage',
  nodeMemory: 'k8s.node.memory.working_set',
} as const;

/** By pod: `usedId`, `cpu` (cores), `memory` (bytes), `isMeasured`. */
export function podUse(database: string, fromMs: number, toMs: number): string {
  const keys = { id: 'k8s.pod.uid', container: 'k8s.container.name' };
  const points = perMinute(database, keys, {
    ...{ fromMs, toMs, cpu: names.containerCpu, memory: names.containerMemory },
  });
  return `(
        SELECT id AS usedId, sum(cpu) / uniqExact(minute) AS cpu,
          sum(memory) / uniqExact(minute) AS memory, toUInt8(1) AS isMeasured
        FROM ${points} WHERE id != '' GROUP BY id
      )`;
}

/** By node: `cluster`, `node`, `cpu`, `memory`, `isMeasured`. */
export function nodeUse(database: string, fromMs: number, toMs: number): string {
  const keys = { cluster: 'k8s.cluster.name', node: 'k8s.node.name' };
  const points = perMinute(database, keys, {
    ...{ fromMs, toMs, cpu: names.nodeCpu, memory: names.nodeMemory },
  });
  return `(
        SELECT cluster, node, avg(cpu) AS cpu, avg(memory) AS memory, toUInt8(1) AS isMeasured
        FROM ${points} GROUP BY cluster, node
      )`;
}

type Points = {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cpu: string;
  readonly memory: string;
};

function perMinute(
  database: string,
  keys: Readonly<Record<string, string>>,
  { fromMs, toMs, cpu, memory }: Points,
): string {
  const columns = Object.entries(keys).map(
    ([name, key]) => `ResourceAttributes['${key}'] AS ${name}`,
  );
  const mean = (metric: string): string =>
    `ifNull(avgOrNullIf(Value, MetricName = '${metric}'), 0)`;
  return `(
          SELECT ${columns.join(', ')}, toStartOfMinute(TimeUnix) AS minute,
            ${mean(cpu)} AS cpu, ${mean(memory)} AS memory
          FROM ${nameOf(database)}.${gauge.name}
          WHERE MetricName IN ('${cpu}', '${memory}') AND bitAnd(Flags, 1) = 0
            AND TimeUnix >= fromUnixTimestamp64Milli(toInt64(${fromMs}))
            AND TimeUnix < fromUnixTimestamp64Milli(toInt64(${toMs}))
          GROUP BY ${Object.keys(keys).join(', ')}, minute
        )`;
}

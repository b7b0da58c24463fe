/** Node: one machine of a cluster as Kubernetes sees it, and the pods on it. */
import { sum } from '../../clickhouse/schema/metrics.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type KubernetesSum, kubeletSums } from '../vocabulary/names.ts';
import {
  gauge,
  type PanelDraft,
  type PanelSpec,
  type Threshold,
  table,
  timeseries,
} from '../vocabulary/panel.ts';
import { rates } from '../vocabulary/points.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import { changesOfNode } from './changes.ts';
import { bucket, capacityOverTime, chartOf } from './kubernetes-charts.ts';
import {
  clusterVariable,
  fullSteps,
  nodeVariable,
  objectKind,
  objectName,
  onCluster,
  onNode,
  toMachine,
  warningEvents,
} from './kubernetes-parts.ts';
import { containersNow, part } from './kubernetes-points.ts';
import { nodesNow, podTable } from './kubernetes-tables.ts';

const s = columnsOf(sum);
const chart = chartOf(onNode, 12);

export function nodeDashboard(): DashboardJson {
  const about =
    `${onCluster} AND $__conditionalAll(((${objectKind} = 'Node' AND` +
    ` ${objectName} = \${node:singlequote}) OR ${part.node} = \${node:singlequote}), $node)`;
  return board({
    key: 'node',
    title: 'Node',
    description:
      'One node of a cluster: what it says of itself, how full it is, its network, and the pods' +
      ' on it. Its disks and processes stand on *Machine*.',
    variables: [clusterVariable(), nodeVariable()],
    rows: [
      {
        title: '',
        panels: [
          conditions(),
          full('CPU in use', 'cpu', 'cpuAllocatable', fullSteps),
          full('Memory in use', 'memory', 'memoryAllocatable', fullSteps),
          full('Disk in use', 'disk', 'diskCapacity', fullSteps),
          podRoom(),
        ],
      },
      { title: '', panels: [podTable('Pods on this node', onNode, 9)] },
      {
        title: '',
        panels: [capacityOverTime('cpu', chart), capacityOverTime('memory', chart)],
      },
      { title: 'Network and warnings', panels: [networkIo(), networkErrors()] },
      { title: '', panels: [warningEvents(about, 24, 'of this node and its pods')] },
    ],
    annotations: [changesOfNode],
    from: 'now-1h',
    refresh: '30s',
  });
}

function conditions(): PanelDraft {
  const all = [
    "('Ready', ready, 1)",
    "('MemoryPressure', memoryPressure, 0)",
    "('DiskPressure', diskPressure, 0)",
    "('PIDPressure', pidPressure, 0)",
    "('NetworkUnavailable', networkUnavailable, 0)",
  ];
  return table({
    title: 'Conditions',
    description:
      'What the node says of itself. Ready must be yes, all others no; a node that says nothing' +
      ' any more is unknown. Click the node for the metrics of its host.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT node AS "Node", said.1 AS "Condition",
        multiIf(said.2 = 1, 'yes', said.2 = 0, 'no', 'unknown') AS "Is",
        multiIf(said.2 = said.3, 'fine', said.2 = -1 AND said.3 = 0, 'not told',
          'trouble') AS "Means"
      FROM (
        SELECT node, arrayJoin([${all.join(', ')}]) AS said
        FROM ${nodesNow(onNode)}
      )
      WHERE said.2 IS NOT NULL
      ORDER BY "Means" = 'trouble' DESC, "Node", said.3 DESC, "Condition" LIMIT 100`),
    width: 8,
    height: 7,
    noValue: 'no conditions',
    fields: {
      Node: { links: [toMachine] },
      Is: { widthPx: 75 },
      Means: {
        widthPx: 85,
        cell: 'text',
        values: {
          fine: { colour: 'green' },
          'not told': { colour: 'text' },
          trouble: { colour: 'red' },
        },
      },
    },
  });
}

function full(
  title: string,
  used: string,
  most: string,
  thresholds: readonly Threshold[],
): PanelDraft {
  const what = most === 'diskCapacity' ? 'of its file system' : 'of what it can give to pods';
  return gauge({
    title,
    description:
      `The share ${what} that is in use now, with several nodes chosen the fullest. The pods` +
      ' below are sorted by trouble, then by memory.',
    source: 'kubernetes_usage',
    query: sql(`
      SELECT max(${used} / ${most}) AS "${title}"
      FROM ${nodesNow(onNode)} HAVING count() > 0`),
    width: 4,
    height: 7,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no figures of the kubelet',
    thresholds,
  });
}

function podRoom(): PanelDraft {
  return gauge({
    title: 'Pod slots used',
    description:
      'How many pods it runs of those it may run. Small nodes run out of this, and of addresses,' +
      ' before CPU or memory.',
    source: 'kubernetes_state',
    query: sql(`
      WITH running AS (
        SELECT cluster, node, uniqExact(namespace, pod) AS pods
        FROM ${containersNow(onNode)} GROUP BY cluster, node
      )
      SELECT max(pods / podsAllocatable) AS "Pod slots used"
      FROM ${nodesNow(onNode)} AS nodes INNER JOIN running USING (cluster, node)
      HAVING count() > 0`),
    width: 4,
    height: 7,
    unit: 'percentunit',
    decimals: 0,
    min: 0,
    max: 1,
    noValue: 'no pods on this node',
    thresholds: fullSteps,
  });
}

const labels = {
  interface: attribute(s.Attributes, 'interface'),
  direction: attribute(s.Attributes, 'direction'),
} as const;

function networkIo(): PanelDraft {
  return byInterface({
    metric: kubeletSums.nodeNetworkIo,
    column: 'throughput',
    title: 'Network throughput',
    description: 'Bytes received and sent a second by the node, pods included, by interface.',
    unit: 'Bps',
    noValue: 'no network figures',
  });
}

function networkErrors(): PanelDraft {
  return byInterface({
    metric: kubeletSums.nodeNetworkErrors,
    column: 'errors',
    title: 'Network errors',
    description:
      'Packets a second that the node could not receive or send. Anything above 0 for long is a' +
      ' driver, a cable or an overloaded interface.',
    unit: 'cps',
    empty: 'fine',
    noValue: 'no network errors reported',
  });
}

type ByInterface = Pick<PanelSpec, 'title' | 'description' | 'empty' | 'noValue' | 'unit'> & {
  readonly metric: KubernetesSum;
  /** What the result calls the rate. */
  readonly column: string;
};

/** A rate of the node's interfaces, a line for each direction of each. */
function byInterface({ metric, column, ...texts }: ByInterface): PanelDraft {
  return timeseries({
    ...texts,
    source: 'kubernetes_usage',
    query: sql(`
      SELECT time, interface, direction, rate AS ${column}
      FROM ${rates({ metric, labels, filter: onNode })}
      ORDER BY time, interface, direction`),
    width: 12,
    height: 8,
    decimals: 1,
    min: 0,
    interval: bucket,
    seriesName: `\${__field.labels.interface} \${__field.labels.direction}`,
  });
}

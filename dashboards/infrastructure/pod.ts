/** Pod: one pod, its containers against their limits, and what it served and wrote. */

import { sum } from '../../clickhouse/schema/metrics.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { kubeletMetrics, kubeletSums } from '../vocabulary/names.ts';
import { type PanelDraft, table, timeseries } from '../vocabulary/panel.ts';
import { rates } from '../vocabulary/points.ts';
import { attribute, columnsOf, sql } from '../vocabulary/sql.ts';
import {
  bucket,
  chartOf,
  containerReasons,
  numberOf,
  restartsAndLimits,
  restartsOverTime,
  useOverTime,
} from './kubernetes-charts.ts';
import {
  bytes,
  clusterVariable,
  cores,
  count,
  namespaceVariable,
  ofPod,
  podLines,
  podServices,
  podVariable,
  share,
  toMachine,
  toNode,
  toWorkload,
  warningEvents,
} from './kubernetes-parts.ts';
import { containersAndPhases, newest, part } from './kubernetes-points.ts';
import { podState, podStateValues, podsNow } from './kubernetes-tables.ts';

const s = columnsOf(sum);
const chart = chartOf(ofPod, 8);

export function podDashboard(): DashboardJson {
  return board({
    key: 'pod',
    title: 'Pod',
    description:
      'One pod: does it run, what do its containers use of what they may, why did they restart,' +
      ' what did it write.',
    variables: [clusterVariable(), namespaceVariable(), podVariable()],
    rows: [
      {
        title: '',
        panels: [where(), ...restartsAndLimits(numberOf(ofPod, 4))],
      },
      { title: '', panels: [containers()] },
      {
        title: '',
        panels: [useOverTime('cpu', chart), useOverTime('memory', chart), network()],
      },
      {
        title: 'Why it restarts',
        panels: [
          warningEvents(ofPod, 24, 'of this pod'),
          restartsOverTime({ ...chart, width: 12 }, 'container'),
          containerReasons({ ...chart, width: 12 }),
        ],
      },
      { title: 'What it serves and keeps', panels: [podServices(ofPod, 12), volumes()] },
      { title: '', panels: [podLines(ofPod, 'Log records', 'What its containers wrote.')] },
    ],
    from: 'now-1h',
    refresh: '30s',
  });
}

function where(): PanelDraft {
  return table({
    title: 'State',
    description:
      'Whether the pod runs and is ready, who keeps it alive and on which node. "not ready" while' +
      ' it runs means that a container crashed or its readiness probe fails: see the events.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT ${podState} AS "State", owner AS "Workload", onNode AS "Node",
        namespace AS "Namespace", cluster AS "Cluster"
      FROM ${podsNow(`${ofPod} AND ${part.pod} != ''`)}
      ORDER BY cluster, namespace, pod LIMIT 20`),
    width: 12,
    height: 5,
    noValue: 'no such pod in the last minutes of this time range',
    fields: {
      State: { cell: 'text', widthPx: 90, values: podStateValues ?? {} },
      Workload: { links: [toWorkload] },
      Node: { links: [toNode, toMachine] },
    },
  });
}

function containers(): PanelDraft {
  return table({
    title: 'Containers',
    description:
      'What each container uses against what it asked for and may use. Without a memory limit one' +
      ' container can take the whole node; without a request it is killed first.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT container AS "Container", image AS "Image", if(ready = 1, 'yes', 'no') AS "Ready",
        restarts AS "Restarts", cpu AS "Cores", cpuRequest AS "CPU request",
        cpuLimit AS "CPU limit", memory AS "Memory", memoryRequest AS "Memory request",
        memoryLimit AS "Memory limit", memory / nullIf(memoryLimit, 0) AS "Of limit"
      FROM ${containersAndPhases(ofPod)}
      WHERE container != '' ORDER BY "Container" LIMIT 100`),
    width: 24,
    height: 6,
    noValue: 'no containers',
    fields: {
      Container: { widthPx: 140 },
      Ready: {
        widthPx: 70,
        cell: 'text',
        values: { yes: { colour: 'green' }, no: { colour: 'red' } },
      },
      Restarts: { ...count, title: 'Restarts ever', widthPx: 110 },
      Cores: cores,
      'CPU request': { ...cores, widthPx: 105 },
      'CPU limit': { ...cores, widthPx: 90 },
      Memory: bytes,
      'Memory request': { ...bytes, widthPx: 130 },
      'Memory limit': { ...bytes, widthPx: 115 },
      'Of limit': share,
    },
  });
}

function network(): PanelDraft {
  const direction = attribute(s.Attributes, 'direction');
  return timeseries({
    title: 'Network throughput',
    description: 'Bytes a second that the pod received and sent, over all its interfaces.',
    source: 'kubernetes_usage',
    query: sql(`
      SELECT time, direction, rate AS throughput
      FROM ${rates({ metric: kubeletSums.podNetworkIo, labels: { direction }, filter: ofPod })}
      ORDER BY time, direction`),
    width: 8,
    height: 8,
    unit: 'Bps',
    decimals: 1,
    min: 0,
    noValue: 'no network figures; pods of the host network have none of their own',
    interval: bucket,
    seriesName: `\${__field.labels.direction}`,
  });
}

function volumes(): PanelDraft {
  const wanted = {
    available: kubeletMetrics.volumeAvailable,
    capacity: kubeletMetrics.volumeCapacity,
  };
  const keys = ['cluster', 'namespace', 'pod', 'volume', 'claim'] as const;
  return table({
    title: 'Volumes',
    description:
      'How full the volumes of the pod are, the fullest first. Those without a claim live on the' +
      ' disk of the node and end with the pod.',
    source: 'kubernetes_usage',
    empty: 'fine',
    query: sql(`
      SELECT volume AS "Volume", claim AS "Claim", 1 - available / capacity AS "Used",
        available AS "Free", capacity AS "Size"
      FROM ${newest(wanted, keys, ofPod)}
      WHERE capacity > 0 ORDER BY "Used" DESC, "Volume" LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'this pod has no volumes',
    fields: { Used: { ...share, widthPx: 70 }, Free: bytes, Size: bytes },
  });
}

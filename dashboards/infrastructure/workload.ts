/** Workload: one Deployment, StatefulSet or DaemonSet, its pods, and what they serve and write. */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { deploymentsOfWorkload } from '../deployments/annotation.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, stat, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { changesOfWorkload } from './changes.ts';
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
  clusterVariable,
  inNamespace,
  namespaceVariable,
  objectKind,
  objectName,
  ofWorkload,
  podLines,
  podServices,
  warningEvents,
  workloadVariable,
} from './kubernetes-parts.ts';
import { newest, overTime, workloadOfObject } from './kubernetes-points.ts';
import { available, desired, podTable, workloadPods } from './kubernetes-tables.ts';

const l = columnsOf(logsTable);
const chart = chartOf(ofWorkload, 8);
const keys = ['cluster', 'namespace', 'workload'] as const;

export function workloadDashboard(): DashboardJson {
  const object = workloadOfObject(objectKind, objectName);
  const events =
    `${inNamespace} AND` + ` $__conditionalAll(${object} = \${workload:singlequote}, $workload)`;
  return board({
    key: 'workload',
    title: 'Workload',
    description:
      'One Deployment, StatefulSet or DaemonSet: are its pods there, what do they use, why did' +
      ' they restart, what do they serve and write.',
    variables: [clusterVariable(), namespaceVariable(), workloadVariable()],
    rows: [
      {
        title: '',
        panels: [pods(), ...restartsAndLimits(numberOf(ofWorkload, 6))],
      },
      { title: '', panels: [podTable('Pods', ofWorkload, 7)] },
      {
        title: '',
        panels: [podsOverTime(), useOverTime('cpu', chart), useOverTime('memory', chart)],
      },
      {
        title: 'Why it restarts',
        panels: [
          warningEvents(events, 24, 'of this workload'),
          restartsOverTime({ ...chart, width: 12 }, 'pod'),
          containerReasons({ ...chart, width: 12 }),
        ],
      },
      {
        title: 'What it serves and writes',
        panels: [
          podServices(ofWorkload, 24),
          podLines(
            `${ofWorkload} AND ${l.SeverityNumber} >= 13`,
            'Warnings and errors',
            'What its pods wrote at severity warn or graver.',
          ),
        ],
      },
    ],
    annotations: [deploymentsOfWorkload, changesOfWorkload],
    from: 'now-1h',
    refresh: '30s',
  });
}

function pods(): PanelDraft {
  return stat({
    title: 'Pods available',
    description:
      'How many of its pods are available to callers, and how many it wants. Fewer than it wants' +
      ' is normal for the minutes of a roll-out.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT sum(${available}) AS available, sum(${desired}) AS desired
      FROM ${newest(workloadPods, keys, ofWorkload)} HAVING count() > 0`),
    width: 6,
    height: 5,
    unit: 'none',
    decimals: 0,
    noValue: 'no such workload',
  });
}

function podsOverTime(): PanelDraft {
  return timeseries({
    title: 'Pods desired and available',
    description:
      'Where the lines part, pods are missing: a roll-out, a crash, or no room on the nodes.',
    source: 'kubernetes_state',
    query: sql(`
      SELECT time, sum(${desired}) AS desired, sum(${available}) AS available
      FROM ${overTime(workloadPods, keys, ofWorkload)}
      GROUP BY time ORDER BY time`),
    width: 8,
    height: 8,
    unit: 'none',
    decimals: 0,
    min: 0,
    noValue: 'no such workload',
    interval: bucket,
    fields: { desired: { colour: 'text' }, available: { colour: 'green' } },
  });
}

/** Deployments: what was rolled out when, with which images, and what changed by one of them. */
import {
  clusterVariable,
  inNamespace,
  namespaceVariable,
  toWorkload,
} from '../infrastructure/kubernetes-parts.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, stat, table } from '../vocabulary/panel.ts';
import { sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';
import { comparison } from './comparison.ts';
import { deploymentRows, stuckSeconds } from './rows.ts';

const rowsMax = 200;

export function deploymentsDashboard(): DashboardJson {
  return board({
    key: 'deployments',
    title: 'Deployments',
    description:
      'What was rolled out in this time range, whether it arrived, and what it changed: requests,' +
      ' errors, latency, CPU and memory before and after.',
    variables: [clusterVariable(), namespaceVariable(), deploymentVariable()],
    rows: [
      { title: '', panels: [stuck(), underWay(), finished()] },
      { title: '', panels: [deployments()] },
      { title: 'Before and after the chosen deployment', panels: comparison() },
    ],
    from: 'now-6h',
    refresh: '30s',
  });
}

/** The newest is chosen until somebody clicks another one. */
function deploymentVariable() {
  return queryVariable('deployment', {
    label: 'Deployment',
    description: 'The deployment to compare: namespace, workload and the second it started.',
    rawSql: sql(`
      SELECT id AS value FROM ${deploymentRows(inNamespace)}
      ORDER BY started DESC, value LIMIT ${rowsMax}`),
  });
}

const number = { source: 'kubernetes_state', width: 8, height: 4, unit: 'none', decimals: 0 };

const count = (title: string, state: string, description: string, bad: boolean): PanelDraft =>
  stat({
    ...(number as typeof number & { source: 'kubernetes_state'; unit: 'none' }),
    title,
    description,
    query: sql(`
      SELECT countIf(state = '${state}') AS "${title}" FROM ${deploymentRows(inNamespace)}`),
    noValue: 'none',
    ...(bad && {
      thresholds: [
        { from: 0, colour: 'green', text: 'none is stuck' },
        { from: 1, colour: 'red', text: 'at least one is stuck' },
      ],
    }),
  });

const stuck = (): PanelDraft =>
  count(
    'Stuck',
    'stuck',
    `Deployments in which no pod became ready and none left for ${stuckSeconds} s. Look at the` +
      ' pods of the workload: an image that cannot be pulled, a probe that fails, no room.',
    true,
  );

const underWay = (): PanelDraft =>
  count(
    'In progress',
    'in progress',
    'Deployments whose old pods are still there, or whose new ones are not ready yet.',
    false,
  );

const finished = (): PanelDraft =>
  count(
    'Finished',
    'finished',
    'Deployments of this time range that arrived: the new pods are ready and no old one is left.',
    false,
  );

function deployments(): PanelDraft {
  return table({
    title: 'Deployments',
    description:
      'A row a deployment, the newest first: a Deployment, StatefulSet or DaemonSet whose pods' +
      ' are of another revision than before, a rollback too. More or fewer pods of the same' +
      ' revision are none. Equal images mean that only the template changed, as by a restart.',
    source: 'kubernetes_state',
    empty: 'fine',
    query: sql(`
      SELECT started AS "Started", concat(if(rollback, 'rollback, ', ''), state) AS "State",
        workload AS "Workload", namespace AS "Namespace", image_before AS "Image before",
        image_after AS "Image after", revision AS "Revision",
        dateDiff('second', started, finished) AS "Took", cluster AS "Cluster", id AS "Id"
      FROM ${deploymentRows(inNamespace)}
      ORDER BY "Started" DESC, "Workload" LIMIT ${rowsMax}`),
    width: 24,
    height: 9,
    noValue: 'nothing was deployed in this time range',
    fields: {
      Started: {
        unit: 'dateTimeAsLocal',
        widthPx: 190,
        links: [
          {
            title: 'Compare before and after',
            to: 'deployments',
            set: { cluster: 'same', namespace: 'same', deployment: { field: 'Id' } },
          },
        ],
      },
      State: {
        widthPx: 150,
        values: { stuck: { colour: 'red' }, 'rollback, stuck': { colour: 'red' } },
        cell: 'text',
      },
      Workload: { widthPx: 200, links: [toWorkload] },
      Namespace: { widthPx: 120 },
      Revision: { widthPx: 120 },
      Took: { unit: 's', decimals: 0, widthPx: 80 },
      Cluster: { hidden: true },
      Id: { hidden: true },
    },
  });
}

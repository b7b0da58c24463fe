/** What runs where: what is there, what happened to it, and whose an address was. */
import {
  entityEvents,
  nodes,
  pods,
  services,
  workloads,
} from '../../clickhouse/schema/entities.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, stat, table, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { textVariable } from '../vocabulary/variables.ts';
import {
  happened,
  inNamespace,
  onCluster,
  trueThen,
  watchedClusterVariable,
  watchedNamespaceVariable,
  workloadOf,
} from './entities-parts.ts';
import { callsByAddress, whereRequestsRan } from './entities-tags.ts';
import { toNode, toPod, toWorkload } from './kubernetes-parts.ts';

const e = columnsOf(entityEvents);
const p = columnsOf(pods);
const n = columnsOf(nodes);

const eventsMax = 500;
const podsMax = 1_000;

export function entitiesDashboard(): DashboardJson {
  return board({
    key: 'entities',
    title: 'What runs where',
    description:
      'What was there at the end of the time range, what happened to it in the range, and whose' +
      ' an address was. Choose a range that ends when something went wrong.',
    variables: [watchedClusterVariable(), watchedNamespaceVariable(), addressVariable()],
    rows: [
      { title: '', panels: [podsThen(), nodesThen(), workloadsThen(), changes()] },
      { title: '', panels: [changesOverTime()] },
      { title: '', panels: [events()] },
      { title: 'At the end of the time range', panels: [podTable()] },
      { title: 'By address', panels: [whoseAddress(), callsByAddress()] },
      { title: '', panels: [whereRequestsRan()] },
    ],
    from: 'now-6h',
    refresh: '30s',
  });
}

const addressVariable = () =>
  textVariable('address', {
    label: 'IP address',
    description: 'Whose was it? The list below says who had it when. Empty shows all.',
  });

const figure = (title: string, description: string, query: string): PanelDraft =>
  stat({
    ...{ title, description, source: 'entities', query: sql(query), width: 6, height: 4 },
    ...{ unit: 'none', decimals: 0, noValue: 'none' },
  });

const podsThen = (): PanelDraft =>
  figure(
    'Pods',
    'Pods that were there at the end of the time range, whatever their state.',
    `SELECT count() AS "Pods" FROM ${trueThen(pods, inNamespace)}`,
  );

const nodesThen = (): PanelDraft =>
  figure(
    'Nodes',
    'Nodes that were there at the end of the time range.',
    `SELECT count() AS "Nodes" FROM ${trueThen(nodes, onCluster)}`,
  );

const workloadsThen = (): PanelDraft =>
  figure(
    'Workloads',
    'Deployments, StatefulSets, DaemonSets, Jobs and CronJobs at the end of the time range; not' +
      ' what another of them made.',
    `SELECT count() AS "Workloads"
     FROM ${trueThen(workloads, `OwnerId = '' AND ${inNamespace}`)}`,
  );

const changes = (): PanelDraft =>
  figure(
    'Changes',
    'What happened in the time range, without pods that came and went.',
    `SELECT countIf(${e.Type} NOT IN ('created', 'deleted')) AS "Changes" ${happened}`,
  );

function changesOverTime(): PanelDraft {
  return timeseries({
    title: 'What happened, by type',
    description:
      'Events of the chosen namespaces and of nodes. A wave of created and deleted is a roll-out' +
      ' or a node that went; look for what came before it.',
    source: 'entities',
    empty: 'fine',
    query: sql(`
      SELECT $__timeInterval(${e.Time}) AS time, ${e.Type} AS type, count() AS events
      ${happened} GROUP BY time, type ORDER BY time, type`),
    width: 24,
    height: 7,
    unit: 'none',
    decimals: 0,
    noValue: 'nothing happened in this time range',
    interval: '1m',
    seriesName: `\${__field.labels.type}`,
    draw: 'bars',
    stack: true,
  });
}

function events(): PanelDraft {
  return table({
    title: 'What happened',
    description:
      'Every event, the newest first. Click what happened to a pod for the pod, its node for the' +
      ' node.',
    source: 'entities',
    empty: 'fine',
    query: sql(`
      SELECT ${e.Time} AS "Time", ${e.Type} AS "Event", ${e.Description} AS "What",
        ${e.Namespace} AS "Namespace", ${e.Workload} AS "Of", ${e.Node} AS "Node",
        ${e.Cluster} AS "Cluster", if(${e.EntityType} = 'Pod', ${e.Name}, '') AS "Pod"
      ${happened}
      ORDER BY "Time" DESC, "What" LIMIT ${eventsMax}`),
    width: 24,
    height: 10,
    noValue: 'nothing happened in this time range',
    fields: {
      Time: { unit: 'dateTimeAsLocal', widthPx: 190 },
      Event: { widthPx: 130 },
      What: { links: [toPod] },
      Namespace: { widthPx: 140 },
      Of: { title: 'Workload', widthPx: 170 },
      Node: { widthPx: 170, links: [toNode] },
      Cluster: { hidden: true },
      Pod: { hidden: true },
    },
  });
}

function podTable(): PanelDraft {
  const zones = `SELECT ${n.Cluster} AS cluster, ${n.Name} AS node, ${n.Zone} AS zone
      FROM ${trueThen(nodes, onCluster)}`;
  return table({
    title: 'Pods',
    description:
      `Pods as they were at the end of the time range, at most ${podsMax}: where they ran, since` +
      ' when, and what they ask for.',
    source: 'entities',
    query: sql(`
      SELECT pod.${p.Name} AS "Pod", pod.${p.Phase} AS "Phase",
        ${workloadOf(`pod.${p.WorkloadKind}`, `pod.${p.Workload}`)} AS "Workload",
        pod.${p.Namespace} AS "Namespace", pod.${p.Node} AS "Node", zones.zone AS "Zone",
        pod.${p.Created} AS "Since", arrayStringConcat(pod.${p.Addresses}, ', ') AS "Addresses",
        nullIf(pod.${p.CpuRequestMillis}, 0) / 1000 AS "CPU request",
        nullIf(pod.${p.MemoryRequestBytes}, 0) AS "Memory request",
        arrayStringConcat(mapValues(pod.${p.Images}), ', ') AS "Images",
        pod.${p.Cluster} AS "Cluster"
      FROM ${trueThen(pods, inNamespace)} AS pod
      LEFT JOIN (${zones}) AS zones
        ON zones.cluster = pod.${p.Cluster} AND zones.node = pod.${p.Node}
      ORDER BY "Namespace", "Pod", "Cluster" LIMIT ${podsMax}`),
    width: 24,
    height: 10,
    noValue: 'no pod was there at the end of this time range',
    fields: {
      Pod: { links: [toPod] },
      Phase: {
        widthPx: 90,
        cell: 'text',
        values: { Failed: { colour: 'red' }, Pending: { colour: 'orange' } },
      },
      Workload: { widthPx: 170, links: [toWorkload] },
      Namespace: { widthPx: 120 },
      Node: { widthPx: 130, links: [toNode] },
      Zone: { widthPx: 110 },
      Since: { unit: 'dateTimeAsLocal', widthPx: 180 },
      Addresses: { widthPx: 120 },
      'CPU request': { unit: 'none', decimals: 2, widthPx: 105 },
      'Memory request': { unit: 'bytes', decimals: 1, widthPx: 125 },
      Cluster: { hidden: true },
    },
  });
}

/** Of pods, nodes and Services, by the tables: it needs no dictionary. */
function whoseAddress(): PanelDraft {
  const one = (source: typeof pods | typeof nodes | typeof services, type: string): string => `
        SELECT ${p.Cluster}, '${type}' AS type, ${p.Namespace}, ${p.Name}, ${p.ValidFrom},
          ${p.ValidTo}, arrayJoin(${p.Addresses}) AS address
        FROM ${source.name} FINAL
        WHERE ${p.ValidFrom} <= $__toTime AND ${p.ValidTo} > $__fromTime AND ${onCluster}
          AND (\${address:singlequote} = '' OR has(${p.Addresses}, \${address:singlequote}))`;
  return table({
    title: 'Whose an address was',
    description:
      'Who had an IP address at some time of the range; write one into the field above. An' +
      ' address in a span means whoever had it then, not who has it now.',
    source: 'entities',
    query: sql(`
      SELECT address AS "Address", type AS "Of a", ${p.Name} AS "Name",
        ${p.Namespace} AS "Namespace", min(${p.ValidFrom}) AS "From",
        if(max(${p.ValidTo}) > $__toTime, NULL, max(${p.ValidTo})) AS "Until"
      FROM (${one(pods, 'Pod')}
        UNION ALL${one(nodes, 'Node')}
        UNION ALL${one(services, 'Service')}
      )
      WHERE \${address:singlequote} = '' OR address = \${address:singlequote}
      GROUP BY ${p.Cluster}, "Address", "Of a", "Namespace", "Name"
      ORDER BY "From" DESC, "Address", "Name" LIMIT ${eventsMax}`),
    width: 12,
    height: 9,
    noValue: 'nobody had this address in this time range',
    fields: {
      Address: { widthPx: 130 },
      'Of a': { widthPx: 70 },
      Namespace: { widthPx: 110 },
      From: { unit: 'dateTimeAsLocal', widthPx: 180 },
      Until: { unit: 'dateTimeAsLocal', widthPx: 180 },
    },
  });
}

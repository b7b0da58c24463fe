/** Cost: what nodes and pods cost, who requests more than is used, and by which price. */
import { costHours } from '../../clickhouse/schema/costs.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import { type PanelDraft, type PanelSpec, stat, table, timeseries } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';
import { beforeAndAfter } from './cost-deployments.ts';
import { trafficByWorkload, trafficOverTime } from './cost-traffic.ts';

const c = columnsOf(costHours);
/** The hour in which the range begins is counted whole. */
const inRange = `${c.Time} >= toStartOfHour($__fromTime) AND ${c.Time} <= $__toTime`;
const onCluster = `$__conditionalAll(${c.Cluster} IN (\${cluster:singlequote}), $cluster)`;
const chosen = `${inRange} AND ${onCluster}
      AND ${c.Currency} = \${currency:singlequote}`;
const from = `FROM ${costHours.name} WHERE ${chosen}`;
/** Hours that were counted, by which amounts become those of thirty days. */
const hours = `(SELECT greatest(1, uniqExact(${c.Time})) ${from})`;
const inMonth = (amount: string): string => `toFloat64(${amount}) / ${hours} * 720`;
const priceNames = `arraySort(groupUniqArray(toString(${c.PriceSource})))`;
const priceSources = `arrayStringConcat(${priceNames}, ', ')`;
const rowsMax = 200;

export function costDashboard(): DashboardJson {
  return board({
    key: 'cost',
    title: 'Cost',
    description:
      'What nodes, namespaces, workloads and teams cost by the hour and in a month, what nobody' +
      ' uses, and which price each figure was counted with.',
    variables: [clusters(), currencies()],
    rows: [
      { title: '', panels: [total(), month(), idle(), over()] },
      { title: '', panels: [overTime(), prices()] },
      { title: '', panels: [namespaces(), teams()] },
      { title: 'Workloads', panels: [workloads(), beforeAndAfter()] },
      { title: 'Nodes', panels: [nodes()] },
      { title: 'Traffic', panels: [trafficOverTime(), trafficByWorkload()] },
    ],
    from: 'now-7d',
    refresh: '5m',
  });
}

function clusters() {
  return queryVariable('cluster', {
    label: 'Cluster',
    description: 'Show only these clusters.',
    multi: true,
    all: true,
    rawSql: sql(`
      SELECT DISTINCT ${c.Cluster} FROM ${costHours.name} WHERE ${inRange}
      ORDER BY ${c.Cluster} LIMIT 200`),
  });
}

/** Amounts of two currencies are never added. */
function currencies() {
  return queryVariable('currency', {
    label: 'Currency',
    description: 'Show what was priced in this currency; amounts of two are never added.',
    rawSql: sql(`
      SELECT ${c.Currency} FROM ${costHours.name} WHERE ${inRange}
      GROUP BY ${c.Currency} ORDER BY sum(${c.Cost}) DESC LIMIT 20`),
  });
}

type Figure = Pick<PanelSpec, 'title' | 'description'> & {
  readonly value: string;
  readonly unit: 'none' | 'percentunit';
};

const figure = ({ value, ...spec }: Figure): PanelDraft =>
  stat({
    ...spec,
    source: 'costs',
    query: sql(`SELECT ${value} AS "${spec.title}" ${from}`),
    width: 6,
    height: 4,
    decimals: spec.unit === 'none' ? 2 : 1,
    noValue: 'no cost was counted in this time range',
  });

const ofNodes = `${c.Kind} = 'node'`;
const ofPods = `${c.Kind} = 'pod'`;

function total(): PanelDraft {
  return figure({
    title: 'Nodes',
    description:
      'What all nodes cost in this time range, in the currency chosen above. Volumes, load' +
      ' balancers and control planes are not in it; traffic stands apart, below.',
    value: `toFloat64(sumIf(${c.Cost}, ${ofNodes}))`,
    unit: 'none',
  });
}

function month(): PanelDraft {
  return figure({
    title: 'A month',
    description:
      'Thirty days like the hours that were counted in this time range. Choose a longer range to' +
      ' have nights and weekends in it.',
    value: inMonth(`sumIf(${c.Cost}, ${ofNodes})`),
    unit: 'none',
  });
}

function idle(): PanelDraft {
  return figure({
    title: 'Idle',
    description:
      'Share of the cost of the nodes that nobody used, of those that the kubelet measured. Much' +
      ' of it and full requests: requests are too large. Much of both: there are too many nodes.',
    value:
      `toFloat64(sumIf(${c.IdleCost}, ${ofNodes})) /` +
      ` nullIf(toFloat64(sumIf(${c.Cost}, ${ofNodes} AND ${c.IsMeasured} = 1)), 0)`,
    unit: 'percentunit',
  });
}

/** A tenth more than what was used would do. */
const overProvisioned =
  `greatest(0, toFloat64(sumIf(${c.Cost}, ${ofPods} AND ${c.IsMeasured} = 1))` +
  ` - 1.1 * toFloat64(sumIf(${c.UsageCost}, ${ofPods} AND ${c.IsMeasured} = 1)))`;

function over(): PanelDraft {
  return figure({
    title: 'Over-provisioned a month',
    description:
      'What pods request beyond their mean use and a tenth more, in thirty days. The workloads' +
      ' below say whose it is; it is saved only when nodes go.',
    value: inMonth(overProvisioned),
    unit: 'none',
  });
}

function overTime(): PanelDraft {
  return timeseries({
    title: 'Cost by namespace',
    description:
      'What was requested in each hour, by namespace, and what nobody requested. A step is a' +
      ' deployment, an autoscaler, or another price.',
    source: 'costs',
    query: sql(`
      SELECT ${c.Time} AS time,
        if(${c.Kind} = 'pod', toString(${c.Namespace}), 'requested by nobody') AS name,
        toFloat64(sum(${c.Cost})) AS value
      ${from} AND ${c.Kind} IN ('pod', 'unallocated')
      GROUP BY time, name ORDER BY time, name`),
    width: 16,
    height: 8,
    unit: 'none',
    decimals: 3,
    draw: 'area',
    stack: true,
    interval: '1h',
    noValue: 'no cost was counted in this time range',
    seriesName: `\${__field.labels.name}`,
  });
}

function prices(): PanelDraft {
  return table({
    title: 'Prices used',
    description:
      'Which price the nodes were counted with. “default” are list prices of the package, without' +
      ' your discounts: `obsctl cost prices import` and `obsctl cost bills import` bring yours.',
    source: 'costs',
    query: sql(`
      SELECT ${c.PriceSource} AS "Price", toFloat64(sum(${c.Cost})) AS "Total",
        uniqExact(${c.Cluster}, ${c.Node}) AS "Nodes"
      ${from} AND ${ofNodes} GROUP BY "Price" ORDER BY "Total" DESC, "Price" LIMIT ${rowsMax}`),
    width: 8,
    height: 8,
    noValue: 'no node was counted in this time range',
    fields: { Total: money, Nodes: { widthPx: 70 } },
  });
}

const money = { unit: 'none', decimals: 2, widthPx: 100 } as const;
const moneyFields = { Requested: money, Used: money, 'A month': money };

function byName(title: string, name: string, column: string, description: string): PanelDraft {
  return table({
    title,
    description,
    source: 'costs',
    query: sql(`
      SELECT ${column} AS "${name}", toFloat64(sum(${c.Cost})) AS "Requested",
        toFloat64(sum(${c.UsageCost})) AS "Used", ${inMonth(`sum(${c.Cost})`)} AS "A month",
        ${priceSources} AS "Price"
      ${from} AND ${ofPods}
      GROUP BY "${name}" ORDER BY "Requested" DESC, "${name}" LIMIT ${rowsMax}`),
    width: 12,
    height: 8,
    noValue: 'no pod was counted in this time range',
    fields: moneyFields,
  });
}

function namespaces(): PanelDraft {
  return byName(
    'Namespaces',
    'Namespace',
    c.Namespace,
    'What pods of each namespace requested, at the prices of their nodes, and what of it they' +
      ' used.',
  );
}

function teams(): PanelDraft {
  return byName(
    'Teams',
    'Team',
    c.Team,
    'By the label of the pod, else of its workload, else of its namespace; – has none of them.' +
      ' `obsctl entities watch --label team` keeps the label.',
  );
}

function workloads(): PanelDraft {
  const perPod = (column: string, factor = '1'): string =>
    `${factor} * toFloat64(sumIf(${column}, ${c.IsMeasured} = 1))` +
    ` / nullIf(toFloat64(sumIf(${c.Hours}, ${c.IsMeasured} = 1)), 0)`;
  return table({
    title: 'Over-provisioning',
    description:
      'What a pod of each workload requests and what it might: its mean use and a tenth more.' +
      ' Peaks are in no mean, so look at them first. The most expensive excess stands first.',
    source: 'costs',
    query: sql(`
      SELECT ${c.Namespace} AS "Namespace", ${c.Workload} AS "Workload",
        toFloat64(sum(${c.Cost})) AS "Requested", toFloat64(sum(${c.UsageCost})) AS "Used",
        ${inMonth(`sum(${c.Cost})`)} AS "A month", ${inMonth(overProvisioned)} AS "Over a month",
        ${perPod(c.CpuCoreHours)} AS "vCPU", ${perPod(c.CpuCoreHoursUsed, '1.1')} AS "Better vCPU",
        ${perPod(c.MemoryGbHours)} AS "GB", ${perPod(c.MemoryGbHoursUsed, '1.1')} AS "Better GB",
        ${priceSources} AS "Price"
      ${from} AND ${ofPods}
      GROUP BY "Namespace", "Workload" ORDER BY "Over a month" DESC, "Namespace", "Workload"
      LIMIT ${rowsMax}`),
    width: 24,
    height: 10,
    noValue: 'no pod was counted in this time range',
    fields: {
      ...moneyFields,
      'Over a month': money,
      ...Object.fromEntries(
        ['vCPU', 'Better vCPU', 'GB', 'Better GB'].map((name) => [
          name,
          { unit: 'none', decimals: 3, widthPx: 100 } as const,
        ]),
      ),
    },
  });
}

function nodes(): PanelDraft {
  return table({
    title: 'Nodes and what is idle',
    description:
      'What each node cost, how much of it nobody used, and how much of it nobody requested.' +
      ' Unrequested nodes can go; idle ones that are requested need smaller requests first.',
    source: 'costs',
    query: sql(`
      SELECT ${c.Node} AS "Node", any(${c.InstanceType}) AS "Type", any(${c.Zone}) AS "In zone",
        toFloat64(sumIf(${c.Cost}, ${ofNodes})) AS "Total",
        ${inMonth(`sumIf(${c.Cost}, ${ofNodes})`)} AS "A month",
        if(max(${c.IsMeasured}) = 1, toFloat64(sumIf(${c.IdleCost}, ${ofNodes})), NULL) AS "Idle",
        toFloat64(sumIf(${c.Cost}, ${c.Kind} = 'unallocated')) AS "Not requested",
        ${priceSources} AS "Price"
      ${from} AND ${c.Kind} IN ('node', 'unallocated')
      GROUP BY ${c.Cluster}, "Node" ORDER BY "Total" DESC, "Node" LIMIT ${rowsMax}`),
    width: 24,
    height: 8,
    noValue: 'no node was counted in this time range',
    fields: { Total: money, 'A month': money, Idle: money, 'Not requested': money },
  });
}

/**
 * The rows of one hour of `cost_hours`, in three statements, in this order: nodes with their
 * prices; pods at the prices of their node; and of each node what no pod requested.
 *
 * Amounts are whole numbers (thousandths of a core, bytes, milliseconds) until the last division,
 * so that what a pod requested costs is cut off once, after the twelfth decimal.
 */
import type { costHours } from '../../clickhouse/schema/costs.ts';
import { namespaces, nodes, pods, workloads } from '../../clickhouse/schema/entities.ts';
import { providerOf } from '../../clickhouse/schema/traffic.ts';
import type { ColumnOf } from '../../clickhouse/schema/types.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { billedSql, fittingRule, machineOf, ofRule, rulesArray } from './rules-sql.ts';
import { nodeUse, podUse } from './use-sql.ts';

/** Names of labels; the first one that is there counts. */
export type TeamLabels = Readonly<Record<'team' | 'owner' | 'costCenter', readonly string[]>>;

export type HourOfCost = {
  readonly database: string;
  /** Full name of the table that takes the rows. */
  readonly target: string;
  /** Unix seconds of the begin of the hour. */
  readonly hour: number;
  /** Milliseconds; of an hour that is not over, the present. */
  readonly untilMs: number;
  readonly labels: TeamLabels;
};

/** Statements, run in turn. */
export function hourStatements(hour: HourOfCost): readonly string[] {
  return [nodesOfHour(hour), podsOfHour(hour), unallocatedOfHour(hour)];
}

const hourMs = 3_600_000;
/** Milliseconds are hours. */
const hours = 'toDecimal256(3600000, 0)';
/** Thousandths of a core by milliseconds are hours of a core. */
const coreHours = 'toDecimal256(3600000000, 0)';
/** Bytes by milliseconds are hours of 10⁹ bytes. */
const gbHours = "toDecimal256('3600000000000000', 0)";

const price = (value: string): string => `toDecimal128(${value}, 12)`;
/** Of whole numbers, cut off after the last decimal. */
const quantity = (value: string, unit: string): string =>
  `toDecimal128(toDecimal256(${value}, 9) / ${unit}, 9)`;
/** Of a measured number, which is a float: by its shortest text, so that 0.3 is 0.3. */
const measured = (value: string): string => `toDecimal128(toString(round(${value}, 9)), 9)`;

type Units = { readonly cores: string; readonly gb: string };
type Prices = { readonly cpu: string; readonly memory: string };

/** Decimals by prices. */
const money = (units: Units, { cpu, memory }: Prices): string =>
  price(`toDecimal256(${units.cores}, 9) * ${cpu} + toDecimal256(${units.gb}, 9) * ${memory}`);
/** Whole numbers by prices. */
const exactMoney = ({ cpu, memory }: Prices): string =>
  price(`toDecimal256(milliMs, 0) * ${cpu} / ${coreHours}
            + toDecimal256(byteMs, 0) * ${memory} / ${gbHours}`);

/** An INSERT that names every column, so that none is left to its place. */
function insertRows(
  target: string,
  row: Readonly<Record<ColumnOf<typeof costHours>, string>>,
  from: string,
): string {
  const columns = Object.keys(row);
  const values = Object.values(row);
  return `INSERT INTO ${target} (${columns.join(', ')})
    SELECT ${values.join(',\n      ')}
    FROM ${from}`;
}

const startMs = ({ hour }: HourOfCost): number => hour * 1000;
const endMs = ({ hour, untilMs }: HourOfCost): number => Math.min(hour * 1000 + hourMs, untilMs);
const timeOf = ({ hour }: HourOfCost): string => `toDateTime(${hour}, 'UTC')`;
const moment = (ms: number): string => `fromUnixTimestamp64Milli(toInt64(${ms}))`;
const newest = (column: string): string => `argMax(${column}, ValidFrom)`;

/** Versions of a table of entities that were true in the hour, with `ms`: for how long of it. */
function versions(hour: HourOfCost, table: string): string {
  const [from, to] = [startMs(hour), endMs(hour)];
  return `(
          SELECT *, greatest(0, least(toUnixTimestamp64Milli(ValidTo), ${to})
            - greatest(toUnixTimestamp64Milli(ValidFrom), ${from})) AS ms
          FROM ${nameOf(hour.database)}.${table} FINAL
          WHERE ValidFrom < ${moment(to)} AND ValidTo > ${moment(from)}
        )`;
}

function nodesOfHour(hour: HourOfCost): string {
  const { database, target } = hour;
  const units = { cores: 'least(coresUsed, cores)', gb: 'least(gbUsed, gb)' };
  const used = money(units, { cpu: 'cpuPrice', memory: 'memoryPrice' });
  const row = {
    Time: timeOf(hour),
    Kind: "'node'",
    Cluster: 'cluster',
    Node: 'node',
    Zone: 'zone',
    InstanceType: 'instanceType',
    ...{ Namespace: "''", WorkloadKind: "''", Workload: "''", Pod: "''", PodId: "''" },
    ...{ Team: "''", Owner: "''", CostCenter: "''" },
    Hours: quantity('aliveMs', hours),
    CpuCoreHours: 'cores',
    CpuCoreHoursUsed: 'coresUsed',
    MemoryGbHours: 'gb',
    MemoryGbHoursUsed: 'gbUsed',
    IsMeasured: 'isMeasured',
    Cost: 'total',
    UsageCost: 'used',
    IdleCost: `if(isMeasured = 1, total - used, ${price("'0'")})`,
    CpuPrice: 'cpuPrice',
    MemoryPrice: 'memoryPrice',
    Currency: `if(isBilled, billed.2, ${ofRule('rule', 'currency')})`,
    PriceSource: `if(isBilled, concat('bill: ', billed.3), ${ofRule('rule', 'source')})`,
  };
  const from = `(
      SELECT *, ${quantity('milliMs', coreHours)} AS cores, ${quantity('byteMs', gbHours)} AS gb,
        ${measured('cpu * aliveMs / 3600000')} AS coresUsed,
        ${measured('memory * aliveMs / 3.6e15')} AS gbUsed, ${used} AS used
      FROM (
        SELECT priced.*, use.cpu AS cpu, use.memory AS memory, use.isMeasured AS isMeasured
        FROM ${pricedNodes(hour)} AS priced
          LEFT JOIN ${nodeUse(database, startMs(hour), endMs(hour))} AS use
          ON priced.cluster = use.cluster AND priced.node = use.node
      )
    )`;
  return `${insertRows(target, row, from)}
    SETTINGS async_insert = 0`;
}

/** Nodes of the hour with the price of each: by the hour, of a core, of 10⁹ bytes, and in all. */
function pricedNodes(hour: HourOfCost): string {
  const { database } = hour;
  const rule = { cpu: ofRule('rule', 'cpuPrice'), memory: ofRule('rule', 'memoryPrice') };
  const prices = { cpu: 'cpuPrice', memory: 'memoryPrice' };
  const nodePrice = ofRule('rule', 'nodePrice');
  const billed = billedSql(database, aliveNodes(hour), startMs(hour), endMs(hour));
  return `(
          SELECT *, if(isSplit, unit, ${rule.cpu}) AS cpuPrice,
            if(isSplit, unit, ${rule.memory}) AS memoryPrice,
            if(isSplit, whole, ${exactMoney(prices)}) AS total
          FROM (
            SELECT *, ${fittingRule} AS rule, billed.3 != '' AS isBilled,
              isBilled OR ${nodePrice} > 0 AS isSplit,
              if(isBilled, ${price('billed.1')},
                ${price(`toDecimal256(aliveMs, 0) * ${nodePrice} / ${hours}`)}) AS whole,
              toDecimal256(milliMs, 12) / ${coreHours} + toDecimal256(byteMs, 12) / ${gbHours}
                AS units,
              ${price(`toDecimal256(whole, 24) / if(units > 0, units, toDecimal256(1, 12))`)}
                AS unit
            FROM (
              SELECT alive.*, bill.billed AS billed, ${rulesArray(database)} AS rules
              FROM ${aliveNodes(hour)} AS alive LEFT JOIN ${billed} AS bill
                ON alive.machine = bill.machine
            )
          )
        )`;
}

function aliveNodes(hour: HourOfCost): string {
  const capacityType = `lower(${newest('toString(CapacityType)')})`;
  return `(
        SELECT toString(Cluster) AS cluster, Name AS node, ${newest('toString(Region)')} AS region,
          ${newest('toString(Zone)')} AS zone, ${newest('toString(InstanceType)')} AS instanceType,
          if(${capacityType} = 'spot', 'spot', 'on-demand') AS capacityType,
          ${newest('Labels')} AS labels, ${newest(providerOf)} AS provider,
          ${newest(machineOf('ProviderId'))} AS machine,
          toUnixTimestamp64Milli(${newest('Created')}) AS bornMs,
          toUnixTimestamp64Milli(max(ValidTo)) AS goneMs, toInt64(sum(ms)) AS aliveMs,
          sum(toInt128(CapacityCpuMillis) * ms) AS milliMs,
          sum(toInt128(CapacityMemoryBytes) * ms) AS byteMs
        FROM ${versions(hour, nodes.name)}
        WHERE ms > 0 GROUP BY cluster, node
      )`;
}

function podsOfHour(hour: HourOfCost): string {
  const { database, target } = hour;
  const prices = { cpu: 'CpuPrice', memory: 'MemoryPrice' };
  const row = {
    Time: timeOf(hour),
    Kind: "'pod'",
    ...{ Cluster: 'cluster', Node: 'node', Zone: 'Zone', InstanceType: 'InstanceType' },
    ...{ Namespace: 'namespace', WorkloadKind: 'kind', Workload: 'workload' },
    ...{ Pod: 'name', PodId: 'id' },
    Team: labelOf(hour.labels.team),
    Owner: labelOf(hour.labels.owner),
    CostCenter: labelOf(hour.labels.costCenter),
    Hours: quantity('aliveMs', hours),
    CpuCoreHours: quantity('milliMs', coreHours),
    CpuCoreHoursUsed: 'coresUsed',
    MemoryGbHours: quantity('byteMs', gbHours),
    MemoryGbHoursUsed: 'gbUsed',
    IsMeasured: 'isMeasured',
    Cost: exactMoney(prices),
    UsageCost: money({ cores: 'coresUsed', gb: 'gbUsed' }, prices),
    IdleCost: price("'0'"),
    ...{ CpuPrice: 'CpuPrice', MemoryPrice: 'MemoryPrice' },
    ...{ Currency: 'Currency', PriceSource: 'PriceSource' },
  };
  const labelsOf = (table: string, kind: string): string => `(
        SELECT toString(Cluster) AS ofCluster, toString(Namespace) AS ofNamespace,
          ${kind} AS ofKind,
          Name AS ofName, ${newest('Labels')} AS ofLabels
        FROM ${versions(hour, table)} GROUP BY ofCluster, ofNamespace, ofKind, ofName
      )`;
  const from = `(
      SELECT pod.*, machine.*, maker.ofLabels AS workloadLabels,
        space.ofLabels AS namespaceLabels,
        use.isMeasured AS isMeasured, ${measured('use.cpu * aliveMs / 3600000')} AS coresUsed,
        ${measured('use.memory * aliveMs / 3.6e15')} AS gbUsed
      FROM ${alivePods(hour)} AS pod
      INNER JOIN (
        SELECT toString(Cluster) AS nodeCluster, toString(Node) AS nodeName, Zone, InstanceType,
          CpuPrice, MemoryPrice, Currency, PriceSource
        FROM ${target} WHERE Kind = 'node' AND Time = ${timeOf(hour)}
      ) AS machine ON pod.cluster = machine.nodeCluster AND pod.node = machine.nodeName
      LEFT JOIN ${labelsOf(workloads.name, 'toString(Kind)')} AS maker
        ON pod.cluster = maker.ofCluster AND pod.namespace = maker.ofNamespace
        AND pod.kind = maker.ofKind AND pod.workload = maker.ofName
      LEFT JOIN ${labelsOf(namespaces.name, "''")} AS space
        ON pod.cluster = space.ofCluster AND pod.namespace = space.ofName
      LEFT JOIN ${podUse(database, startMs(hour), endMs(hour))} AS use ON pod.id = use.usedId
    )`;
  return `${insertRows(target, row, from)}
    SETTINGS async_insert = 0`;
}

/** Pods that held something of a node; what has ended gives it back. */
function alivePods(hour: HourOfCost): string {
  return `(
        SELECT toString(Cluster) AS cluster, Id AS id, toString(Node) AS node,
          any(toString(Namespace)) AS namespace, any(toString(WorkloadKind)) AS ownerKind,
          if(ownerKind = '', 'Pod', ownerKind) AS kind, any(toString(Workload)) AS owner,
          any(Name) AS name, if(owner = '', name, owner) AS workload, ${newest('Labels')} AS labels,
          toInt64(sum(ms)) AS aliveMs, sum(toInt128(CpuRequestMillis) * ms) AS milliMs,
          sum(toInt128(MemoryRequestBytes) * ms) AS byteMs
        FROM ${versions(hour, pods.name)}
        WHERE ms > 0 AND Node != '' AND Phase NOT IN ('Succeeded', 'Failed')
        GROUP BY cluster, id, node
      )`;
}

/** Of the pod, else of its workload, else of its namespace. */
function labelOf(names: readonly string[]): string {
  const values = ['labels', 'workloadLabels', 'namespaceLabels'].flatMap((map) =>
    names.map((name) => `${map}[${quoteText(name)}]`),
  );
  return `arrayFirst(one -> one != '', [${[...values, "'–'"].join(', ')}])`;
}

/** What is left of each node: its amounts without those of its pods. */
function unallocatedOfHour(hour: HourOfCost): string {
  const { target } = hour;
  const names = ['Zone', 'InstanceType', 'CpuPrice', 'MemoryPrice', 'Currency', 'PriceSource'];
  const amounts = [
    ...['CpuCoreHours', 'CpuCoreHoursUsed', 'MemoryGbHours', 'MemoryGbHoursUsed'],
    ...['Cost', 'UsageCost'],
  ];
  const of = (kind: string, column: string): string => `sumIf(${column}, Kind = '${kind}')`;
  const any = (column: string): string => `anyIf(${column}, Kind = 'node') AS ${column}_`;
  const left = (column: string): string =>
    `${of('node', column)} - ${of('pod', column)} AS ${column}_`;
  const from = `(
      SELECT Cluster AS Cluster_, Node AS Node_, ${names.map(any).join(', ')},
        ${of('node', 'Hours')} AS Hours_, maxIf(IsMeasured, Kind = 'node') AS IsMeasured_,
        ${amounts.map(left).join(',\n        ')}
      FROM ${target} WHERE Time = ${timeOf(hour)} AND Kind IN ('node', 'pod')
      GROUP BY Cluster, Node
    )`;
  const taken = ['Cluster', 'Node', 'Hours', 'IsMeasured', ...names, ...amounts];
  const row = {
    ...{ Time: timeOf(hour), Kind: "'unallocated'" },
    ...{ Namespace: "''", WorkloadKind: "''", Workload: "''", Pod: "''", PodId: "''" },
    ...{ Team: "''", Owner: "''", CostCenter: "''", IdleCost: price("'0'") },
    ...Object.fromEntries(taken.map((column) => [column, `${column}_`])),
  } as Readonly<Record<ColumnOf<typeof costHours>, string>>;
  return `${insertRows(target, row, from)}
    SETTINGS async_insert = 0`;
}

/** Questions to `cost_hours`: what something cost, and what it would cost in a month. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { costHours } from '../../clickhouse/schema/costs.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { priceDigits, textOf, unitsOf } from './decimal.ts';

/** What a row of an answer is of, and the columns that name it. */
export const groupings = {
  cluster: ['Cluster'],
  node: ['Cluster', 'Node'],
  namespace: ['Namespace'],
  workload: ['Namespace', 'WorkloadKind', 'Workload'],
  team: ['Team'],
  owner: ['Owner'],
  'cost-center': ['CostCenter'],
} as const;

export type Grouping = keyof typeof groupings;

/** A month is thirty days, so that months can be compared. */
const monthHours = 720;

export type Range = {
  /** Unix seconds, the end not included. */
  readonly from: number;
  readonly to: number;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
};

/** Amounts are decimals as text, exact. */
export type CostRow = {
  /** By the columns of the grouping; all empty for what no pod requested. */
  readonly of: Readonly<Record<string, string>>;
  readonly isUnallocated: boolean;
  readonly currency: string;
  readonly cost: string;
  readonly usageCost: string;
  /** What of the cost was not used: of a node idle, of the others requested and not used. */
  readonly idleCost: string;
  readonly cpuCoreHours: string;
  readonly cpuCoreHoursUsed: string;
  readonly memoryGbHours: string;
  readonly memoryGbHoursUsed: string;
  /** Thirty days like the hours that were counted. */
  readonly monthCost: string;
  readonly priceSources: readonly string[];
};

export type CostAnswer = { readonly hours: number; readonly rows: readonly CostRow[] };

export async function askCosts(
  server: ClickHouse,
  by: Grouping,
  range: Range,
): Promise<CostAnswer> {
  const hours = await countedHours(server, range);
  const ofNodes = by === 'node' || by === 'cluster';
  const columns = groupings[by];
  const filter = ofNodes
    ? "Kind = 'node'"
    : range.namespace === undefined
      ? "Kind IN ('pod', 'unallocated')"
      : "Kind = 'pod'";
  const sums = Object.entries({
    cost: 'sum(Cost)',
    usageCost: 'sum(UsageCost)',
    idleCost: ofNodes ? 'sum(IdleCost)' : 'sumIf(Cost - UsageCost, IsMeasured = 1)',
    cpuCoreHours: 'sum(CpuCoreHours)',
    cpuCoreHoursUsed: 'sum(CpuCoreHoursUsed)',
    memoryGbHours: 'sum(MemoryGbHours)',
    memoryGbHoursUsed: 'sum(MemoryGbHoursUsed)',
  }).map(([name, sum]) => `toString(${sum}) AS ${name}`);
  type Found = Omit<CostRow, 'of' | 'isUnallocated' | 'monthCost'> &
    Readonly<Record<string, string>> & { readonly unallocated: number };
  const found = await server.rows<Found>(
    `SELECT ${columns.join(', ')}, Kind = 'unallocated' AS unallocated, Currency AS currency,
      ${sums.join(', ')}, arraySort(groupUniqArray(toString(PriceSource))) AS priceSources
    FROM ${tableOf(server)} WHERE ${inRange(range)} AND ${filter}
    GROUP BY ${columns.join(', ')}, unallocated, currency
    ORDER BY sum(Cost) DESC, ${columns.join(', ')}, currency`,
  );
  const rows = found.map(({ unallocated, ...row }) => ({
    of: Object.fromEntries(columns.map((column) => [column, row[column] ?? ''])),
    isUnallocated: unallocated === 1,
    currency: row.currency,
    cost: row.cost,
    usageCost: row.usageCost,
    idleCost: row.idleCost,
    cpuCoreHours: row.cpuCoreHours,
    cpuCoreHoursUsed: row.cpuCoreHoursUsed,
    memoryGbHours: row.memoryGbHours,
    memoryGbHoursUsed: row.memoryGbHoursUsed,
    monthCost: inMonth(row.cost, hours),
    priceSources: row.priceSources,
  }));
  return { hours, rows };
}

/** Thirty days of an amount of so many hours. */
export function inMonth(amount: string, hours: number): string {
  const units = unitsOf(amount, priceDigits) * BigInt(monthHours);
  return textOf(units / BigInt(Math.max(1, hours)), priceDigits);
}

/** Hours of the range that were counted, of whatever. */
export async function countedHours(server: ClickHouse, range: Range): Promise<number> {
  const { namespace: _, ...all } = range;
  const [row] = await server.rows<{ hours: string }>(
    `SELECT toString(uniqExact(Time)) AS hours FROM ${tableOf(server)} WHERE ${inRange(all)}`,
  );
  return Number(row?.hours ?? 0);
}

export function inRange({ from, to, cluster, namespace }: Range): string {
  const ofCluster = cluster === undefined ? '' : ` AND Cluster = ${quoteText(cluster)}`;
  const ofNamespace = namespace === undefined ? '' : ` AND Namespace = ${quoteText(namespace)}`;
  const times = `Time >= toDateTime(${from}, 'UTC') AND Time < toDateTime(${to}, 'UTC')`;
  return `${times}${ofCluster}${ofNamespace}`;
}

export function tableOf({ database }: ClickHouse): string {
  return `${nameOf(database)}.${nameOf(costHours.name)}`;
}

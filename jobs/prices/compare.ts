/** What a workload cost before and after a deployment, by the hour. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { entityEvents } from '../../clickhouse/schema/entities.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { countedHours, inMonth, inRange, type Range, tableOf } from './ask.ts';
import { priceDigits, textOf, unitsOf } from './decimal.ts';

export type Side = {
  /** Unix seconds, the end not included. */
  readonly from: number;
  readonly to: number;
  readonly hours: number;
  readonly costs: readonly SideCost[];
};

type SideCost = {
  readonly currency: string;
  /** Of an hour, on average. */
  readonly cost: string;
  readonly usageCost: string;
  readonly pods: string;
  readonly cpuRequested: string;
  readonly cpuUsed: string;
  readonly memoryRequested: string;
  readonly memoryUsed: string;
  readonly monthCost: string;
  readonly priceSources: readonly string[];
};

const hourSeconds = 3600;

/** When the images of a workload changed last, in milliseconds, and what then is said of it. */
export async function lastDeployment(
  server: ClickHouse,
  workload: string,
  { cluster, namespace }: Pick<Range, 'cluster' | 'namespace'>,
): Promise<{ readonly atMs: number; readonly description: string } | undefined> {
  const ofCluster = cluster === undefined ? '' : `AND Cluster = ${quoteText(cluster)}`;
  const ofNamespace = namespace === undefined ? '' : `AND Namespace = ${quoteText(namespace)}`;
  const [row] = await server.rows<{ at: string; description: string }>(
    `SELECT toString(toUnixTimestamp64Milli(Time)) AS at, Description AS description
    FROM ${nameOf(server.database)}.${entityEvents.name} FINAL
    WHERE Type = 'image_changed' AND EntityType NOT IN ('Pod', 'ReplicaSet')
      AND Name = ${quoteText(workload)} ${ofCluster} ${ofNamespace}
    ORDER BY Time DESC, ResourceVersion DESC LIMIT 1`,
  );
  return row === undefined ? undefined : { atMs: Number(row.at), description: row.description };
}

/** The hour of the deployment itself is of both, and left out. */
export async function compareCosts(
  server: ClickHouse,
  workload: string,
  options: Pick<Range, 'cluster' | 'namespace'> & {
    readonly atMs: number;
    readonly windowHours: number;
  },
): Promise<{ readonly before: Side; readonly after: Side }> {
  const { atMs, windowHours, ...place } = options;
  const hour = Math.floor(atMs / 1000 / hourSeconds) * hourSeconds;
  const window = windowHours * hourSeconds;
  const side = async (from: number): Promise<Side> => {
    const range = { ...place, from, to: from + window };
    const hours = await countedHours(server, range);
    return { from, to: range.to, hours, costs: await costsOf(server, workload, range, hours) };
  };
  return { before: await side(hour - window), after: await side(hour + hourSeconds) };
}

async function costsOf(
  server: ClickHouse,
  workload: string,
  range: Range,
  hours: number,
): Promise<readonly SideCost[]> {
  const sums = Object.entries({
    ...{ cost: 'Cost', usageCost: 'UsageCost', pods: 'Hours', cpuRequested: 'CpuCoreHours' },
    ...{ cpuUsed: 'CpuCoreHoursUsed', memoryRequested: 'MemoryGbHours' },
    memoryUsed: 'MemoryGbHoursUsed',
  }).map(([name, column]) => `toString(sum(${column})) AS ${name}`);
  type Found = Omit<SideCost, 'monthCost'>;
  const rows = await server.rows<Found>(
    `SELECT toString(Currency) AS currency, ${sums.join(', ')},
      arraySort(groupUniqArray(toString(PriceSource))) AS priceSources
    FROM ${tableOf(server)}
    WHERE ${inRange(range)} AND Kind = 'pod' AND Workload = ${quoteText(workload)}
    GROUP BY currency ORDER BY currency`,
  );
  const byHour = (amount: string): string =>
    textOf(unitsOf(amount, priceDigits) / BigInt(Math.max(1, hours)), priceDigits);
  return rows.map((row) => ({
    currency: row.currency,
    cost: byHour(row.cost),
    usageCost: byHour(row.usageCost),
    pods: byHour(row.pods),
    cpuRequested: byHour(row.cpuRequested),
    cpuUsed: byHour(row.cpuUsed),
    memoryRequested: byHour(row.memoryRequested),
    memoryUsed: byHour(row.memoryUsed),
    monthCost: inMonth(row.cost, hours),
    priceSources: row.priceSources,
  }));
}

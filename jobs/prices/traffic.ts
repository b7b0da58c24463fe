/** What traffic between zones and to the internet cost, asked of the minutes of flows. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { flowMinutes } from '../../clickhouse/schema/flows.ts';
import { amountOf, withTraffic } from '../../clickhouse/schema/traffic.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import type { Range } from './ask.ts';
import { priceDigits, textOf, unitsOf } from './decimal.ts';

/** Whose traffic a row is, and the columns that name the payer. */
export const trafficGroupings = {
  cluster: ['cluster'],
  namespace: ['namespace'],
  workload: ['namespace', 'workload'],
  team: ['team'],
} as const;

export type TrafficGrouping = keyof typeof trafficGroupings;

/** Amounts are decimals as text, cut off after the twelfth decimal; bytes whole numbers as text. */
export type TrafficRow = {
  readonly of: Readonly<Record<string, string>>;
  readonly currency: string;
  readonly zonesBytes: string;
  readonly zonesReceivedBytes: string;
  readonly internetBytes: string;
  /** Sent and received, where the provider charges for both. */
  readonly zonesCost: string;
  readonly internetCost: string;
  readonly cost: string;
  readonly priceSources: readonly string[];
};

export type TrafficAnswer = {
  /** All bytes that were seen, charged or not; 0 where nothing reported flows. */
  readonly seenBytes: string;
  readonly rows: readonly TrafficRow[];
};

export async function askTraffic(
  server: ClickHouse,
  by: TrafficGrouping,
  range: Range,
): Promise<TrafficAnswer> {
  const { database } = server;
  const time = (seconds: number): string => `toDateTime(${seconds}, 'UTC')`;
  const times = { from: time(range.from), to: time(range.to) };
  const [seen] = await server.rows<{ bytes: string }>(
    `SELECT toString(sum(toUInt128(SourceBytes) + DestinationBytes)) AS bytes
    FROM ${nameOf(database)}.${nameOf(flowMinutes.name)}
    WHERE Time >= ${times.from} AND Time < ${times.to}`,
  );
  const columns: readonly string[] = trafficGroupings[by];
  const filter = range.cluster === undefined ? '1' : `cluster = ${quoteText(range.cluster)}`;
  const payers = range.namespace === undefined ? '1' : `namespace = ${quoteText(range.namespace)}`;
  const bytes = (kind: string): string => `toString(sumIf(bytes, kind = '${kind}'))`;
  const found = await server.rows<Omit<TrafficRow, 'of' | 'cost'> & Record<string, string>>(
    `WITH ${withTraffic({ database, ...times, filter })}
    SELECT ${columns.join(', ')}, currency, ${bytes('zones')} AS zonesBytes,
      ${bytes('zones_received')} AS zonesReceivedBytes, ${bytes('internet')} AS internetBytes,
      toString(${amountOf("kind != 'internet'")}) AS zonesCost,
      toString(${amountOf("kind = 'internet'")}) AS internetCost,
      arraySort(groupUniqArray(source)) AS priceSources
    FROM charges WHERE ${payers}
    GROUP BY ${columns.join(', ')}, currency
    ORDER BY ${amountOf('1')} DESC, ${columns.join(', ')}, currency`,
  );
  const rows = found.map((row) => ({
    of: Object.fromEntries(columns.map((column) => [column, row[column] ?? ''])),
    currency: row.currency,
    zonesBytes: row.zonesBytes,
    zonesReceivedBytes: row.zonesReceivedBytes,
    internetBytes: row.internetBytes,
    zonesCost: row.zonesCost,
    internetCost: row.internetCost,
    cost: sumOf(row.zonesCost, row.internetCost),
    priceSources: row.priceSources,
  }));
  return { seenBytes: seen?.bytes ?? '0', rows };
}

function sumOf(left: string, right: string): string {
  const units = unitsOf(left, priceDigits) + unitsOf(right, priceDigits);
  return textOf(units, priceDigits).replace(/\.?0+$/, '');
}

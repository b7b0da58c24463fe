/** Price files into `cost_prices`. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { costPrices } from '../../clickhouse/schema/costs.ts';
import { openEndMs } from '../../clickhouse/schema/entities.ts';
import { currentOnly } from '../../clickhouse/schema/traffic.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import type { PriceFile } from './price-file.ts';

export type PriceImport = {
  readonly source: string;
  readonly rules: number;
  readonly currency: string;
  readonly state: 'loaded' | 'unchanged';
};

const openEnd = `fromUnixTimestamp64Milli(toInt64(${openEndMs}))`;

/** Loads a price file in the place of the one of its name; the same again changes nothing. */
export async function importPrices(
  server: ClickHouse,
  file: PriceFile,
  nowMs: number,
): Promise<PriceImport> {
  const { name: source, currency, rules, hash } = file;
  const table = `${nameOf(server.database)}.${nameOf(costPrices.name)}`;
  const told = { source, rules: rules.length, currency };
  const [last] = await server.rows<{ hash: string; at: string }>(
    `SELECT any(Hash) AS hash, toString(toUnixTimestamp64Milli(max(Loaded))) AS at
    FROM ${table} WHERE Source = ${quoteText(source)} AND ${currentOnly(table)}
    HAVING count() > 0`,
  );
  if (last?.hash === hash) return { ...told, state: 'unchanged' };
  const at = Math.max(nowMs, Number(last?.at ?? 0) + 1);
  const rows = rules.map((rule, position) => ({
    Source: source,
    Loaded: at,
    Position: position,
    Layer: rule.layer,
    Provider: rule.provider,
    Region: rule.region,
    InstanceType: rule.instanceType,
    CapacityType: rule.capacityType,
    Node: rule.node,
    LabelName: rule.labelName,
    LabelValue: rule.labelValue,
    CpuPrice: rule.cpuPrice,
    MemoryPrice: rule.memoryPrice,
    NodePrice: rule.nodePrice,
    ZonePrice: rule.zonePrice,
    ZoneReceivedPrice: rule.zoneReceivedPrice,
    InternetPrice: rule.internetPrice,
    Currency: currency,
    Hash: hash,
    ValidTo: openEndMs,
    Version: at,
  }));
  const body = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await server.insert(`INSERT INTO ${table} FORMAT JSONEachRow`, [Buffer.from(body)], {
    async_insert: 0,
  });
  // What came before has been over since then, and may expire; it counts no more already.
  await server.run(
    `INSERT INTO ${table} SELECT * REPLACE (fromUnixTimestamp64Milli(toInt64(${at})) AS ValidTo,
      ${at} AS Version) FROM ${table} FINAL
    WHERE Source = ${quoteText(source)} AND ValidTo = ${openEnd}
      AND Loaded < fromUnixTimestamp64Milli(toInt64(${at}))`,
  );
  return { ...told, state: 'loaded' };
}

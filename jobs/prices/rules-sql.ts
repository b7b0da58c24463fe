/**
 * Which price a node has, in SQL. All rules are one sorted array and the first that fits is taken;
 * the last one of the package fits every node, so there is always a price.
 *
 *     bill > node or label of a price file > list price of a price file > package
 *
 * Of rules of one kind the one that says more of the node goes first (a node's name, a label,
 * instance type, region, capacity type, provider), then the one loaded last, then the lower one.
 */
import { costBills, costPrices } from '../../clickhouse/schema/costs.ts';
import { currentOnly, trafficLayer } from '../../clickhouse/schema/traffic.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { finishedOnly } from './bills.ts';
import { defaultCurrency, defaultPrices } from './defaults.ts';

/** Elements of a rule, in this order; SQL counts them from 1. */
const elements = [
  'provider',
  'region',
  'instanceType',
  'capacityType',
  'node',
  'labelName',
  'labelValue',
  'cpuPrice',
  'memoryPrice',
  'nodePrice',
  'currency',
  'source',
] as const;

/** An element of a rule: of `rule.8`, say. */
export function ofRule(rule: string, element: (typeof elements)[number]): string {
  return `${rule}.${elements.indexOf(element) + 1}`;
}

const decimal = (text: string): string => `toDecimal128(${text}, 12)`;

/** Priorities that are powers of two: more words never weigh what a stronger one does. */
const weight =
  "(Node != '') * 64 + (LabelName != '') * 32 + (InstanceType != '') * 16 + (Region != '') * 8" +
  " + (CapacityType != '') * 4 + (Provider != '') * 2";

/** An array of rules, the strongest first. */
export function rulesArray(database: string): string {
  const table = `${nameOf(database)}.${costPrices.name}`;
  const packaged = defaultPrices.map(({ provider, isSpot, unit, source }) => {
    const price = decimal(quoteText(unit));
    // What is true of any other provider is true of all that nothing better is known of.
    const name = provider === 'other' ? '' : provider;
    const words = [name, '', '', isSpot ? 'spot' : '', '', '', ''].map(quoteText);
    const end = [price, price, decimal("'0'"), quoteText(defaultCurrency), quoteText(source)];
    const strength = (isSpot ? 4 : 0) + (name === '' ? 0 : 2);
    return `tuple(0, ${strength}, toInt64(0), 0, tuple(${[...words, ...end].join(', ')}))`;
  });
  return `(SELECT arrayMap(one -> one.5, arrayReverseSort(one -> (one.1, one.2, one.3, one.4),
      arrayConcat(groupArray(tuple(toUInt8(Layer), toUInt8(${weight}),
        toUnixTimestamp64Milli(Loaded), toUInt32(Position), tuple(toString(Provider),
        toString(Region), toString(InstanceType), toString(CapacityType), Node,
        toString(LabelName), LabelValue, CpuPrice, MemoryPrice, NodePrice, toString(Currency),
        concat(if(Layer = 2, 'node: ', 'file: '), Source)))), [${packaged.join(',\n        ')}])))
    FROM ${table} FINAL WHERE Layer != ${trafficLayer} AND ${currentOnly(table)})`;
}

/** The first rule of `rules` that fits a node with these columns. */
export const fittingRule = `arrayFirst(one -> one.1 IN ('', provider) AND one.2 IN ('', region)
        AND one.3 IN ('', instanceType) AND one.4 IN ('', capacityType) AND one.5 IN ('', node)
        AND (one.6 = '' OR (mapContains(labels, one.6) AND labels[one.6] = one.7)), rules)`;

/**
 * A machine as nodes (`spec.providerID`) and bills (`ResourceId`) both mean it: the instance id of
 * Amazon, project, zone and name of Google, the resource path of Azure without its capitals; of
 * others the id as it is.
 */
export function machineOf(id: string): string {
  const google = '^.*projects/([^/]+)/zones/([^/]+)/instances/([^/]+)$';
  return `multiIf(match(${id}, '(^|/)i-[0-9a-f]+$'), extract(${id}, '(i-[0-9a-f]+)$'),
        startsWith(${id}, 'gce://'), substring(${id}, 7),
        match(${id}, '${google}'),
          replaceRegexpOne(${id}, '${google}', '\\\\1/\\\\2/\\\\3'),
        startsWith(${id}, 'azure://'), lower(substring(${id}, 9)),
        startsWith(lower(${id}), '/subscriptions/'), lower(${id}), ${id})`;
}

/**
 * What bills say a machine cost between two moments (milliseconds): `machine`, `billed` (amount,
 * currency, source). A charge is spread over the time of its period in which the node was there, so
 * that all hours add up to it. Of several bills for a machine the one imported last counts.
 *
 * @param nodes a table with `machine`, `bornMs`, `goneMs`
 */
export function billedSql(database: string, nodes: string, fromMs: number, toMs: number): string {
  const table = `${nameOf(database)}.${costBills.name}`;
  const ms = (column: string): string => `toInt64(toUnixTimestamp(${column})) * 1000`;
  const lived = (begins: string, ends: string): string =>
    `greatest(0, least(${ends}) - greatest(${begins}))`;
  return `(
      SELECT machine, argMax((amount, currency, source), imported) AS billed
      FROM (
        SELECT machine, currency, source, max(at) AS imported,
          sum(cost * shareMs / livedMs) AS amount
        FROM (
          SELECT charge.machine AS machine, source, currency, at, cost,
            ${lived(`bornMs, beginMs, ${fromMs}`, `goneMs, endMs, ${toMs}`)} AS shareMs,
            ${lived('bornMs, beginMs', 'goneMs, endMs')} AS livedMs
          FROM (
            SELECT ${machineOf('ResourceId')} AS machine, toString(Source) AS source,
              toString(BillingCurrency) AS currency, Import AS at, EffectiveCost AS cost,
              ${ms('ChargePeriodStart')} AS beginMs, ${ms('ChargePeriodEnd')} AS endMs
            FROM ${table} FINAL
            WHERE ${finishedOnly(table)} AND ChargeCategory = 'Usage'
              AND ServiceCategory = 'Compute' AND ResourceId != ''
              AND ChargePeriodStart < toDateTime(${Math.ceil(toMs / 1000)}, 'UTC')
              AND ChargePeriodEnd > toDateTime(${Math.floor(fromMs / 1000)}, 'UTC')
          ) AS charge INNER JOIN ${nodes} AS node ON charge.machine = node.machine
        )
        WHERE shareMs > 0
        GROUP BY machine, currency, source
      )
      GROUP BY machine
    )`;
}

/**
 * What things cost: prices as they were loaded, bills as they were imported, and the cost of each
 * hour by node and pod. Money is Decimal, never a float; what is divided is cut off after the last
 * decimal, and what that leaves is in the row `unallocated`.
 */
import type { TableDef } from './types.ts';

const zstd = 'ZSTD(1)';
const attributes = 'Map(LowCardinality(String), String)';
const price = 'Decimal(38, 12)';
const quantity = 'Decimal(38, 9)';
/** More digits than any provider bills; a bill with more is refused. */
const billed = 'Decimal(76, 30)';

// biome-ignore format: a table reads as a table, one column a line
const priceColumns = [
  { name: 'Source', type: 'LowCardinality(String)', codec: zstd, source: '`obsctl cost prices import`', comment: 'Name of the price file', origin: 'ours' },
  { name: 'Loaded', type: 'DateTime64(3)', codec: zstd, source: 'clock', comment: 'When it was loaded; of a source the newest ones count', origin: 'ours' },
  { name: 'Position', type: 'UInt32', codec: zstd, source: 'price file', comment: 'Place in the file, from 0', origin: 'ours' },
  { name: 'Layer', type: 'UInt8', codec: zstd, source: 'price file', comment: '1 a list price, 2 of a node or of nodes with a label, 3 of traffic', origin: 'ours' },
  { name: 'Provider', type: 'LowCardinality(String)', codec: zstd, source: 'provider', comment: 'aws, gcp, azure, other; empty for any', origin: 'ours' },
  { name: 'Region', type: 'LowCardinality(String)', codec: zstd, source: 'region', comment: 'Empty for any', origin: 'ours' },
  { name: 'InstanceType', type: 'LowCardinality(String)', codec: zstd, source: 'instance_type', comment: 'Empty for any', origin: 'ours' },
  { name: 'CapacityType', type: 'LowCardinality(String)', codec: zstd, source: 'capacity_type', comment: 'spot, on-demand; empty for any', origin: 'ours' },
  { name: 'Node', type: 'String', codec: zstd, source: 'node', comment: 'Name of a node; empty for any', origin: 'ours' },
  { name: 'LabelName', type: 'LowCardinality(String)', codec: zstd, source: 'label', comment: 'Label of nodes; empty for any', origin: 'ours' },
  { name: 'LabelValue', type: 'String', codec: zstd, source: 'label', comment: 'Its value', origin: 'ours' },
  { name: 'CpuPrice', type: price, codec: zstd, source: 'vcpu_hour', comment: 'Of a vCPU for an hour', origin: 'ours' },
  { name: 'MemoryPrice', type: price, codec: zstd, source: 'gb_hour', comment: 'Of 10⁹ bytes for an hour', origin: 'ours' },
  { name: 'NodePrice', type: price, codec: zstd, source: 'node_hour', comment: 'Of the whole node for an hour; 0 where there are the other two', origin: 'ours' },
  { name: 'ZonePrice', type: price, codec: zstd, source: 'between_zones_gb', comment: 'Of 10⁹ bytes sent to another zone', origin: 'ours' },
  { name: 'ZoneReceivedPrice', type: price, codec: zstd, source: 'between_zones_received_gb', comment: 'Of 10⁹ bytes received from another zone', origin: 'ours' },
  { name: 'InternetPrice', type: price, codec: zstd, source: 'to_internet_gb', comment: 'Of 10⁹ bytes sent to the internet', origin: 'ours' },
  { name: 'Currency', type: 'LowCardinality(String)', codec: zstd, source: 'currency', comment: 'ISO 4217', origin: 'ours' },
  { name: 'Hash', type: 'String', codec: zstd, source: 'SHA-256 of the file', comment: 'The same file again is no news', origin: 'ours' },
  { name: 'ValidTo', type: 'DateTime64(3)', codec: zstd, source: 'next load', comment: 'Until when it counted; in 2100 for what still does', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: zstd, source: 'clock, milliseconds', comment: 'Of two rows the greater one stays', origin: 'ours' },
] as const;

/** Prices of price files, with what they were before. */
export const costPrices: TableDef<(typeof priceColumns)[number]['name']> = {
  name: 'cost_prices',
  comment: 'Prices of price files, as they were loaded',
  columns: priceColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(Loaded, 'UTC')",
  orderBy: '(Source, Loaded, Position)',
  ttlFrom: 'toDateTime(ValidTo)',
  // As long as the hours that were counted with them; of ten years 2100 could not be counted on.
  retention: 'hours',
  indexes: [],
  settings: { ttl_only_drop_parts: 0 },
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const billColumns = [
  { name: 'Source', type: 'LowCardinality(String)', codec: zstd, source: '`obsctl cost bills import`', comment: 'Name of the bill', origin: 'ours' },
  { name: 'Import', type: 'UInt64', codec: zstd, source: 'clock, milliseconds', comment: 'Which import of it; the newest one that was finished counts', origin: 'ours' },
  { name: 'Line', type: 'UInt64', codec: 'Delta(8), ZSTD(1)', source: 'bill', comment: 'Where the row begins in the file. 0: a row that says that the import is finished', origin: 'ours' },
  { name: 'ChargePeriodStart', type: 'DateTime', codec: zstd, source: 'ChargePeriodStart', comment: 'Begin of what is charged', origin: 'ours' },
  { name: 'ChargePeriodEnd', type: 'DateTime', codec: zstd, source: 'ChargePeriodEnd', comment: 'Its end, not included', origin: 'ours' },
  { name: 'BilledCost', type: billed, codec: zstd, source: 'BilledCost', comment: 'What is on the invoice', origin: 'ours' },
  { name: 'EffectiveCost', type: billed, codec: zstd, source: 'EffectiveCost', comment: 'With what was paid in advance spread over its use; what we count with', origin: 'ours' },
  { name: 'BillingCurrency', type: 'LowCardinality(String)', codec: zstd, source: 'BillingCurrency', comment: 'ISO 4217', origin: 'ours' },
  { name: 'ChargeCategory', type: 'LowCardinality(String)', codec: zstd, source: 'ChargeCategory', comment: 'Usage, Purchase, Tax, Credit, Adjustment', origin: 'ours' },
  { name: 'ServiceCategory', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceCategory', comment: 'Compute, Storage, Networking, …', origin: 'ours' },
  { name: 'ServiceName', type: 'LowCardinality(String)', codec: zstd, source: 'ServiceName', comment: 'What the provider calls it', origin: 'ours' },
  { name: 'ProviderName', type: 'LowCardinality(String)', codec: zstd, source: 'ProviderName', comment: 'Provider', origin: 'ours' },
  { name: 'RegionId', type: 'LowCardinality(String)', codec: zstd, source: 'RegionId', comment: 'Region', origin: 'ours' },
  { name: 'ResourceId', type: 'String', codec: zstd, source: 'ResourceId', comment: 'What was charged; the machine of a node', origin: 'ours' },
  { name: 'SkuId', type: 'String', codec: zstd, source: 'SkuId', comment: 'What the provider sold', origin: 'ours' },
  { name: 'Tags', type: attributes, codec: zstd, source: 'Tags', comment: 'Tags of the resource', origin: 'ours' },
  { name: 'Hash', type: 'String', codec: zstd, source: 'SHA-256 of the file', comment: 'In the row of line 0: the same file again is no news', origin: 'ours' },
  { name: 'Version', type: 'UInt64', codec: zstd, source: 'as Import', comment: 'A row that is written again replaces itself', origin: 'ours' },
] as const;

/** Bills of providers, a row a charge, as FOCUS has them. */
export const costBills: TableDef<(typeof billColumns)[number]['name']> = {
  name: 'cost_bills',
  comment: 'Bills of providers in the format FOCUS, a row a charge',
  columns: billColumns,
  engine: 'ReplacingMergeTree(Version)',
  partitionBy: "toStartOfMonth(ChargePeriodStart, 'UTC')",
  orderBy: '(Source, Import, Line)',
  ttlFrom: 'ChargePeriodEnd',
  retention: 'history',
  indexes: [],
  inDoubt: 'idempotent',
};

// biome-ignore format: a table reads as a table, one column a line
const hourColumns = [
  { name: 'Time', type: 'DateTime', codec: 'Delta(4), ZSTD(1)', source: 'hour', comment: 'Start of the hour in UTC', origin: 'ours' },
  { name: 'Kind', type: 'LowCardinality(String)', codec: zstd, source: 'count', comment: 'node: what a node cost. pod: what of it is a pod’s. unallocated: what no pod requested; negative where pods requested more than there is', origin: 'ours' },
  { name: 'Cluster', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'k8s.cluster.name', origin: 'ours' },
  { name: 'Node', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Node', origin: 'ours' },
  { name: 'Zone', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Availability zone of the node', origin: 'ours' },
  { name: 'InstanceType', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Type of the machine', origin: 'ours' },
  { name: 'Namespace', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Of a pod', origin: 'ours' },
  { name: 'WorkloadKind', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Of a pod', origin: 'ours' },
  { name: 'Workload', type: 'LowCardinality(String)', codec: zstd, source: 'entities', comment: 'Of a pod; its own name where nothing made it', origin: 'ours' },
  { name: 'Pod', type: 'String', codec: zstd, source: 'entities', comment: 'Name of the pod', origin: 'ours' },
  { name: 'PodId', type: 'String', codec: zstd, source: 'entities', comment: 'k8s.pod.uid', origin: 'ours' },
  { name: 'Team', type: 'LowCardinality(String)', codec: zstd, source: 'labels', comment: 'Label of the pod, else of its workload, else of its namespace; – without', origin: 'ours' },
  { name: 'Owner', type: 'LowCardinality(String)', codec: zstd, source: 'labels', comment: 'As Team', origin: 'ours' },
  { name: 'CostCenter', type: 'LowCardinality(String)', codec: zstd, source: 'labels', comment: 'As Team', origin: 'ours' },
  { name: 'Hours', type: quantity, codec: zstd, source: 'entities', comment: 'How much of the hour it was there', origin: 'ours' },
  { name: 'CpuCoreHours', type: quantity, codec: zstd, source: 'entities', comment: 'Requested by a pod; capacity of a node', origin: 'ours' },
  { name: 'CpuCoreHoursUsed', type: quantity, codec: zstd, source: 'container.cpu.usage, k8s.node.cpu.usage', comment: 'Mean use by the time it was there', origin: 'ours' },
  { name: 'MemoryGbHours', type: quantity, codec: zstd, source: 'entities', comment: 'As CpuCoreHours; 10⁹ bytes', origin: 'ours' },
  { name: 'MemoryGbHoursUsed', type: quantity, codec: zstd, source: 'container.memory.working_set, k8s.node.memory.working_set', comment: 'Mean use by the time it was there', origin: 'ours' },
  { name: 'IsMeasured', type: 'UInt8', codec: zstd, source: 'metrics', comment: '0 where no metric told the use; the use is 0 then', origin: 'ours' },
  { name: 'Cost', type: price, codec: zstd, source: 'request × price', comment: 'Of a pod what it requested; of a node all of it; pods and unallocated add up to the node', origin: 'ours' },
  { name: 'UsageCost', type: price, codec: zstd, source: 'use × price', comment: 'What of it was used', origin: 'ours' },
  { name: 'IdleCost', type: price, codec: zstd, source: '(capacity − use) × price', comment: 'Of a node: what nobody used', origin: 'ours' },
  { name: 'CpuPrice', type: price, codec: zstd, source: 'price', comment: 'Of a vCPU for an hour, which was counted with', origin: 'ours' },
  { name: 'MemoryPrice', type: price, codec: zstd, source: 'price', comment: 'Of 10⁹ bytes for an hour', origin: 'ours' },
  { name: 'Currency', type: 'LowCardinality(String)', codec: zstd, source: 'price', comment: 'ISO 4217; amounts of two are never added', origin: 'ours' },
  { name: 'PriceSource', type: 'LowCardinality(String)', codec: zstd, source: 'price', comment: 'bill: FILE, node: FILE, file: FILE, or default PROVIDER DATE', origin: 'ours' },
] as const;

/** What nodes and pods cost, by hour. */
export const costHours: TableDef<(typeof hourColumns)[number]['name']> = {
  name: 'cost_hours',
  comment: 'What nodes and pods cost, by hour; made again by obsctl cost run',
  columns: hourColumns,
  engine: 'MergeTree',
  // A day is replaced as a whole.
  partitionBy: "toDate(Time, 'UTC')",
  orderBy: '(Cluster, Kind, Namespace, Workload, Time, Node, PodId)',
  ttlFrom: 'Time',
  retention: 'hours',
  indexes: [],
  inDoubt: 'idempotent',
};

/** Everything about cost. */
export const costTables: readonly TableDef[] = [costPrices, costBills, costHours];

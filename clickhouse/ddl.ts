/**
 * The tables as SQL, letter for letter what `SHOW CREATE TABLE` answers on the newest engine, so
 * that the golden files, the engine and this writer check each other.
 */
import {
  type ClusterName,
  clusterClause,
  fullName,
  onCluster,
  replicatedEngine,
  storedName,
} from './cluster.ts';
import { hasSince, indexesOf, type ProfileName, profiles, type Since } from './schema/profiles.ts';
import type { ColumnDef, IndexDef, Retention, TableDef } from './schema/types.ts';
import { nameOf, quoteName, quoteText } from './sql.ts';

/**
 * `embedded` syncs every part: an answered insert survives a power cut without replicas.
 * `cloud` writes the plain engine, which ClickHouse Cloud replaces by its shared one.
 */
export type Flavour = 'embedded' | 'server' | 'replicated' | 'cloud';

export type TableOptions = {
  readonly database: string;
  readonly retentionDays: Readonly<Record<Retention, number>>;
  readonly profile: ProfileName;
  /** How many inserted blocks a table remembers, to recognise one that is sent again. */
  readonly deduplicationWindowBlocks: number;
  readonly flavour: Flavour;
  readonly serverVersion: Since;
  /** On which cluster; absent for a single server, and where the database spreads statements. */
  readonly cluster?: ClusterName;
  /** Of one table that other nodes have already. */
  readonly uuid?: string | undefined;
};

export const defaultDatabase = 'otel';

export const defaultRetentionDays: Readonly<Record<Retention, number>> = {
  traces: 7,
  logs: 7,
  metrics: 30,
  seconds: 1,
  rollups: 90,
  hours: 400,
  receipts: 30,
  entities: 30,
  history: 3650,
};

export const defaultTableOptions: TableOptions = {
  database: defaultDatabase,
  retentionDays: defaultRetentionDays,
  profile: 'balanced',
  deduplicationWindowBlocks: 10_000,
  flavour: 'server',
  serverVersion: [26, 7],
};

/** Replicated tables also forget by age: longer than any outage we promise to survive. */
const replicatedWindowSeconds = 7 * 86_400;

/**
 * Of a cluster, a table and shard. Several gateways insert while one is cut off: at an insert a
 * second into a table of a shard this lasts 27 hours. Each token is a node of a few hundred bytes
 * in Keeper's memory.
 */
export const clusterWindowBlocks = 100_000;

export function createDatabase(database: string, cluster?: ClusterName): string {
  return `CREATE DATABASE IF NOT EXISTS ${nameOf(database)}${onCluster(cluster)} ENGINE = Atomic`;
}

/** The statement that makes `table`; harmless when the table exists. */
export function createTable(table: TableDef, options: TableOptions = defaultTableOptions): string {
  const { database, cluster } = options;
  const statement = showCreate(table, options).replace(
    'CREATE TABLE ',
    'CREATE TABLE IF NOT EXISTS ',
  );
  if (cluster === undefined) return statement;
  const name = storedName(table.name, cluster);
  return statement.replace('\n', `${clusterClause(database, name, cluster, options.uuid)}\n`);
}

/** The text that `SHOW CREATE TABLE` answers for `table`. */
export function showCreate(table: TableDef, options: TableOptions): string {
  const indexes = indexesOf(table, profiles[options.profile], options.serverVersion);
  const lines = [
    ...table.columns.map((column) => `    ${columnClause(column)}`),
    ...indexes.map((index) => `    INDEX ${indexClause(index)}`),
  ];
  const settings = Object.entries(tableSettings(table, options));
  return [
    `CREATE TABLE ${fullName(options.database, storedName(table.name, options.cluster))}`,
    '(',
    lines.join(',\n'),
    ')',
    `ENGINE = ${engineOf(table, options)}`,
    `PARTITION BY ${table.partitionBy}`,
    ...(table.primaryKey === undefined ? [] : [`PRIMARY KEY ${table.primaryKey}`]),
    `ORDER BY ${table.orderBy}`,
    `TTL ${ttlClause(table, options)}`,
    `SETTINGS ${settings.map(([name, value]) => `${name} = ${settingText(value)}`).join(', ')}`,
    `COMMENT ${quoteText(table.comment)}`,
  ].join('\n');
}

/** A column as `CREATE TABLE` and `ALTER TABLE … ADD COLUMN` write it. */
export function columnClause(column: ColumnDef): string {
  const computed = column.computed === undefined ? '' : ` ${column.computed}`;
  const fallback = column.fallback === undefined ? '' : ` DEFAULT ${column.fallback}`;
  const codec = column.codec === undefined ? '' : ` CODEC(${column.codec})`;
  const comment = ` COMMENT ${quoteText(column.comment)}`;
  return `${quoteName(column.name)} ${column.type}${computed}${fallback}${comment}${codec}`;
}

/** An index as `CREATE TABLE` and `ALTER TABLE … ADD INDEX` write it, without the word INDEX. */
export function indexClause(index: IndexDef): string {
  const { name, expression, type, granularity } = index;
  return `${name} ${expression} TYPE ${type} GRANULARITY ${granularity}`;
}

/** When a table's rows may go. */
export function ttlClause(table: TableDef, options: TableOptions): string {
  return `${table.ttlFrom} + toIntervalDay(${options.retentionDays[table.retention]})`;
}

/** Every setting of a table: the profile's, the window's, the flavour's and its own. */
export function tableSettings(
  table: TableDef,
  options: TableOptions,
): Readonly<Record<string, string | number>> {
  const settings: Record<string, string | number> = {};
  for (const { name, value, since } of profiles[options.profile].settings) {
    if (hasSince(options.serverVersion, since)) settings[name] = value;
  }
  const isReplicated = ['replicated', 'cloud'].includes(options.flavour);
  const window = windowSettings(
    options.deduplicationWindowBlocks,
    isReplicated || options.cluster !== undefined,
  );
  Object.assign(settings, window);
  if (options.flavour === 'embedded') {
    settings['fsync_after_insert'] = 1;
    settings['fsync_part_directory'] = 1;
  }
  return { ...settings, ...table.settings };
}

/** For how long an insert that is sent again is recognised. */
export function windowSettings(
  blocks: number,
  isReplicated: boolean,
): Readonly<Record<string, number>> {
  return isReplicated
    ? {
        replicated_deduplication_window: blocks,
        replicated_deduplication_window_seconds: replicatedWindowSeconds,
      }
    : { non_replicated_deduplication_window: blocks };
}

export function settingText(value: string | number): string {
  return typeof value === 'number' ? String(value) : quoteText(value);
}

function engineOf(table: TableDef, options: TableOptions): string {
  if (options.cluster !== undefined) return replicatedEngine(table.name, table.engine);
  return options.flavour === 'replicated' ? `Replicated${table.engine}` : table.engine;
}

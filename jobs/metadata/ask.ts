/** Questions to the tables of entities: what was there at a time, and what happened. */
import type { Sql } from '../../clickhouse/client.ts';
import { entityEvents } from '../../clickhouse/schema/entities.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import type { EntityTable } from './entity.ts';

/** What a person wants to see of each type, in this order; behind cluster, namespace and name. */
const shown: Readonly<Record<EntityTable, readonly string[]>> = {
  namespaces: ['Phase'],
  nodes: ['State', 'Zone', 'InstanceType', 'Addresses'],
  workloads: ['Kind', 'Replicas', 'Images'],
  pods: ['Phase', 'Node', 'Workload', 'Addresses'],
  services: ['Type', 'Addresses', 'Ports'],
  endpoint_slices: ['Service', 'Addresses'],
  ingresses: ['Class', 'Hosts', 'Services'],
  volumes: ['Kind', 'Phase', 'Class', 'Bytes', 'BoundTo'],
  config_maps: ['Hash', 'Bytes'],
  hosts: ['Kind', 'Zone', 'InstanceType', 'Addresses', 'Origin'],
};

type Filter = {
  readonly database: string;
  readonly cluster?: string | undefined;
  readonly namespace?: string | undefined;
  readonly limit: number;
};

export type ListFilter = Filter & {
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
};

export type EventFilter = Filter & {
  readonly sinceMs: number;
  /** Name of an entity, or of the workload of a pod. */
  readonly name?: string | undefined;
  readonly type?: string | undefined;
};

export type Row = Readonly<Record<string, unknown>>;

/** Entities of a type that were there, by name. */
export async function listEntities(
  sql: Sql,
  table: EntityTable,
  { database, atMs, limit, ...filter }: ListFilter,
): Promise<readonly Row[]> {
  const columns = ['Cluster', 'Namespace', 'Name', ...shown[table], 'Created', 'Labels'];
  const at = timeOf(atMs);
  return await sql.rows<Row>(
    `SELECT ${columns.join(', ')} FROM ${nameOf(database)}.${nameOf(`entity_${table}`)} FINAL ` +
      `WHERE ValidFrom <= ${at} AND ValidTo > ${at}${conditions(filter)} ` +
      `ORDER BY Cluster, Namespace, Name LIMIT ${limit}`,
  );
}

/** What happened, the latest first. */
export async function listEvents(
  sql: Sql,
  { database, sinceMs, limit, name, type, ...filter }: EventFilter,
): Promise<readonly Row[]> {
  const named = name === undefined ? '' : quoteText(name);
  const who = name === undefined ? '' : ` AND (Name = ${named} OR Workload = ${named})`;
  const what = type === undefined ? '' : ` AND Type = ${quoteText(type)}`;
  return await sql.rows<Row>(
    'SELECT Time, Cluster, Type, EntityType, Namespace, Name, Before, After, Description ' +
      `FROM ${nameOf(database)}.${entityEvents.name} FINAL ` +
      `WHERE Time >= ${timeOf(sinceMs)}${conditions(filter)}${who}${what} ` +
      `ORDER BY Time DESC, ResourceVersion DESC LIMIT ${limit}`,
  );
}

/** The columns that a table for people has, of {@link listEntities}. */
export function columnsOf(table: EntityTable): readonly string[] {
  return ['Namespace', 'Name', ...shown[table]];
}

function conditions({ cluster, namespace }: Pick<Filter, 'cluster' | 'namespace'>): string {
  const ofCluster = cluster === undefined ? '' : ` AND Cluster = ${quoteText(cluster)}`;
  return namespace === undefined
    ? ofCluster
    : `${ofCluster} AND Namespace = ${quoteText(namespace)}`;
}

function timeOf(ms: number): string {
  return `fromUnixTimestamp64Milli(toInt64(${ms}))`;
}

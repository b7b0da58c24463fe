/**
 * Entities in ClickHouse: what the tables know when a watcher begins, and the rows it adds.
 *
 * Times go as numbers, which ClickHouse takes for ticks of the column: milliseconds.
 *
 * Rows of events go before those of versions, and the positions last: whatever is cut off is told
 * again by the API server, compared with the same versions, and written with the same keys.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import {
  commonEntityColumns,
  configMaps,
  endpointSlices,
  entityEvents,
  entityPositions,
  hosts,
  ingresses,
  namespaces,
  nodes,
  openEndMs,
  pods,
  services,
  volumes,
  workloads,
} from '../../clickhouse/schema/entities.ts';
import type { ColumnDef, TableDef } from '../../clickhouse/schema/types.ts';
import { nameOf, quoteText } from '../../clickhouse/sql.ts';
import { type Entity, type EntityTable, entityTableNames, sorted, type Value } from './entity.ts';
import type { EventRow, Known, Recorded, Rows, VersionRow } from './recorder.ts';

const definitions: Readonly<Record<EntityTable, TableDef>> = {
  namespaces,
  nodes,
  workloads,
  pods,
  services,
  endpoint_slices: endpointSlices,
  ingresses,
  volumes,
  config_maps: configMaps,
  hosts,
};

/** The kind of the rows of a table that has one; the others say it in a column. */
const kindOf: Readonly<Partial<Record<EntityTable, string>>> = {
  namespaces: 'Namespace',
  nodes: 'Node',
  pods: 'Pod',
  services: 'Service',
  endpoint_slices: 'EndpointSlice',
  ingresses: 'Ingress',
  config_maps: 'ConfigMap',
};

const dayMs = 86_400_000;
/** For so long a name that comes back is compared with the one before. */
const predecessorDays = 7;
/** Rows of one answer, so that a large cluster is not one text in memory. */
const pageRows = 10_000;

/** Everything up to here is in the tables, by the name of the kind. */
export type Positions = ReadonlyMap<string, bigint>;

type Row = Readonly<Record<string, unknown>>;

export class EntityStore {
  readonly #server: ClickHouse;
  readonly #cluster: string;

  constructor(server: ClickHouse, cluster: string) {
    this.#server = server;
    this.#cluster = cluster;
  }

  /** How far each kind was recorded. */
  async positions(): Promise<Positions> {
    const rows = await this.#server.rows<{ kind: string; at: string }>(
      `SELECT Kind AS kind, argMax(ResourceVersion, Version) AS at ` +
        `FROM ${this.#name(entityPositions)} WHERE ${this.#ours} GROUP BY Kind`,
    );
    return new Map(rows.map(({ kind, at }) => [kind, BigInt(at)]));
  }

  /** What is there, and what went so lately that it may be told again or come back. */
  async recorded(positions: Positions, nowMs: number): Promise<Recorded> {
    const known: Known[] = [];
    const gone: { id: string; resourceVersion: bigint }[] = [];
    let from = 0n;
    for (const at of positions.values()) if (from === 0n || at < from) from = at;
    for (const table of entityTableNames) {
      for await (const row of this.#open(table)) known.push(knownOf(table, row));
      if (positions.size === 0) continue;
      const rows = await this.#server.rows<{ id: string; at: string }>(
        `SELECT Id AS id, max(Version) AS at FROM ${this.#name(definitions[table])} ` +
          `WHERE ${this.#ours} AND IsGone = 1 AND Version > ${from} GROUP BY Id`,
      );
      for (const { id, at } of rows) gone.push({ id, resourceVersion: BigInt(at) });
    }
    return { known, gone, predecessors: await this.#predecessors(nowMs) };
  }

  /** Writes rows; harmless twice. */
  async write({ versions, events }: Rows): Promise<void> {
    await this.#insert(
      entityEvents,
      events.map((row) => this.#eventRow(row)),
    );
    for (const table of entityTableNames) {
      const rows = versions.filter(({ entity }) => entity.table === table);
      await this.#insert(
        definitions[table],
        rows.map((row) => this.#versionRow(row)),
      );
    }
  }

  /** Says how far everything is written; after {@link write}. */
  async writePositions(positions: Positions, nowMs: number): Promise<void> {
    const rows = [...positions].map(([kind, at]) => ({
      Cluster: this.#cluster,
      Kind: kind,
      ResourceVersion: String(at),
      Version: nowMs,
      Time: nowMs,
    }));
    await this.#insert(entityPositions, rows);
  }

  get #ours(): string {
    return `Cluster = ${quoteText(this.#cluster)}`;
  }

  #name({ name }: TableDef): string {
    return `${nameOf(this.#server.database)}.${nameOf(name)}`;
  }

  async *#open(table: EntityTable): AsyncGenerator<Row> {
    const definition = definitions[table];
    const columns = definition.columns.map(selected).join(', ');
    const open = `fromUnixTimestamp64Milli(toInt64(${openEndMs}))`;
    let after = '';
    for (;;) {
      const rows = await this.#server.rows<Row>(
        `SELECT ${columns} FROM ${this.#name(definition)} FINAL ` +
          `WHERE ${this.#ours} AND Id > ${quoteText(after)} AND ValidTo = ${open} ` +
          `ORDER BY Id LIMIT ${pageRows} SETTINGS prefer_column_name_to_alias = 1`,
      );
      yield* rows;
      if (rows.length < pageRows) return;
      after = String(rows.at(-1)?.['Id']);
    }
  }

  async #predecessors(nowMs: number): Promise<Recorded['predecessors']> {
    const since = `fromUnixTimestamp64Milli(toInt64(${nowMs - predecessorDays * dayMs}))`;
    const rows = await this.#server.rows<Record<'ns' | 'name' | 'id' | 'node' | 'made', string>>(
      `SELECT Namespace AS ns, Name AS name, argMax(Id, ValidTo) AS id, ` +
        `argMax(Node, ValidTo) AS node, ` +
        `toUnixTimestamp64Milli(argMax(Created, ValidTo)) AS made ` +
        `FROM ${this.#name(pods)} WHERE ${this.#ours} AND IsGone = 1 AND Node != '' ` +
        `AND WorkloadKind IN ('StatefulSet', '') AND ValidTo > ${since} ` +
        'GROUP BY Namespace, Name',
    );
    return rows.map(({ ns, name, id, node, made }) => ({
      ...{ namespace: ns, name, id, node },
      createdMs: Number(made),
    }));
  }

  async #insert(table: TableDef, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const into = `INSERT INTO ${this.#name(table)} FORMAT JSONEachRow`;
    await this.#server.insert(into, [Buffer.from(lines)], { async_insert: 0 });
  }

  #versionRow({ entity, validFromMs, validToMs, version, isGone }: VersionRow): Row {
    return {
      Cluster: this.#cluster,
      Id: entity.id,
      ResourceVersion: String(entity.resourceVersion),
      ValidFrom: validFromMs,
      ValidTo: validToMs ?? openEndMs,
      Version: String(version),
      Created: entity.createdMs,
      IsGone: isGone ? 1 : 0,
      Namespace: entity.namespace,
      Name: entity.name,
      Labels: entity.labels,
      Annotations: entity.annotations,
      ...entity.own,
    };
  }

  #eventRow({ entity, type, before, after, description, timeMs, resourceVersion }: EventRow): Row {
    const text = (name: string): string => String(entity.own[name] ?? '');
    return {
      Time: timeMs,
      Cluster: this.#cluster,
      Type: type,
      EntityType: entity.kind,
      EntityId: entity.id,
      Namespace: entity.namespace,
      Name: entity.name,
      Workload: text('Workload'),
      Node: text('Node'),
      ResourceVersion: String(resourceVersion),
      Version: String(resourceVersion),
      Before: before,
      After: after,
      Description: description,
    };
  }
}

/** The columns of an entity's table that its type has of its own. */
export function ownColumns(table: EntityTable): readonly ColumnDef[] {
  return definitions[table].columns.filter(({ name }) => !commonEntityColumns.has(name));
}

function knownOf(table: EntityTable, row: Row): Known {
  const own: Record<string, Value> = {};
  for (const { name, type } of ownColumns(table)) own[name] = readValue(type, row[name]);
  const map = (name: string): Readonly<Record<string, string>> =>
    sorted(row[name] as Record<string, string>);
  const entity: Entity = {
    table,
    kind: kindOf[table] ?? String(row['Kind']),
    id: String(row['Id']),
    namespace: String(row['Namespace']),
    name: String(row['Name']),
    resourceVersion: BigInt(String(row['ResourceVersion'])),
    createdMs: Number(row['Created']),
    labels: map('Labels'),
    annotations: map('Annotations'),
    own,
  };
  return { entity, validFromMs: Number(row['ValidFrom']) };
}

function readValue(type: string, value: unknown): Value {
  if (type.startsWith('Map')) return sorted(value as Record<string, string>);
  if (type.startsWith('Array')) return value as string[];
  return type.startsWith('UInt') || type.startsWith('DateTime') ? Number(value) : String(value);
}

/** Times as milliseconds, which is what entities hold. */
function selected({ name, type }: ColumnDef): string {
  return type.startsWith('DateTime64')
    ? `toUnixTimestamp64Milli(${nameOf(name)}) AS ${nameOf(name)}`
    : nameOf(name);
}

/**
 * Compares a table's declaration with the table as it stands and says what to do: statements
 * that lose nothing, and what only a person may decide. Pure: no I/O, no clock.
 */
import { fullName, onCluster, storedName } from './cluster.ts';
import {
  columnClause,
  createTable,
  indexClause,
  settingText,
  type TableOptions,
  tableSettings,
  ttlClause,
} from './ddl.ts';
import type { LiveColumn, LiveTable } from './migrate-read.ts';
import { type CollectorLayout, collectorLayouts } from './schema/collector-layouts.ts';
import { indexesOf, profiles } from './schema/profiles.ts';
import type { ColumnDef, IndexDef, Retention, TableDef } from './schema/types.ts';
import { nameOf, quoteName, quoteText } from './sql.ts';

/** Something that would lose or rewrite data, and the statements for doing it by hand. */
export type Refusal = {
  readonly table: string;
  readonly differences: readonly string[];
  readonly byHand: readonly string[];
};

export type Comparison = {
  /** Safe to run in this order. */
  readonly statements: readonly string[];
  /** As safe, but the table is the Collector's: run only when asked to adopt it. */
  readonly offers: readonly string[];
  readonly refusals: readonly Refusal[];
  /** Differences that are left as they are, for people. */
  readonly notes: readonly string[];
};

export type CompareOptions = TableOptions & {
  /** Retentions somebody asked for; only these change the TTL of a table that exists. */
  readonly retentionAsked: ReadonlySet<Retention>;
  /** Whether tables that the Collector's exporter made may get our columns and settings. */
  readonly adopt: boolean;
};

/** What brings `live` to `table`. */
export function compareTable(
  table: TableDef,
  live: LiveTable | undefined,
  options: CompareOptions,
): Comparison {
  if (live === undefined) {
    return { statements: [createTable(table, options)], offers: [], refusals: [], notes: [] };
  }
  const foreign = live.comment === '';
  const notes: string[] = [];
  const safe = [
    ...columnStatements(table, live, foreign),
    ...indexStatements(table, live, options, foreign, notes),
    ...ttlStatements(table, live, options, notes),
    ...settingStatements(table, live, options, notes),
    ...(foreign || live.comment === table.comment
      ? []
      : [`MODIFY COMMENT ${quoteText(table.comment)}`]),
  ].map((clause) => `${alter(table, options)} ${clause}`);
  const differences = [
    ...engineDifferences(table, live),
    ...table.columns.flatMap((column) => columnDifferences(table, column, live)),
  ];
  const extra = extraColumns(table, live);
  if (extra.length > 0) notes.push(`${table.name}: other columns left alone: ${extra.join(', ')}`);
  const held = foreign && !options.adopt && !isAdopted(table, live);
  return {
    statements: held ? [] : safe,
    offers: held ? safe : [],
    refusals: differences.length === 0 ? [] : [refusalOf(table, live, differences, options)],
    notes,
  };
}

function alter(table: TableDef, options: TableOptions): string {
  const { database, cluster } = options;
  return `ALTER TABLE ${fullName(database, storedName(table.name, cluster))}${onCluster(cluster)}`;
}

/** Whether a table that the Collector's exporter made has been given our columns before. */
function isAdopted(table: TableDef, live: LiveTable): boolean {
  const ours = table.columns.filter((column) => column.origin === 'ours');
  if (ours.length > 0) return ours.some((column) => findColumn(live, column.name) !== undefined);
  const windows = ['non_replicated_deduplication_window', 'replicated_deduplication_window'];
  return windows.some((name) => name in live.settings);
}

function columnStatements(table: TableDef, live: LiveTable, foreign: boolean): string[] {
  const clauses: string[] = [];
  let previous: string | undefined;
  for (const column of table.columns) {
    const found = findColumn(live, column.name);
    if (found === undefined && !isNestedWhole(live, column.name)) {
      const place = previous === undefined ? ' FIRST' : ` AFTER ${quoteName(previous)}`;
      // The Collector's tables get new columns at the end, where its own inserts expect them.
      clauses.push(`ADD COLUMN IF NOT EXISTS ${columnClause(column)}${foreign ? '' : place}`);
    } else if (found !== undefined && !foreign) {
      clauses.push(...columnChanges(column, found));
    }
    if (found !== undefined) clauses.push(...fallbackChanges(column, found));
    previous = found === undefined && isNestedWhole(live, column.name) ? previous : column.name;
  }
  return clauses;
}

function columnChanges(column: ColumnDef, found: LiveColumn): string[] {
  const clauses: string[] = [];
  const name = quoteName(column.name);
  if (found.type !== column.type && widensEnum(found.type, column.type)) {
    clauses.push(`MODIFY COLUMN ${name} ${column.type}`);
  }
  if (column.codec !== undefined && found.codec !== column.codec) {
    clauses.push(`MODIFY COLUMN ${name} CODEC(${column.codec})`);
  }
  if (found.comment !== column.comment) {
    clauses.push(`COMMENT COLUMN ${name} ${quoteText(column.comment)}`);
  }
  return clauses;
}

/** Also of our columns in the Collector's tables, whose exporter leaves them out. */
function fallbackChanges({ name, fallback }: ColumnDef, found: LiveColumn): string[] {
  const isSame = found.kind === 'DEFAULT' && found.expression === fallback;
  if (fallback === undefined || isSame) return [];
  return [`MODIFY COLUMN ${quoteName(name)} DEFAULT ${fallback}`];
}

/** Names of the indexes that some profile or version of ours makes: only these are dropped. */
function knownIndexNames(table: TableDef): Set<string> {
  const extra = Object.values(profiles).flatMap((profile) => profile.extraIndexes);
  return new Set([
    ...table.indexes.map((index) => index.name),
    ...extra.filter((index) => index.table === table.name).map((index) => index.name),
  ]);
}

function indexStatements(
  table: TableDef,
  live: LiveTable,
  options: CompareOptions,
  foreign: boolean,
  notes: string[],
): string[] {
  const wanted = indexesOf(table, profiles[options.profile], options.serverVersion);
  const clauses: string[] = [];
  const kept = live.indexes.filter((index) => {
    const ours = !foreign && knownIndexNames(table).has(index.name);
    if (!ours || wanted.some((want) => sameIndex(want, index))) return true;
    clauses.push(`DROP INDEX IF EXISTS ${nameOf(index.name)}`);
    return false;
  });
  for (const index of wanted) {
    const cover = kept.find((found) => covers(found, index));
    if (cover !== undefined) {
      if (!sameIndex(cover, index)) {
        notes.push(`${table.name}: index ${cover.name} stays in the place of ${index.name}`);
      }
      continue;
    }
    clauses.push(`ADD INDEX IF NOT EXISTS ${indexClause(index)}`);
    notes.push(
      `${table.name}: rows already stored get index ${index.name} by merges, or at once by: ` +
        `${alter(table, options)} MATERIALIZE INDEX ${index.name}`,
    );
  }
  return clauses;
}

/** Whether somebody's own index is on the same values, or has the name already. */
function covers(found: IndexDef, wanted: IndexDef): boolean {
  return found.name === wanted.name || flat(found.expression) === flat(wanted.expression);
}

function sameIndex(left: IndexDef, right: IndexDef): boolean {
  return (
    left.name === right.name &&
    left.granularity === right.granularity &&
    flat(left.expression) === flat(right.expression) &&
    flat(left.type) === flat(right.type)
  );
}

/** One expression that deletes; a comma means more actions or an expression of somebody's own. */
const simpleTtl = /^([^,]*) \+ toInterval[A-Za-z]+\(\d+\)( DELETE)?$/s;

function ttlStatements(
  table: TableDef,
  live: LiveTable,
  options: CompareOptions,
  notes: string[],
): string[] {
  const wanted = ttlClause(table, options);
  if (live.ttl === wanted || live.ttl === `${wanted} DELETE`) return [];
  const clause = `MODIFY TTL ${wanted}`;
  if (live.ttl === '') return [clause];
  const asked = options.retentionAsked.has(table.retention);
  if (simpleTtl.test(live.ttl) && asked) return [clause];
  const why = asked ? 'moves or groups rows' : 'was chosen before and nobody asked to change it';
  notes.push(
    `${table.name}: the TTL \`${live.ttl}\` ${why}; to replace it: ` +
      `${alter(table, options)} ${clause}`,
  );
  return [];
}

/** Settings that are fixed when a table is created. */
const fixedSettings: ReadonlySet<string> = new Set(['index_granularity']);

function settingStatements(
  table: TableDef,
  live: LiveTable,
  options: CompareOptions,
  notes: string[],
): string[] {
  const wanted = tableSettings(table, options);
  const changes: string[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    const found = live.settings[name];
    if (found === settingText(value)) continue;
    if (fixedSettings.has(name)) {
      notes.push(
        `${table.name}: ${name} is ${found} and stays so; only a new table can have`.concat(
          ` ${value}`,
        ),
      );
    } else if (name.endsWith('_window') && Number(found) > Number(value)) {
      notes.push(`${table.name}: ${name} is ${found}, more than we need; left`);
    } else {
      changes.push(`${name} = ${settingText(value)}`);
    }
  }
  const managed = Object.values(profiles).flatMap((profile) => profile.settings);
  const stale = new Set(
    managed.map(({ name }) => name).filter((name) => name in live.settings && !(name in wanted)),
  );
  return [
    ...(changes.length === 0 ? [] : [`MODIFY SETTING ${changes.join(', ')}`]),
    ...(stale.size === 0 ? [] : [`RESET SETTING ${[...stale].join(', ')}`]),
  ];
}

function engineDifferences(table: TableDef, live: LiveTable): string[] {
  const layout = collectorLayouts[table.name];
  const parts = [
    ['engine', table.engine.replace(/\(.*/, ''), live.engine, layout?.engines],
    ['partition key', table.partitionBy, live.partitionBy, layout?.partitionBy],
    ['sort key', table.orderBy, live.orderBy, layout?.orderBy],
    ['primary key', table.primaryKey ?? table.orderBy, live.primaryKey, layout?.primaryKey],
  ] as const;
  return parts
    .filter(
      ([, want, have, others]) => key(want) !== key(have) && !others?.map(key).includes(key(have)),
    )
    .map(([what, want, have]) => `${what} is ${have || 'absent'}, not ${want}`);
}

function columnDifferences(table: TableDef, column: ColumnDef, live: LiveTable): string[] {
  const found = findColumn(live, column.name);
  if (found === undefined) return [];
  const layout: CollectorLayout | undefined = collectorLayouts[table.name];
  const differences: string[] = [];
  const accepted = layout?.types[column.name]?.includes(found.type) === true;
  if (found.type !== column.type && !accepted && !widensEnum(found.type, column.type)) {
    differences.push(`column ${column.name} has type ${found.type}, not ${column.type}`);
  }
  if (column.computed === undefined && ['ALIAS', 'MATERIALIZED'].includes(found.kind)) {
    differences.push(`column ${column.name} is ${found.kind} and cannot be written to`);
  }
  return differences;
}

/** Whether every name of the old enum keeps its number in the new one. */
export function widensEnum(from: string, to: string): boolean {
  const [before, after] = [enumItems(from), enumItems(to)];
  if (before === undefined || after === undefined) return false;
  return [...before].every((item) => after.has(item));
}

function enumItems(type: string): Set<string> | undefined {
  const match = /^Enum(8|16)\((.*)\)$/s.exec(type);
  if (match === null) return undefined;
  return new Set((match[2] ?? '').match(/'(?:[^'\\]|\\.)*' = -?\d+/g) ?? []);
}

/** Copying into a new table is the one way that changes anything; the old table stays. */
function refusalOf(
  table: TableDef,
  live: LiveTable,
  differences: readonly string[],
  options: CompareOptions,
): Refusal {
  const name = storedName(table.name, options.cluster);
  const [old, fresh] = [name, `${name}_new`].map((one) => fullName(options.database, one));
  const shared = table.columns.filter((column) => findColumn(live, column.name) !== undefined);
  const names = shared.map((column) => quoteName(column.name)).join(', ');
  const values = shared.map((column) => {
    const name = quoteName(column.name);
    const same = findColumn(live, column.name)?.type === column.type;
    return same ? name : `CAST(${name} AS ${column.type})`;
  });
  return {
    table: table.name,
    differences,
    byHand: [
      // By its first line alone: a cluster's table has a UUID there, which another may not have.
      createTable(table, options).replace(
        /^.*/,
        `CREATE TABLE IF NOT EXISTS ${fresh}${onCluster(options.cluster)}`,
      ),
      `INSERT INTO ${fresh} (${names}) SELECT ${values.join(', ')} FROM ${old}`,
      `EXCHANGE TABLES ${old} AND ${fresh}${onCluster(options.cluster)}`,
    ],
  };
}

function findColumn(live: LiveTable, name: string): LiveColumn | undefined {
  return live.columns.find((column) => column.name === name);
}

/** A table made with `flatten_nested = 0` has `Events Nested(…)` and no `Events.Name`. */
function isNestedWhole(live: LiveTable, name: string): boolean {
  const [parent, child] = name.split('.');
  return child !== undefined && findColumn(live, parent ?? '')?.type.startsWith('Nested(') === true;
}

function extraColumns(table: TableDef, live: LiveTable): string[] {
  const known = new Set(table.columns.map((column) => column.name));
  const extra = live.columns.filter((column) => !known.has(column.name));
  return extra.map((column) => column.name);
}

/** A key without the parentheses, back quotes and spaces that say nothing. */
function key(text: string): string {
  return flat(text)
    .replaceAll('`', '')
    .replace(/^\((.*)\)$/s, '$1');
}

function flat(text: string): string {
  return text.replaceAll(/\s+/g, '');
}

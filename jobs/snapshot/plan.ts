/**
 * What one run reads and writes: tables picked by globs, columns with their types in ClickHouse.
 * Pure: the catalog of the source and the stack file's words are given.
 */
import { Problem } from '../../core/problem.ts';
import type { SnapshotConfig } from './config.ts';
import { fitsGlob, pick } from './globs.ts';
import type {
  EdgePolicy,
  PlannedColumn,
  PlannedTable,
  SourceColumn,
  SourceTable,
} from './source.ts';

export type TablePlan = PlannedTable & {
  /** For each column, in their order: whether its text is replaced by its SHA-256. */
  readonly hashed: readonly boolean[];
  /** Names of columns that are not copied. */
  readonly dropped: readonly string[];
};

type ColumnRule = SnapshotConfig['columns'][number];

/** Schemas that are not part of a table's name in ClickHouse. */
const plainSchemas: ReadonlySet<string> = new Set(['public']);

/**
 * The tables that `config` asks for.
 *
 * @param home the schema whose tables keep their names, for MySQL the database of the DSN
 * @throws Problem OBS-6041, OBS-6042 or OBS-6043, with the name
 */
export function planTables(
  tables: readonly SourceTable[],
  config: Pick<SnapshotConfig, 'name' | 'tables' | 'columns' | 'filters'>,
  home?: string,
): readonly TablePlan[] {
  const { picked, idle } = pick(config.tables, tables, fullName);
  if (idle.length > 0 || picked.length === 0) {
    const what = idle.length > 0 ? idle.map((glob) => `“${glob}”`).join(', ') : 'what is left';
    throw new Problem('OBS-6041', `${what} fits none of ${tables.length} tables`, {
      where: `snapshots.${config.name}.tables`,
    });
  }
  const plans = picked.map((table) => planTable(table, config, home));
  refuseTwins(
    plans,
    (plan) => plan.name,
    (plan) => fullName(plan.source),
    config.name,
  );
  return plans;
}

/** `schema.table`, as globs see it. */
export function fullName(table: SourceTable): string {
  return `${table.schema}.${table.name}`;
}

function planTable(
  table: SourceTable,
  config: Pick<SnapshotConfig, 'name' | 'columns' | 'filters'>,
  home: string | undefined,
): TablePlan {
  const ruled = table.columns.map((column) => {
    const name = `${fullName(table)}.${column.name}`;
    return { column, rule: config.columns.find(({ match }) => fitsGlob(match, name)) };
  });
  const kept = ruled.filter(({ rule }) => rule?.action !== 'drop');
  const planned = kept.flatMap(({ column, rule }) => {
    const flag = rule?.null_flag;
    const isHashed = rule?.action === 'hash';
    return [
      { column: planColumn(table, column, rule), isHashed },
      ...(flag === undefined ? [] : [{ column: planFlag(column, flag), isHashed: false }]),
    ];
  });
  const columns = planned.map(({ column }) => column);
  const where = `${config.name}: ${fullName(table)}`;
  if (columns.length === 0) {
    throw new Problem('OBS-6041', 'no column is left that could be copied', {
      where,
      next: `Leave it out: “!${fullName(table)}” under tables.`,
    });
  }
  refuseTwins(
    columns,
    (column) => column.name,
    (column) => column.source.name,
    where,
  );
  const filter = config.filters.find(({ match }) => fitsGlob(match, fullName(table)))?.where;
  const isPlain = table.schema === home || plainSchemas.has(table.schema);
  return {
    source: table,
    name: isPlain ? table.name : `${table.schema}_${table.name}`,
    columns,
    hashed: planned.map(({ isHashed }) => isHashed),
    dropped: ruled.filter(({ rule }) => rule?.action === 'drop').map(({ column }) => column.name),
    ...(filter !== undefined && { filter }),
  };
}

function planColumn(
  table: SourceTable,
  column: SourceColumn,
  rule: ColumnRule | undefined,
): PlannedColumn {
  const { mapped } = column;
  const edge: EdgePolicy = rule?.edge ?? mapped.edge;
  const wanted = rule?.action === 'hash' || edge === 'string' ? 'String' : rule?.type;
  if (wanted !== undefined && !mapped.types.includes(wanted)) {
    const where = `${fullName(table)}.${column.name}`;
    const choice = mapped.types.join(', ');
    throw new Problem('OBS-6043', `${column.sourceType} can be ${choice}, not ${wanted}`, {
      where,
    });
  }
  const isJson = wanted === 'JSON';
  const type = isJson ? 'String' : (wanted ?? mapped.type);
  const canBeNull = type === 'String' || mapped.canBeNull;
  const needsNull = (column.isNullable || edge === 'null') && canBeNull;
  return {
    source: column,
    name: rule?.name ?? column.name,
    type: needsNull ? nullable(type) : type,
    edge,
    ...(isJson && { becomes: 'JSON' as const }),
  };
}

function planFlag(source: SourceColumn, name: string): PlannedColumn {
  return { source, name, type: 'Bool', edge: 'fail', isNullFlag: true };
}

/** Nullable stands inside of LowCardinality. */
function nullable(type: string): string {
  const inner = /^LowCardinality\((.*)\)$/.exec(type)?.[1];
  return inner === undefined ? `Nullable(${type})` : `LowCardinality(Nullable(${inner}))`;
}

function refuseTwins<One>(
  all: readonly One[],
  nameOf: (one: One) => string,
  sourceOf: (one: One) => string,
  where: string,
): void {
  const seen = new Map<string, One>();
  for (const one of all) {
    const twin = seen.get(nameOf(one));
    if (twin !== undefined) {
      const message = `${sourceOf(twin)} and ${sourceOf(one)} would both be ${nameOf(one)}`;
      throw new Problem('OBS-6042', message, { where });
    }
    seen.set(nameOf(one), one);
  }
}

/**
 * How each table is kept: whole each time, by the rows that changed, with the history of its rows.
 * Pure: words of the stack file and a plan are given.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { SnapshotConfig } from './config.ts';
import { fitsGlob } from './globs.ts';
import { fullName, type TablePlan } from './plan.ts';
import type { PlannedColumn } from './source.ts';
import { keyColumns } from './target.ts';

export type Cursor = {
  readonly column: PlannedColumn;
  readonly kind: 'time' | 'date' | 'integer';
  /** Milliseconds; of integers how many. */
  readonly overlap: number;
};

export type Mode = {
  /** Absent: the table is read whole each time. */
  readonly cursor?: Cursor;
  readonly comparesDeletes: boolean;
  readonly hasHistory: boolean;
  /** Why it is not as the stack file asks; a line each. */
  readonly lacks: readonly string[];
};

type Words = Pick<SnapshotConfig, 'name' | 'incremental' | 'history'>;

const overlapMsDefault = 600_000;
const overlapCountDefault = 1_000;

/** Columns of ours beside those of the table. */
export const versionName = '_version';
export const deletedName = '_deleted';
const historyNames = ['valid_from', 'valid_to', versionName] as const;

/**
 * The mode of each plan, in their order. A table that cannot be kept as it is asked for is read
 * whole: a change in the source must not end what is read every hour.
 *
 * @throws Problem OBS-6048 when an entry fits no table, OBS-6042 when a history has no free name
 */
export function planModes(plans: readonly TablePlan[], words: Words): readonly Mode[] {
  for (const list of ['incremental', 'history'] as const) {
    for (const [index, { match }] of words[list].entries()) {
      if (plans.some(({ source }) => fitsGlob(match, fullName(source)))) continue;
      throw new Problem('OBS-6048', `“${match}” fits none of the ${plans.length} tables`, {
        where: `snapshots.${words.name}.${list}[${index}]`,
      });
    }
  }
  const modes = plans.map((plan) => modeOf(plan, words));
  for (const [index, plan] of plans.entries()) {
    const twin = plans.find(({ name }) => name === historyName(plan));
    if (modes[index]?.hasHistory !== true || twin === undefined) continue;
    const message = `${fullName(twin.source)} and the history of ${fullName(plan.source)}`;
    throw new Problem('OBS-6042', `${message} would both be ${twin.name}`, { where: words.name });
  }
  return modes;
}

/** The name in ClickHouse of a table's history. */
export function historyName({ name }: Pick<TablePlan, 'name'>): string {
  return `${name}_history`;
}

function modeOf(plan: TablePlan, words: Words): Mode {
  const fits = ({ match }: { readonly match: string }): boolean =>
    fitsGlob(match, fullName(plan.source));
  const asked = words.incremental.find(fits);
  const cursor = asked === undefined ? '' : cursorOf(plan, asked);
  const history = words.history.some(fits) ? whyNoHistory(plan) : undefined;
  return {
    ...(typeof cursor === 'object' && { cursor }),
    comparesDeletes: typeof cursor === 'object' && asked?.deletes === 'compare',
    hasHistory: history === '',
    lacks: [
      ...(typeof cursor === 'string' && cursor !== '' ? [`read whole: ${cursor}`] : []),
      ...(history === undefined || history === '' ? [] : [`without history: ${history}`]),
    ],
  };
}

/** The cursor, or why the table has none. */
function cursorOf(plan: TablePlan, asked: Words['incremental'][number]): Cursor | string {
  const lack = whyNot(plan, [versionName, deletedName]);
  if (lack !== '') return lack;
  const index = plan.columns.findIndex(({ source }) => source.name === asked.cursor);
  const column = plan.columns[index];
  if (column === undefined) return `no column ${asked.cursor} is copied`;
  const kind = kindOf(column.type);
  if (kind === undefined) return `${asked.cursor} is ${column.type}: no time, date or integer`;
  const isCount = typeof asked.overlap === 'number';
  if (asked.overlap !== undefined && isCount !== (kind === 'integer')) {
    const wanted = kind === 'integer' ? 'a number' : 'a duration';
    return `the overlap of ${asked.cursor} must be ${wanted}`;
  }
  const overlap =
    kind === 'integer'
      ? Number(asked.overlap ?? overlapCountDefault)
      : (parseDurationMs(String(asked.overlap)) ?? overlapMsDefault);
  return { column, kind, overlap };
}

function whyNoHistory(plan: TablePlan): string {
  const json = plan.columns.find(({ becomes }) => becomes !== undefined);
  return json === undefined
    ? whyNot(plan, historyNames)
    : `${json.name} is JSON, and versions are compared by their texts`;
}

/** Empty when rows can be told apart, and columns of ours have names that are free. */
function whyNot(plan: TablePlan, ours: readonly string[]): string {
  if (plan.source.primaryKey.length === 0) return 'no primary key';
  if (keyColumns(plan).length === 0) return 'its primary key is not copied, or may be NULL';
  const taken = plan.columns.find(({ name }) => ours.includes(name));
  return taken === undefined ? '' : `it has a column ${taken.name} of its own`;
}

function kindOf(type: string): Cursor['kind'] | undefined {
  const inner = /^Nullable\((.*)\)$/.exec(type)?.[1] ?? type;
  if (/^DateTime/.test(inner)) return 'time';
  if (/^Date/.test(inner)) return 'date';
  return /^U?Int(8|16|32|64)$/.test(inner) ? 'integer' : undefined;
}

/** Equal for rows that were made alike: rows of another making cannot be added to. */
export function makingOf(plan: TablePlan, mode: Mode): string {
  const columns = plan.columns.map(({ source, name, type, edge, becomes }, index) => [
    ...[source.name, source.sourceType, name, type, edge],
    ...(becomes === undefined ? [] : [becomes]),
    plan.hashed[index] === true,
  ]);
  const cursor = mode.cursor?.column.source.name;
  return hashOf([fullName(plan.source), columns, plan.source.primaryKey, plan.filter, cursor]);
}

/** The same of a history, which lives through changes that leave types as they are. */
export function historyMakingOf(plan: TablePlan): string {
  const columns = plan.columns.map(({ name, type }) => [name, type]);
  return hashOf(['history', fullName(plan.source), columns, keyColumns(plan)]);
}

function hashOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

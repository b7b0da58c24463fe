/**
 * What a dictionary is made of: columns of a planned table, with the types that a dictionary has
 * for them. Pure: whatever does not fit is told before anything is read.
 */
import { Problem } from '../../core/problem.ts';
import { parseDurationMs } from '../../core/units.ts';
import type { SnapshotConfig } from './config.ts';
import type { DictionaryConfig } from './dictionary-config.ts';
import { fullName, type TablePlan } from './plan.ts';

type DictionaryColumn = { readonly name: string; readonly type: string };

export type DictionaryPlan = {
  readonly name: string;
  readonly plan: TablePlan;
  readonly key: readonly DictionaryColumn[];
  readonly attributes: readonly DictionaryColumn[];
  readonly layout: NonNullable<DictionaryConfig['layout']>;
  readonly lifetimeMs: number;
  /** Absent: read as the server's own `default`. */
  readonly collection?: string;
};

/** A dictionary has no such type, but holds all values of it as the other. */
const heldAs: readonly (readonly [RegExp, string])[] = [
  [/^LowCardinality\((.*)\)$/, '$1'],
  [/^Nullable\((?:Enum(?:8|16)|FixedString)\(.*\)\)$/, 'Nullable(String)'],
  [/^(?:Enum(?:8|16)|FixedString)\(.*\)$/, 'String'],
];

/** All that ClickHouse 26.7 takes for an attribute; asked of it, type by type. */
const attribute = new RegExp(
  '^(U?Int\\d+|Float\\d+|Bool|String|UUID|IPv[46]|Date|Date32|DateTime.*' +
    '|Decimal\\(.*\\)|Array\\(.*\\)|Map\\(.*\\))$',
);
/** Of those, what is equal only to itself, letter for letter. */
const keyType = /^(?!Float|Array|Map)/;

/**
 * @param changing of the plans those that are read by their changes: what they hold is seen through
 *   a view, whose older rows a dictionary would load as well
 * @throws Problem OBS-6057, with the dictionary and what does not fit
 */
export function planDictionaries(
  { name, dictionaries }: Pick<SnapshotConfig, 'name' | 'dictionaries'>,
  plans: readonly TablePlan[],
  changing: readonly TablePlan[] = [],
): readonly DictionaryPlan[] {
  return dictionaries.map((one) => {
    const where = `snapshots.${name}.dictionaries.${one.name}`;
    const plan = plans.find(({ source }) => fullName(source) === one.table);
    if (plan === undefined) throw unfit(`${one.table} is not among the tables`, where);
    if (changing.includes(plan)) {
      throw unfit(`${one.table} is incremental; a dictionary needs a table read whole`, where);
    }
    const twin = plans.find((other) => other.name === one.name);
    if (twin !== undefined) {
      throw unfit(`the table ${fullName(twin.source)} has its name`, where);
    }
    const key = one.key.map((column) => columnOf(plan, column, true, where));
    const attributes = one.attributes.map((column) => columnOf(plan, column, false, where));
    const both = one.attributes.find((column) => one.key.includes(column));
    if (both !== undefined) throw unfit(`${both} is in its key already`, where);
    return {
      name: one.name,
      plan,
      key,
      attributes,
      layout: layoutOf(one, key, where),
      lifetimeMs: parseDurationMs(one.lifetime) ?? 0,
      ...(one.collection !== undefined && { collection: one.collection }),
    };
  });
}

export function unfit(message: string, where: string): Problem {
  return new Problem('OBS-6057', message, { where });
}

function columnOf(plan: TablePlan, name: string, isKey: boolean, where: string): DictionaryColumn {
  const planned = plan.columns.find((column) => column.name === name);
  if (planned === undefined) {
    const known = plan.columns.map((column) => column.name).join(', ');
    throw unfit(`${fullName(plan.source)} has no column ${name}; there are ${known}`, where);
  }
  const held = heldAs.reduce((type, [from, to]) => type.replace(from, to), planned.type);
  const inner = held.replace(/^Nullable\((.*)\)$/, '$1');
  if (!attribute.test(inner) || (isKey && !keyType.test(inner))) {
    const what = isKey ? 'a key' : 'an attribute';
    throw unfit(`${name} is ${planned.type}, which cannot be ${what} of a dictionary`, where);
  }
  // A key that may be NULL in the source is looked through for one before the dictionary is made.
  return { name, type: isKey ? inner : held };
}

function layoutOf(
  { layout }: DictionaryConfig,
  key: readonly DictionaryColumn[],
  where: string,
): DictionaryPlan['layout'] {
  const [first] = key;
  const isSingle = key.length === 1;
  if (layout === undefined) {
    return isSingle && /^UInt(8|16|32|64)$/.test(first?.type ?? '')
      ? 'hashed'
      : 'complex_key_hashed';
  }
  const isInteger = isSingle && /^U?Int(8|16|32|64)$/.test(first?.type ?? '');
  if (layout === 'complex_key_hashed' || isInteger) return layout;
  const types = key.map(({ type }) => type).join(', ');
  throw unfit(`the layout ${layout} is for one integer, and its key is ${types}`, where);
}

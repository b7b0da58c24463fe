/** What changed in a table since it was copied last: a line of the report each. Pure. */
import type { StoredColumn } from './target.ts';

export type Shape = {
  readonly columns: readonly StoredColumn[];
  /** As ClickHouse writes it: `id, line`. */
  readonly key: string;
};

/**
 * Every run writes a new table, so each of these is only told, never worked around: an added
 * column is there, a dropped one is not, another type holds all rows, another key sorts them.
 */
export function changesBetween(before: Shape, after: Shape): readonly string[] {
  const added = without(after.columns, before.columns);
  const dropped = without(before.columns, after.columns);
  const renamed = renames(before, after, dropped, added);
  const isRenamed = ({ name }: StoredColumn): boolean =>
    renamed.some(({ from, to }) => from.name === name || to.name === name);
  return [
    ...renamed.map(({ from, to }) => `renamed, as it looks: ${from.name} to ${to.name}`),
    ...added.filter((one) => !isRenamed(one)).map(({ name, type }) => `added: ${name} ${type}`),
    ...dropped.filter((one) => !isRenamed(one)).map(({ name, type }) => `dropped: ${name} ${type}`),
    ...retyped(before.columns, after.columns),
    ...(before.key === after.key ? [] : [`key: (${before.key}) to (${after.key})`]),
  ];
}

function without(
  columns: readonly StoredColumn[],
  others: readonly StoredColumn[],
): readonly StoredColumn[] {
  return columns.filter(({ name }) => !others.some((other) => other.name === name));
}

type Rename = { readonly from: StoredColumn; readonly to: StoredColumn };

/** One that went and one that came, of one type and between the same neighbours. */
function renames(
  before: Shape,
  after: Shape,
  dropped: readonly StoredColumn[],
  added: readonly StoredColumn[],
): readonly Rename[] {
  const neighbours = ({ columns }: Shape, { name }: StoredColumn): string => {
    const at = columns.findIndex((column) => column.name === name);
    return JSON.stringify([columns[at - 1]?.name, columns[at + 1]?.name]);
  };
  return dropped.flatMap((from) => {
    const to = added.find(
      (one) => one.type === from.type && neighbours(after, one) === neighbours(before, from),
    );
    return to === undefined ? [] : [{ from, to }];
  });
}

function retyped(
  before: readonly StoredColumn[],
  after: readonly StoredColumn[],
): readonly string[] {
  return after.flatMap(({ name, type }) => {
    const old = before.find((column) => column.name === name);
    return old === undefined || old.type === type ? [] : [`type: ${name} ${old.type} to ${type}`];
  });
}

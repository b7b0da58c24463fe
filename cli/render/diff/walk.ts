/**
 * Two JSON values compared by meaning: elements of a list are the same when their name (or mount
 * path, port, rule …) is the same, wherever they stand, so that moving one is no difference.
 */
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { isJsonObject } from './manifest.ts';

export type FieldChange = {
  /** `spec.template.spec.containers[gateway].image`. */
  readonly path: string;
  /** Absent where the field is new. */
  readonly before?: JsonValue;
  /** Absent where the field is gone. */
  readonly after?: JsonValue;
};

/** Deeper than any object of the API; deeper values are compared as text. */
const depthMax = 40;

/** What identifies an element of a list, first that all elements have and that tells them apart. */
const identities: readonly (readonly string[])[] = [
  ['mountPath'],
  ['name'],
  ['containerPort', 'protocol'],
  ['key', 'operator', 'effect'],
  ['topologyKey'],
  ['uid'],
  ['key'],
];

/** Every difference from `before` to `after`, in the order of `after`, then what is gone. */
export function changesOf(
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  path = '',
  depth = 0,
): FieldChange[] {
  if (before === undefined) return after === undefined ? [] : [{ path, after }];
  if (after === undefined) return [{ path, before }];
  if (depth < depthMax) {
    if (isJsonObject(before) && isJsonObject(after)) {
      return changesOfObjects(before, after, path, depth);
    }
    if (Array.isArray(before) && Array.isArray(after)) {
      return changesOfLists(before, after, path, depth);
    }
  }
  return same(before, after) ? [] : [{ path, before, after }];
}

/** Equal but for the order of keys. */
export function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return canonical(a) === canonical(b);
}

function changesOfObjects(before: JsonObject, after: JsonObject, path: string, depth: number) {
  const keys = [...Object.keys(after), ...Object.keys(before).filter((key) => !(key in after))];
  return keys.flatMap((key) => changesOf(before[key], after[key], joinPath(path, key), depth + 1));
}

function changesOfLists(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  path: string,
  depth: number,
): FieldChange[] {
  const keys = identityOf(before, after);
  if (keys === undefined) return changesOfSets(before, after, path);
  const nameOf = (value: JsonValue) =>
    keys.map((key) => (isJsonObject(value) ? (value[key] ?? '') : '')).join(' ');
  const old = new Map(before.map((value) => [nameOf(value), value]));
  const now = new Map(after.map((value) => [nameOf(value), value]));
  const names = [...now.keys(), ...[...old.keys()].filter((name) => !now.has(name))];
  return names.flatMap((name) =>
    changesOf(old.get(name), now.get(name), `${path}[${name}]`, depth + 1),
  );
}

/**
 * Lists without names. Of rules and of plain words the order means nothing; of arguments and of
 * processors it does, so the same elements in another order are one change of the whole list.
 */
function changesOfSets(before: readonly JsonValue[], after: readonly JsonValue[], path: string) {
  const gone = without(before, after);
  const added = without(after, before);
  if (gone.length === 0 && added.length === 0) {
    const moved = orderMatters(path) && !same(before, after);
    return moved ? [{ path, before, after }] : [];
  }
  return [
    ...gone.map((value): FieldChange => ({ path: `${path}[]`, before: value })),
    ...added.map((value): FieldChange => ({ path: `${path}[]`, after: value })),
  ];
}

/** Elements of `list` that `other` does not have, counting repetitions. */
function without(list: readonly JsonValue[], other: readonly JsonValue[]): JsonValue[] {
  const left = other.map(canonical);
  return list.filter((value) => {
    const index = left.indexOf(canonical(value));
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

function orderMatters(path: string): boolean {
  return /(^|\.)(args|command|initContainers|processors|operators|(\w+_)?statements)$/.test(path);
}

/** The keys by which all elements of both lists can be told apart. */
function identityOf(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
): readonly string[] | undefined {
  return identities.find((keys) => isIdentity(before, keys) && isIdentity(after, keys));
}

function isIdentity(list: readonly JsonValue[], [first = '', ...rest]: readonly string[]) {
  const names = new Set<string>();
  for (const value of list) {
    if (!isJsonObject(value) || value[first] === undefined) return false;
    names.add([first, ...rest].map((key) => String(value[key] ?? '')).join(' '));
  }
  return names.size === list.length;
}

function joinPath(path: string, key: string): string {
  const word = /^[\w-]+$/.test(key) ? key : `"${key}"`;
  return path === '' ? word : `${path}.${word}`;
}

function canonical(value: JsonValue | undefined): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      isJsonObject(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'undefined'
  );
}

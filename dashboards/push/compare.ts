/**
 * Differences between what Grafana has and what it should have, with places that a person finds:
 * panels by id and title, targets by letter, variables by name, rules by uid. What is empty and
 * what is absent are the same, because Grafana adds and drops such values itself.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { Change } from './resource.ts';

type Optional = JsonValue | undefined;

export type CompareOptions = {
  /** Keys that only Grafana has are no difference. */
  readonly subset?: boolean;
};

export function compareJson(
  before: Optional,
  after: Optional,
  options: CompareOptions = {},
  path = '',
): readonly Change[] {
  if (isList(before) && isList(after)) return compareLists(before, after, options, path);
  if (isObject(before) && isObject(after)) return compareObjects(before, after, options, path);
  if (isEmpty(before) && isEmpty(after)) return [];
  // Only Grafana has it: a default that it spelled out.
  if (after === undefined && before === false) return [];
  if (before === after) return [];
  return [changeOf(path, before, after)];
}

function compareObjects(
  before: JsonObject,
  after: JsonObject,
  options: CompareOptions,
  path: string,
): readonly Change[] {
  const extra = options.subset ? [] : Object.keys(before).filter((key) => !(key in after));
  return [...Object.keys(after), ...extra].flatMap((key) =>
    compareJson(before[key], after[key], options, path === '' ? key : `${path}.${key}`),
  );
}

function compareLists(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  options: CompareOptions,
  path: string,
): readonly Change[] {
  const found = byKey(before);
  const wanted = byKey(after);
  if (found === undefined || wanted === undefined)
    return compareByIndex(before, after, options, path);
  const common = [...wanted.keys()].filter((key) => found.has(key));
  const changes = [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) =>
    compareJson(found.get(key), wanted.get(key), options, place(path, key, wanted, found)),
  );
  const order = [...found.keys()].filter((key) => wanted.has(key));
  if (order.every((key, index) => key === common[index])) return changes;
  return [...changes, changeOf(`${path} (order)`, order, common)];
}

function compareByIndex(
  before: readonly JsonValue[],
  after: readonly JsonValue[],
  options: CompareOptions,
  path: string,
): readonly Change[] {
  const length = Math.max(before.length, after.length);
  return Array.from({ length }, (_, index) => index).flatMap((index) =>
    compareJson(before[index], after[index], options, `${path}[${index}]`),
  );
}

/** Items by what names them; undefined where they have no names or the same ones. */
function byKey(list: readonly JsonValue[]): ReadonlyMap<string, JsonObject> | undefined {
  const items = list.filter(isObject);
  const keys = items.map(keyOf).filter((key) => key !== undefined);
  if (keys.length !== list.length || new Set(keys).size !== keys.length) return undefined;
  return new Map(items.map((item, index) => [keys[index] ?? '', item]));
}

function keyOf({ id, refId, name, uid }: JsonObject): string | undefined {
  const key = refId ?? id ?? name ?? uid;
  return typeof key === 'string' || typeof key === 'number' ? String(key) : undefined;
}

type Items = ReadonlyMap<string, JsonObject>;

function place(path: string, key: string, wanted: Items, found: Items): string {
  const title = (wanted.get(key) ?? found.get(key))?.['title'];
  const shown = typeof title === 'string' && title !== '' ? ` ${JSON.stringify(title)}` : '';
  return `${path}[${key}${shown}]`;
}

function changeOf(path: string, before: Optional, after: Optional): Change {
  return {
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  };
}

function isEmpty(value: Optional): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (isList(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(isEmpty);
}

function isList(value: Optional): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isObject(value: Optional): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parts of an object of the API server. Fields that are missing, or not of the type that the API
 * promises, read as nothing: an object that we do not understand must not stop the others.
 */
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { sorted } from '../entity.ts';

/** What is chosen of labels and annotations: their names; `*` for all. */
export type Chosen = {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
};

export function objectAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject {
  let at: JsonValue | undefined = value;
  for (const key of path) at = isObject(at) ? at[key] : undefined;
  return isObject(at) ? at : {};
}

export function listAt(value: JsonValue | undefined, ...path: readonly string[]): JsonObject[] {
  const last = path.at(-1) ?? '';
  const list = objectAt(value, ...path.slice(0, -1))[last];
  return Array.isArray(list) ? list.filter(isObject) : [];
}

export function textAt(value: JsonValue | undefined, ...path: readonly string[]): string {
  const text = objectAt(value, ...path.slice(0, -1))[path.at(-1) ?? ''];
  return typeof text === 'string' ? text : typeof text === 'number' ? String(text) : '';
}

export function textsAt(value: JsonValue | undefined, ...path: readonly string[]): string[] {
  const list = objectAt(value, ...path.slice(0, -1))[path.at(-1) ?? ''];
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

export function numberAt(value: JsonValue | undefined, ...path: readonly string[]): number {
  const number = objectAt(value, ...path.slice(0, -1))[path.at(-1) ?? ''];
  return typeof number === 'number' ? number : 0;
}

/** A map of texts in the order of its keys; of those the ones that are `chosen`. */
export function mapAt(
  value: JsonValue | undefined,
  path: readonly string[],
  chosen: readonly string[] = ['*'],
): Readonly<Record<string, string>> {
  const isAll = chosen.includes('*');
  const found: Record<string, string> = {};
  for (const [key, text] of Object.entries(objectAt(value, ...path))) {
    if (typeof text === 'string' && (isAll || chosen.includes(key))) found[key] = text;
  }
  return sorted(found);
}

/** Milliseconds of a time in RFC 3339; 0 when it is none. */
export function msOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

/** Each text once, in order. */
export function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== ''))].sort();
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The Collector reads `${env:X}` in every string; a dollar that is meant as itself is doubled. */
import type { JsonValue } from '../core/json.ts';

/** Doubles every dollar of a text that is meant literally, for example `$1` of a relabel rule. */
export function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** A reference that the Collector itself puts in: doubled dollars and other text are not one. */
const reference =
  /^\$\{(?:(?:env|file|yaml|http|https):[^${}]*|[A-Za-z_][A-Za-z0-9_]*(?::-[^}]*)?)\}/;

/** Positions of dollars that are neither doubled nor the start of a reference. */
export function unescapedDollars(text: string): readonly number[] {
  const found: number[] = [];
  for (let at = text.indexOf('$'); at >= 0; at = text.indexOf('$', at)) {
    if (text[at + 1] === '$') {
      at += 2;
      continue;
    }
    const match = reference.exec(text.slice(at));
    if (match === null) found.push(at);
    at += match === null ? 1 : match[0].length;
  }
  return found;
}

/** Escapes every string of a value, keys left alone. */
export function escapeDollarsIn(value: JsonValue): JsonValue {
  if (typeof value === 'string') return escapeDollars(value);
  if (isList(value)) return value.map(escapeDollarsIn);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, escapeDollarsIn(inner)]),
    );
  }
  return value;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

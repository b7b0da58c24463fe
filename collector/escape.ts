/** The Collector reads `${env:X}` in every string; a dollar that is meant as itself is doubled. */
import type { JsonValue } from '../core/json.ts';

/** Doubles every dollar of a text that is meant literally, for example `$1` of a relabel rule. */
export function escapeDollars(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** A dollar that is neither doubled nor the start of a reference that the Collector can resolve. */
export type FaultyDollar = {
  readonly position: number;
  /** Whether the Collector refuses the text; otherwise it takes the dollar as it stands. */
  readonly refused: boolean;
};

/** Schemes of the providers that are built in (`distro.ts`) or that stock images have. */
const schemes: ReadonlySet<string> = new Set(['env', 'file', 'yaml', 'http', 'https']);
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** A word before the colon is a scheme from two letters on, so `${A:-x}` is none either. */
const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s;
/** References inside references; the Collector itself stops at a hundred expansions. */
const nestingMax = 100;

export function faultyDollars(text: string, depth = 0): readonly FaultyDollar[] {
  const found: FaultyDollar[] = [];
  let at = text.indexOf('$');
  while (at >= 0) {
    const end = text[at + 1] === '{' ? closingBrace(text, at) : -1;
    if (text[at + 1] === '$') at += 2;
    else if (end < 0) {
      found.push({ position: at, refused: false });
      at += 1;
    } else {
      if (depth >= nestingMax || !isReference(text.slice(at + 2, end), depth)) {
        found.push({ position: at, refused: true });
      }
      at = end + 1;
    }
    at = text.indexOf('$', at);
  }
  return found;
}

/** Position of the brace that closes the reference at `start`, or -1. */
function closingBrace(text: string, start: number): number {
  let open = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '$' && text[at + 1] === '{') open += 1;
    if (text[at] === '}') open -= 1;
    if (text[at] === '}' && open === 0) return at;
  }
  return -1;
}

function isReference(inside: string, depth: number): boolean {
  if (faultyDollars(inside, depth + 1).some(({ refused }) => refused)) return false;
  // What stands inside is put in first: the name is known at the start only.
  if (/^(env:)?\$\{/.test(inside)) return true;
  const parts = scheme.exec(inside);
  if (parts === null) return variableName.test(inside);
  const [, name = '', rest = ''] = parts;
  if (name !== 'env') return schemes.has(name);
  return variableName.test(rest.split(':-', 1)[0] ?? '');
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

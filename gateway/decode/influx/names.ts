/**
 * Names and strings of line protocol: where they end, and what they are without their escapes
 * (INF-9). A backslash stands for itself unless what follows could end the name, or is a backslash:
 * then it makes that one literal. Quotes in names are literal.
 *
 * Hot path. Allocations per item: none. Copies: one of each name. Owner: nothing is returned but
 * positions; second results are in {@link scanned}. Watched by `influx.bench.ts`.
 */
import { putBytes, type Text } from '../../../clickhouse/native/buffers.ts';

/** Of the last name or string: how many backslashes of it are not part of it. */
export const scanned = { dropped: 0 };

/** What a byte is in a name: ordinary, the end unless escaped, a backslash, or the end always. */
const ordinary = 0;
const ending = 1;
const backslash = 2;
const newline = 3;

function classesOf(ends: string): Uint8Array {
  const classes = new Uint8Array(256);
  for (const char of ends) classes[char.charCodeAt(0)] = ending;
  classes[0x5c] = backslash;
  classes[0x0a] = newline;
  return classes;
}

/** Of a measurement; an equals sign is an ordinary character there. */
export const inMeasurement: Uint8Array = classesOf(', ');
/** Of tag keys, tag values and field keys. */
export const inName: Uint8Array = classesOf(',= ');
/** Of string values, which a line feed does not end (INF-10). */
export const inString: Uint8Array = classesOf('"');
inString[0x0a] = ordinary;

/** Returns where the name that begins at `from` ends; sets {@link scanned}. */
export function scanName(
  source: Uint8Array,
  from: number,
  end: number,
  classes: Uint8Array,
): number {
  let at = from;
  let dropped = 0;
  for (; at < end; at += 1) {
    const kind = classes[source[at]!]!;
    if (kind === ordinary) continue;
    if (kind !== backslash) break;
    if (at + 1 < end && isEscapable(classes[source[at + 1]!]!)) {
      dropped += 1;
      at += 1;
    }
  }
  scanned.dropped = dropped;
  return at;
}

function isEscapable(kind: number): boolean {
  return kind === ending || kind === backslash;
}

/** Appends the name or string at `[from, end)`, `dropped` bytes of which are escapes. */
export function putName(
  text: Text,
  source: Uint8Array,
  view: DataView,
  from: number,
  end: number,
  dropped: number,
  classes: Uint8Array,
): void {
  text.reserve(end - from);
  if (dropped === 0) {
    putBytes(text, source, view, from, end - from);
    return;
  }
  const bytes = text.bytes;
  let size = text.size;
  for (let at = from; at < end; at += 1) {
    at = literalAt(source, at, end, classes);
    bytes[size] = source[at]!;
    size += 1;
  }
  text.size = size;
}

/** Where the character that begins at `at` stands: behind its backslash, if it has one. */
export function literalAt(
  source: Uint8Array,
  at: number,
  end: number,
  classes: Uint8Array,
): number {
  const isEscape = source[at] === 0x5c && at + 1 < end && isEscapable(classes[source[at + 1]!]!);
  return isEscape ? at + 1 : at;
}

/**
 * Edits of a YAML text by place: everything that is not named stays byte for byte, comments,
 * quotes and indentation too. Positions come from the nodes of the parsed document.
 */
import { isMap, isNode, isScalar, type Pair, stringify, type YAMLMap } from 'yaml';
import type { JsonValue } from '../../core/json.ts';

export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** Applies edits that do not overlap; of two at the same place the first counts. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = [...edits].sort((left, right) => left.start - right.start);
  let result = '';
  let position = 0;
  for (const { start, end, text: replacement } of ordered) {
    if (start < position) continue;
    result += text.slice(position, start) + replacement;
    position = end;
  }
  return result + text.slice(position);
}

/** Puts another word in the place of a scalar, in the same quotes. */
export function renameScalar(text: string, node: unknown, word: string): Edit | undefined {
  if (!isScalar(node) || node.range == null) return undefined;
  const [start, end] = node.range;
  const quote = /^['"]/.exec(text.slice(start, end))?.[0] ?? '';
  return { start, end, text: `${quote}${word}${quote}` };
}

/** Takes a pair out: a comment in a block, nothing at all between braces. */
export function removePair(text: string, map: YAMLMap, pair: Pair, note: string): Edit | undefined {
  const range = rangeOf(pair);
  if (range === undefined) return undefined;
  if (map.flow === true) return removeFromFlow(text, range);
  const { lineStart, lineEnd, indent } = linesOf(text, range);
  // The first key of a list item stands behind its dash, and the item would be lost with it.
  if (text.slice(lineStart, range.start).trim() !== '') return undefined;
  const lines = text.slice(lineStart, lineEnd).split('\n');
  const commented = lines.map((line) =>
    line.trim() === '' ? line : `${indent}# ${line.slice(indent.length)}`,
  );
  return { start: lineStart, end: lineEnd, text: `${indent}# ${note}\n${commented.join('\n')}` };
}

/** Puts another key and value in the place of a pair. */
export function replacePair(
  text: string,
  map: YAMLMap,
  pair: Pair,
  key: string,
  value: JsonValue,
): Edit | undefined {
  const range = rangeOf(pair);
  if (range === undefined) return undefined;
  if (map.flow === true) {
    const style = { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 } as const;
    return { ...range, text: `${key}: ${stringify(value, style).trimEnd()}` };
  }
  const { indent } = linesOf(text, range);
  const lines = stringify({ [key]: value }, { lineWidth: 0 })
    .trimEnd()
    .split('\n');
  return { ...range, text: lines.join(`\n${indent}`) };
}

function removeFromFlow(text: string, { start, end }: { start: number; end: number }): Edit {
  const after = /^\s*,\s*/.exec(text.slice(end));
  if (after !== null) return { start, end: end + after[0].length, text: '' };
  const before = /,\s*$/.exec(text.slice(0, start));
  return { start: start - (before?.[0].length ?? 0), end, text: '' };
}

function rangeOf(pair: Pair): { start: number; end: number } | undefined {
  const { key, value } = pair;
  if (!isScalar(key) || key.range == null) return undefined;
  const end = isNode(value) && value.range != null ? value.range[1] : key.range[1];
  return { start: key.range[0], end };
}

/** Whole lines of a range; a block's own range already reaches past its last line break. */
function linesOf(
  text: string,
  range: { start: number; end: number },
): { lineStart: number; lineEnd: number; indent: string } {
  const lineStart = text.lastIndexOf('\n', range.start - 1) + 1;
  const last = text[range.end - 1] === '\n' ? range.end - 1 : range.end;
  const found = text.indexOf('\n', last);
  const lineEnd = found < 0 ? text.length : found;
  const line = text.slice(lineStart, range.start);
  return { lineStart, lineEnd, indent: line.replaceAll(/[^ ]/g, ' ') };
}

/** The map below a path of keys, and the pair of the last key in it. */
export function findPair(
  root: unknown,
  path: readonly string[],
): { readonly map: YAMLMap; readonly pair: Pair } | undefined {
  let node = root;
  for (const [index, key] of path.entries()) {
    if (!isMap(node)) return undefined;
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
    if (pair === undefined) return undefined;
    if (index === path.length - 1) return { map: node, pair };
    node = pair.value;
  }
  return undefined;
}

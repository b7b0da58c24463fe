/**
 * YAML as plain values together with the place of every key and value, so that a message about
 * the meaning of a file can point at its text. Reads one document; aliases and merge keys are
 * followed, within bounds that a file of that name cannot exceed by accident.
 */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';

/** Larger than any sensible hand-written file; a rendered stream given by mistake is refused. */
export const yamlLengthMax = 1024 * 1024;
/** Counted after aliases are followed, so that a few lines cannot become a billion values. */
const yamlNodesMax = 100_000;
const yamlDepthMax = 64;
/** One broken bracket makes every later line a fault; the first few say it all. */
const faultsMax = 20;

/** 1-based, as editors count. `length` ends with the line. */
export type TextPlace = { readonly line: number; readonly column: number; readonly length: number };

type YamlPath = readonly (string | number)[];

type YamlFaultKind =
  | 'syntax'
  | 'tab'
  | 'duplicate'
  | 'documents'
  | 'empty'
  | 'alias'
  | 'bounds'
  | 'key'
  | 'tag';

export type YamlFault = {
  readonly kind: YamlFaultKind;
  readonly message: string;
  readonly at: TextPlace;
};

export type YamlTree = {
  readonly value: unknown;
  /** Where the key of `path` stands; an item of a list has none. */
  readonly keyPlace: (path: YamlPath) => TextPlace | undefined;
  /** Where the value stands, if it is a single one; the places of maps and lists say little. */
  readonly valuePlace: (path: YamlPath) => TextPlace | undefined;
};

export type YamlReading = {
  /** Absent when the text is not YAML. */
  readonly tree?: YamlTree;
  readonly faults: readonly YamlFault[];
};

/** Puts another value in the place of a text; `plain` when it stands without quotes. */
export type ReplaceText = (
  text: string,
  plain: boolean,
  at: TextPlace,
  path: readonly (string | number)[],
) => unknown;

/** Reads one document. Never throws on any text. */
export function readYaml(text: string, replace: ReplaceText = (value) => value): YamlReading {
  const start: TextPlace = { line: 1, column: 1, length: 1 };
  if (text.length > yamlLengthMax) {
    const message = `the file has more than ${yamlLengthMax} characters`;
    return { faults: [{ kind: 'bounds', message, at: start }] };
  }
  const lines = new LineCounter();
  const places = new Places(text, lines);
  let documents: readonly Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
    documents = [...parsed];
  } catch (error) {
    // The parser recurses: a text of nothing but brackets exhausts its stack.
    const cause = Error.isError(error) ? error.message : String(error);
    const message = `maps and lists are nested too deep to be read (${cause})`;
    return { faults: [{ kind: 'bounds', message, at: start }] };
  }
  const [first, second] = documents;
  if (first === undefined || first.contents === null) {
    return { faults: [{ kind: 'empty', message: 'the file has no keys', at: start }] };
  }
  const faults = syntaxFaults(first, places);
  if (second !== undefined) {
    const at = places.of(second.range[0], second.range[0] + 1);
    faults.push({ kind: 'documents', message: 'a second document begins here', at });
  }
  if (faults.some(({ kind }) => kind !== 'duplicate' && kind !== 'documents')) return { faults };
  const walk = new Walk(places, replace, faults);
  const value = walk.read(first.contents, []);
  const { keys, values } = walk;
  const tree: YamlTree = {
    value,
    keyPlace: (path) => keys.get(JSON.stringify(path)),
    valuePlace: (path) => values.get(JSON.stringify(path)),
  };
  return { tree, faults };
}

/** The text of one number, truth value or null where a reference stood without quotes. */
export function readPlainScalar(text: string): unknown {
  if (/^(true|false)$/.test(text)) return text === 'true';
  if (/^-?(0|[1-9]\d{0,14})(\.\d{1,15})?$/.test(text)) return Number(text);
  return text;
}

class Places {
  readonly #text: string;
  readonly #lines: LineCounter;

  constructor(text: string, lines: LineCounter) {
    this.#text = text;
    this.#lines = lines;
  }

  /** Where the next word begins, or the text ends: faults of indentation point at the blanks. */
  ofWord(start: number): TextPlace {
    const word = /\S+/g;
    word.lastIndex = start;
    const found = word.exec(this.#text);
    if (found !== null) return this.of(found.index, found.index + found[0].length);
    const end = this.#text.trimEnd().length;
    return this.of(Math.max(0, end - 1), end);
  }

  of(start: number, end: number): TextPlace {
    const { line, col } = this.#lines.linePos(start);
    const lineEnd = this.#text.indexOf('\n', start);
    const last = Math.min(end, lineEnd === -1 ? this.#text.length : lineEnd);
    return { line: Math.max(1, line), column: Math.max(1, col), length: Math.max(1, last - start) };
  }
}

/** What the parser says, in our words; after one broken bracket the rest is noise. */
function syntaxFaults(document: Document.Parsed, places: Places): YamlFault[] {
  const faults: YamlFault[] = [];
  let broken = false;
  for (const { code, message, pos } of document.errors.slice(0, faultsMax)) {
    const kind = kindOf(code);
    if (kind !== 'duplicate') {
      if (broken) continue;
      broken = true;
    }
    const deep = message.includes('call stack');
    faults.push({
      kind: deep ? 'bounds' : kind,
      message: deep ? 'maps and lists are nested too deep' : inOurWords(code, message),
      at: atWord.has(code) ? places.ofWord(pos[0]) : places.of(pos[0], pos[1]),
    });
  }
  for (const { code, message, pos } of document.warnings.slice(0, faultsMax)) {
    if (code !== 'TAG_RESOLVE_FAILED') continue;
    faults.push({ kind: 'tag', message: inOurWords(code, message), at: places.of(pos[0], pos[1]) });
  }
  return faults;
}

function kindOf(code: string): YamlFaultKind {
  if (code === 'DUPLICATE_KEY') return 'duplicate';
  return code === 'TAB_AS_INDENT' ? 'tab' : 'syntax';
}

/** Faults that the parser places at blanks or behind the text. */
const atWord: ReadonlySet<string> = new Set(['BAD_INDENT', 'MISSING_CHAR']);

/** What of the parser's sentences needs other words, because a code stands for several. */
const ourSentences: readonly (readonly [RegExp, string])[] = [
  [/^All mapping items/, 'this key is not indented like the others of its map'],
  [/^All collection items/, 'this item is not indented like the others of its list'],
  [/^Flow map in block/, 'a “{” above is not closed'],
  [/^Flow sequence in block/, 'a “[” above is not closed'],
  [/^Missing closing/, 'a quote is opened and not closed'],
];

const ourWords: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands here a second time',
  TAB_AS_INDENT: 'a tab is used to indent',
  BLOCK_AS_IMPLICIT_KEY: 'a second “: ” on one line',
  TAG_RESOLVE_FAILED: 'a tag (“!…”), which nothing here gives a meaning',
  MULTILINE_IMPLICIT_KEY: 'a line without “:”, so it is read as part of the next key',
};

function inOurWords(code: string, message: string): string {
  const own = ourSentences.find(([start]) => start.test(message))?.[1] ?? ourWords[code];
  if (own !== undefined) return own;
  const [first = ''] = message.split('\n');
  return `not valid YAML: ${first.charAt(0).toLowerCase()}${first.slice(1)}`;
}

/** One pass over the nodes: values, places and what only shows when aliases are followed. */
class Walk {
  readonly keys: Map<string, TextPlace> = new Map();
  readonly values: Map<string, TextPlace> = new Map();
  readonly #anchors: Map<string, Node> = new Map();
  readonly #places: Places;
  readonly #replace: ReplaceText;
  readonly #faults: YamlFault[];
  #nodes = 0;

  constructor(places: Places, replace: ReplaceText, faults: YamlFault[]) {
    this.#places = places;
    this.#replace = replace;
    this.#faults = faults;
  }

  read(node: unknown, path: YamlPath): unknown {
    this.#nodes += 1;
    if (this.#nodes > yamlNodesMax) {
      if (this.#nodes === yamlNodesMax + 1) {
        this.#add('bounds', `more than ${yamlNodesMax} values once aliases are followed`, node);
      }
      return undefined;
    }
    if (path.length > yamlDepthMax) {
      this.#add('bounds', `maps and lists are nested more than ${yamlDepthMax} deep`, node);
      return undefined;
    }
    if (isNode(node) && !isAlias(node) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
    }
    if (isScalar(node)) return this.#scalar(node, path);
    if (isMap(node)) return this.#map(node, path);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index]));
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target !== undefined) return this.read(target, path);
      this.#add('alias', `there is no anchor “${node.source}” before this alias`, node);
    }
    return node === null ? null : undefined;
  }

  #scalar(node: Scalar, path: YamlPath): unknown {
    const at = this.#placeOf(node);
    // Nothing is written after `key:`, so there is nothing to point at but the key.
    const written = node.range == null || node.range[1] > node.range[0];
    if (written) this.values.set(JSON.stringify(path), at);
    if (typeof node.value !== 'string') return node.value;
    return this.#replace(node.value, node.type === 'PLAIN', at, path);
  }

  #map(node: YAMLMap, path: YamlPath): Readonly<Record<string, unknown>> {
    const result: Record<string, unknown> = {};
    const merged: unknown[] = [];
    for (const pair of node.items as readonly Pair[]) {
      const key = this.#keyOf(pair);
      if (key === undefined) continue;
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        merged.push(...this.#merged(pair, path));
        continue;
      }
      const place = this.#placeOf(pair.key);
      const here = [...path, key];
      this.keys.set(JSON.stringify(here), place);
      set(result, key, pair.value === null ? null : this.read(pair.value, here));
    }
    // A key that stands in the map itself goes before one that is merged in.
    for (const source of merged) {
      for (const [key, value] of Object.entries(source as object)) {
        if (!Object.hasOwn(result, key)) set(result, key, value);
      }
    }
    return result;
  }

  #merged(pair: Pair, path: YamlPath): readonly unknown[] {
    const source = this.read(pair.value, [...path, '<<']);
    const maps = Array.isArray(source) ? source : [source];
    const good = maps.filter((one) => typeof one === 'object' && one !== null);
    if (good.length < maps.length) {
      this.#add('key', 'the merge key “<<” takes a map, or a list of maps', pair.key);
    }
    return good;
  }

  /** Keys are texts; a number or a truth value is taken as it is written. */
  #keyOf(pair: Pair): string | undefined {
    const { key } = pair;
    if (isScalar(key)) return key.value === null ? '' : (key.source ?? String(key.value));
    this.#add('key', 'a key is a text, not a map or a list', key);
    return undefined;
  }

  #placeOf(node: unknown): TextPlace {
    const range = (node as Partial<Node> | null)?.range;
    return range == null ? { line: 1, column: 1, length: 1 } : this.#places.of(range[0], range[1]);
  }

  #add(kind: YamlFaultKind, message: string, node: unknown): void {
    const at = this.#placeOf(node);
    const same = (one: YamlFault) =>
      one.message === message && one.at.line === at.line && one.at.column === at.column;
    // What an alias repeats is one fault, at its place.
    if (this.#faults.length < faultsMax && !this.#faults.some(same)) {
      this.#faults.push({ kind, message, at });
    }
  }
}

/** `__proto__` is a key like any other. */
function set(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/**
 * Brings a Collector configuration that somebody wrote to the names and keys of a version. Names
 * are of a kind: the exporter `otlp` became `otlp_grpc`, the receiver `otlp` stays. Only what
 * changes is touched; what a person must decide is said and left.
 */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { assert } from '../core/assert.ts';
import type { JsonValue } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import { findComponent, nameFor, splitId } from './catalog.ts';
import { renamedDetectors } from './naming.ts';
import type { ComponentKind } from './types.ts';
import {
  applyEdits,
  type Edit,
  findPair,
  removePair,
  renameScalar,
  replacePair,
} from './upgrade/edit.ts';
import { advice, type KeyChange, keyChanges, typeChanges } from './upgrade/table.ts';
import { minorOf } from './versions.ts';

export type Change = {
  /** `by_hand`: nothing was changed, a person must decide. */
  readonly what: 'renamed' | 'replaced' | 'removed' | 'by_hand' | 'advice';
  readonly line: number;
  readonly path: string;
  readonly to?: string;
  readonly why: string;
};

export type Upgraded = { readonly text: string; readonly changes: readonly Change[] };

export type UpgradeOptions = {
  readonly to: string;
  /** For messages. */
  readonly file: string;
};

const kinds: readonly ComponentKind[] = [
  'receiver',
  'processor',
  'exporter',
  'connector',
  'extension',
];

/** Larger is no configuration, and the parsed tree takes many times the text. */
const textLengthMax = 16 * 1024 * 1024;

export function upgradeConfig(text: string, options: UpgradeOptions): Upgraded {
  minorOf(options.to);
  if (text.length > textLengthMax) {
    throw new Problem('OBS-1104', `more than ${textLengthMax} characters`, { where: options.file });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    const [first = ''] = error.message.split('\n');
    throw new Problem('OBS-1104', first, { where: `${options.file}:${line}:${col}` });
  }
  const root = rootOf(document, options.file);
  const upgrade = new Upgrade(text, lines, options.to, document, root);
  upgrade.run();
  const result = applyEdits(text, upgrade.edits);
  assert(parseDocument(result).errors.length === 0, 'an upgraded configuration is still YAML');
  return { text: result, changes: upgrade.changes.sort((left, right) => left.line - right.line) };
}

/** The configuration itself, or where a custom resource or Helm values hold it. */
function rootOf(document: Document, file: string): YAMLMap {
  const places = [[], ['spec', 'config'], ['config']];
  for (const place of places) {
    const found = place.length === 0 ? document.contents : document.getIn(place);
    if (isMap(found) && kinds.some((kind) => found.has(`${kind}s`))) return found;
  }
  throw new Problem('OBS-1104', 'there are no receivers, exporters or other sections', {
    where: file,
  });
}

/** One pass over one document; edits and changes grow together. */
class Upgrade {
  readonly edits: Edit[] = [];
  readonly changes: Change[] = [];
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #to: string;
  readonly #document: Document;
  readonly #root: YAMLMap;
  readonly #connectors: ReadonlySet<string>;

  constructor(text: string, lines: LineCounter, to: string, document: Document, root: YAMLMap) {
    this.#text = text;
    this.#lines = lines;
    this.#to = to;
    this.#document = document;
    this.#root = root;
    const section = root.get('connectors');
    this.#connectors = new Set(isMap(section) ? section.items.map(({ key }) => wordOf(key)) : []);
  }

  run(): void {
    for (const kind of kinds) {
      for (const pair of pairsOf(this.#root.get(`${kind}s`))) {
        this.#rename(kind, pair.key, `${kind}s`, true);
        this.#component(kind, pair);
      }
    }
    this.#keys('service', findPair(this.#root, ['service'])?.pair.value, 'service');
    const extensions = this.#root.getIn(['service', 'extensions']);
    this.#list('extension', extensions, 'service.extensions');
    for (const { key, value: node } of pairsOf(this.#root.getIn(['service', 'pipelines']))) {
      const value = this.#resolved(node);
      if (!isMap(value)) continue;
      const path = `service.pipelines.${wordOf(key)}`;
      for (const kind of ['receiver', 'processor', 'exporter'] as const) {
        this.#list(kind, value.get(`${kind}s`), `${path}.${kind}s`);
      }
    }
  }

  #list(kind: ComponentKind, list: unknown, path: string): void {
    const found = this.#resolved(list);
    if (!isSeq(found)) return;
    for (const node of found.items) {
      const item = this.#resolved(node);
      const isConnector = kind !== 'processor' && this.#connectors.has(wordOf(item));
      this.#rename(isConnector ? 'connector' : kind, item, path, false);
    }
  }

  /** Renames an id; what and why is said where it is defined. */
  #rename(kind: ComponentKind, node: unknown, path: string, defined: boolean): void {
    const id = wordOf(node);
    const { type, suffix } = splitId(id);
    const replaced = typeChanges.find(
      (change) => change.kind === kind && change.from === type && this.#reached(change.version),
    );
    const to = `${replaced?.to ?? nameFor(kind, type, this.#to)}${suffix}`;
    const place = `${path}.${id}`;
    if (replaced !== undefined && replaced.to === undefined) {
      if (defined) this.#note('by_hand', node, place, replaced.why);
      return;
    }
    if (to === id) return;
    const section = this.#root.get(`${kind}s`);
    if (isMap(section) && section.has(to)) {
      if (defined) this.#note('by_hand', node, place, `“${to}” is there too: one must go`);
      return;
    }
    this.#edit(renameScalar(this.#text, node, to));
    if (!defined) return;
    const since = findComponent(kind, type)?.renamed?.version ?? '';
    const why = replaced?.why ?? renameReason(since, this.#to);
    this.#note('renamed', node, place, why, to);
  }

  #component(kind: ComponentKind, { key, value }: Pair): void {
    const id = wordOf(key);
    const { type } = splitId(id);
    const replaced = typeChanges.find((change) => change.kind === kind && change.from === type);
    const newest = findComponent(kind, replaced?.to ?? type)?.type;
    if (newest === undefined) return;
    const path = `${kind}s.${id}`;
    const config = this.#resolved(value);
    this.#keys(`${kind}/${newest}`, config, path);
    const said = advice.find((entry) => entry.kind === kind && entry.type === newest);
    if (said !== undefined) this.#note('advice', key, path, said.why);
    if (newest === 'resource_detection' && isMap(config)) this.#detectors(config, path);
    if (newest === 'receiver_creator' && isMap(config)) {
      for (const pair of pairsOf(config.get('receivers'))) {
        this.#rename('receiver', pair.key, `${path}.receivers`, true);
        this.#component('receiver', pair);
      }
    }
  }

  #keys(of: string, value: unknown, path: string): void {
    for (const change of keyChanges) {
      if (change.of !== of || !this.#reached(change.version)) continue;
      const found = findPair(value, change.path);
      if (found !== undefined) this.#changeKey(change, found.map, found.pair, path);
    }
  }

  #changeKey(change: KeyChange, map: YAMLMap, pair: Pair, path: string): void {
    const place = [path, ...change.path].join('.');
    const plain = isScalar(pair.value) ? (pair.value.value as JsonValue) : null;
    const instead = change.instead?.(plain);
    if (change.instead !== undefined && (instead === undefined || map.has(instead.key))) {
      this.#note('by_hand', pair.key, place, change.why);
      return;
    }
    if (instead === undefined) {
      const note = `gone in ${shortVersion(change.version)}: ${change.why}`;
      const edit = removePair(this.#text, map, pair, note);
      this.#edit(edit);
      this.#note(edit === undefined ? 'by_hand' : 'removed', pair.key, place, change.why);
    } else {
      this.#edit(replacePair(this.#text, map, pair, instead.key, instead.value));
      this.#note('replaced', pair.key, place, change.why, instead.key);
    }
  }

  /** A detector's name stands in the list and as the key of its section. */
  #detectors(config: YAMLMap, path: string): void {
    const list = config.get('detectors');
    const places: readonly [unknown, string][] = [
      ...(isSeq(list) ? list.items.map((item): [unknown, string] => [item, 'detectors']) : []),
      ...config.items.map(({ key }): [unknown, string] => [key, '']),
    ];
    for (const [node, below] of places) {
      const word = wordOf(node);
      const entry = renamedDetectors.find(({ from, to }) => word === from || word === to);
      if (entry === undefined) continue;
      const name = this.#reached(entry.version) ? entry.to : entry.from;
      if (name === word) continue;
      this.#edit(renameScalar(this.#text, node, name));
      const place = [path, below, word].filter((part) => part !== '').join('.');
      this.#note('renamed', node, place, renameReason(entry.version, this.#to), name);
    }
  }

  /** What an alias stands for; edits are made there, once. */
  #resolved(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #reached(version: string): boolean {
    return minorOf(this.#to) >= minorOf(version);
  }

  #edit(edit: Edit | undefined): void {
    if (edit !== undefined) this.edits.push(edit);
  }

  #note(what: Change['what'], node: unknown, path: string, why: string, to?: string): void {
    const start = isScalar(node) && node.range != null ? node.range[0] : 0;
    const { line } = this.#lines.linePos(start);
    this.changes.push({ what, line, path, why, ...(to === undefined ? {} : { to }) });
  }
}

function renameReason(since: string, to: string): string {
  return minorOf(to) >= minorOf(since)
    ? `the name since ${shortVersion(since)}; the old one still works and warns`
    : `${shortVersion(to)} does not know this name yet, it came with ${shortVersion(since)}`;
}

function shortVersion(version: string): string {
  return `0.${minorOf(version)}`;
}

function pairsOf(node: unknown): readonly Pair[] {
  return isMap(node) ? node.items : [];
}

function wordOf(node: unknown): string {
  return isScalar(node) ? String(node.value) : '';
}

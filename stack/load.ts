/**
 * From the user's file to a {@link Stack}, or to every fault of the file at once, each with its
 * place. Pure: the text, the name to print and the environment are given.
 *
 *     text ─▶ YAML with places ─▶ references ─▶ schema ─┬▶ stack
 *                    └──────────────┴───────────┴ rules ┴▶ faults
 */
import { readYaml, type TextPlace, type YamlFault, type YamlTree } from '../core/yaml.ts';
import type { KeyPath } from './document.ts';
import { inTextOrder, nextOf, pathText, type StackFault } from './fault.ts';
import { faultsOfIssues, type PlacelessFault } from './issues.ts';
import { type Environment, type ReferenceFault, resolveReferences } from './references.ts';
import { faultsOfRules } from './rules.ts';
import { stackSchema } from './schema.ts';
import type { Stack } from './types.ts';

export type LoadResult = { readonly stack: Stack } | { readonly faults: readonly StackFault[] };

export type LoadOptions = {
  /** Where `${env:NAME}` looks; nothing is set when absent. */
  readonly env?: Environment;
};

/** Reads a stack file. Never throws, whatever the text. */
export function loadStack(text: string, file: string, options: LoadOptions = {}): LoadResult {
  const references: ReferenceFault[] = [];
  const { tree, faults: textFaults } = readYaml(text, (value, plain, at, path) => {
    if (isLateReference(path)) return value;
    return resolveReferences(value, plain, at, options.env ?? {}, (fault) =>
      references.push(fault),
    );
  });
  const faults: StackFault[] = textFaults.map((fault) => faultOfText(fault, file, text));
  faults.push(
    ...references.map(({ at, ...rest }) => ({
      ...rest,
      at,
      code: 'OBS-1208' as const,
      file,
      path: '',
    })),
  );
  // Half of a value would be judged where the text was not read to its end.
  const halved = textFaults.some(({ kind }) => kind === 'bounds' || kind === 'key');
  if (tree === undefined || halved) return { faults: inTextOrder(faults) };
  // Messages show what is written: they go into logs, and the environment may hold secrets.
  const written = text.includes('$') ? readYaml(text).tree?.value : tree.value;
  const judged = judge(tree.value, written);
  if ('stack' in judged && faults.length === 0) return judged;
  const placed = 'stack' in judged ? [] : judged.faults.map((fault) => place(fault, file, tree));
  // A text that is not resolved is told once, as what it is.
  const others = placed.filter(({ at }) => !references.some((one) => overlaps(one.at, at)));
  return { faults: inTextOrder([...faults, ...others]) };
}

/** Secrets stay references until somebody connects: what is rendered never holds them. */
function isLateReference(path: KeyPath): boolean {
  return path[0] === 'snapshots' && path.at(-1) === 'dsn';
}

/** Judges the value that a typed stack file exports; faults are placed by their key paths. */
export function loadStackValue(value: unknown, file: string): LoadResult {
  const judged = judge(value);
  if ('stack' in judged) return judged;
  return {
    faults: inTextOrder(
      judged.faults.map(({ path, on: _, ...fault }) => ({ ...fault, file, path: pathText(path) })),
    ),
  };
}

type Judged = { readonly stack: Stack } | { readonly faults: readonly PlacelessFault[] };

function judge(value: unknown, written: unknown = value): Judged {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { faults: [notAMap(value)] };
  }
  const result = stackSchema.safeParse(value);
  const issues = result.success ? [] : faultsOfIssues(result.error.issues, written);
  // A rule about a value that is wrong in itself says nothing new.
  const rules = faultsOfRules(value).filter(
    (rule) => !issues.some((issue) => isWithin(rule.path, issue.path) && issue.path.length > 0),
  );
  if (result.success && rules.length === 0) return { stack: result.data };
  return { faults: [...issues, ...rules] };
}

function isWithin(path: KeyPath, outer: KeyPath): boolean {
  return outer.every((part, index) => path[index] === part);
}

function notAMap(value: unknown): PlacelessFault {
  const what = Array.isArray(value) ? 'a list' : 'a single value';
  return {
    path: [],
    on: 'value',
    code: 'OBS-1204',
    message: `the file is ${what}, not a map of keys`,
    expected: 'keys such as “name: shop”, one a line',
    next: 'Run `obsctl init` for a file to start from.',
  };
}

/** The place of the value, of its key, or of the nearest key above that stands in the text. */
function place({ path, on, ...fault }: PlacelessFault, file: string, tree: YamlTree): StackFault {
  const own = on === 'value' ? tree.valuePlace(path) : undefined;
  let at: TextPlace | undefined = own ?? tree.keyPlace(path);
  for (let length = path.length; at === undefined && length > 0; length -= 1) {
    const above = path.slice(0, length);
    at = tree.valuePlace(above) ?? tree.keyPlace(above);
  }
  return { ...fault, file, path: pathText(path), at: at ?? { line: 1, column: 1, length: 1 } };
}

function overlaps(a: TextPlace, b: TextPlace | undefined): boolean {
  if (b === undefined || a.line !== b.line) return false;
  return a.column < b.column + b.length && b.column < a.column + a.length;
}

const nextOfKind: Partial<Readonly<Record<YamlFault['kind'], string>>> = {
  tab: 'Indent with spaces; YAML allows no tabs there.',
  duplicate: 'Keep one of the two; the other would be forgotten.',
  documents: 'Keep one document a file: take out what follows “---”.',
  empty: 'Run `obsctl init` for a file to start from.',
  alias: 'Put the anchor (“&name”) before the alias (“*name”), or write the value out.',
  bounds: 'Check that this is a stack file, and that no alias stands inside its own anchor.',
  tag: 'Take the tag out; quote a text that begins with “!”.',
};

function faultOfText({ kind, message, at }: YamlFault, file: string, text: string): StackFault {
  const line = text.split('\n', at.line)[at.line - 1] ?? '';
  return {
    code: 'OBS-1202',
    message,
    file,
    path: '',
    at,
    next: nextOfKind[kind] ?? nextForSyntax(message, line),
  };
}

/** The commonest slips have an answer of their own. */
function nextForSyntax(message: string, line: string): string {
  if (message.includes('“: ”'))
    return 'Put the value in quotes, or the second key on a line below.';
  if (message.includes('indented')) return 'Indent it like its neighbours.';
  if (message.includes('not closed')) return 'Close it where it ends.';
  if (/[{[,].*\$\{[^}]*\}/.test(line) && !/["']\$\{/.test(line)) {
    return `Put the reference in quotes: "\${env:NAME}" has braces, which mean a map here.`;
  }
  if (/\{\{/.test(line)) return 'This looks like a template; render it first, or quote the text.';
  if (/^\s*[\w.-]+\s+[\w.-]+\s*$/.test(line)) return 'Put a “:” after the key.';
  return nextOf('OBS-1202');
}

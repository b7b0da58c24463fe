/** What zod found wrong, in the words of a person who edits the file. */
import type { z } from 'zod';
import { nearestWord } from '../core/nearest.ts';
import { agentKeys, presetKeys } from './agents.ts';
import {
  agentOfPreset,
  asTyped,
  everyKey,
  expectedOf,
  type KeyPath,
  keysAt,
  nodeAt,
  type SchemaNode,
} from './document.ts';
import { nextOf, pathText, type StackFault } from './fault.ts';

/** A fault whose place is still a key path; `key` when its key is what is wrong. */
export type PlacelessFault = Omit<StackFault, 'file' | 'path' | 'at'> & {
  readonly path: KeyPath;
  readonly on: 'key' | 'value';
};

type Issue = z.core.$ZodIssue;

const keysShownMax = 20;

/**
 * One fault for each thing to correct. `value` is the whole file's value as it is written, before
 * references are replaced: messages go into logs, and the environment may hold secrets.
 */
export function faultsOfIssues(
  issues: readonly Issue[],
  value: unknown,
  prefix: KeyPath = [],
): readonly PlacelessFault[] {
  const faults = issues.flatMap((issue) => faultsOfIssue(issue, value, prefix));
  const meant = new Set(faults.flatMap((fault) => (fault.meant === undefined ? [] : fault.meant)));
  const seen = new Set<string>();
  return faults.flatMap(({ meant: _, lacks, ...fault }) => {
    const same = JSON.stringify([fault.path, fault.message]);
    if (seen.has(same) || (lacks !== undefined && meant.has(lacks))) return [];
    seen.add(same);
    return [fault];
  });
}

/** A misspelt key is one fault, not also a missing one: both name the key that was meant. */
type RelatedFault = PlacelessFault & { readonly meant?: string; readonly lacks?: string };

function faultsOfIssue(issue: Issue, value: unknown, prefix: KeyPath): readonly RelatedFault[] {
  const path: KeyPath = [...prefix, ...issue.path.map(asPathPart)];
  const given = valueAt(value, path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(path, key));
    case 'invalid_key':
      return [badName(path, issue.issues[0]?.message ?? 'another name')];
    case 'invalid_union': {
      const branch = likelyBranch(issue.errors);
      if (branch !== undefined) return faultsOfIssues(branch, value, path);
      return [wrongType(path, given, expectedOf(nodeAt(path)))];
    }
    case 'invalid_type':
      if (given === undefined) return [missing(path, ownWords(issue.message))];
      return [wrongType(path, given, ownWords(issue.message) ?? expectedOf(nodeAt(path)))];
    case 'invalid_value':
      if (given === undefined) return [missing(path, undefined)];
      return [notOneOf(path, given, issue.values.map(String))];
    default:
      return [notAllowed(path, given, ownWords(issue.message))];
  }
}

function asPathPart(part: PropertyKey): string | number {
  return typeof part === 'number' ? part : String(part);
}

function valueAt(value: unknown, path: KeyPath): unknown {
  let here: unknown = value;
  for (const part of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, part)) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[part];
  }
  return here;
}

/** Schemas of ours say what they expect; zod's own sentences are not meant for files. */
function ownWords(message: string): string | undefined {
  return /^(Invalid|Too|Unrecognized|Expected)\b/.test(message) ? undefined : message;
}

function unknownKey(path: KeyPath, key: string): RelatedFault {
  const base = { path: [...path, key], on: 'key', code: 'OBS-1203' } as const;
  const known = keysAt(path);
  const [agent, under] = path;
  if (agentKeys.some((one) => one === agent) && under === 'presets' && path.length === 2) {
    const home = agentOfPreset(key, agent);
    if (home !== undefined && !known.includes(key)) {
      return {
        ...base,
        message: `the preset “${key}” runs in ${home}, not in ${agent}`,
        next: `Move it to ${home}.presets.`,
      };
    }
  }
  const nearest = nearestWord(key, known);
  if (nearest !== undefined) {
    return {
      ...base,
      message: `unknown key “${key}”${path.length === 0 ? '' : ` in ${pathText(path)}`}`,
      expected: listed(known),
      meant: pathText([...path, nearest]),
      next: `Did you mean “${nearest}”?`,
    };
  }
  const elsewhere = placesOf(key, path);
  return {
    ...base,
    message: `unknown key “${key}”${path.length === 0 ? '' : ` in ${pathText(path)}`}`,
    expected: known.length === 0 ? 'no keys here' : listed(known),
    next:
      elsewhere.length === 0
        ? 'Take the key out, or use one of those.'
        : `Move it: the key is ${elsewhere.map((one) => `“${one}”`).join(' or ')}.`,
  };
}

/** Where else a key of that name stands, if that is in few enough places to be a help. */
function placesOf(key: string, path: KeyPath): readonly string[] {
  if (path.length === 0 && isPresetName(key)) {
    return agentKeys
      .filter((agent) => presetKeys[agent].includes(key))
      .map((agent) => `${agent}.presets.${key}`);
  }
  const found = everyKey()
    .map((one) => one.path)
    .filter((one) => one === key || one.endsWith(`.${key}`));
  return found.length <= 2 ? found : [];
}

function isPresetName(key: string): boolean {
  return agentKeys.some((agent) => presetKeys[agent].includes(key));
}

function listed(known: readonly string[]): string {
  const shown = known.slice(0, keysShownMax).join(', ');
  return `one of ${shown}${known.length > keysShownMax ? ', …' : ''}`;
}

function badName(path: KeyPath, expected: string): PlacelessFault {
  const name = path.at(-1);
  return {
    path,
    on: 'key',
    code: 'OBS-1205',
    message: `the name “${name}” cannot be used`,
    expected,
    next: 'Choose another name.',
  };
}

function missing(path: KeyPath, words: string | undefined): RelatedFault {
  const key = path.at(-1);
  const node = nodeAt(path);
  const parent = path.slice(0, -1);
  const example = node?.examples?.[0];
  return {
    path: parent,
    lacks: pathText(path),
    on: 'key',
    code: 'OBS-1206',
    message:
      parent.length === 0
        ? `the key “${key}” is missing`
        : `${pathText(parent)} needs the key “${key}”`,
    expected: words ?? expectedOf(node),
    next: example === undefined ? `Add “${key}”.` : `Add “${key}: ${asTyped(example)}”.`,
  };
}

function wrongType(path: KeyPath, given: unknown, expected: string): PlacelessFault {
  return {
    path,
    on: 'value',
    code: 'OBS-1204',
    message: `${keyText(path)} is ${whatItIs(given)}`,
    expected,
    next: nextForType(path, given),
  };
}

/** The commonest slips have an answer of their own. */
function nextForType(path: KeyPath, given: unknown): string {
  const node = nodeAt(path);
  const type = typeof node?.type === 'object' ? node.type[0] : node?.type;
  if (type === 'object' && given === false) return 'Take the key out to switch it off.';
  if (type === 'object' && Array.isArray(given) && given.every((one) => isKey(path, one))) {
    return `Write it as a map: {${given.map((one) => `${one}: {}`).join(', ')}}.`;
  }
  if (type === 'array' && (typeof given === 'string' || typeof given === 'number')) {
    return `Write it as a list: [${asTyped(given)}].`;
  }
  if (type === 'string' && typeof given === 'number') {
    const pattern = node?.pattern ?? '';
    if (new RegExp(pattern).test(String(given))) return `Put it in quotes: "${given}".`;
  }
  if ((type === 'integer' || type === 'number') && isNumeric(given)) return 'Take the quotes away.';
  if (takesSwitch(node) && typeof given === 'string' && /^(yes|on|no|off)$/i.test(given)) {
    const on = /^(yes|on)$/i.test(given);
    if (type === 'object') return on ? 'Write true.' : 'Take the key out to switch it off.';
    return `Write ${on ? 'true' : 'false'}; YAML 1.2 knows no yes and no.`;
  }
  const example = node?.examples?.[0];
  return example === undefined ? nextOf('OBS-1204') : `Write for example ${asTyped(example)}.`;
}

function isKey(path: KeyPath, word: unknown): boolean {
  return typeof word === 'string' && keysAt(path).includes(word);
}

/** Whether `true` is one of the ways to write the value. */
function takesSwitch(node: SchemaNode | undefined): boolean {
  const { type } = node ?? {};
  return type === 'boolean' || (typeof type === 'object' && type.includes('boolean'));
}

function isNumeric(given: unknown): boolean {
  return typeof given === 'string' && /^-?\d+(\.\d+)?$/.test(given);
}

function notOneOf(path: KeyPath, given: unknown, values: readonly string[]): PlacelessFault {
  const nearest = typeof given === 'string' ? nearestWord(given, values) : undefined;
  return {
    path,
    on: 'value',
    code: 'OBS-1205',
    message: `${keyText(path)} is ${whatItIs(given)}`,
    expected: `one of ${values.join(', ')}`,
    next: nearest === undefined ? 'Use one of those.' : `Did you mean “${nearest}”?`,
  };
}

function notAllowed(path: KeyPath, given: unknown, words: string | undefined): PlacelessFault {
  const node = nodeAt(path);
  if (path.at(-1) === 'dsn') {
    return {
      path,
      on: 'value',
      code: 'OBS-1210',
      message: `${keyText(path)} is no DSN, or has a password in it`,
      expected: words ?? expectedOf(node),
      next: `Put the DSN into an environment variable, and write \${env:NAME} with its name.`,
    };
  }
  const example = node?.examples?.[0];
  const expected = words ?? expectedOf(node);
  return {
    path,
    on: 'value',
    code: 'OBS-1205',
    message: `${keyText(path)} is ${whatItIs(given)}`,
    expected,
    next: example === undefined ? nextOf('OBS-1205') : `Write for example ${asTyped(example)}.`,
  };
}

function keyText(path: KeyPath): string {
  return path.length === 0 ? 'the file' : pathText(path);
}

const shownLengthMax = 60;

/** The value as a person would name it. */
function whatItIs(given: unknown): string {
  if (given === undefined) return 'missing';
  if (given === null) return 'empty';
  if (Array.isArray(given)) return given.length === 0 ? 'an empty list' : 'a list';
  if (typeof given === 'object') return 'a map';
  if (typeof given === 'number') return `the number ${given}`;
  if (typeof given === 'boolean') return String(given);
  if (given === '') return 'an empty text';
  const text = String(given).replaceAll(/\s+/g, ' ');
  return `“${text.length > shownLengthMax ? `${text.slice(0, shownLengthMax)}…` : text}”`;
}

/** Of the forms that a value may have, the one it was meant to have: the one entered furthest. */
function likelyBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  return branches.find((branch) =>
    branch.every(({ code, path }) => path.length > 0 || code !== 'invalid_type'),
  );
}

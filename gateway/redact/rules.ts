/**
 * What a redaction rule says, and the rules that hold for one signal in the form in which they are
 * applied. Of several rules for one key: one that drops goes before one that hashes, and that one
 * before all that mask; masks follow each other in the order of the rules.
 */
import type { Signal } from '../answer.ts';
import { Matcher } from './matcher.ts';
import { parsePattern } from './pattern.ts';
import { compileProgram } from './program.ts';

export type RedactionRule = {
  /** `hash`: equal values stay equal; `drop`: key and value go; `mask`: text is replaced. */
  readonly action: 'hash' | 'drop' | 'mask';
  /** Absent: all. */
  readonly signals?: readonly Signal[] | undefined;
  /** Keys of attributes; `*` stands for any characters. */
  readonly attributes?: readonly string[] | undefined;
  /** Whether bodies of log records are meant, too. */
  readonly bodies?: boolean | undefined;
  /** Of `mask`: what is replaced; absent: the whole value. */
  readonly pattern?: string | undefined;
  /** Of `mask`: by what. */
  readonly replacement?: string | undefined;
};

export type RedactionSettings = { readonly rules: readonly RedactionRule[] };

const replacementDefault = '****';

/** One mask; without a matcher it takes the whole value. */
export type Mask = { readonly matcher: Matcher | undefined; readonly replacement: Uint8Array };

/** What becomes of one attribute or body. */
export type Decision = {
  readonly action: 'keep' | 'drop' | 'hash';
  readonly masks: readonly Mask[];
};

export const keep: Decision = { action: 'keep', masks: [] };

type Applied = {
  readonly action: RedactionRule['action'];
  readonly globs: readonly string[];
  readonly bodies: boolean;
  readonly mask: Mask | undefined;
};

/** What rules say of a key. */
export type KeyRules = { readonly ofKey: (key: string) => Decision };

/** The rules of one signal. */
export class SignalRules implements KeyRules {
  readonly #rules: readonly Applied[];

  constructor(settings: RedactionSettings, signal: Signal) {
    this.#rules = settings.rules
      .filter(({ signals }) => signals === undefined || signals.includes(signal))
      .map((rule) => ({
        action: rule.action,
        globs: rule.attributes ?? [],
        bodies: signal === 'logs' && rule.bodies === true,
        mask: rule.action === 'mask' ? maskOf(rule) : undefined,
      }))
      .filter(({ globs, bodies }) => globs.length > 0 || bodies);
  }

  isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  ofKey(key: string): Decision {
    return decide(this.#rules.filter(({ globs }) => globs.some((glob) => matchesGlob(glob, key))));
  }

  ofBody(): Decision {
    return decide(this.#rules.filter(({ bodies }) => bodies));
  }
}

/** Both decisions at once: of a key inside a value that has a decision of its own. */
export function combine(outer: Decision, inner: Decision): Decision {
  if (outer === keep) return inner;
  if (inner === keep) return outer;
  const actions = [outer.action, inner.action];
  const action = actions.find((entry) => entry === 'drop') ?? actions.find(isHash) ?? 'keep';
  return { action, masks: [...new Set([...outer.masks, ...inner.masks])] };
}

function isHash(action: Decision['action']): boolean {
  return action === 'hash';
}

function decide(rules: readonly Applied[]): Decision {
  if (rules.length === 0) return keep;
  if (rules.some(({ action }) => action === 'drop')) return { action: 'drop', masks: [] };
  if (rules.some(({ action }) => action === 'hash')) return { action: 'hash', masks: [] };
  return { action: 'keep', masks: rules.flatMap(({ mask }) => mask ?? []) };
}

function maskOf({ pattern, replacement = replacementDefault }: RedactionRule): Mask {
  const matcher =
    pattern === undefined ? undefined : new Matcher(compileProgram(parsePattern(pattern)));
  return { matcher, replacement: new Uint8Array(Buffer.from(replacement)) };
}

/** Whether `*` for any characters makes `glob` the key; in time of one times the other. */
function matchesGlob(glob: string, key: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  const last = rest.pop();
  if (last === undefined) return glob === key;
  if (key.length < first.length + last.length) return false;
  if (!key.startsWith(first) || !key.endsWith(last)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = key.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= key.length - last.length;
}

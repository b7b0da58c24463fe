/**
 * `${env:NAME}` and `${env:NAME:-default}` in texts, as in a Collector configuration; `$$` is a
 * dollar sign. Other uses of `$` stay as they are: regular expressions are full of them.
 */
import { readPlainScalar, type TextPlace } from '../core/yaml.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ReferenceFault = {
  readonly message: string;
  readonly expected?: string;
  readonly next: string;
  readonly at: TextPlace;
};

const pattern = /\$\$|\$\{([^{}]*)\}/g;
const envPattern = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/;

/** The text with its references replaced; what cannot be resolved is told to `tell`. */
export function resolveReferences(
  text: string,
  plain: boolean,
  at: TextPlace,
  env: Environment,
  tell: (fault: ReferenceFault) => void,
): unknown {
  if (!text.includes('$')) return text;
  const resolved = text.replaceAll(pattern, (whole, inner?: string) => {
    if (inner === undefined) return '$';
    const found = envPattern.exec(inner);
    if (found === null) {
      const fault = unreadable(whole, inner);
      if (fault !== undefined) tell({ ...fault, at: placeOf(text, whole, at) });
      return whole;
    }
    const [, name = '', fallback] = found;
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    if (fallback !== undefined) return fallback;
    tell({
      message: `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}`,
      next: `Set ${name}, or give a default: \${env:${name}:-value}.`,
      at: placeOf(text, whole, at),
    });
    return whole;
  });
  // `replicas: ${env:REPLICAS}` is a number when the variable is one, as it is without the detour.
  const whole = /^\$\{[^{}]*\}$/.test(text);
  return plain && whole ? readPlainScalar(resolved) : resolved;
}

/** A reference that somebody meant but that nothing resolves; `undefined` where none was meant. */
function unreadable(whole: string, inner: string): Omit<ReferenceFault, 'at'> | undefined {
  const expected = `a reference such as \${env:NAME}`;
  if (/^[A-Z_][A-Z0-9_]*(:-.*)?$/.test(inner)) {
    return {
      message: `“${whole}” does not say where it comes from`,
      expected,
      next: `Write \${env:${inner}}, or $$ for a dollar sign.`,
    };
  }
  const scheme = /^([a-z]+):/.exec(inner)?.[1];
  if (scheme === undefined) return undefined;
  return {
    message:
      scheme === 'env'
        ? `“${whole}” has no name of a variable`
        : `references to “${scheme}” are not known`,
    expected,
    next: 'Use the environment, or $$ for a dollar sign.',
  };
}

/** Inside the scalar when it stands on one line as it is written, else the scalar. */
function placeOf(text: string, whole: string, at: TextPlace): TextPlace {
  const index = text.indexOf(whole);
  const quotes = at.length - text.length;
  if (index === -1 || quotes < 0 || quotes > 2) return at;
  return { line: at.line, column: at.column + index + quotes / 2, length: whole.length };
}

/** Words of the command line that are a value of some kind, or a problem that names the option. */
import { Problem } from '../core/problem.ts';

/** Undefined where nothing was given. */
export function parseOption<Value>(
  option: string,
  text: string | undefined,
  parser: (text: string) => Value | undefined,
  expected: string,
): Value | undefined {
  if (text === undefined) return undefined;
  const value = parser(text);
  if (value === undefined) throw new Problem('OBS-1003', `${option} ${text}: expected ${expected}`);
  return value;
}

export function parseCount(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

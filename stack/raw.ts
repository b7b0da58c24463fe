/** The values of a stack file before the schema has judged them: anything may be anything. */
import { parseBytes } from '../core/units.ts';
import type { KeyPath } from './document.ts';
import type { PlacelessFault } from './issues.ts';

export type RawMap = Readonly<Record<string, unknown>>;

export type Rule = (stack: RawMap) => readonly PlacelessFault[];

/** The map at `path`, empty where there is none. */
export function mapAt(stack: unknown, ...path: readonly string[]): RawMap {
  let here: unknown = stack;
  for (const part of path) here = isRawMap(here) && Object.hasOwn(here, part) ? here[part] : {};
  return isRawMap(here) ? here : {};
}

export function isRawMap(value: unknown): value is RawMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Two keys that contradict each other; the caret goes to `path`. */
export function clash(path: KeyPath, message: string, next: string): PlacelessFault {
  return { path, on: 'key', code: 'OBS-1207', message, next };
}

/** Bytes of a size as it is written; `undefined` for what is not one. */
export function bytesOf(value: unknown): number | undefined {
  return typeof value === 'string' ? parseBytes(value) : undefined;
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** One fault of a stack file: what a person is told, and where. */
import { type Code, codes } from '../core/codes.ts';
import type { TextPlace } from '../core/yaml.ts';
import type { KeyPath } from './document.ts';

export type StackFault = {
  readonly code: Code;
  /** What happened, with the key in it. */
  readonly message: string;
  readonly file: string;
  /** Key path with dots, empty for the file as a whole. */
  readonly path: string;
  /** Absent for a typed stack file, whose places are its key paths. */
  readonly at?: TextPlace;
  readonly expected?: string;
  readonly next: string;
};

/** `node_agent.presets.pod_logs.multiline[0].pod`. */
export function pathText(path: KeyPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      const plain = /^[\w-]+$/.test(part) ? part : JSON.stringify(part);
      return index === 0 ? plain : `.${plain}`;
    })
    .join('');
}

/** `obs.yaml:7:3`, or `obs.config.ts: gateway.volume` where the message does not say so. */
function placeText({ file, at, path, message }: StackFault): string {
  if (at !== undefined) return `${file}:${at.line}:${at.column}`;
  return path === '' || message.includes(path) ? file : `${file}: ${path}`;
}

/** Longest piece of a line that is shown; the rest of a one-line file is noise. */
const frameLengthMax = 100;
const tabWidth = 2;

/** The fault as a terminal shows it: place, words, the line with a caret, and the next step. */
export function formatFault(fault: StackFault, text: string): string {
  const lines = [`${fault.code}: ${placeText(fault)}: ${fault.message}`];
  // A line with a secret in it is not copied into a log.
  if (fault.at !== undefined && fault.code !== 'OBS-1210') lines.push(...frame(text, fault.at));
  if (fault.expected !== undefined) lines.push(`  expected: ${fault.expected}`);
  lines.push(`  next: ${fault.next}`);
  return lines.join('\n');
}

/** The offending line with a line of carets below; none for an empty file. */
function frame(text: string, at: TextPlace): readonly string[] {
  const line = (text.split('\n')[at.line - 1] ?? '').replace(/\r$/, '');
  if (line.trim() === '') return [];
  const isLong = line.length > frameLengthMax;
  const from = isLong ? Math.max(0, at.column - 1 - frameLengthMax / 2) : 0;
  const shown = line.slice(from, from + frameLengthMax);
  const before = shown.slice(0, at.column - 1 - from);
  const marked = shown.slice(before.length, before.length + at.length);
  const number = String(at.line).padStart(5);
  const widen = (part: string) => part.replaceAll('\t', ' '.repeat(tabWidth));
  const carets = '^'.repeat(Math.max(1, widen(marked).length));
  return [
    `${number} | ${widen(shown)}`,
    `${' '.repeat(5)} | ${' '.repeat(widen(before).length)}${carets}`,
  ];
}

/** The code's own next step, where nothing better is known. */
export function nextOf(code: Code): string {
  return codes[code].next;
}

/** Faults in the order of the text; of two at one place the first found. */
export function inTextOrder(faults: readonly StackFault[]): readonly StackFault[] {
  return [...faults].sort(
    (a, b) =>
      (a.at?.line ?? 0) - (b.at?.line ?? 0) ||
      (a.at?.column ?? 0) - (b.at?.column ?? 0) ||
      (a.at === undefined && b.at === undefined ? a.path.localeCompare(b.path, 'en') : 0),
  );
}

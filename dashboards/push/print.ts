/** What a push does, in lines that a person reads as those of a diff. */
import type { JsonValue } from '../../core/json.ts';
import type { PushResult, PushStep } from './push.ts';
import type { Change } from './resource.ts';

const signs = { create: '+', update: '~', remove: '-', none: ' ' } as const;

const charsShown = 60;
const charsBefore = 20;

/** One line a thing that differs, and below it one a place. */
export function printSteps({ steps }: PushResult): string {
  return steps
    .filter(({ action }) => action !== 'none')
    .map((step) => [heading(step), ...step.changes.map(changeLine)].join('\n'))
    .map((text) => `${text}\n`)
    .join('');
}

/** `2 to create, 1 to update, 5 as they are`. */
export function summarizeSteps({ steps, dryRun, refusals }: PushResult): string {
  const count = (wanted: PushStep['action']) =>
    steps.filter(({ action }) => action === wanted).length;
  const same = count('none');
  if (same === steps.length) return `nothing to change: ${same} of ${same} are as they should be`;
  const planned = dryRun || refusals.length > 0;
  const words = planned
    ? { create: 'to create', update: 'to update', remove: 'to remove' }
    : { create: 'created', update: 'updated', remove: 'removed' };
  const parts = (['create', 'update', 'remove'] as const)
    .filter((action) => count(action) > 0)
    .map((action) => `${count(action)} ${words[action]}`);
  return [...parts, `${same} as they were`].join(', ');
}

function heading({ action, kind, title, uid }: PushStep): string {
  return `${signs[action]} ${kind} "${title}" (${uid})`;
}

function changeLine({ path, before, after }: Change): string {
  if (before === undefined && after === undefined) return `    ${path}: written`;
  const [from, to] = cut(textOf(before), textOf(after));
  if (before === undefined) return `    + ${path}: ${to}`;
  if (after === undefined) return `    - ${path}: ${from}`;
  return `    ~ ${path}: ${from} -> ${to}`;
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

/** Both texts around the first place where they differ: SQL is long, and changes at its end. */
function cut(before: string, after: string): readonly [string, string] {
  let same = 0;
  while (same < before.length && before[same] === after[same]) same += 1;
  const start = Math.max(before.length, after.length) <= charsShown ? 0 : same - charsBefore;
  return [piece(before, start), piece(after, start)];
}

function piece(text: string, start: number): string {
  const from = Math.max(0, start);
  const shown = text.slice(from, from + charsShown);
  return `${from > 0 ? '…' : ''}${shown}${from + charsShown < text.length ? '…' : ''}`;
}

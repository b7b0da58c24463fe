/** A diff as a person reads it: an object a paragraph, its fields, its components, its risks. */
import type { JsonValue } from '../../../core/json.ts';
import type { ComponentChange } from './collector-changes.ts';
import type { Difference } from './diff.ts';
import type { FieldChange } from './walk.ts';

const signs = { added: '+', removed: '-', changed: '~' } as const;
/** Fields shown of one object or component; the rest is counted. */
const fieldsMax = 20;
const valueLengthMax = 90;

export function printDiff(differences: readonly Difference[]): string {
  return differences.map(paragraph).join('\n');
}

/** `2 added, 1 removed, 3 changed; 2 risks`. */
export function summarize(differences: readonly Difference[]): string {
  const count = (change: Difference['change']) =>
    differences.filter((difference) => difference.change === change).length;
  const risks = differences.reduce((sum, difference) => sum + difference.risks.length, 0);
  const added = `${count('added')} added, ${count('removed')} removed`;
  const counts = `${added}, ${count('changed')} changed`;
  return `${counts}; ${risks} ${risks === 1 ? 'risk' : 'risks'}`;
}

function paragraph({ object, change, fields, components, risks }: Difference): string {
  const lines = [
    `${signs[change]} ${object}`,
    ...fieldLines(fields, '    '),
    ...componentLines(components),
    ...risks.map(({ label, text }) => `    ! ${label}: ${text}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Components of a Collector's configuration, below the line that says whose. */
export function componentLines(components: readonly ComponentChange[]): readonly string[] {
  return components.flatMap((component) => [
    `    ${signs[component.change]} ${component.component}`,
    ...fieldLines(component.fields, '        '),
  ]);
}

function fieldLines(fields: readonly FieldChange[], indent: string): string[] {
  const lines = fields.slice(0, fieldsMax).map((field) => `${indent}${fieldLine(field)}`);
  const left = fields.length - lines.length;
  return left > 0 ? [...lines, `${indent}… and ${left} more fields`] : lines;
}

function fieldLine({ path, before, after }: FieldChange): string {
  if (before === undefined) return `+ ${path}: ${short(after)}`;
  if (after === undefined) return `- ${path}: ${short(before)}`;
  return `~ ${path}: ${short(before)} → ${short(after)}`;
}

function short(value: JsonValue | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text.includes('\n')) return `(${text.trimEnd().split('\n').length} lines)`;
  return text.length <= valueLengthMax ? text : `${text.slice(0, valueLengthMax - 1)}…`;
}

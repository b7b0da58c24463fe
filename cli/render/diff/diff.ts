/**
 * Two sets of objects compared: which come, go and change, by field and, inside Collector
 * configurations, by component; and what each change may cost.
 */
import type { JsonValue } from '../../../core/json.ts';
import {
  type ComponentChange,
  collectorRisks,
  componentChanges,
  parseCollectorConfig,
  type Risk,
} from './collector-changes.ts';
import { idOf, isJsonObject, type Manifest } from './manifest.ts';
import { risksOfAdded, risksOfChanged, risksOfRemoved } from './object-risks.ts';
import { changesOf, type FieldChange } from './walk.ts';

export type Difference = {
  /** `DaemonSet observability-agents/shop-node-agent`. */
  readonly object: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** Fields beside Collector configurations; of new and removed objects none. */
  readonly fields: readonly FieldChange[];
  readonly components: readonly ComponentChange[];
  readonly risks: readonly Risk[];
};

/** Follows from another change that is shown: a line for it says nothing. */
const derived = /annotations\."[^"]*\/(config|checksum|files)(-hash|-checksum)?"$/;

/** Every difference that applying `after` over `before` makes, in the order of `after`. */
export function diffManifests(
  before: readonly Manifest[],
  after: readonly Manifest[],
): readonly Difference[] {
  const old = new Map(before.map((object) => [idOf(object), object]));
  const now = new Set(after.map(idOf));
  return [
    ...after.flatMap((object) => {
      const known = old.get(idOf(object));
      return known === undefined ? [addition(object)] : changed(known, object);
    }),
    ...before.filter((object) => !now.has(idOf(object))).map(removal),
  ];
}

function addition(object: Manifest): Difference {
  const rest = { fields: [], components: [], risks: risksOfAdded(object) };
  return { object: idOf(object), change: 'added', ...rest };
}

function removal(object: Manifest): Difference {
  const rest = { fields: [], components: [], risks: risksOfRemoved(object) };
  return { object: idOf(object), change: 'removed', ...rest };
}

function changed(before: Manifest, after: Manifest): Difference[] {
  const fields = changesOf(before, after);
  if (fields.length === 0) return [];
  const { plain, components } = splitConfigs(fields);
  const shown = plain.filter(({ path }) => !derived.test(path));
  const risks = [...risksOfChanged(before, after, fields), ...collectorRisks(components)];
  const onlyDerived = shown.length === 0 && components.length === 0;
  return [
    {
      object: idOf(after),
      change: 'changed',
      fields: onlyDerived ? plain : shown,
      components,
      risks: unique(risks),
    },
  ];
}

/** Values that are themselves documents are compared inside. */
function splitConfigs(fields: readonly FieldChange[]) {
  const plain: FieldChange[] = [];
  const components: ComponentChange[] = [];
  for (const field of fields) {
    const before = parseCollectorConfig(field.before);
    const after = parseCollectorConfig(field.after);
    if (before !== undefined && after !== undefined) {
      const found = componentChanges(before, after);
      components.push(...found);
      // Other comments or another order: the bytes differ, the meaning does not.
      if (found.length === 0) plain.push({ path: field.path, before: '(text)', after: '(text)' });
    } else plain.push(...insideJson(field));
  }
  return { plain, components };
}

/** A dashboard in a ConfigMap: which panel changed, not which of ten thousand letters. */
function insideJson(field: FieldChange): FieldChange[] {
  const before = parseJson(field.before);
  const after = parseJson(field.after);
  if (before === undefined || after === undefined) return [field];
  return changesOf(before, after, field.path);
}

function parseJson(value: JsonValue | undefined): JsonValue | undefined {
  if (typeof value !== 'string' || !value.startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(value);
    return isJsonObject(parsed) ? parsed : undefined;
  } catch {
    // Not JSON: it is compared as text.
    return undefined;
  }
}

function unique(risks: readonly Risk[]): Risk[] {
  const seen = new Set<string>();
  return risks.filter(({ label, text }) => {
    const key = `${label} ${text}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

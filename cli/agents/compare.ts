/**
 * A rendered configuration against the one that an agent says it runs with. The Collector fills in
 * defaults, resolves references and redacts secrets, so the two are never the same text: what was
 * rendered must be found again in what runs, component by component, and no component more.
 *
 * What cannot be told this way: a key that the rendered configuration leaves at its default and
 * that was set by hand, and keys that a component reads but does not show.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts';
import type { ComponentChange } from '../render/diff/collector-changes.ts';
import { isJsonObject, valueAt } from '../render/diff/manifest.ts';
import type { FieldChange } from '../render/diff/walk.ts';

const sections = ['extensions', 'receivers', 'processors', 'exporters', 'connectors'] as const;
const pipelineKeys = ['receivers', 'processors', 'exporters'] as const;
const redacted = '[REDACTED]';

/** What differs, as a change from the rendered to the effective configuration. */
export function editedComponents(rendered: JsonObject, effective: JsonObject): ComponentChange[] {
  return [
    ...sections.flatMap((section) =>
      named(section, objectAt(rendered, section), objectAt(effective, section), fieldsOf),
    ),
    ...named(
      'pipelines',
      objectAt(rendered, 'service', 'pipelines'),
      objectAt(effective, 'service', 'pipelines'),
      pipelineFields,
    ),
    ...serviceChanges(objectAt(rendered, 'service'), objectAt(effective, 'service')),
  ];
}

type Fields = (rendered: JsonValue | undefined, effective: JsonValue | undefined) => FieldChange[];

function named(
  section: string,
  rendered: JsonObject,
  effective: JsonObject,
  compare: Fields,
): ComponentChange[] {
  const more = Object.keys(effective).filter((id) => !(id in rendered));
  return [...Object.keys(rendered), ...more].flatMap((id): ComponentChange[] => {
    const component = `${section}.${id}`;
    if (!(id in effective)) return [{ component, change: 'removed', fields: [] }];
    if (!(id in rendered)) return [{ component, change: 'added', fields: [] }];
    const fields = compare(rendered[id], effective[id]);
    return fields.length === 0 ? [] : [{ component, change: 'changed', fields }];
  });
}

function pipelineFields(
  rendered: JsonValue | undefined,
  effective: JsonValue | undefined,
): FieldChange[] {
  return pipelineKeys.flatMap((key) => {
    const [before, after] = [listAt(rendered, key), listAt(effective, key)];
    return JSON.stringify(before) === JSON.stringify(after) ? [] : [{ path: key, before, after }];
  });
}

function serviceChanges(rendered: JsonObject, effective: JsonObject): ComponentChange[] {
  const fields = ['extensions', 'telemetry'].flatMap((key) =>
    fieldsOf(rendered[key], effective[key], key),
  );
  return fields.length === 0 ? [] : [{ component: 'service', change: 'changed', fields }];
}

function fieldsOf(
  rendered: JsonValue | undefined,
  effective: JsonValue | undefined,
  path = '',
): FieldChange[] {
  // A key that is not shown says nothing: the component may read it by itself.
  if (rendered === undefined || rendered === null) return [];
  if (effective === undefined || effective === null || effective === redacted) return [];
  const differs = (): FieldChange[] => [{ path, before: rendered, after: effective }];
  if (isJsonObject(rendered)) {
    const shown = Array.isArray(effective) ? mapOfPairs(effective) : effective;
    if (!isJsonObject(shown)) return differs();
    return Object.entries(rendered).flatMap(([key, value]) =>
      fieldsOf(value, shown[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(rendered)) {
    if (!Array.isArray(effective) || rendered.length !== effective.length) return differs();
    return rendered.flatMap((value, at) => fieldsOf(value, effective[at], `${path}[${at}]`));
  }
  // A type that does not show what it holds, like the sizer of a queue.
  if (isJsonObject(effective) && Object.keys(effective).length === 0) return [];
  if (!isScalar(rendered) || !isScalar(effective)) return differs();
  // Levels are words in any case.
  const isSame = /(^|\.)level$/.test(path)
    ? isSameScalar(String(rendered).toLowerCase(), String(effective).toLowerCase())
    : isSameScalar(rendered, effective);
  return isSame ? [] : differs();
}

/** Maps of headers are shown as lists of names and values. */
function mapOfPairs(list: readonly JsonValue[]): JsonObject | undefined {
  const pairs: [string, JsonValue][] = [];
  for (const one of list) {
    const { name, value } = isJsonObject(one) ? one : {};
    if (typeof name !== 'string' || value === undefined) return undefined;
    pairs.push([name, value]);
  }
  return Object.fromEntries(pairs);
}

type Scalar = string | number | boolean;

function isScalar(value: JsonValue): value is Scalar {
  return typeof value !== 'object';
}

function isSameScalar(rendered: Scalar, effective: Scalar): boolean {
  const [before, after] = [String(rendered), String(effective)];
  if (before === after || placeholders(before).test(after)) return true;
  if (before.trim() !== '' && Number(before) === Number(after)) return true;
  const length = microsecondsOf(before);
  return length !== undefined && length === microsecondsOf(after);
}

/** `${…}` stands for anything, `$$` for a dollar. */
function placeholders(text: string): RegExp {
  const parts = text.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part.replaceAll('$$', '$')));
  return new RegExp(`^${parts.join('[^]*')}$`);
}

const secondsPerUnit: Readonly<Record<string, number>> = {
  ...{ ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 },
};

/** Of a duration as Go writes it: `1m30s`; nanoseconds apart, sums of these are exact enough. */
function microsecondsOf(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)) {
    seconds += Number(count) * (secondsPerUnit[unit ?? ''] ?? 0);
  }
  return Math.round(seconds * 1e6);
}

function objectAt(config: JsonObject, ...path: readonly string[]): JsonObject {
  const value = valueAt(config, ...path);
  return isJsonObject(value) ? value : {};
}

function listAt(value: JsonValue | undefined, key: string): readonly JsonValue[] {
  const list = isJsonObject(value) ? value[key] : undefined;
  return Array.isArray(list) ? list : [];
}

/** What a field or series is told by a panel's defaults and overrides, merged. Pure. */
import { formatText } from './format.ts';
import type { FieldSettings, MappingResult, Panel, Thresholds } from './model.ts';

/** Settings of the field `name`; a series also answers to the column it came from. */
export function settingsOf(panel: Panel, name: string, column = name): FieldSettings {
  let settings: FieldSettings = panel.fieldConfig?.defaults ?? {};
  for (const { matcher, properties } of panel.fieldConfig?.overrides ?? []) {
    if (!matches(matcher, name) && !matches(matcher, column)) continue;
    for (const { id, value } of properties) settings = withProperty(settings, id, value);
  }
  return settings;
}

function matches(matcher: { readonly id: string; readonly options?: unknown }, name: string) {
  if (matcher.id === 'byName') return matcher.options === name;
  if (matcher.id !== 'byRegexp' || typeof matcher.options !== 'string') return false;
  const source = matcher.options.replace(/^\/(.*)\/$/, '$1');
  return new RegExp(source).test(name);
}

function withProperty(settings: FieldSettings, id: string, value: unknown): FieldSettings {
  if (id.startsWith('custom.')) {
    return { ...settings, custom: { ...settings.custom, [id.slice(7)]: value } };
  }
  return { ...settings, [id]: value };
}

/** The colour name of the highest step that `value` reaches. */
export function thresholdColour(
  value: number | null,
  thresholds: Thresholds | undefined,
  min = 0,
  max = 100,
): string | undefined {
  if (value === null || thresholds === undefined) return undefined;
  const compared =
    thresholds.mode === 'percentage' ? ((value - min) / (max - min || 1)) * 100 : value;
  let colour: string | undefined;
  for (const step of thresholds.steps) {
    if (step.value === null || compared >= step.value) colour = step.color;
  }
  return colour;
}

/** What value mappings say about `value`, if anything. */
export function mapped(value: unknown, settings: FieldSettings): MappingResult | undefined {
  for (const mapping of settings.mappings ?? []) {
    if (mapping.type === 'value') {
      const key = String(value ?? 'null');
      if (Object.hasOwn(mapping.options, key)) return mapping.options[key];
    } else if (mapping.type === 'range' && typeof value === 'number') {
      const { from, to, result } = mapping.options;
      if ((from === null || value >= from) && (to === null || value <= to)) return result;
    }
  }
  return undefined;
}

/** `value` as text by unit, decimals and mappings. */
export function displayText(value: unknown, settings: FieldSettings): string {
  const text = mapped(value, settings)?.text;
  if (text !== undefined) return text;
  if (value === null || value === undefined) return settings.noValue ?? '–';
  if (typeof value !== 'number') return String(value);
  return formatText(value, settings.unit, settings.decimals);
}

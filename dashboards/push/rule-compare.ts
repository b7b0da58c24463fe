/**
 * An alert rule as two sides are compared: what we say of it, in one spelling. What people decide
 * in Grafana stays theirs: whether a rule is paused, and whom it tells.
 */
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { parseDurationMs } from '../../core/units.ts';

/** A rule as Grafana's provisioning API has it, also those of other people. */
export type FoundRule = JsonObject & {
  readonly uid: string;
  readonly title: string;
  readonly folderUID: string;
  readonly ruleGroup: string;
  /** Absent, `api`, `file` or another. */
  readonly provenance?: string;
};

/** What Grafana adds to a model where it is absent. */
const modelDefaults = { intervalMs: 1000, maxDataPoints: 43_200 } as const;

/** All else is counted by Grafana, is of newer versions, or is for people to decide. */
const comparedFields = [
  ...['uid', 'title', 'condition', 'noDataState', 'execErrState', 'missingSeriesEvalsToResolve'],
  ...['labels', 'annotations', 'record'],
];

const keptFields = ['isPaused', 'notification_settings'];

/** Grafana before 12 neither keeps nor gives `keep_firing_for`. */
export function comparableRule(rule: JsonObject, keepsFiring: boolean): JsonObject {
  const { for: pending, keep_firing_for: keeping, data } = rule;
  return {
    ...pick(rule, comparedFields),
    group: `${String(rule['folderUID'])}/${String(rule['ruleGroup'])}`,
    for: durationOf(pending),
    ...(keepsFiring ? { keep_firing_for: durationOf(keeping) } : {}),
    data: Array.isArray(data) ? data.map(comparableQuery) : [],
  };
}

/** What people decided about a rule that is there. */
export function keptOf(rule: JsonObject | undefined): JsonObject {
  return rule === undefined ? {} : pick(rule, keptFields);
}

/** A rule to be sent back as it is, without what only Grafana says. */
export function sendable(rule: FoundRule): JsonObject {
  const { id: _id, updated: _updated, provenance: _provenance, ...rest } = rule;
  return rest;
}

function comparableQuery(query: JsonValue): JsonValue {
  if (!isObject(query)) return query;
  const { model } = query;
  return { ...query, model: isObject(model) ? { ...modelDefaults, ...model } : (model ?? null) };
}

/** `60s` and `1m` are the same; so are nothing and `0s`. Unreadable ones stay as they are. */
function durationOf(duration: JsonValue | undefined): JsonValue {
  const text = String(duration ?? '0s');
  const ms = parseDurationMs(text);
  if (ms === undefined) return text;
  return ms > 0 && ms % 60_000 === 0 ? `${ms / 60_000}m` : `${ms / 1000}s`;
}

function pick(rule: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(
    fields.flatMap((field) => {
      const value = rule[field];
      return value === undefined || value === null ? [] : [[field, value]];
    }),
  );
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

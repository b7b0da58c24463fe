/** What a component asks of the API server, and how its configuration is read for that. */
import type { JsonObject, JsonValue } from '../core/json.ts';

export type Ask = {
  readonly namespace?: string | undefined;
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly names?: readonly string[];
  readonly urls?: readonly string[];
  readonly verbs: readonly string[];
  readonly reason: string;
};

export type AskContext = {
  readonly kubernetesMinor: number;
  readonly collectorMinor: number;
  readonly namespace: string | undefined;
};

/** The same asks in each namespace, or in the whole cluster where none is named. */
export function inNamespaces(namespaces: readonly string[], asks: readonly Ask[]): Ask[] {
  if (namespaces.length === 0) return [...asks];
  return namespaces.flatMap((namespace) => asks.map((ask) => ({ ...ask, namespace })));
}

export function asObject(value: JsonValue | undefined): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {};
  return value as JsonObject;
}

export function object(parent: JsonObject, key: string): JsonObject {
  return asObject(parent[key]);
}

export function text(parent: JsonObject, key: string): string {
  const value = parent[key];
  return typeof value === 'string' ? value : '';
}

export function texts(parent: JsonObject, key: string): readonly string[] {
  const value = parent[key];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

export function list(parent: JsonObject, key: string): readonly JsonObject[] {
  const value = parent[key];
  return Array.isArray(value) ? value.map(asObject) : [];
}

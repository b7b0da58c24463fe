/**
 * Turns a configuration with the newest names into one that a given version of the Collector
 * knows: types of components everywhere they are named, and the keys that were renamed inside
 * components. The other direction (`upgrade.ts`) reads the same tables.
 */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { idFor, splitId } from './catalog.ts';
import type { CollectorConfig, ComponentId, ComponentKind, Pipeline } from './types.ts';
import { minorOf } from './versions.ts';

/** A detector of resource_detection: its name in the list and the section of the same name. */
export const renamedDetectors = [{ from: 'k8snode', to: 'k8s_api', version: '0.154.0' }] as const;

/** Ids, types and keys as `version` knows them. */
export function configFor(config: CollectorConfig, version: string): CollectorConfig {
  const section = (
    kind: ComponentKind,
    components: Readonly<Record<ComponentId, JsonObject>>,
  ): Record<ComponentId, JsonObject> =>
    Object.fromEntries(
      Object.entries(components).map(([id, inner]) => [
        idFor(kind, id, version),
        componentFor(splitId(id).type, inner, version),
      ]),
    );
  const ends = (ids: readonly ComponentId[], kind: 'receiver' | 'exporter'): ComponentId[] =>
    ids.map((id) => idFor(id in config.connectors ? 'connector' : kind, id, version));
  const pipeline = (inner: Pipeline): Pipeline => ({
    receivers: ends(inner.receivers, 'receiver'),
    processors: inner.processors.map((id) => idFor('processor', id, version)),
    exporters: ends(inner.exporters, 'exporter'),
  });
  return {
    extensions: section('extension', config.extensions),
    receivers: section('receiver', config.receivers),
    processors: section('processor', config.processors),
    exporters: section('exporter', config.exporters),
    connectors: section('connector', config.connectors),
    service: {
      ...config.service,
      extensions: config.service.extensions.map((id) => idFor('extension', id, version)),
      pipelines: Object.fromEntries(
        Object.entries(config.service.pipelines).map(([id, inner]) => [id, pipeline(inner!)]),
      ),
    },
  };
}

function componentFor(type: string, config: JsonObject, version: string): JsonObject {
  if (type === 'resource_detection') return detectionFor(config, version);
  if (type === 'receiver_creator') return creatorFor(config, version);
  return config;
}

function detectionFor(config: JsonObject, version: string): JsonObject {
  const rename = (name: JsonValue): JsonValue => {
    const found = renamedDetectors.find((entry) => entry.to === name);
    return found === undefined || minorOf(version) >= minorOf(found.version) ? name : found.from;
  };
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [
      String(rename(key)),
      key === 'detectors' && Array.isArray(value) ? value.map(rename) : value,
    ]),
  );
}

/** The receivers that it starts are named by their ids, as in the outer configuration. */
function creatorFor(config: JsonObject, version: string): JsonObject {
  const inner = config['receivers'];
  if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return config;
  const renamed = Object.entries(inner).map(([id, value]) => [
    idFor('receiver', id, version),
    value,
  ]);
  return { ...config, receivers: Object.fromEntries(renamed) as JsonObject };
}

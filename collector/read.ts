/**
 * Brings parsed YAML of a foreign configuration into our shape. Only the shape of the outside is
 * looked at (sections, ids, lists of the service); what is inside a component is its own business.
 */
import type { JsonObject, JsonValue } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import type { CollectorConfig, ComponentId, Pipeline } from './types.ts';

const sections = ['extensions', 'receivers', 'processors', 'exporters', 'connectors'] as const;

export function readConfig(value: unknown, where = 'the configuration'): CollectorConfig {
  const root = object(value, where);
  const unknown = Object.keys(root).find(
    (key) => key !== 'service' && !(sections as readonly string[]).includes(key),
  );
  if (unknown !== undefined) {
    throw new Problem('OBS-1104', `a configuration has no section “${unknown}”`, { where });
  }
  const components = (section: (typeof sections)[number]): Record<ComponentId, JsonObject> =>
    Object.fromEntries(
      Object.entries(object(root[section], section)).map(([id, inner]) => [
        id,
        object(inner, `${section}.${id}`),
      ]),
    );
  const service = object(root['service'], 'service');
  const pipelines = Object.entries(object(service['pipelines'], 'service.pipelines')).map(
    ([id, inner]) => [id, readPipeline(inner, `service.pipelines.${id}`)],
  );
  return {
    extensions: components('extensions'),
    receivers: components('receivers'),
    processors: components('processors'),
    exporters: components('exporters'),
    connectors: components('connectors'),
    service: {
      extensions: ids(service['extensions'], 'service.extensions'),
      pipelines: Object.fromEntries(pipelines) as Record<string, Pipeline>,
      telemetry: object(service['telemetry'], 'service.telemetry'),
    },
  };
}

function readPipeline(value: JsonValue, where: string): Pipeline {
  const pipeline = object(value, where);
  return {
    receivers: ids(pipeline['receivers'], `${where}.receivers`),
    processors: ids(pipeline['processors'], `${where}.processors`),
    exporters: ids(pipeline['exporters'], `${where}.exporters`),
  };
}

/** Nothing written after a key means an empty object there. */
function object(value: unknown, where: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new Problem('OBS-1104', 'expected keys and values', { where });
  }
  return value as JsonObject;
}

function ids(value: unknown, where: string): readonly ComponentId[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((id) => typeof id === 'string')) {
    throw new Problem('OBS-1104', 'expected a list of component ids', { where });
  }
  return value;
}

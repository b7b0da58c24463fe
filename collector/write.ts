/**
 * Writes a configuration as YAML for one version of the Collector. The bytes depend on nothing but
 * the arguments. Dollars are the presets' business (`escape.ts`): here nothing is escaped.
 */
import { Document, isMap, isScalar, isSeq, type Pair, type Scalar, type YAMLMap } from 'yaml';
import type { JsonObject } from '../core/json.ts';
import { configFor } from './naming.ts';
import type { CollectorConfig, Provenance } from './types.ts';

export type WriteOptions = {
  readonly version: string;
  /** Adds a comment wherever another preset begins. */
  readonly provenance?: Provenance;
};

export function writeConfig(config: CollectorConfig, options: WriteOptions): string {
  const named = configFor(config, options.version);
  // Anchors would appear where two presets share one object; on, off and 0o7 are quoted because
  // readers of YAML 1.1 take them for something else.
  const document = new Document(plainConfig(named), {
    aliasDuplicateObjects: false,
    compat: 'yaml-1.1',
  });
  if (options.provenance !== undefined) {
    // Names differ between versions, places do not: the comments are found by the newest names.
    const newest = new Document(plainConfig(config), { aliasDuplicateObjects: false });
    annotate(document.contents, newest.contents, options.provenance);
  }
  return document.toString({ lineWidth: 0 });
}

/** Plain data in the order in which it is written; empty sections are left out. */
export function plainConfig(config: CollectorConfig): JsonObject {
  const { service, ...components } = config;
  const sections = Object.entries(components).filter(([, inner]) => Object.keys(inner).length > 0);
  const pipelines = Object.entries(service.pipelines).map(([id, pipeline]) => {
    const { receivers, processors, exporters } = pipeline!;
    return [id, { receivers, ...(processors.length > 0 ? { processors } : {}), exporters }];
  });
  return {
    ...Object.fromEntries(sections),
    service: {
      ...(service.extensions.length > 0 ? { extensions: service.extensions } : {}),
      pipelines: Object.fromEntries(pipelines) as JsonObject,
      ...(Object.keys(service.telemetry).length > 0 ? { telemetry: service.telemetry } : {}),
    },
  } as JsonObject;
}

function annotate(target: unknown, newest: unknown, provenance: Provenance): void {
  walk(target, newest, '', '', provenance);
}

/** Walks both trees side by side; they differ in names alone. */
function walk(
  target: unknown,
  newest: unknown,
  path: string,
  owner: string,
  provenance: Provenance,
): void {
  if (isMap(target) && isMap(newest)) {
    target.items.forEach((pair, index) => {
      const key = keyOf(newest, index);
      const place = path === '' ? key : `${path}.${key}`;
      const preset = provenance.get(place);
      if (preset !== undefined && preset !== owner) commentKey(pair, preset);
      walk(pair.value, newest.items[index]?.value, place, preset ?? owner, provenance);
    });
  } else if (isSeq(target) && isSeq(newest)) {
    target.items.forEach((item, index) => {
      const other = newest.items[index];
      if (!isScalar(item) || !isScalar(other)) return;
      const preset = provenance.get(`${path}.${String(other.value)}`);
      if (preset !== undefined && preset !== owner) item.comment = ` ${preset}`;
    });
  }
}

function keyOf(map: YAMLMap, index: number): string {
  const key = map.items[index]?.key;
  return isScalar(key) ? String(key.value) : String(key);
}

function commentKey(pair: Pair, preset: string): void {
  if (isScalar(pair.key)) (pair.key as Scalar).commentBefore = ` preset ${preset}`;
}

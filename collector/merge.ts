/**
 * Puts the pieces of several presets together. Two pieces may add different keys to one component
 * (a queue on disk to the exporter that another preset brings), but never give one key two values,
 * because the result would depend on their order. Lists are values: they are equal or a conflict.
 * Order of the output: components and ends of pipelines as the pieces bring them, processors by
 * stage and then as the pieces bring them, pipelines by signal and name.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { Problem } from '../core/problem.ts';
import type {
  CollectorConfig,
  ComponentId,
  ComponentKind,
  Piece,
  Pipeline,
  PipelineId,
  Provenance,
  Stage,
} from './types.ts';
import { stages } from './types.ts';

export type Merged = { readonly config: CollectorConfig; readonly provenance: Provenance };

type Owned<T> = { readonly preset: string; readonly value: T };
type Draft = {
  readonly receivers: Set<ComponentId>;
  readonly processors: Map<ComponentId, Owned<Stage>>;
  readonly exporters: Set<ComponentId>;
};
type MutableJson = { [key: string]: JsonValue };

const sections = {
  receiver: 'receivers',
  processor: 'processors',
  exporter: 'exporters',
  connector: 'connectors',
  extension: 'extensions',
} as const satisfies Record<ComponentKind, keyof CollectorConfig>;

const signalOrder: readonly string[] = ['traces', 'metrics', 'logs'];

export function mergePieces(pieces: readonly Piece[]): Merged {
  const provenance = new Map<string, string>();
  const components = mergeComponents(pieces, provenance);
  const pipelines = mergePipelines(pieces, provenance);
  const telemetry: MutableJson = {};
  for (const piece of pieces) {
    if (piece.telemetry === undefined) continue;
    mergeInto(telemetry, piece.telemetry, 'service.telemetry', piece.preset, provenance);
  }
  const config: CollectorConfig = {
    ...components,
    service: { extensions: Object.keys(components.extensions), pipelines, telemetry },
  };
  return { config, provenance };
}

function mergeComponents(
  pieces: readonly Piece[],
  provenance: Map<string, string>,
): Omit<CollectorConfig, 'service'> {
  const merged: Record<(typeof sections)[ComponentKind], Record<ComponentId, MutableJson>> = {
    extensions: {},
    receivers: {},
    processors: {},
    exporters: {},
    connectors: {},
  };
  for (const { preset, components } of pieces) {
    for (const { kind, id, config } of components) {
      const section = sections[kind];
      const path = `${section}.${id}`;
      merged[section][id] ??= {};
      own(provenance, path, preset);
      mergeInto(merged[section][id], config, path, preset, provenance);
    }
  }
  return merged;
}

function mergePipelines(
  pieces: readonly Piece[],
  provenance: Map<string, string>,
): CollectorConfig['service']['pipelines'] {
  const drafts = new Map<PipelineId, Draft>();
  for (const { preset, attachments } of pieces) {
    for (const { pipeline, as, id, stage } of attachments) {
      const draft = drafts.get(pipeline) ?? {
        receivers: new Set(),
        processors: new Map(),
        exporters: new Set(),
      };
      drafts.set(pipeline, draft);
      if (as === 'processor') putProcessor(draft, pipeline, id, stage, preset);
      else draft[`${as}s`].add(id);
      own(provenance, `service.pipelines.${pipeline}`, preset);
      own(provenance, `service.pipelines.${pipeline}.${as}s.${id}`, preset);
    }
  }
  const ids = [...drafts.keys()].sort(comparePipelines);
  return Object.fromEntries(ids.map((id) => [id, finish(drafts.get(id)!)]));
}

function putProcessor(
  draft: Draft,
  pipeline: PipelineId,
  id: ComponentId,
  stage: Stage | undefined,
  preset: string,
): void {
  const where = `service.pipelines.${pipeline}.processors.${id}`;
  if (stage === undefined) {
    throw new Problem('OBS-1101', `the preset ${preset} gives no stage to processor “${id}”`, {
      where,
    });
  }
  const before = draft.processors.get(id);
  if (before !== undefined && before.value !== stage) {
    const who = `the presets ${before.preset} and ${preset}`;
    const what = `put processor “${id}” at the stages ${before.value} and ${stage}`;
    throw new Problem('OBS-1101', `${who} ${what}`, { where });
  }
  if (before === undefined) draft.processors.set(id, { preset, value: stage });
}

function finish(draft: Draft): Pipeline {
  const inOrder = [...draft.processors].sort(
    // Array.sort is stable: within a stage the order of the pieces stays.
    ([, left], [, right]) => stages.indexOf(left.value) - stages.indexOf(right.value),
  );
  return {
    receivers: [...draft.receivers],
    processors: inOrder.map(([id]) => id),
    exporters: [...draft.exporters],
  };
}

function comparePipelines(left: PipelineId, right: PipelineId): number {
  const [leftSignal = '', leftName = ''] = left.split('/');
  const [rightSignal = '', rightName = ''] = right.split('/');
  if (leftSignal !== rightSignal)
    return signalOrder.indexOf(leftSignal) - signalOrder.indexOf(rightSignal);
  return leftName < rightName ? -1 : leftName > rightName ? 1 : 0;
}

/** Objects are merged; the same key with another value is a conflict. */
function mergeInto(
  target: MutableJson,
  source: JsonObject,
  path: string,
  preset: string,
  provenance: Map<string, string>,
): void {
  for (const [key, value] of Object.entries(source)) {
    const place = `${path}.${key}`;
    const before = Object.hasOwn(target, key) ? target[key] : undefined;
    if (before === undefined) {
      target[key] = structuredClone(value) as JsonValue;
      own(provenance, place, preset);
      note(value, place, preset, provenance);
    } else if (isObject(before) && isObject(value)) {
      mergeInto(before as MutableJson, value, place, preset, provenance);
    } else if (!isDeepStrictEqual(before, value)) {
      const owner = provenance.get(place) ?? '';
      const who =
        owner === preset ? `the preset ${owner}, twice,` : `the presets ${owner} and ${preset}`;
      throw new Problem('OBS-1101', `${who} give this key different values`, { where: place });
    }
  }
}

/** Notes the owner of a place and of every key below it. */
function note(
  value: JsonValue,
  path: string,
  preset: string,
  provenance: Map<string, string>,
): void {
  own(provenance, path, preset);
  if (!isObject(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    note(inner, `${path}.${key}`, preset, provenance);
  }
}

/** The first one to write a place owns it. */
function own(provenance: Map<string, string>, path: string, preset: string): void {
  if (!provenance.has(path)) provenance.set(path, preset);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

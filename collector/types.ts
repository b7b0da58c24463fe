/**
 * The shape of a Collector configuration, and of the pieces it is put together from.
 * Component types are written with their newest name (`file_log`, not `filelog`); the name that a
 * given Collector version knows is put in when the configuration is written (`naming.ts`).
 */
import type { JsonObject } from '../core/json.ts';

export type ComponentKind = 'receiver' | 'processor' | 'exporter' | 'connector' | 'extension';

export type Signal = 'traces' | 'metrics' | 'logs';

/** `type` or `type/name`, as in a Collector configuration. */
export type ComponentId = string;

/** `traces`, `metrics/kubelet`: a signal, with a name where one signal has several pipelines. */
export type PipelineId = Signal | `${Signal}/${string}`;

/**
 * Where in a pipeline a processor stands. Pieces name the stage, never a position, so two presets
 * cannot disagree about the order. `memory_limiter` alone has the stage `limit` and comes first.
 */
export const stages = [
  'limit',
  'detect',
  'enrich',
  'filter',
  'transform',
  'reduce',
  'sample',
] as const;
export type Stage = (typeof stages)[number];

export type Component = {
  readonly kind: ComponentKind;
  readonly id: ComponentId;
  readonly config: JsonObject;
};

/** One component put into one pipeline; a connector is attached once as each of its two ends. */
export type Attachment = {
  readonly pipeline: PipelineId;
  readonly as: 'receiver' | 'processor' | 'exporter';
  readonly id: ComponentId;
  /** Required for processors. */
  readonly stage?: Stage;
};

/** What one preset adds to one Collector. */
export type Piece = {
  /** Name of the preset, for conflicts and provenance comments. */
  readonly preset: string;
  readonly components: readonly Component[];
  readonly attachments: readonly Attachment[];
  /** Merged into `service.telemetry`. */
  readonly telemetry?: JsonObject;
};

export type Pipeline = {
  readonly receivers: readonly ComponentId[];
  readonly processors: readonly ComponentId[];
  readonly exporters: readonly ComponentId[];
};

/** A whole configuration, in the order in which it is written. */
export type CollectorConfig = {
  readonly extensions: Readonly<Record<ComponentId, JsonObject>>;
  readonly receivers: Readonly<Record<ComponentId, JsonObject>>;
  readonly processors: Readonly<Record<ComponentId, JsonObject>>;
  readonly exporters: Readonly<Record<ComponentId, JsonObject>>;
  readonly connectors: Readonly<Record<ComponentId, JsonObject>>;
  readonly service: {
    readonly extensions: readonly ComponentId[];
    readonly pipelines: Readonly<Partial<Record<PipelineId, Pipeline>>>;
    readonly telemetry: JsonObject;
  };
};

/** Which preset wrote a key: `receivers.file_log.include` to the preset's name. */
export type Provenance = ReadonlyMap<string, string>;

/**
 * Which real Collector judges a configuration. None of the three binaries that can be built has
 * every component, so the one that lacks the fewest is taken, and what it lacks is cut out of the
 * configuration that it is given; the catalog judges that part alone.
 */
import { findComponent, splitId } from '../collector/catalog.ts';
import type { CollectorConfig, ComponentKind, Pipeline, PipelineId } from '../collector/types.ts';

export type Line = '0.149' | '0.155' | '0.161';
export const lines: readonly Line[] = ['0.149', '0.155', '0.161'];

export type Judgement = {
  readonly line: Line;
  /** `receiver/k8s_events`: what that binary does not contain. */
  readonly missing: readonly string[];
};

const sections = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
} as const satisfies Record<string, ComponentKind>;
type Section = keyof typeof sections;

/** Catalog keys of all components of a configuration. */
export function componentKeys(config: CollectorConfig): readonly string[] {
  const keys = Object.entries(sections).flatMap(([section, kind]) =>
    Object.keys(config[section as Section]).map((id) => `${kind}/${splitId(id).type}`),
  );
  return [...new Set(keys)];
}

export function lacks(line: Line, keys: readonly string[]): readonly string[] {
  return keys.filter((key) => {
    const [kind, type = ''] = key.split('/');
    return findComponent(kind as ComponentKind, type)?.binaries.includes(line) !== true;
  });
}

/** The binary that lacks the fewest of these components; the oldest of equals. */
export function judgeOf(keys: readonly string[]): Judgement {
  let best: Judgement | undefined;
  for (const line of lines) {
    const missing = lacks(line, keys);
    if (best === undefined || missing.length < best.missing.length) best = { line, missing };
  }
  return best ?? { line: '0.149', missing: keys };
}

/** The configuration without what the binary lacks; stand-ins close pipelines that lost an end. */
export function cutDown(config: CollectorConfig, missing: readonly string[]): CollectorConfig {
  const known = (kind: ComponentKind, id: string) =>
    !missing.includes(`${kind}/${splitId(id).type}`);
  const cut = (section: Section) =>
    Object.fromEntries(
      Object.entries(config[section]).filter(([id]) => known(sections[section], id)),
    );
  const isConnector = (id: string) => config.connectors[id] !== undefined;
  const end = (kind: 'receiver' | 'exporter') => (id: string) =>
    known(isConnector(id) ? 'connector' : kind, id);
  let standIns = false;
  const pipelines: Partial<Record<PipelineId, Pipeline>> = {};
  for (const [id, pipeline] of Object.entries(config.service.pipelines)) {
    if (pipeline === undefined) continue;
    const receivers = pipeline.receivers.filter(end('receiver'));
    const exporters = pipeline.exporters.filter(end('exporter'));
    standIns ||= receivers.length === 0 || exporters.length === 0;
    pipelines[id as PipelineId] = {
      receivers: receivers.length === 0 ? ['otlp/stand_in'] : receivers,
      processors: pipeline.processors.filter((name) => known('processor', name)),
      exporters: exporters.length === 0 ? ['debug/stand_in'] : exporters,
    };
  }
  return {
    extensions: cut('extensions'),
    receivers: { ...cut('receivers'), ...(standIns && { 'otlp/stand_in': standIn }) },
    processors: cut('processors'),
    exporters: { ...cut('exporters'), ...(standIns && { 'debug/stand_in': {} }) },
    connectors: cut('connectors'),
    service: {
      ...config.service,
      extensions: config.service.extensions.filter((id) => known('extension', id)),
      pipelines,
    },
  };
}

const standIn = { protocols: { grpc: { endpoint: '127.0.0.1:0' } } };

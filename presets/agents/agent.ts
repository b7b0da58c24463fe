/**
 * How an agent is put together: the presets its options name are built, what stands in no pipeline
 * is left out, the base is put around every pipeline, and all pieces are merged.
 *
 *     options ─▶ contributions ─▶ pieces + base ─▶ mergePieces ─▶ CollectorWorkload
 */

import { mergePieces } from '../../collector/merge.ts';
import type { Attachment, Piece, PipelineId } from '../../collector/types.ts';
import {
  type AgentName,
  type CollectorWorkload,
  type Contribution,
  type Needs,
  noNeeds,
  type ProgramWorkload,
  type Resources,
  type WorkloadShape,
} from '../../collector/workload.ts';
import { assert } from '../../core/assert.ts';
import { Problem } from '../../core/problem.ts';
import type { ExtraExportersOptions } from '../extra-exporters/config.ts';
import { extraExporters } from '../extra-exporters/preset.ts';
import { platformNotes } from '../platforms.ts';
import type { Preset, PresetContext } from '../preset.ts';
import { withConfigHash } from './opamp.ts';

/** Everything about the stack that is the same for all its agents. */
export type AgentContext = Omit<PresetContext, 'agent'>;

export type AgentInput<Options> = {
  readonly context: AgentContext;
  /** The agent's part of the stack file, with its defaults. */
  readonly options: Options;
  readonly extraExporters: ExtraExportersOptions;
};

export type BuiltAgent = {
  readonly workload: CollectorWorkload;
  readonly programs: readonly ProgramWorkload[];
};

/** One preset that the options ask for, with its options bound. */
export type ChosenPreset = {
  readonly name: string;
  readonly needsKubernetes: boolean;
  readonly agents: readonly AgentName[];
  readonly build: (context: PresetContext) => Contribution;
};

/** A preset with the options the stack file gives it; none when the file does not ask for it. */
export function choose<Options extends object>(
  preset: Preset<Options>,
  options: Options | undefined,
): readonly ChosenPreset[] {
  if (options === undefined || ('enabled' in options && options.enabled === false)) return [];
  return [
    {
      name: preset.name,
      needsKubernetes: preset.needsKubernetes === true,
      agents: preset.agents,
      build: (context) => preset.build(options, context),
    },
  ];
}

export type AgentParts = {
  readonly agent: AgentName;
  readonly context: AgentContext;
  readonly presets: readonly ChosenPreset[];
  /** What every pipeline needs: its limit, its way out, health and self telemetry. */
  readonly base: (
    pipelines: readonly PipelineId[],
    context: PresetContext,
    standing: ReadonlySet<string>,
  ) => Contribution;
  /** Back ends beside the gateway; they follow every pipeline of their signals. */
  readonly extraExporters: ExtraExportersOptions;
  readonly shape: WorkloadShape;
  readonly resources: {
    readonly cpu_request: string;
    readonly memory_request: string;
    readonly memory_limit: string;
  };
};

export function buildAgent(parts: AgentParts): BuiltAgent {
  const context: PresetContext = { ...parts.context, agent: parts.agent };
  const contributions: Contribution[] = [];
  const warnings = platformNotes[context.platform]
    .filter((note) => note.preset === parts.agent.replace('-', '_'))
    .map(({ what, instead }) => `on ${context.platform}: ${what}; ${instead}`);
  for (const preset of parts.presets) {
    assert(preset.agents.includes(parts.agent), `${preset.name} may stand in ${parts.agent}`);
    if (preset.needsKubernetes && context.target === 'host') {
      warnings.push(`${preset.name}: left out, it needs Kubernetes`);
      continue;
    }
    const off = platformNotes[context.platform].find(
      (note) => note.preset === preset.name && note.effect === 'off',
    );
    if (off !== undefined) {
      warnings.push(`${preset.name}: left out on ${context.platform}, ${off.what}; ${off.instead}`);
      continue;
    }
    const contribution = preset.build(context);
    warnings.push(...(contribution.warnings ?? []).map((text) => `${preset.name}: ${text}`));
    contributions.push(contribution);
  }
  const pipelines = fedPipelines(contributions.map(({ piece }) => piece));
  if (pipelines.length === 0) warnings.push('no preset gives telemetry, so the agent has no work');
  const standing = new Set(contributions.map(({ piece }) => piece.preset));
  const base = parts.base(pipelines, context, standing);
  warnings.push(...(base.warnings ?? []));
  const extra = extraExporters(parts.extraExporters, pipelines, context);
  warnings.push(...(extra.warnings ?? []));
  contributions.push(extra);
  // Back ends beside the gateway stand in pipelines of their own, which the base has no part in.
  const allPipelines = fedPipelines(contributions.map(({ piece }) => piece));
  const pieces = [base, ...contributions].map(({ piece }) => {
    const used = withoutUnfed(piece, allPipelines);
    const lost = piece.components.find(
      ({ kind, id }) =>
        ['processor', 'connector'].includes(kind) &&
        !used.components.some((kept) => kept.id === id),
    );
    if (lost !== undefined)
      warnings.push(`${piece.preset}: no preset gives it anything to work on`);
    return used;
  });
  const { config, provenance } = mergePieces(pieces);
  return {
    workload: {
      name: parts.agent,
      shape: parts.shape,
      config: withConfigHash(config, context.collectorVersion),
      provenance,
      needs: mergeNeeds([base, ...contributions]),
      resources: resourcesOf(parts.resources),
      collectorVersion: context.collectorVersion,
      warnings,
    },
    programs: contributions.flatMap(({ programs }) => programs ?? []),
  };
}

function resourcesOf(options: AgentParts['resources']): Resources {
  return {
    cpuRequest: options.cpu_request,
    memoryRequest: options.memory_request,
    memoryLimit: options.memory_limit,
  };
}

/**
 * Pipelines that have a receiver, in the order in which presets name them. A connector is one only
 * while the pipeline that it takes from is fed itself, so this goes on until nothing changes.
 */
function fedPipelines(pieces: readonly Piece[]): readonly PipelineId[] {
  const attachments = pieces.flatMap((piece) => piece.attachments);
  const connectors = new Set(
    pieces.flatMap(({ components }) =>
      components.filter(({ kind }) => kind === 'connector').map(({ id }) => id),
    ),
  );
  const fed = new Set<PipelineId>();
  const gives = (id: string): boolean =>
    !connectors.has(id) ||
    attachments.some((from) => from.as === 'exporter' && from.id === id && fed.has(from.pipeline));
  for (let before = -1; before !== fed.size; ) {
    before = fed.size;
    for (const { as, id, pipeline } of attachments) {
      if (as === 'receiver' && gives(id)) fed.add(pipeline);
    }
  }
  return [...fed];
}

/**
 * A processor or exporter may be meant for a signal that nothing in this agent gives; the Collector
 * refuses a pipeline without a receiver and we do not write components that no pipeline uses.
 */
function withoutUnfed(piece: Piece, pipelines: readonly PipelineId[]): Piece {
  const kept = piece.attachments.filter(({ pipeline }) => pipelines.includes(pipeline));
  if (kept.length === piece.attachments.length) return piece;
  const names = (attachments: readonly Attachment[]) => new Set(attachments.map(({ id }) => id));
  const before = names(piece.attachments);
  const after = names(kept);
  return {
    ...piece,
    attachments: kept,
    components: piece.components.filter(({ id }) => after.has(id) || !before.has(id)),
  };
}

function mergeNeeds(contributions: readonly Contribution[]): Needs {
  const all = contributions.map(({ needs }) => ({ ...noNeeds, ...needs }));
  const roots = [...new Set(all.flatMap(({ root }) => (root === undefined ? [] : [root.reason])))];
  const needs: Needs = {
    hostMounts: unique(all.flatMap(({ hostMounts }) => hostMounts)),
    secretMounts: unique(all.flatMap(({ secretMounts }) => secretMounts)),
    env: unique(all.flatMap(({ env }) => env)),
    ports: unique(all.flatMap(({ ports }) => ports)),
    hostPid: all.some(({ hostPid }) => hostPid),
    hostNetwork: all.some(({ hostNetwork }) => hostNetwork),
    capabilities: unique(all.flatMap(({ capabilities }) => capabilities)),
    stateDirs: unique(all.flatMap(({ stateDirs }) => stateDirs)),
    featureGates: [...new Set(all.flatMap(({ featureGates }) => featureGates))],
    ...(roots.length > 0 && { root: { reason: roots.join('; ') } }),
  };
  refuseSamePorts(needs);
  return needs;
}

/** Two presets may ask for the same thing in the same words; in other words it is our mistake. */
function unique<Item extends { readonly name: string }>(items: readonly Item[]): readonly Item[] {
  const byName = new Map<string, Item>();
  for (const item of items) {
    const known = byName.get(item.name);
    if (known === undefined) {
      byName.set(item.name, item);
      continue;
    }
    const same = JSON.stringify(known) === JSON.stringify(item);
    assert(same, `presets agree about what ${item.name} is`);
  }
  return [...byName.values()];
}

function refuseSamePorts({ ports }: Needs): void {
  const holders = new Map<string, string>();
  for (const { name, port, protocol } of ports) {
    const key = `${port}/${protocol}`;
    const holder = holders.get(key);
    if (holder !== undefined) {
      throw new Problem('OBS-1120', `${holder} and ${name} both want port ${key}`);
    }
    holders.set(key, name);
  }
}

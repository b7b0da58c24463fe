/**
 * What of a stack feeds dashboards and alert rules: the presets that its agents have, and whose
 * gateway it is.
 */
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { unfedSources } from '../../dashboards/leave-out.ts';
import type { Standing } from '../../dashboards/vocabulary/needs.ts';
import type { SourceId } from '../../dashboards/vocabulary/sources.ts';
import type { Stack } from '../../stack/types.ts';

export function standingOf(stack: Stack): Standing {
  const agents = [stack.node_agent, stack.cluster_agent, stack.prometheus_agent].filter(
    (agent) => agent !== undefined,
  );
  // Without agents the file is the center of others, and cannot know what they send.
  if (agents.length === 0) return { presets: undefined, gateway: stack.gateway.flavor };
  const presets: Record<string, unknown[]> = {};
  for (const agent of agents) {
    for (const [name, options] of Object.entries<unknown>(agent.presets)) {
      if (options === undefined || Object(options).enabled === false) continue;
      presets[name] = [...(presets[name] ?? []), options];
    }
  }
  return {
    presets,
    gateway: stack.gateway.flavor,
    snapshots: stack.snapshots.length > 0,
    entities: stack.entities !== undefined,
  };
}

/** The sources whose panels and rules are left out of what this stack renders. */
export function leftOut(stack: Stack): readonly SourceId[] {
  const standing = standingOf(stack);
  const all = stack.grafana?.dashboards === 'all';
  return unfedSources(all ? { gateway: standing.gateway, presets: undefined } : standing);
}

/** Dashboards and rules that are not there, because nothing of the file would fill them. */
export function leftOutNotes(without: readonly SourceId[]): readonly string[] {
  const kept = new Set(dashboards({ without }).map(({ uid }) => uid));
  const titles = dashboards().flatMap(({ uid, title }) => (kept.has(uid) ? [] : [title]));
  const rules = alertRules().filter(({ source }) => without.includes(source));
  return [
    ...leftOutNote('dashboards', titles),
    ...leftOutNote(
      'alert rules',
      rules.map(({ id }) => id),
    ),
  ];
}

function leftOutNote(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  return [
    `${what} that nothing in this file feeds are left out: ${names.join(', ')};` +
      ' `obsctl doctor -f FILE` says what each needs',
  ];
}

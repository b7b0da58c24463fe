/** What of a stack feeds dashboards: the presets that its agents have, and whose gateway it is. */
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
  return { presets, gateway: stack.gateway.flavor };
}

/** The sources whose panels are left out of what this stack renders. */
export function leftOut(stack: Stack): readonly SourceId[] {
  const standing = standingOf(stack);
  const all = stack.grafana?.dashboards === 'all';
  return unfedSources(all ? { ...standing, presets: undefined } : standing);
}

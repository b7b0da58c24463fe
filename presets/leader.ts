/** One of several replicas works, the others wait for its lease. */
import { escapeDollars } from '../collector/escape.ts';
import type { Component } from '../collector/types.ts';
import type { PresetContext } from './preset.ts';

/**
 * The extension that holds the lease of one preset. Each preset has a lease of its own, so that not
 * all of them fall on the same replica.
 */
export function leaderElector(preset: string, context: PresetContext): Component {
  return {
    kind: 'extension',
    id: `k8s_leader_elector/${preset}`,
    config: {
      auth_type: 'serviceAccount',
      lease_name: escapeDollars(`${context.stack}-${preset.replaceAll('_', '-')}`),
      lease_namespace: escapeDollars(context.agentsNamespace),
    },
  };
}

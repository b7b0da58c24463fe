/** Who is told, in a Grafana: contact points and mute timings, then the policy that names them. */
import type { Routing } from '../../alerts/routing/config.ts';
import type { Grafana } from '../api.ts';
import type { Leftover, Resource } from '../resource.ts';
import { type ContactPointOptions, ownContactPoints } from './contact-points.ts';
import { ownMuteTimings } from './mute-timings.ts';
import { ownPolicy } from './policy.ts';

export type RoutingOptions = ContactPointOptions & { readonly routing: Routing };

/** Leftovers in the order in which they can be removed: Grafana keeps what a policy names. */
export async function ownRouting(
  grafana: Grafana,
  { routing, ...options }: RoutingOptions,
): Promise<{ readonly resources: readonly Resource[]; readonly leftovers: readonly Leftover[] }> {
  const points = await ownContactPoints(grafana, routing.channels, options);
  const timings = await ownMuteTimings(grafana, routing.muteTimings);
  const policy = await ownPolicy(grafana, routing);
  return {
    resources: [...points.resources, ...timings.resources, ...policy.resources],
    leftovers: [...policy.leftovers, ...points.leftovers, ...timings.leftovers],
  };
}

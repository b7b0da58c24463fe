/**
 * Our notification policy in a Grafana. There is one tree for all of a Grafana, written as a whole
 * and without a version: ours is one route right below its root, known by its matcher. Everything
 * else is sent back as it was read, and nothing is written when it has changed in between.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject, JsonValue } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import { parseDurationMs } from '../../../core/units.ts';
import type { Routing } from '../../alerts/routing/config.ts';
import { managedBy, ourPrefix, policyOf } from '../../alerts/routing/grafana.ts';
import type { Grafana } from '../api.ts';
import { compareJson } from '../compare.ts';
import type { Inspection, Leftover, Resource, ResourceName } from '../resource.ts';
import {
  type FoundPolicy,
  isProvisioned,
  readPolicy,
  refuseProvisioned,
  writePolicy,
} from './routing-api.ts';

const name: ResourceName = {
  kind: 'notification policy',
  uid: `${managedBy.label}=${managedBy.value}`,
  title: managedBy.value,
};

export async function ownPolicy(
  grafana: Grafana,
  routing: Routing,
): Promise<{ readonly resources: readonly Resource[]; readonly leftovers: readonly Leftover[] }> {
  const wanted = policyOf(routing);
  if (wanted !== undefined) {
    const resource = { ...name, inspect: () => inspect(grafana, wanted) };
    return { resources: [resource], leftovers: [] };
  }
  const tree = await readPolicy(grafana);
  if (!routesOf(tree).some(isOurs) || isProvisioned(tree)) return { resources: [], leftovers: [] };
  const remove = () => replaceOurs(grafana, tree, undefined);
  return { resources: [], leftovers: [{ ...name, remove }] };
}

async function inspect(grafana: Grafana, wanted: JsonObject): Promise<Inspection> {
  const tree = await readPolicy(grafana);
  const found = routesOf(tree).find(isOurs);
  if (found !== undefined) refuseForeign(grafana, found);
  const changes = found === undefined ? [] : compareJson(comparable(found), comparable(wanted));
  const action = found === undefined ? 'create' : changes.length === 0 ? 'none' : 'update';
  if (action !== 'none' && isProvisioned(tree)) {
    refuseProvisioned(grafana, 'the notification policy');
  }
  return { action, changes, write: () => replaceOurs(grafana, tree, wanted) };
}

/**
 * In its place, or before all others: it takes only alerts of our rules, which a policy before it
 * could take away. Absent: it is taken out.
 */
async function replaceOurs(
  grafana: Grafana,
  tree: FoundPolicy,
  wanted: JsonObject | undefined,
): Promise<void> {
  const now = await readPolicy(grafana);
  if (!isDeepStrictEqual(now, tree)) {
    const fault = 'the notification policy is not as it was read';
    throw new Problem('OBS-4109', fault, { where: grafana.address });
  }
  const routes = routesOf(tree);
  const index = Math.max(0, routes.findIndex(isOurs));
  const others = routes.filter((route) => !isOurs(route));
  const next = wanted === undefined ? others : others.toSpliced(index, 0, wanted);
  await writePolicy(grafana, { ...tree, routes: next });
}

function routesOf({ routes }: JsonObject): readonly JsonObject[] {
  return Array.isArray(routes) ? routes.filter(isObject) : [];
}

/** By its one matcher, which no alert of other rules passes. */
function isOurs({ object_matchers: matchers }: JsonObject): boolean {
  return isDeepStrictEqual(matchers, [[managedBy.label, '=', managedBy.value]]);
}

/** Somebody may have made a policy for our alerts before we did. */
function refuseForeign(grafana: Grafana, route: JsonObject): void {
  const foreign = receiversOf(route).find((receiver) => !receiver.startsWith(ourPrefix));
  if (foreign === undefined) return;
  const fault = `the policy for ${name.uid} leads to "${foreign}", so it is not ours`;
  throw new Problem('OBS-4108', fault, {
    where: grafana.address,
    next: 'Give it one matcher more, remove it, or leave policies out with `--no-routing`.',
  });
}

function receiversOf(route: JsonObject): readonly string[] {
  const { receiver } = route;
  const own = typeof receiver === 'string' && receiver !== '' ? [receiver] : [];
  return [...own, ...routesOf(route).flatMap(receiversOf)];
}

/** In one spelling: Grafana leaves out what is empty, and writes `90s` as `1m30s`. */
function comparable(route: JsonObject): JsonObject {
  const { group_wait: wait, routes: _, ...rest } = route;
  const waitMs = typeof wait === 'string' ? parseDurationMs(wait) : undefined;
  return {
    ...rest,
    ...(waitMs !== undefined && { group_wait: `${waitMs / 1000}s` }),
    routes: routesOf(route).map(comparable),
  };
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

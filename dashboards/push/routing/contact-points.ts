/**
 * The contact points in a Grafana, one a channel. Ours are known by their uid. Grafana hides their
 * secrets, so that they are written when one is created, or on demand; a secret that it does show
 * is compared, and never printed.
 */
import type { JsonObject } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import type { Channel } from '../../alerts/routing/config.ts';
import {
  type ContactPointJson,
  contactPointOf,
  ourPrefix,
  secretSetting,
} from '../../alerts/routing/grafana.ts';
import type { Grafana } from '../api.ts';
import { compareJson } from '../compare.ts';
import type { Inspection, Leftover, Resource } from '../resource.ts';
import {
  changeContactPoint,
  createContactPoint,
  type FoundContactPoint,
  isProvisioned,
  listContactPoints,
  refuseProvisioned,
  removeContactPoint,
} from './routing-api.ts';

export type ContactPointOptions = {
  /** By the name of the channel. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Write secrets that are set already. */
  readonly renewSecrets: boolean;
};

/** What Grafana gives in place of a secret, and takes for “as it was”. */
const hidden = '[REDACTED]';

export async function ownContactPoints(
  grafana: Grafana,
  channels: readonly Channel[],
  options: ContactPointOptions,
): Promise<{ readonly resources: readonly Resource[]; readonly leftovers: readonly Leftover[] }> {
  const wanted = new Set(channels.map(({ name }) => `${ourPrefix}${name}`));
  const all = await listContactPoints(grafana);
  return {
    resources: channels.map((channel) => {
      const point = contactPointOf(channel, options.secrets.get(channel.name) ?? '');
      const secret = secretSetting(channel);
      return {
        kind: 'contact point',
        uid: point.uid,
        title: point.name,
        inspect: () => inspect(grafana, point, secret, options.renewSecrets),
      };
    }),
    leftovers: all
      .filter((found) => isOurs(found) && !wanted.has(found.uid ?? '') && !isProvisioned(found))
      .map(({ uid = '', name = '' }) => ({
        kind: 'contact point',
        uid,
        title: name,
        remove: () => removeContactPoint(grafana, uid),
      })),
  };
}

function isOurs({ uid = '', name = '' }: FoundContactPoint): boolean {
  return uid.startsWith(ourPrefix) && name.startsWith(ourPrefix);
}

async function inspect(
  grafana: Grafana,
  point: ContactPointJson,
  secret: string | undefined,
  renewSecrets: boolean,
): Promise<Inspection> {
  const all = await listContactPoints(grafana);
  refuseForeign(grafana, point, all);
  const found = all.find(({ uid }) => uid === point.uid);
  if (found === undefined) {
    const write = () => createContactPoint(grafana, point);
    return { action: 'create', changes: [], write };
  }
  const before = found.settings ?? {};
  const renew =
    secret !== undefined && (renewSecrets || !isKept(before[secret], point.settings[secret]));
  const { [secret ?? '']: _, ...open } = point.settings;
  const changes = [
    ...compareJson(outlineOf(found), outlineOf(point)),
    ...compareJson(before, open, { subset: true }, 'settings'),
    ...(renew ? [{ path: `settings.${secret}` }] : []),
  ];
  const what = `the contact point "${point.name}"`;
  if (changes.length > 0 && isProvisioned(found)) refuseProvisioned(grafana, what);
  // What people added, a text of their own for example, is kept; of another type it means nothing.
  const kept = found.type === point.type ? before : {};
  const secrets = secret === undefined || renew ? {} : { [secret]: hidden };
  const settings = { ...kept, ...point.settings, ...secrets };
  return {
    action: changes.length === 0 ? 'none' : 'update',
    changes,
    write: () => changeContactPoint(grafana, point.uid, { ...point, settings }),
  };
}

/** Hidden, or shown and the same. */
function isKept(before: JsonObject[string] | undefined, wanted: JsonObject[string] | undefined) {
  return before === hidden || before === wanted;
}

function outlineOf(point: FoundContactPoint): JsonObject {
  const { name = '', type = '', disableResolveMessage = false } = point;
  return { name, type, disableResolveMessage };
}

/** Contact points of one name are one in Grafana's eyes: ours would tell somebody else, too. */
function refuseForeign(
  grafana: Grafana,
  { uid, name }: ContactPointJson,
  all: readonly FoundContactPoint[],
): void {
  const foreign = all.find((found) => found.name === name && found.uid !== uid);
  if (foreign === undefined) return;
  const fault = `the contact point "${name}" (${foreign.uid}) is not ours`;
  throw new Problem('OBS-4108', fault, {
    where: grafana.address,
    next: 'Rename it in Grafana, or give the channel of the stack file another name.',
  });
}

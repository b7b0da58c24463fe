/** Requests about contact points, policies and mute timings, and what a token needs for them. */
import type { JsonObject } from '../../../core/json.ts';
import { Problem } from '../../../core/problem.ts';
import type { Grafana } from '../api.ts';
import { namingRights } from '../refusal.ts';

const withRights = namingRights(
  'Give it the role Editor (Admin, where Grafana protects addresses); or leave contact ' +
    'points and policies out with `--no-routing`.',
);

/** As Grafana gives it; secrets are hidden. */
export type FoundContactPoint = {
  readonly uid?: string;
  readonly name?: string;
  readonly type?: string;
  readonly settings?: JsonObject;
  readonly disableResolveMessage?: boolean;
  readonly provenance?: string;
};

export type FoundMuteTiming = JsonObject & {
  readonly name?: string;
  readonly provenance?: string;
};

/** The one tree of a Grafana; further fields are somebody's. */
export type FoundPolicy = JsonObject & {
  readonly receiver?: string;
  readonly provenance?: string;
};

const paths = {
  points: '/v1/provisioning/contact-points',
  policy: '/v1/provisioning/policies',
  timings: '/v1/provisioning/mute-timings',
};

/** What we write stays editable in Grafana. */
const editable = { 'x-disable-provenance': 'true' } as const;

export function listContactPoints(grafana: Grafana): Promise<readonly FoundContactPoint[]> {
  const what = 'read contact points';
  return withRights(
    async () => (await grafana.read<FoundContactPoint[]>(what, paths.points)) ?? [],
  );
}

export function listMuteTimings(grafana: Grafana): Promise<readonly FoundMuteTiming[]> {
  const what = 'read mute timings';
  return withRights(async () => (await grafana.read<FoundMuteTiming[]>(what, paths.timings)) ?? []);
}

export function readPolicy(grafana: Grafana): Promise<FoundPolicy> {
  const what = 'read the notification policy';
  return withRights(async () => (await grafana.read<FoundPolicy>(what, paths.policy)) ?? {});
}

export function createContactPoint(grafana: Grafana, body: object): Promise<void> {
  return send(grafana, 'create a contact point', 'POST', paths.points, body);
}

export function changeContactPoint(grafana: Grafana, uid: string, body: object): Promise<void> {
  const path = `${paths.points}/${encodeURIComponent(uid)}`;
  return send(grafana, `change the contact point ${uid}`, 'PUT', path, body);
}

export function removeContactPoint(grafana: Grafana, uid: string): Promise<void> {
  const path = `${paths.points}/${encodeURIComponent(uid)}`;
  const what = `delete the contact point ${uid}`;
  // It knows no header about provenance.
  return withRights(() => grafana.write(what, 'DELETE', path));
}

export function createMuteTiming(grafana: Grafana, body: object): Promise<void> {
  return send(grafana, 'create a mute timing', 'POST', paths.timings, body);
}

export function changeMuteTiming(grafana: Grafana, name: string, body: object): Promise<void> {
  const path = `${paths.timings}/${encodeURIComponent(name)}`;
  return send(grafana, `change the mute timing ${name}`, 'PUT', path, body);
}

export function removeMuteTiming(grafana: Grafana, name: string): Promise<void> {
  const path = `${paths.timings}/${encodeURIComponent(name)}`;
  return send(grafana, `delete the mute timing ${name}`, 'DELETE', path);
}

/** Replaces the whole tree. It keeps the provenance that it has: it is not ours alone. */
export function writePolicy(grafana: Grafana, { provenance = '', ...tree }: FoundPolicy) {
  const what = 'write the notification policy';
  const headers = provenance === '' ? editable : {};
  return withRights(() => grafana.write(what, 'PUT', paths.policy, tree, headers));
}

/** Whether a file of Grafana brings it, or another that lets nobody change it by the API. */
export function isProvisioned({ provenance = '' }: { readonly provenance?: string }): boolean {
  return provenance !== '' && provenance !== 'api';
}

export function refuseProvisioned(grafana: Grafana, what: string): never {
  throw new Problem('OBS-4110', `${what} is provisioned from a file`, {
    where: grafana.address,
    next: 'Take the file away, or leave contact points and policies out with `--no-routing`.',
  });
}

function send(
  grafana: Grafana,
  what: string,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<void> {
  return withRights(() => grafana.write(what, method, path, body, editable));
}

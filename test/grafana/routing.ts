/**
 * Contact points, mute timings and the one tree of notification policies that the stand-in
 * remembers. Secrets are hidden when they are read, and kept when they are sent back hidden. A
 * policy names what exists, and what a policy names is not deleted.
 */
import { shownDuration } from './rules.ts';

type Json = { [key: string]: unknown };

type Refusal = readonly [status: number, message: string];

export type StoredPoint = {
  uid: string;
  name: string;
  type: string;
  settings: Json;
  /** Empty, `api` or `file`. */
  provenance: string;
};

export type RouteJson = Json & {
  receiver?: string;
  routes?: RouteJson[];
  mute_time_intervals?: string[];
  group_wait?: string;
};

/** Of the settings of a type: hidden when they are read. */
const secretSettings: Readonly<Record<string, readonly string[]>> = {
  slack: ['url', 'token'],
  pagerduty: ['integrationKey'],
  opsgenie: ['apiKey'],
};

const hidden = '[REDACTED]';
const usualPoint = 'grafana-default-email';

export class RoutingState {
  readonly points = new Map<string, StoredPoint>([
    [
      'default',
      {
        uid: 'default',
        name: usualPoint,
        type: 'email',
        settings: { addresses: '<example@email.com>' },
        provenance: '',
      },
    ],
  ]);
  readonly timings = new Map<string, { timing: Json; provenance: string }>();
  tree: RouteJson = { receiver: usualPoint, group_by: ['grafana_folder', 'alertname'] };
  treeProvenance = '';

  listPoints(): readonly object[] {
    return [...this.points.values()].map(({ settings, type, provenance, ...rest }) => {
      const secrets = secretSettings[type] ?? [];
      const shown = Object.entries(settings).map(([key, value]) => [
        key,
        secrets.includes(key) ? hidden : value,
      ]);
      const marked = provenance === '' ? {} : { provenance };
      return { ...rest, type, settings: Object.fromEntries(shown), ...marked };
    });
  }

  createPoint(body: Json, provenance: string): Refusal | undefined {
    const uid = String(body['uid']);
    if (this.points.has(uid)) return [400, `receiver configuration with UID '${uid}' exists`];
    return this.#putPoint(uid, body, {}, provenance);
  }

  changePoint(uid: string, body: Json, provenance: string): Refusal | undefined {
    const stored = this.points.get(uid);
    if (stored === undefined) return [404, 'receiver not found'];
    const refused = refusedProvenance(stored.provenance, provenance);
    return refused ?? this.#putPoint(uid, body, stored.settings, provenance);
  }

  removePoint(uid: string): Refusal | undefined {
    const stored = this.points.get(uid);
    const used = stored !== undefined && routesOf(this.tree).some(named('receiver', stored.name));
    if (used) return [409, 'Receiver is used by one or many notification policies'];
    this.points.delete(uid);
    return undefined;
  }

  listTimings(): readonly object[] {
    return [...this.timings.values()].map(({ timing }) => timing);
  }

  putTiming(name: string, timing: Json, provenance: string): Refusal | undefined {
    const refused = refusedProvenance(this.timings.get(name)?.provenance ?? '', provenance);
    if (refused === undefined) this.timings.set(name, { timing, provenance });
    return refused;
  }

  removeTiming(name: string): Refusal | undefined {
    const used = routesOf(this.tree).some(({ mute_time_intervals: names = [] }) =>
      names.includes(name),
    );
    if (used) return [409, 'time interval is used'];
    this.timings.delete(name);
    return undefined;
  }

  readTree(): object {
    const marked = this.treeProvenance === '' ? {} : { provenance: this.treeProvenance };
    return { ...shownRoute(this.tree), ...marked };
  }

  putTree(tree: RouteJson, provenance: string): Refusal | undefined {
    const refused = refusedProvenance(this.treeProvenance, provenance);
    if (refused !== undefined) return refused;
    if (tree.receiver === undefined) return [400, 'root route must specify a default receiver'];
    const names = new Set([...this.points.values()].map(({ name }) => name));
    for (const { receiver, mute_time_intervals: muted = [] } of routesOf(tree)) {
      if (receiver !== undefined && receiver !== '' && !names.has(receiver)) {
        return [400, `invalid object specification: receiver '${receiver}' does not exist`];
      }
      const missing = muted.find((name) => !this.timings.has(name));
      if (missing !== undefined) return [400, `mute time interval '${missing}' does not exist`];
    }
    this.tree = tree;
    this.treeProvenance = provenance;
    return undefined;
  }

  #putPoint(uid: string, body: Json, before: Json, provenance: string): Refusal | undefined {
    const { name, type } = body as { name: string; type: string };
    const given = Object.entries(body['settings'] as Json).map(([key, value]) => [
      key,
      value === hidden ? before[key] : value,
    ]);
    const settings = Object.fromEntries(given);
    const missing = (secretSettings[type] ?? []).slice(0, 1).find((key) => !settings[key]);
    if (missing !== undefined) return [400, `${missing} must be specified`];
    if (type === 'email' && !settings['addresses']) return [400, 'could not find addresses'];
    this.points.set(uid, { uid, name, type, settings, provenance });
    return undefined;
  }
}

function refusedProvenance(stored: string, given: string): Refusal | undefined {
  if (stored === '' || stored === given || (stored === 'api' && given === '')) return undefined;
  return [403, `cannot change provenance from '${stored}' to '${given}'`];
}

function routesOf(route: RouteJson): readonly RouteJson[] {
  return [route, ...(route.routes ?? []).flatMap(routesOf)];
}

function named(key: string, name: string) {
  return (route: RouteJson): boolean => route[key] === name;
}

/** What is empty is left out; durations are written as Prometheus does. */
function shownRoute({ group_wait: wait, routes, ...rest }: RouteJson): object {
  const kept = Object.entries(rest).filter(
    ([, value]) => value !== false && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
  return {
    ...Object.fromEntries(kept),
    ...(wait !== undefined && { group_wait: shownDuration(wait) }),
    ...(routes !== undefined && routes.length > 0 && { routes: routes.map(shownRoute) }),
  };
}

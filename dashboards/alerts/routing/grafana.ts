/**
 * Channels, routes and mute timings as Grafana's provisioning API has them
 * (https://grafana.com/docs/grafana/latest/developers/http_api/alerting_provisioning/).
 *
 * All routes stand below one policy that only alerts of our rules reach, by a label that they
 * carry, so that nobody else's alerts are led elsewhere. It names no contact point: what fits none
 * of our routes goes where that Grafana sends by default.
 */
import type { JsonObject } from '../../../core/json.ts';
import { type Channel, type MuteTiming, type Route, type Routing, secretOfType } from './config.ts';
import { globPattern, routesOf } from './routes.ts';

/** A label of every rule that we bring, and of nobody else's. */
export const managedBy = { label: 'managed_by', value: 'obsctl' } as const;

export type ContactPointJson = {
  readonly uid: string;
  readonly name: string;
  readonly type: string;
  readonly disableResolveMessage: boolean;
  readonly settings: JsonObject;
};

export type MuteTimingJson = { readonly name: string; readonly time_intervals: JsonObject[] };

/** Of uids and names: what has it is ours. */
export const ourPrefix = 'obsctl-';

/** Which key of `settings` is the secret; e-mail has none. */
export function secretSetting({ type }: Pick<Channel, 'type'>): string | undefined {
  if (type === 'pagerduty') return 'integrationKey';
  return type === 'opsgenie' ? 'apiKey' : secretOfType[type];
}

/** A contact point with its secret, where its type has one. */
export function contactPointOf(channel: Channel, secret: string): ContactPointJson {
  const name = `${ourPrefix}${channel.name}`;
  const key = secretSetting(channel);
  const settings = { ...settingsOf(channel), ...(key !== undefined && { [key]: secret }) };
  return { uid: name, name, type: channel.type, disableResolveMessage: false, settings };
}

function settingsOf({ type, api_url: apiUrl, to = [] }: Channel): JsonObject {
  const api = apiUrl?.replace(/\/+$/, '');
  // One e-mail to all of them, as `obsctl watch` sends it; the server is Grafana's own.
  if (type === 'email') return { addresses: to.join(';'), singleEmail: true };
  if (type === 'webhook') return { httpMethod: 'POST' };
  if (type === 'opsgenie') return { apiUrl: `${api ?? 'https://api.opsgenie.com'}/v2/alerts` };
  if (type !== 'pagerduty') return {};
  // Without it everything would be critical.
  const severity = '{{ .CommonLabels.severity }}';
  return { severity, ...(api !== undefined && { url: `${api}/v2/enqueue` }) };
}

export function muteTimingOf(timing: MuteTiming): MuteTimingJson {
  const { name, weekdays, times, location } = timing;
  const interval = {
    ...(times.length > 0 && { times }),
    ...(weekdays.length > 0 && { weekdays }),
    location,
  };
  return { name: `${ourPrefix}${name}`, time_intervals: [interval] };
}

/** Our policy; undefined without channels. */
export function policyOf(routing: Routing): JsonObject | undefined {
  const routes = routesOf(routing);
  if (routes.length === 0) return undefined;
  const { label, value } = managedBy;
  return { object_matchers: [[label, '=', value]], routes: routes.flatMap(policiesOf) };
}

/** A policy has one contact point, so a route has a policy a channel. */
function policiesOf(route: Route): readonly JsonObject[] {
  const last = route.channels.length - 1;
  const matchers = Object.entries(route.match).map(([label, glob]) =>
    /[*?]/.test(glob) ? [label, '=~', globPattern(glob)] : [label, '=', glob],
  );
  return route.channels.map((channel, index) => ({
    receiver: `${ourPrefix}${channel}`,
    ...(matchers.length > 0 && { object_matchers: matchers }),
    // None at all would be those of the policy above; all of ours have this one alike.
    group_by: route.group_by.length > 0 ? route.group_by : [managedBy.label],
    group_wait: route.group_wait,
    ...((index < last || route.continue) && { continue: true }),
    ...(route.mute_timings.length > 0 && {
      mute_time_intervals: route.mute_timings.map((name) => `${ourPrefix}${name}`),
    }),
  }));
}

/** Which channels an alert goes to, and what is quiet. Pure: labels and the time are given. */
import { parseDurationMs } from '../../../core/units.ts';
import type { Route, Routing, Silence } from './config.ts';
import { isMuted } from './mute-timings.ts';

/** `rule`, `severity` and the labels of the row. */
export type Labels = Readonly<Record<string, string>>;

/** One channel that is to be told, and how. */
export type Destination = {
  readonly channel: string;
  /** Values of the labels that it is grouped by. */
  readonly group: Labels;
  readonly groupWaitMs: number;
  /** The mute timing that keeps it from being told now. */
  readonly mutedBy?: string;
};

/** Each channel once, by the first route that leads there. */
export function destinationsOf(
  routing: Routing,
  labels: Labels,
  atMs: number,
): readonly Destination[] {
  const found = new Map<string, Destination>();
  for (const route of routesOf(routing)) {
    if (!matches(route.match, labels)) continue;
    const mutedBy = routing.muteTimings.find(
      (timing) => route.mute_timings.includes(timing.name) && isMuted(timing, atMs),
    )?.name;
    for (const channel of route.channels) {
      if (found.has(channel)) continue;
      found.set(channel, {
        channel,
        group: Object.fromEntries(route.group_by.map((label) => [label, labels[label] ?? ''])),
        groupWaitMs: parseDurationMs(route.group_wait) ?? 0,
        ...(mutedBy !== undefined && { mutedBy }),
      });
    }
    if (!route.continue) break;
  }
  return [...found.values()];
}

/** Without routes everybody is told everything. */
export function routesOf({ routes, channels }: Routing): readonly Route[] {
  if (routes.length > 0 || channels.length === 0) return routes;
  const all = channels.map(({ name }) => name);
  const usual = { continue: false, group_by: ['rule' as const], group_wait: '30s' };
  return [{ match: {}, channels: all, mute_timings: [], ...usual }];
}

/** The silence that an alert falls under. */
export function silenceOf(
  silences: readonly Silence[],
  labels: Labels,
  atMs: number,
): Silence | undefined {
  return silences.find(
    ({ match, starts_at, ends_at }) =>
      Date.parse(starts_at) <= atMs && atMs < Date.parse(ends_at) && matches(match, labels),
  );
}

function matches(match: Labels, labels: Labels): boolean {
  return Object.entries(match).every(([label, glob]) =>
    new RegExp(`^(?:${globPattern(glob)})$`, 's').test(labels[label] ?? ''),
  );
}

/** A glob as a regular expression that JavaScript and Grafana read alike. */
export function globPattern(glob: string): string {
  return glob.replace(/[.]/g, '\\.').replace(/\*+/g, '.*').replaceAll('?', '.');
}

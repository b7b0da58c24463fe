/** The mute timings in a Grafana. They have no uid: ours are known by their names. */
import type { MuteTiming } from '../../alerts/routing/config.ts';
import { type MuteTimingJson, muteTimingOf, ourPrefix } from '../../alerts/routing/grafana.ts';
import type { Grafana } from '../api.ts';
import { compareJson } from '../compare.ts';
import type { Inspection, Leftover, Resource } from '../resource.ts';
import {
  changeMuteTiming,
  createMuteTiming,
  isProvisioned,
  listMuteTimings,
  refuseProvisioned,
  removeMuteTiming,
} from './routing-api.ts';

const kind = 'mute timing';

export async function ownMuteTimings(
  grafana: Grafana,
  timings: readonly MuteTiming[],
): Promise<{ readonly resources: readonly Resource[]; readonly leftovers: readonly Leftover[] }> {
  const wanted = timings.map(muteTimingOf);
  const names = new Set(wanted.map(({ name }) => name));
  const all = await listMuteTimings(grafana);
  return {
    resources: wanted.map((timing) => ({
      kind,
      uid: timing.name,
      title: timing.name,
      inspect: () => inspect(grafana, timing),
    })),
    leftovers: all
      .filter((found) => found.name?.startsWith(ourPrefix) && !isProvisioned(found))
      .filter(({ name = '' }) => !names.has(name))
      .map(({ name = '' }) => ({
        kind,
        uid: name,
        title: name,
        remove: () => removeMuteTiming(grafana, name),
      })),
  };
}

async function inspect(grafana: Grafana, timing: MuteTimingJson): Promise<Inspection> {
  const all = await listMuteTimings(grafana);
  const found = all.find(({ name }) => name === timing.name);
  if (found === undefined) {
    return { action: 'create', changes: [], write: () => createMuteTiming(grafana, timing) };
  }
  const { time_intervals: intervals = [] } = found;
  const changes = compareJson(
    { time_intervals: intervals },
    { time_intervals: timing.time_intervals },
  );
  if (changes.length > 0 && isProvisioned(found)) {
    refuseProvisioned(grafana, `the mute timing "${timing.name}"`);
  }
  return {
    action: changes.length === 0 ? 'none' : 'update',
    changes,
    write: () => changeMuteTiming(grafana, timing.name, timing),
  };
}

/** What `alerts.channels`, `routes` and `mute_timings` mean together; see {@link faultsOfRules}. */
import { nearestWord } from '../core/nearest.ts';
import { type ChannelType, secretOfType } from '../dashboards/alerts/routing/config.ts';
import type { KeyPath } from './document.ts';
import type { PlacelessFault } from './issues.ts';
import { clash, isRawMap, mapAt, type RawMap } from './raw.ts';

/** Every fault of channels and of what names them. */
export function routingRules(stack: RawMap): readonly PlacelessFault[] {
  const alerts = mapAt(stack, 'alerts');
  const channels = listOf(alerts['channels']);
  const timings = listOf(alerts['mute_timings']);
  return [
    ...twice(channels, 'channels'),
    ...twice(timings, 'mute_timings'),
    ...channels.flatMap(channelKeys),
    ...listOf(alerts['routes']).flatMap((route, index) => [
      ...unknownNames(route['channels'], ['alerts', 'routes', index, 'channels'], channels),
      ...unknownNames(route['mute_timings'], ['alerts', 'routes', index, 'mute_timings'], timings),
    ]),
  ];
}

/** Maps of a list; what is none is the schema's to judge, and keeps its place. */
function listOf(value: unknown): readonly RawMap[] {
  return Array.isArray(value) ? value.map((one) => (isRawMap(one) ? one : {})) : [];
}

function twice(list: readonly RawMap[], key: string): readonly PlacelessFault[] {
  return list.flatMap(({ name }, index) => {
    const first = list.findIndex((one) => one['name'] === name);
    if (name === undefined || first === index) return [];
    const path = ['alerts', key, index, 'name'];
    return [clash(path, `alerts.${key} has “${name}” twice`, 'Give one of them another name.')];
  });
}

/** Keys that only some types have. */
const ownKeys: Readonly<Record<string, readonly ChannelType[]>> = {
  url: ['webhook', 'slack', 'teams'],
  key: ['pagerduty', 'opsgenie'],
  api_url: ['pagerduty', 'opsgenie'],
  to: ['email'],
  smtp: ['email'],
};

function channelKeys(channel: RawMap, index: number): readonly PlacelessFault[] {
  const type = String(channel['type']);
  if (!isType(type)) return [];
  const wanted = secretOfType[type] ?? 'to';
  const path: KeyPath = ['alerts', 'channels', index];
  const faults: PlacelessFault[] = [];
  if (channel[wanted] === undefined) {
    faults.push({
      path: [...path, 'type'],
      on: 'value',
      code: 'OBS-1206',
      message: `a channel of the type ${type} needs ${wanted}, and there is none`,
      ...missing(type, wanted),
    });
  }
  for (const [key, types] of Object.entries(ownKeys)) {
    if (channel[key] === undefined || types.includes(type)) continue;
    const message = `a channel of the type ${type} has no ${key}`;
    faults.push(clash([...path, key], message, `Take it out; it is told by its ${wanted}.`));
  }
  return faults;
}

function missing(type: ChannelType, wanted: string): Pick<PlacelessFault, 'expected' | 'next'> {
  if (wanted === 'to') {
    return { expected: 'to: [ADDRESS, …]', next: 'Add “to: [ops@shop.example]”.' };
  }
  return {
    expected: `${wanted}: {env: NAME} or ${wanted}: {file: PATH}`,
    next: `Add “${wanted}: {env: ${type.toUpperCase()}_${wanted.toUpperCase()}}”.`,
  };
}

function isType(type: string): type is ChannelType {
  return Object.hasOwn(secretOfType, type);
}

function unknownNames(
  given: unknown,
  path: KeyPath,
  list: readonly RawMap[],
): readonly PlacelessFault[] {
  const known = [...new Set(list.map(({ name }) => String(name)))];
  const what = path.at(-1) === 'channels' ? 'channel' : 'mute timing';
  return (Array.isArray(given) ? given : []).flatMap((name: unknown, index) => {
    if (typeof name !== 'string' || known.includes(name)) return [];
    const nearest = nearestWord(name, known);
    const add = `Add it under alerts.${path.at(-1)}, or take it out here.`;
    return [
      {
        path: [...path, index],
        on: 'value',
        code: 'OBS-1205',
        message: `there is no ${what} “${name}”`,
        ...(known.length > 0 && { expected: `one of ${known.join(', ')}` }),
        next: nearest === undefined ? add : `Did you mean “${nearest}”?`,
      } as const,
    ];
  });
}

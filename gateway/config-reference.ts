/** The reference page of the gateway's settings, drawn from them. See tools/reference.ts. */
import { generatedNote, markdownTable } from '../core/markdown.ts';
import { formatBytes } from '../core/units.ts';
import {
  type GatewayConfig,
  gatewayConfigDefault,
  gatewaySettings,
  type Setting,
} from './config.ts';

type Key = keyof GatewayConfig;

const typeTexts: Readonly<Record<Setting['type'], string>> = {
  url: 'URL, `http` or `https`',
  text: 'text',
  list: 'list, with commas',
  file: 'path of a file',
  directory: 'path, made when it is missing',
  address: '`HOST:PORT`; IPv6 in brackets',
  count: 'whole number from 1',
  size: 'bytes; `4Gi`, `64Mi`, `10G`',
  duration: 'time; `300ms`, `10s`, `1h30m`',
  switch: 'switch',
};

/** `docs/reference/gateway-configuration.md`, whole. */
export function gatewayConfigReference(): string {
  const entries = Object.entries(gatewaySettings) as (readonly [Key, Setting])[];
  const settable = entries.filter(([, setting]) => isSettable(setting));
  const fixed = entries.filter(([, setting]) => !isSettable(setting));
  return `${[
    '# Settings of the gateway',
    generatedNote('gateway/config.ts'),
    'An option goes before the environment, the environment before the stack file (`-f`), and' +
      ' that before the default. Passwords are never options.',
    ...settable.flatMap(settingPart),
    '## Fixed in this version',
    'Limits that every request meets. They are shown because their answers are seen by senders.',
    markdownTable(
      ['key', 'value', 'what it is for'],
      fixed.map(([key, setting]) => [`\`${key}\``, defaultOf(key, setting), setting.description]),
    ),
  ].join('\n\n')}\n`;
}

function isSettable({ option, variable }: Setting): boolean {
  return option !== undefined || variable !== undefined;
}

function settingPart([key, setting]: readonly [Key, Setting]): readonly string[] {
  const places = [
    ...(setting.option === undefined ? [] : [`option \`${setting.option}\``]),
    ...(setting.variable === undefined ? [] : [`environment \`${setting.variable}\``]),
    ...(setting.stackKey === undefined ? [] : [`stack file \`${setting.stackKey}\``]),
  ];
  return [
    `## ${setting.option ?? setting.variable}`,
    `${setting.description}.`,
    [
      `- Set by: ${places.join(', ')}`,
      `- Type: ${typeTexts[setting.type]}`,
      `- Default: ${defaultOf(key, setting)}`,
      `- Example: \`${setting.example}\``,
    ].join('\n'),
  ];
}

/** The default as a person writes it. */
export function defaultOf(key: Key, setting: Setting): string {
  if (setting.defaultText !== undefined) return setting.defaultText;
  const value = gatewayConfigDefault()[key];
  if (typeof value === 'object' && 'host' in value) return `\`${value.host}:${value.port}\``;
  if (setting.type === 'size') return `\`${sizeText(Number(value))}\``;
  if (setting.type === 'duration') return `\`${Number(value) / 1000}s\``;
  return `\`${value}\``;
}

/** `4Gi`: as sizes are typed, where they are whole. */
function sizeText(bytes: number): string {
  const [amount = '', unit = ''] = formatBytes(bytes).replace('.0 ', ' ').split(' ');
  return `${amount}${unit.replace('iB', 'i')}`;
}

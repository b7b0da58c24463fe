import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type GatewayConfig, gatewaySettings, type Setting } from '../gateway/config.ts';
import { defaultOf } from '../gateway/config-reference.ts';
import { catalog, prometheusName } from '../gateway/telemetry/catalog.ts';
import { quietProgram, referencePages } from './reference.ts';

const root: string = join(import.meta.dirname, '..');
const settings = Object.entries(gatewaySettings) as [keyof GatewayConfig, Setting][];
const gateway = quietProgram().commands.find((command) => command.name() === 'gateway');

describe('the generated reference pages', () => {
  it.each(referencePages())('$path is what the code says now (npm run update)', (page) => {
    expect(readFileSync(join(root, page.path), 'utf8')).toBe(page.text);
  });

  it('give every metric its two names', () => {
    const page = referencePages().find(({ path }) => path.endsWith('gateway-metrics.md'));
    for (const metric of catalog) {
      expect(page?.text).toContain(`| \`${metric.name}\` | \`${prometheusName(metric)}\` |`);
    }
  });

  it('show an example of every command', () => {
    const page = referencePages().find(({ path }) => path.endsWith('cli.md'));
    const commands = page?.text.split('\n## ').slice(1) ?? [];
    expect(commands.length).toBeGreaterThan(9);
    expect(commands.filter((text) => !/^Examples?:\n {2}obsctl/m.test(text))).toEqual([]);
  });
});

describe('the settings of the gateway', () => {
  const options = settings.filter(([, { option }]) => option !== undefined);

  it.each(options)('%s has an option that the command knows', (_key, setting) => {
    expect(gateway?.options.map((option) => option.long)).toContain(setting.option);
  });

  it.each(options.filter(([, { type }]) => type !== 'switch'))(
    '%s has its default in the help of the command',
    (key, setting) => {
      const option = gateway?.options.find(({ long }) => long === setting.option);
      const wanted = defaultOf(key, setting).replaceAll('`', '');
      expect(option?.description).toContain(`(default: ${wanted})`);
    },
  );

  it('are all the options that have a value, but for the file', () => {
    const known = settings.map(([, { option }]) => option);
    const others = gateway?.options.filter(({ long }) => !known.includes(long ?? ''));
    expect(others?.map(({ long }) => long)).toEqual(['--file', '--drain', '--json']);
  });
});

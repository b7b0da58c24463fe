import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { loadStack } from '../../stack/load.ts';
import { renderSystem } from '../render/system.ts';
import { registerInit } from './init.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-init-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function init(...words: readonly string[]): Promise<string> {
  const talk: string[] = [];
  const program = new Command('obsctl').exitOverride();
  registerInit(program, {
    env: {},
    stdout: () => {},
    stderr: (text) => void talk.push(text),
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: () => {},
  });
  await program.parseAsync(['node', 'obsctl', 'init', '--yes', ...words]);
  return talk.join('');
}

async function written(...path: readonly string[]) {
  const text = await readFile(join(folder, ...path, 'obs.yaml'), 'utf8');
  const result = loadStack(text, 'obs.yaml');
  return { text, stack: 'stack' in result ? result.stack : undefined };
}

describe('obsctl init', () => {
  it('writes a file without faults, named after its folder', async () => {
    const talk = await init(join(folder, 'Shop Infra'));
    expect((await written('Shop Infra')).stack?.name).toBe('shop-infra');
    expect(talk).toContain('next: obsctl validate -f');
  });

  it('has the schema beside it that its first line names', async () => {
    await init(folder);
    const [first] = (await written()).text.split('\n');
    const name = /^# yaml-language-server: \$schema=\.\/(.*)$/.exec(first ?? '')?.[1] ?? '';
    const schema = JSON.parse(await readFile(join(folder, name), 'utf8'));
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(Object.keys(schema.properties)).toContain('node_agent');
  });

  it('puts what the options say into the file', async () => {
    const url = 'https://abc.example:8443';
    await init(
      folder,
      ...['--name', 'shop', '--cluster', 'prod-eu', '--platform', 'talos'],
      ...['--clickhouse', url, '--cni', 'cilium', '--no-grafana'],
    );
    const { stack } = await written();
    expect(stack).toMatchObject({ name: 'shop', cluster: 'prod-eu', platform: 'talos' });
    expect(stack?.clickhouse).toMatchObject({ mode: 'external', url });
    expect(stack?.node_agent?.presets.cni?.kind).toBe('cilium');
    expect(stack?.grafana).toBeUndefined();
  });

  it('refuses a folder that has a stack file, and leaves that as it is', async () => {
    await writeFile(join(folder, 'obs.yaml'), 'mine');
    await expect(init(folder)).rejects.toMatchObject({ code: 'OBS-1211' });
    expect(await readFile(join(folder, 'obs.yaml'), 'utf8')).toBe('mine');
    expect(await readdir(folder)).toEqual(['obs.yaml']);
  });

  it('refuses a folder that has a typed stack file', async () => {
    await writeFile(join(folder, 'obs.config.ts'), '');
    await expect(init(folder)).rejects.toMatchObject({ code: 'OBS-1211' });
  });

  it('writes nothing when an answer cannot be used', async () => {
    await expect(init(folder, '--platform', 'heroku')).rejects.toMatchObject({ code: 'OBS-1003' });
    await expect(init(folder, '--cni', 'weave')).rejects.toMatchObject({ code: 'OBS-1003' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says so when the folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const inFile = join(folder, 'file', 'below');
    await expect(init(inFile)).rejects.toMatchObject({ code: 'OBS-1003' });
  });

  describe('--from-terraform', () => {
    const outputs = {
      clickhouse: {
        sensitive: false,
        type: ['object', {}],
        value: {
          mode: 'external',
          url: 'https://abc.example:8443',
          database: 'shop_otel',
          credentials: { secret: 'cloud', user_key: 'user', password_key: 'password' },
        },
      },
      grafana: { sensitive: false, value: { deploy: false, deliver: 'files', folder: 'Shop' } },
    };

    async function from(value: unknown, ...words: readonly string[]): Promise<string> {
      const file = join(folder, 'stack.json');
      await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
      return await init(join(folder, 'infra'), '--from-terraform', file, ...words);
    }

    it('takes its outputs as sections of the file, and the rest as ever', async () => {
      await from(outputs, '--cluster', 'prod-eu');
      const { stack, text } = await written('infra');
      expect(stack?.clickhouse).toMatchObject(outputs.clickhouse.value);
      expect(stack?.clickhouse.retention.metrics).toBe('30d');
      expect(stack?.grafana).toMatchObject(outputs.grafana.value);
      expect(stack?.cluster).toBe('prod-eu');
      expect(text).toContain('  volume: 10Gi');
    });

    it('writes a file that renders, with ClickHouse and Grafana elsewhere', async () => {
      await from(outputs);
      const { stack } = await written('infra');
      if (stack === undefined) throw new Error('there is a stack');
      const { objects } = renderSystem(stack);
      const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      expect(names.filter((name) => /^StatefulSet\//.test(name))).toHaveLength(1);
      expect(JSON.stringify(objects)).toContain('abc.example');
    });

    it('does without the output grafana where none is wanted', async () => {
      await from({ clickhouse: outputs.clickhouse }, '--no-grafana');
      expect((await written('infra')).stack?.grafana).toBeUndefined();
    });

    const elsewhere = { ...outputs.clickhouse.value, host: 'abc' };
    it.each([
      ['an output is missing', { grafana: outputs.grafana }, 'no output `clickhouse`', '1214'],
      ['grafana is missing', { clickhouse: outputs.clickhouse }, 'no output `grafana`', '1214'],
      ['nothing was applied', {}, 'none at all', '1214'],
      ['it is no JSON', 'Outputs:', 'cannot be read as JSON', '1214'],
      ['it is a list', [], 'holds no outputs', '1214'],
      ['an output is a text', { clickhouse: { value: 'https://a' } }, 'no object', '1214'],
      [
        'a key is none of the stack file',
        { ...outputs, clickhouse: { value: elsewhere } },
        'the output clickhouse.host',
        '1214',
      ],
      [
        'an output is sensitive',
        { ...outputs, clickhouse: { ...outputs.clickhouse, sensitive: true } },
        'clickhouse',
        '1215',
      ],
    ])('is refused, and nothing written, when %s', async (_case, value, said, code) => {
      await expect(from(value)).rejects.toMatchObject({
        code: `OBS-${code}`,
        message: expect.stringContaining(said),
      });
      expect(await readdir(folder)).toEqual(['stack.json']);
    });

    it('is refused beside an address', async () => {
      const address = 'https://abc.example:8443';
      await expect(from(outputs, '--clickhouse', address)).rejects.toMatchObject({
        code: 'OBS-1003',
      });
    });
  });
});

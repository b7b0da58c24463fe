import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { parse } from 'yaml';
import { registerDistro } from './distro.ts';
import { registerUpgradeConfig } from './upgrade-config.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-distro-'));
});

afterEach(() => rm(folder, { recursive: true }));

async function run(...words: readonly string[]) {
  const out: string[] = [];
  const talk: string[] = [];
  let code = 0;
  const context = {
    env: {},
    stdout: (text: string) => void out.push(text),
    stderr: (text: string) => void talk.push(text),
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: (chosen: number) => {
      code = chosen;
    },
  };
  const program = new Command('obsctl').exitOverride();
  registerDistro(program, context);
  registerUpgradeConfig(program, context);
  await program.parseAsync(['node', 'obsctl', ...words]);
  return { out: out.join(''), talk: talk.join(''), code };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const stack = `
name: shop
cluster: shop-1
collector: {version: 0.161.0}
node_agent: {presets: {pod_logs: {}, host_metrics: {}}}
`;

describe('obsctl distro', () => {
  it('prints a manifest with what the stack uses, for its version, and nothing else', async () => {
    const { out, talk } = await run('distro', '-f', await file('obs.yaml', stack));
    const manifest = parse(out);
    const modules = manifest.receivers.map(({ gomod }: { gomod: string }) => gomod);
    expect(modules).toContainEqual(expect.stringMatching(/\/filelogreceiver v0\.161\.0$/));
    expect(modules).not.toContainEqual(expect.stringContaining('k8scluster'));
    expect(manifest.dist.version).toBe('0.161.0');
    expect(talk).toMatch(/^\d+ components of the Collector 0\.161\.0 for \d+ configurations\n$/);
  });

  it('writes manifest and image recipe into a folder and nothing on stdout', async () => {
    const target = join(folder, 'out');
    const obs = await file('obs.yaml', stack);
    const { out } = await run('distro', '-f', obs, '-o', target);
    expect(out).toBe('');
    const printed = await run('distro', '-f', obs);
    expect(await readFile(join(target, 'manifest.yaml'), 'utf8')).toBe(printed.out);
    expect(await readFile(join(target, 'Dockerfile'), 'utf8')).toContain('USER 10001:10001');
  });

  it('lists components and modules as JSON', async () => {
    const { out } = await run('distro', '--json', '-f', await file('obs.yaml', stack));
    expect(JSON.parse(out).components).toContainEqual({
      kind: 'receiver',
      type: 'file_log',
      module: 'github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver',
    });
  });
});

describe('obsctl upgrade-config', () => {
  it('prints the result on stdout and each change with its line on stderr', async () => {
    const path = await file('old.yaml', '# mine\nreceivers:\n  hostmetrics: {}\n');
    const { out, talk, code } = await run('upgrade-config', path, '--to', '0.151.0');
    expect(out).toBe('# mine\nreceivers:\n  host_metrics: {}\n');
    expect(talk).toBe(
      `${path}:3: receivers.hostmetrics: renamed to host_metrics\n` +
        '  the name since 0.151; the old one still works and warns\n',
    );
    expect(code).toBe(0);
  });

  it('ends with 1 when something is left to a person, also as JSON', async () => {
    const path = await file('old.yaml', 'exporters:\n  jaeger: {}\n');
    const { out, code } = await run('upgrade-config', path, '--json');
    expect(JSON.parse(out)).toMatchObject({
      to: '0.161.0',
      changes: [{ what: 'by_hand', line: 2, path: 'exporters.jaeger' }],
      text: 'exporters:\n  jaeger: {}\n',
    });
    expect(code).toBe(1);
  });

  it('refuses a file that is not there with the code for it', async () => {
    await expect(run('upgrade-config', join(folder, 'nowhere.yaml'))).rejects.toMatchObject({
      code: 'OBS-1104',
    });
  });
});

import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { starterDefaults, starterFile } from '../../stack/starter.ts';
import { registerCompletion } from './completion.ts';
import { registerExplain } from './explain.ts';
import { registerSchema } from './schema.ts';
import { registerValidate } from './validate.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-validate-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function run(...words: readonly string[]) {
  const out: string[] = [];
  const talk: string[] = [];
  let exitCode = 0;
  const program = new Command('obsctl').exitOverride();
  const context = {
    env: { REPLICAS: '2' },
    stdout: (text: string) => void out.push(text),
    stderr: (text: string) => void talk.push(text),
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: (code: number) => {
      exitCode = code;
    },
  };
  for (const register of [registerCompletion, registerExplain, registerSchema, registerValidate]) {
    register(program, context);
  }
  await program.parseAsync(['node', 'obsctl', ...words]);
  return { stdout: out.join(''), stderr: talk.join(''), exitCode };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('obsctl validate', () => {
  it('finds nothing wrong with the starter file', async () => {
    const path = await file('starter.yaml', starterFile(starterDefaults));
    const { exitCode, stdout, stderr } = await run('validate', '-f', path);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(stderr).toContain(`${path}: nothing is wrong`);
  });

  it('prints every fault with its place and ends with 2', async () => {
    const path = await file('wrong.yaml', 'nme: shop\ngateway:\n  replicas: 0\n');
    const { exitCode, stderr } = await run('validate', '-f', path);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`OBS-1203: ${path}:1:1: unknown key “nme”`);
    expect(stderr).toContain(`OBS-1205: ${path}:3:13: gateway.replicas is the number 0`);
    expect(stderr).toContain(`${path}: 2 faults`);
  });

  it('gives the same faults as JSON', async () => {
    const path = await file('wrong.yaml', 'nme: shop\ngateway:\n  replicas: 0\n');
    const { exitCode, stdout, stderr } = await run('validate', '-f', path, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: '' });
    const { valid, faults } = JSON.parse(stdout);
    expect(valid).toBe(false);
    expect(faults.map(({ code, at }: { code: string; at: object }) => ({ code, at }))).toEqual([
      { code: 'OBS-1203', at: { line: 1, column: 1, length: 3 } },
      { code: 'OBS-1205', at: { line: 3, column: 13, length: 1 } },
    ]);
  });

  it('takes references from the environment', async () => {
    const path = await file('env.yaml', `name: shop\ngateway:\n  replicas: \${env:REPLICAS}\n`);
    expect((await run('validate', '-f', path)).exitCode).toBe(0);
  });

  // A program of its own: the module loader's hooks have no place in Jest's.
  it('judges a typed stack file that imports the package by its name', async () => {
    const text =
      "import { defineStack } from 'obsctl';\n" +
      "export default defineStack({ name: 'shop', gateway: { replicas: 0 as number } });\n";
    const path = await file('obs.config.ts', text);
    const main = join(import.meta.dirname, '../main.ts');
    const { status, stderr } = spawnSync(process.execPath, [main, 'validate', '-f', path], {
      encoding: 'utf8',
    });
    expect(stderr).toContain(`OBS-1205: ${path}: gateway.replicas is the number 0`);
    expect(status).toBe(2);
  });

  it('says which file is not there', async () => {
    const path = join(folder, 'none.yaml');
    await expect(run('validate', '-f', path)).rejects.toMatchObject({
      code: 'OBS-1201',
      where: path,
    });
  });

  it('says what a platform takes away from the presets that are on', async () => {
    const path = await file('platform.yaml', 'name: shop\nnode_agent: {presets: {pod_logs: {}}}\n');
    const { exitCode, stdout } = await run('validate', '-f', path, '--platform', 'windows');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^off {3}pod_logs: /m);
    expect(stdout).not.toContain('host_metrics');
  });

  it('refuses a platform that it does not know', async () => {
    const path = await file('platform.yaml', 'name: shop\n');
    await expect(run('validate', '-f', path, '--platform', 'heroku')).rejects.toMatchObject({
      code: 'OBS-1003',
    });
  });

  it('names the fields that force a Pod Security level', async () => {
    const path = await file('pods.yaml', starterFile(starterDefaults));
    const { stdout } = await run('validate', '-f', path, '--pod-security');
    expect(stdout).toMatch(/^privileged DaemonSet observability-agents\/obs-node-agent$/m);
    expect(stdout).toMatch(/hostPath = \/var\/log/);
    expect(stdout).toMatch(/^restricted StatefulSet observability\/obs-gateway$/m);
  });

  it('renders nothing for an embedded engine, which has no cluster', async () => {
    const path = await file('embedded.yaml', 'name: shop\nclickhouse: {mode: embedded}\n');
    expect((await run('validate', '-f', path)).exitCode).toBe(0);
  });
});

describe('obsctl schema', () => {
  it('prints the JSON Schema and nothing else', async () => {
    const { stdout, stderr } = await run('schema');
    expect(JSON.parse(stdout).required).toEqual(['name']);
    expect(stderr).toBe('');
  });
});

describe('obsctl explain', () => {
  it('says of a key what it is for, its type, default and an example', async () => {
    const { stdout } = await run('explain', 'clickhouse.retention.traces');
    expect(stdout).toContain('How long spans are kept');
    expect(stdout).toContain('Default  7d');
    expect(stdout).toContain('Example  traces: 7d');
  });

  it('finds a key by its end where that is one key', async () => {
    const { stdout } = await run('explain', 'pod_logs');
    expect(stdout).toMatch(/^node_agent\.presets\.pod_logs: /);
    expect(stdout).toContain('exclude_namespaces');
  });

  it('knows the keys of list items', async () => {
    const word = 'node_agent.presets.pod_logs.multiline[].first_line';
    expect((await run('explain', word)).stdout).toContain('first line');
  });

  it('asks which of several keys is meant', async () => {
    await expect(run('explain', 'volume')).rejects.toMatchObject({
      code: 'OBS-1213',
      next: expect.stringContaining('gateway.volume'),
    });
  });

  it('names the nearest key to one that is not there', async () => {
    await expect(run('explain', 'gatway')).rejects.toMatchObject({
      code: 'OBS-1213',
      next: 'Did you mean “gateway”?',
    });
  });

  it('knows codes, with and without their letters', async () => {
    const whole = await run('explain', 'OBS-1203');
    expect(whole.stdout).toContain('unknown key');
    expect((await run('explain', '1203')).stdout).toBe(whole.stdout);
  });
});

describe('obsctl completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows the commands and their options', async (shell) => {
    const { stdout } = await run('completion', shell);
    for (const word of ['validate', 'explain', 'pod-security', 'gke-autopilot']) {
      expect(stdout).toContain(word);
    }
  });

  it('refuses another shell', async () => {
    await expect(run('completion', 'tcsh')).rejects.toMatchObject({ code: 'OBS-1003' });
  });
});

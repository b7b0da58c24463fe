import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { registerDashboards } from './dashboards.ts';

async function run(...words: readonly string[]) {
  const out: string[] = [];
  const talk: string[] = [];
  const program = new Command('obsctl').exitOverride();
  registerDashboards(program, {
    env: {},
    stdout: (text) => void out.push(text),
    stderr: (text) => void talk.push(text),
    isTerminal: false,
    signal: new AbortController().signal,
    exitWith: () => {},
  });
  await program.parseAsync(['node', 'obsctl', 'dashboards', ...words]);
  return { stdout: out.join(''), stderr: talk.join('') };
}

describe('obsctl dashboards render', () => {
  it('prints every dashboard as one JSON array, and nothing else', async () => {
    const { stdout, stderr } = await run('render');
    const titles = JSON.parse(stdout).map((dashboard: { title: string }) => dashboard.title);
    expect(titles).toEqual(['Services', 'Traces', 'Logs', 'Machine', 'Gateway', 'Explore']);
    expect(stderr).toBe('');
  });

  it('writes a file each and a provider that points at them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      const target = join(folder, 'new', 'folder');
      const { stdout } = await run('render', '-o', target, '--grafana-path', '/srv/boards');
      expect(stdout).toBe('');
      expect((await readdir(target)).length).toBe(7);
      expect(await readFile(join(target, 'provider.yaml'), 'utf8')).toContain('path: /srv/boards');
      const services = await readFile(join(target, 'obsctl-services.json'), 'utf8');
      expect(JSON.parse(services).uid).toBe('obsctl-services');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says which folder cannot be written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      await run('render', '-o', join(folder, 'a'));
      const file = join(folder, 'a', 'provider.yaml');
      await expect(run('render', '-o', file)).rejects.toMatchObject({
        code: 'OBS-1003',
        where: file,
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

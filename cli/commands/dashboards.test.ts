import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { dashboards } from '../../dashboards/catalog.ts';
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
    expect(titles).toEqual(dashboards().map(({ title }) => title));
    expect(stderr).toBe('');
  });

  it('writes a file each and a provider that points at them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      const target = join(folder, 'new', 'folder');
      const { stdout } = await run('render', '-o', target, '--grafana-path', '/srv/boards');
      expect(stdout).toBe('');
      expect((await readdir(target)).length).toBe(dashboards().length + 2);
      expect(await readFile(join(target, 'provider.yaml'), 'utf8')).toContain('path: /srv/boards');
      const services = await readFile(join(target, 'obsctl-services.json'), 'utf8');
      expect(JSON.parse(services).uid).toBe('obsctl-services');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('writes objects of the Grafana operator, a file each, or all of them to stdout', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      const file = join(folder, 'obs.yaml');
      const channel = { name: 'team', type: 'slack', url: { env: 'NOT_SET' } };
      const alerts = { channels: [channel] };
      await writeFile(file, JSON.stringify({ name: 'shop', alerts }));
      const target = join(folder, 'objects');
      await run('render', '--operator', '-f', file, '-o', target);
      const names = await readdir(target);
      expect(names).toEqual(expect.arrayContaining(['folder-obsctl.yaml', 'alert-rules-slo.yaml']));
      expect(await readFile(join(target, 'contact-point-team.yaml'), 'utf8')).toContain(
        'kind: GrafanaContactPoint\n',
      );
      const { stdout } = await run('render', '--operator', '-f', file);
      expect(stdout.split('---\n')).toHaveLength(names.length);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('writes alert rules for the data source, folder and pages that it is told', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      const at = ['--datasource-uid', 'ch-1', '--folder', 'ops', '--runbooks-url', 'https://a.b/c'];
      await run('render', '-o', folder, ...at);
      const rules = await readFile(join(folder, 'alert-rules.yaml'), 'utf8');
      expect(rules).toContain('datasourceUid: ch-1');
      expect(rules).toContain('folder: ops');
      expect(rules).toContain('runbook_url: https://a.b/c/slo-latency.md');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('writes the rules of a stack file: its objectives, thresholds and folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-dashboards-'));
    try {
      const file = join(folder, 'obs.yaml');
      const stack = {
        name: 'shop',
        grafana: { folder: 'of the shop' },
        slos: [{ service: 'checkout', objective: 99.5 }],
        alerts: { thresholds: [{ rule: 'host-cpu', match: 'batch-*', threshold: 0.99 }] },
      };
      await writeFile(file, JSON.stringify(stack));
      await run('render', '-f', file, '-o', join(folder, 'out'));
      const text = await readFile(join(folder, 'out', 'alert-rules.yaml'), 'utf8');
      expect(text).toContain("if(ServiceName LIKE 'checkout', 0.005, if(");
      expect(text).toContain('title: The CPU of a machine is busy (batch-*)');
      expect(text).toContain('folder: of the shop');
      // The gateway of this stack is the stock Collector.
      expect(text).not.toContain('obsctl-gateway-lag');
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

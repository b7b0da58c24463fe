import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Command } from 'commander';
import { isProblem } from '../../core/problem.ts';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { dashboards } from '../../dashboards/catalog.ts';
import { type StandIn, startStandIn, tokens } from '../../test/grafana/stand-in.ts';
import { registerDashboards } from './dashboards.ts';

let standIn: StandIn;

beforeEach(async () => {
  standIn = await startStandIn();
});
afterEach(() => standIn.close());

async function push(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  signal = new AbortController().signal,
) {
  const out: string[] = [];
  const talk: string[] = [];
  let exit = 0;
  const program = new Command('obsctl').exitOverride().configureOutput({ writeErr: () => {} });
  registerDashboards(program, {
    env: { GRAFANA_TOKEN: tokens.Admin, ...env },
    stdout: (text) => void out.push(text),
    stderr: (text) => void talk.push(text),
    isTerminal: false,
    signal,
    exitWith: (code) => {
      exit = code;
    },
  });
  const asked = ['push', '--grafana', standIn.url, ...words];
  await program.parseAsync(['node', 'obsctl', 'dashboards', ...asked]);
  return { stdout: out.join(''), stderr: talk.join(''), exit };
}

const groups = new Set(alertRules().map(({ group }) => group)).size;
/** The dashboards and rule groups, their folder and the data source. */
const count = dashboards().length + groups + 2;
const server = ['--clickhouse', 'https://clickhouse.example/otel'];

describe('obsctl dashboards push', () => {
  it('says what was made, then that there is nothing to change', async () => {
    const first = await push(server);
    expect(first.exit).toBe(0);
    expect(first.stdout.split('\n').slice(0, 3)).toEqual([
      '+ folder "obsctl" (obsctl-dashboards)',
      '+ data source "ClickHouse" (obsctl-clickhouse)',
      '+ dashboard "Services" (obsctl-services)',
    ]);
    expect(first.stderr).toBe(`${standIn.url}: ${count} created, 0 as they were\n`);
    expect(await push(server)).toEqual({
      exit: 0,
      stdout: '',
      stderr: `${standIn.url}: nothing to change: ${count} of ${count} are as they should be\n`,
    });
  });

  it('prints of a dry run the places that differ, ends with 1, and writes nothing', async () => {
    await push(server);
    const stored = standIn.state.dashboards.get('obsctl-logs');
    const [, panel] = (stored?.data['panels'] ?? []) as { title: string; targets: object[] }[];
    Object.assign(Object(panel?.targets[0]), { rawSql: 'SELECT 1' });
    const before = structuredClone(stored);
    const { stdout, exit } = await push([...server, '--dry-run']);
    expect(exit).toBe(1);
    expect(stdout).toMatch(/^~ dashboard "Logs" \(obsctl-logs\)\n {4}~ panels\[2 ".+"\]\./);
    expect(stdout).toMatch(/targets\[A\]\.rawSql: "SELECT 1" -> "/);
    expect(standIn.state.dashboards.get('obsctl-logs')).toEqual(before);
    expect((await push(server)).exit).toBe(0);
    expect((await push([...server, '--dry-run'])).exit).toBe(0);
  });

  it('prints one JSON line for machines, without a secret', async () => {
    const { stdout } = await push([...server, '--json'], { CLICKHOUSE_PASSWORD: 'hunter2' });
    expect(stdout.trimEnd()).not.toContain('\n');
    expect(stdout).not.toMatch(/hunter2|glsa_/);
    expect(JSON.parse(stdout)).toMatchObject({
      grafana: standIn.url,
      version: '12.2.0',
      dryRun: false,
      folder: { uid: 'obsctl-dashboards' },
      leftovers: [],
      refusals: [],
    });
  });

  it('takes user and password of ClickHouse from the environment', async () => {
    await push(server, { CLICKHOUSE_USER: 'reader', CLICKHOUSE_PASSWORD: 'hunter2' });
    expect(standIn.state.dataSources.get('obsctl-clickhouse')).toMatchObject({
      fields: { jsonData: { username: 'reader' } },
      secrets: { password: 'hunter2' },
    });
  });

  it('leaves the alert rules out on demand', async () => {
    await push([...server, '--no-alerts']);
    expect(standIn.state.dashboards.size).toBe(dashboards().length);
    expect(standIn.state.alerts.rules.size).toBe(0);
  });

  it('says why there are no rules where no data source is known', async () => {
    const { stderr, exit } = await push([]);
    expect(exit).toBe(0);
    expect(stderr).toMatch(/^note: alert rules are left out: .* `--data-source-uid`/m);
  });

  it('takes rules, folder and runbooks from a stack file, and options before it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-push-'));
    try {
      const file = join(folder, 'obs.yaml');
      const alerts = {
        thresholds: [{ rule: 'host-cpu', match: 'batch-*', threshold: 0.99 }],
        runbooks_url: 'https://docs.example/runbooks',
      };
      await writeFile(file, JSON.stringify({ name: 'shop', grafana: { folder: 'Shop' }, alerts }));
      await push([...server, '-f', file]);
      const { rules } = standIn.state.alerts;
      const titles = [...rules.values()].map(({ rule }) => rule.title);
      expect(titles).toContain('The CPU of a machine is busy (batch-*)');
      // The gateway of this stack is the stock Collector.
      expect(rules.has('obsctl-gateway-lag')).toBe(false);
      expect(JSON.stringify(rules.get('obsctl-host-cpu'))).toContain('docs.example/runbooks/');
      expect([...standIn.state.folders.values()]).toMatchObject([{ title: 'Shop' }]);
      const pages = ['--folder', 'Eyes', '--runbooks-url', 'https://a.example'];
      await push([...server, '-f', file, ...pages]);
      expect(JSON.stringify(rules.get('obsctl-host-cpu'))).toContain('https://a.example/');
      expect([...standIn.state.folders.values()]).toMatchObject([{ title: 'Eyes' }]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('brings the channels of a stack file, whose secrets it never prints', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-push-'));
    try {
      const file = join(folder, 'obs.yaml');
      const key = { env: 'PAGERDUTY_KEY' };
      const alerts = { channels: [{ name: 'on-call', type: 'pagerduty', key }] };
      await writeFile(file, JSON.stringify({ name: 'shop', alerts }));
      const words = [...server, '-f', file];
      await expect(push(words)).rejects.toMatchObject({ code: 'OBS-6023' });
      const { stdout, stderr } = await push(words, { PAGERDUTY_KEY: 'hunter2' });
      expect(stdout).toContain('+ contact point "obsctl-on-call" (obsctl-on-call)\n');
      expect(stdout).toContain('+ notification policy "obsctl" (managed_by=obsctl)\n');
      const renewed = await push([...words, '--renew-secrets'], { PAGERDUTY_KEY: 'hunter3' });
      expect(renewed.stdout).toContain('    settings.integrationKey: written\n');
      expect(stdout + stderr + renewed.stdout + renewed.stderr).not.toMatch(/hunter/);
      const { settings } = standIn.state.routing.points.get('obsctl-on-call') ?? {};
      expect(settings).toMatchObject({ integrationKey: 'hunter3' });
      standIn.requests.length = 0;
      await push([...words, '--no-routing']);
      expect(standIn.requests.filter((line) => /contact|polic|mute/.test(line))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('makes a contact point of e-mail without asking for the password of our server', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-push-'));
    try {
      const file = join(folder, 'obs.yaml');
      const password = { env: 'SMTP_PASSWORD' };
      const smtp = { host: 'a.example', from: 'obsctl@a.example', user: 'alerts', password };
      const channels = [{ name: 'mail', type: 'email', to: ['ops@a.example'], smtp }];
      await writeFile(file, JSON.stringify({ name: 'shop', alerts: { channels } }));
      const { stdout } = await push([...server, '-f', file]);
      expect(stdout).toContain('+ contact point "obsctl-mail" (obsctl-mail)\n');
      const { settings } = standIn.state.routing.points.get('obsctl-mail') ?? {};
      expect(settings).toEqual({ addresses: 'ops@a.example', singleEmail: true });
      expect((await push([...server, '-f', file, '--renew-secrets'])).stdout).toBe('');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('leaves out what no preset of the stack file feeds, and says so', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'obsctl-push-'));
    try {
      const file = join(folder, 'obs.yaml');
      const gateway = { flavor: 'obsctl', image: 'registry.example/obsctl:0.1.0' };
      const node_agent = { presets: { host_metrics: {} } };
      await writeFile(file, JSON.stringify({ name: 'shop', gateway, node_agent }));
      const { stderr } = await push([...server, '-f', file]);
      const { rules } = standIn.state.alerts;
      expect([rules.has('obsctl-host-cpu'), rules.has('obsctl-container-cpu')]).toEqual([
        true,
        false,
      ]);
      expect(stderr).toMatch(/^note: dashboards that nothing .*: .*CNI/m);
      expect(stderr).toMatch(/^note: alert rules that nothing .*: container-cpu, /m);
      // What was there before is left over, and stays.
      await push(server);
      const again = await push([...server, '-f', file]);
      expect(again.stderr).toMatch(/the alert rule .*obsctl-container-cpu.* is no longer part/);
      expect(rules.has('obsctl-container-cpu')).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('names the rule of a dry run and where it differs', async () => {
    await push(server);
    const stored = standIn.state.alerts.rules.get('obsctl-host-cpu');
    Object.assign(Object(stored?.rule), { for: '9m' });
    const { stdout, exit } = await push([...server, '--dry-run']);
    expect(exit).toBe(1);
    expect(stdout).toBe(
      '~ rule group "obsctl-hosts" (obsctl-dashboards/obsctl-hosts)\n' +
        `    ~ rules[obsctl-host-cpu ${JSON.stringify(stored?.rule.title)}].for: "9m" -> "5m"\n`,
    );
  });

  it('reports what is refused, ends with 2, and has written nothing', async () => {
    const data = { uid: 'obsctl-logs', title: 'Mine', version: 1, tags: [] };
    standIn.state.dashboards.set('obsctl-logs', { data, folderUid: '', provisioned: false });
    const { stderr, exit } = await push([]);
    expect(exit).toBe(2);
    expect(stderr).toContain('OBS-4108');
    expect(stderr).toContain('; nothing was written\n');
    expect(standIn.state.folders.size).toBe(0);
  });

  it('names what is left over, and the option that removes it', async () => {
    await push([]);
    const data = { uid: 'obsctl-old', title: 'Old', version: 1, tags: ['obsctl'] };
    standIn.state.dashboards.set('obsctl-old', { data, folderUid: '', provisioned: false });
    const kept = await push([]);
    expect(kept.stderr).toContain('the dashboard "Old" (obsctl-old) is no longer part');
    expect(kept.stderr).toContain('--prune removes it');
    expect((await push(['--prune'])).stdout).toBe('- dashboard "Old" (obsctl-old)\n');
    expect(standIn.state.dashboards.has('obsctl-old')).toBe(false);
  });

  it.each([
    [['--folder', ' '], 'OBS-1003'],
    [[...server, '--data-source-uid', 'x'], 'OBS-1003'],
    [['--renew-password'], 'OBS-1003'],
    [['--data-source-uid', 'x'], 'OBS-4112'],
  ])('refuses %j with %s', async (words, code) => {
    const error = await push(words).catch((reason: unknown) => reason);
    expect(isProblem(error) ? error.code : error).toBe(code);
    expect(standIn.state.dashboards.size).toBe(0);
  });

  it('ends with 130 when it is interrupted', async () => {
    const { exit, stderr } = await push(server, {}, AbortSignal.abort('SIGINT'));
    expect([exit, stderr]).toEqual([130, 'interrupted; run it again to go on\n']);
  });

  it('needs a token', async () => {
    await expect(push([], { GRAFANA_TOKEN: '' })).rejects.toMatchObject({ code: 'OBS-4102' });
  });
});

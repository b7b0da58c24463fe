/** `obsctl watch` as a person runs it, beside a real engine and a real receiver. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectClickHouse } from '../../clickhouse/client.ts';
import { migrate } from '../../clickhouse/migrate.ts';
import { systemClock } from '../../core/clock.ts';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import { createAuthority } from '../../test/support/certificates.ts';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { readMail, startMailServer } from '../../test/support/mail-server.ts';
import { runObsctl, startProgram } from '../../test/support/program.ts';
import { startReceiver } from '../../test/support/receiver.ts';
import { seedAlerts } from '../../test/support/seed-alerts.ts';

let engine: TestEngine;
let folder: string;
let receiver: Server;
const received: string[] = [];

beforeAll(async () => {
  engine = await startEngine();
  folder = await mkdtemp(join(tmpdir(), 'obsctl-watch-'));
  const clickhouse = connectClickHouse({ url: `${engine.url}/otel` });
  try {
    await migrate(clickhouse);
    await seedAlerts(clickhouse, Math.floor(systemClock.nowMs() / 60_000) * 60_000);
  } finally {
    await clickhouse.close();
  }
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { alerts } = JSON.parse(Buffer.concat(chunks).toString());
      for (const { status, labels } of alerts) received.push(`${status} ${labels.alertname}`);
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
}, 120_000);

afterAll(async () => {
  await new Promise((resolve) => receiver?.close(resolve));
  await engine?.stop();
  await rm(folder, { recursive: true });
});

const rulesCount = alertRules().length;

describe('obsctl watch', () => {
  it('--once --json prints what is pending and what fires, and ends with 1', async () => {
    const run = await runObsctl('watch', '--clickhouse', engine.url, '--once', '--json');
    expect(run).toMatchObject({ code: 1, stderr: '' });
    const { rules, alerts, errors } = JSON.parse(run.stdout);
    expect({ rules, errors }).toEqual({ rules: rulesCount, errors: [] });
    expect(alerts).toContainEqual(
      expect.objectContaining({
        rule: 'gateway-dropped',
        state: 'firing',
        labels: { gateway: 'full', reason: 'dead_letter' },
        value: 12,
      }),
    );
    const pending = alerts.filter(({ state }: { state: string }) => state === 'pending');
    expect(pending.map(({ rule }: { rule: string }) => rule)).toContain('host-cpu');
  });

  it('--once uses the thresholds of the stack file, and reads like a list', async () => {
    const file = join(folder, 'obs.yaml');
    const thresholds = [
      ['gateway-dropped', 1000],
      ['container-oom', 1000],
      ['deployment-stuck', 86_400],
      ['log-new-pattern', 1000],
      ['container-restarts', 1000],
    ].map(([rule, threshold]) => ({ rule, match: '*', threshold }));
    const gateway = { flavor: 'obsctl', image: 'registry.example/obsctl:0.1.0' };
    await writeFile(file, JSON.stringify({ name: 'shop', gateway, alerts: { thresholds } }));
    const run = await runObsctl('watch', '--clickhouse', engine.url, '--once', '-f', file);
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(run.stdout).toMatch(/^pending {2}host-cpu \{"host":"disk-host"\} 0\.9$/m);
  });

  it('says once that ClickHouse is away, and ends with 3', async () => {
    const run = await runObsctl('watch', '--clickhouse', 'http://127.0.0.1:9', '--once');
    expect(run.code).toBe(3);
    expect(run.stderr.match(/OBS-3002/g)).toHaveLength(1);
    expect(run.stderr).toMatch(
      new RegExp(`^${rulesCount} rules \\(slo-availability-fast, …\\): OBS-3002`),
    );
  });

  it('tells a webhook once what fires, also when it is stopped and started again', async () => {
    const state = join(folder, 'state', 'watch.json');
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    const start = () => {
      const words = ['--clickhouse', engine.url, '--state', state, '--interval', '1s', '--json'];
      const env = { NODE_OPTIONS: '', NODE_NO_WARNINGS: '1', OBSCTL_WEBHOOK_URL: url };
      return startProgram(process.execPath, ['cli/main.ts', 'watch', ...words], { env });
    };
    for (const _ of [1, 2]) {
      const program = start();
      await program.line(/"changes":/);
      await program.line(/"changes":\[\]/);
      program.kill('SIGTERM');
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    }
    expect(received.filter((text) => text === 'firing gateway-dropped')).toHaveLength(1);
    expect(received.filter((text) => text.startsWith('resolved'))).toEqual([]);
    expect(JSON.parse(await readFile(state, 'utf8'))).toMatchObject({ version: 2, outbox: [] });
  }, 240_000);

  it('sends e-mail by STARTTLS, to a server that signs with a CA of its own', async () => {
    const authority = createAuthority('mail authority');
    const certificate = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
    const login = { user: 'alerts', password: 'correct horse' };
    const mail = await startMailServer({ certificate, login });
    try {
      const ca_file = join(folder, 'mail-ca.pem');
      await writeFile(ca_file, authority.certificate);
      const password = { env: 'SMTP_PASSWORD' };
      const from = 'obsctl@shop.example';
      const smtp = { host: 'localhost', port: mail.port, ca_file, user: 'alerts', password, from };
      const channels = [{ name: 'mail', type: 'email', to: ['ops@shop.example'], smtp }];
      const routes = [{ match: { rule: 'gateway-dropped' }, channels: ['mail'] }];
      const file = join(folder, 'mail.json');
      const gateway = { flavor: 'obsctl', image: 'registry.example/obsctl:0.1.0' };
      const stack = { name: 'shop', gateway, alerts: { channels, routes } };
      await writeFile(file, JSON.stringify(stack));
      const words = ['cli/main.ts', 'watch', '--clickhouse', engine.url, '-f', file, '--once'];
      const env = { NODE_NO_WARNINGS: '1', SMTP_PASSWORD: login.password };
      const run = await startProgram(process.execPath, words, { env }).ended;
      expect(run).toMatchObject({ code: 1, stderr: '' });
      expect(mail.taken).toMatchObject([{ from, user: 'alerts', encrypted: true }]);
      const { headers } = readMail(mail.taken[0]?.raw ?? '');
      const [, subject] = headers.find(([name]) => name === 'subject') ?? [];
      expect(subject).toMatch(/^\[FIRING:1\] critical: /);
    } finally {
      await mail.close();
    }
  });

  it('tells the channels of the stack file, and says what is silenced', async () => {
    const channel = await startReceiver();
    try {
      const file = join(folder, 'channels.json');
      const silence = {
        match: { rule: 'container-*' },
        starts_at: '2026-01-01T00:00:00Z',
        ends_at: '2999-01-01T00:00:00Z',
        comment: 'a test of the cluster',
      };
      const channels = [
        { name: 'chat', type: 'slack', url: { env: 'SLACK_URL' } },
        { name: 'hook', type: 'webhook', url: { file: join(folder, 'hook-url') } },
      ];
      const routes = [
        { match: { severity: 'critical' }, channels: ['chat'], continue: true },
        { match: { severity: 'critical' }, channels: ['hook'], group_by: [] },
      ];
      await writeFile(join(folder, 'hook-url'), `${channel.url}/hook\n`);
      const gateway = { flavor: 'obsctl', image: 'registry.example/obsctl:0.1.0' };
      const alerts = { channels, routes, silences: [silence] };
      await writeFile(file, JSON.stringify({ name: 'shop', gateway, alerts }));
      const words = ['cli/main.ts', 'watch', '--clickhouse', engine.url, '-f', file, '--once'];
      const env = { NODE_NO_WARNINGS: '1', SLACK_URL: `${channel.url}/slack` };
      const run = await startProgram(process.execPath, words, { env }).ended;
      expect(run).toMatchObject({ code: 1, stderr: '' });
      const silenced = '(silenced until 2999-01-01T00:00:00Z: a test of the cluster)';
      expect(run.stdout).toMatch(/^firing {3}gateway-dropped .* 12$/m);
      expect(run.stdout).toContain(silenced);
      expect(run.stdout).toMatch(/^pending {2}host-cpu .* \(no route\)$/m);
      const bodies = new Map(channel.received.map(({ path, body }) => [path, body]));
      expect(bodies.get('/slack').text).toBe('1 firing: gateway-dropped');
      const names = bodies
        .get('/hook')
        .alerts.map(({ labels }: { labels: Record<string, string> }) => labels['alertname']);
      expect(names).toEqual(['gateway-dropped']);
    } finally {
      await channel.close();
    }
  });

  it('lets a message leave when its group has waited, and not at the next round', async () => {
    const channel = await startReceiver();
    const file = join(folder, 'waiting.json');
    const url = { env: 'HOOK_URL' };
    const channels = [{ name: 'hook', type: 'webhook', url }];
    const routes = [{ channels: ['hook'], group_by: [], group_wait: '2s' }];
    const gateway = { flavor: 'obsctl', image: 'registry.example/obsctl:0.1.0' };
    await writeFile(file, JSON.stringify({ name: 'shop', gateway, alerts: { channels, routes } }));
    const words = ['cli/main.ts', 'watch', '--clickhouse', engine.url, '-f', file, '--json'];
    const state = ['--state', join(folder, 'waiting-state.json'), '--interval', '1h'];
    const env = { NODE_NO_WARNINGS: '1', HOOK_URL: channel.url };
    const program = startProgram(process.execPath, [...words, ...state], { env });
    try {
      expect(JSON.parse(await program.line(/"changes":\[\{/)).waiting).toBeGreaterThan(0);
      expect(channel.received).toEqual([]);
      await channel.arrived(1);
      expect(channel.received[0]?.body.alerts.length).toBeGreaterThan(0);
    } finally {
      program.kill('SIGTERM');
      await channel.close();
    }
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  });

  it.each([
    [['--interval', '5'], 'OBS-1003'],
    [['--silences', 'no-such-file.yaml'], 'OBS-6024'],
    [['--webhook', 'localhost:9093'], 'OBS-1003'],
  ])('refuses %j', async (words, code) => {
    const run = await runObsctl('watch', '--once', ...words);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(code);
  });
});

/**
 * The watcher and a real mail server: firing and resolved once each, with restarts, greylisting and
 * a server that goes away in between.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { alertRules } from '../../dashboards/alerts/catalog.ts';
import type { Channel } from '../../dashboards/alerts/routing/config.ts';
import { readSecrets } from '../../dashboards/alerts/routing/secrets.ts';
import { createAuthority } from '../../test/support/certificates.ts';
import { type MailServer, readMail, startMailServer } from '../../test/support/mail-server.ts';
import { openChannels } from './channels/open.ts';
import { type Round, Watcher } from './watch.ts';

const never = new AbortController().signal;
const minuteMs = 60_000;
const authority = createAuthority('mail authority');
const certificate = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
const login = { user: 'alerts', password: 'correct horse' };
const rules = alertRules().filter(({ id }) => id === 'gateway-dropped');
const [ops, night] = ['ops@shop.example', 'night@shop.example'];

let folder: string;
let server: MailServer;
let nowMs: number;
/** Gateways that are over. */
let over: readonly string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-mail-'));
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  server = await startMailServer({ certificate, login });
  nowMs = Date.parse('2026-11-22T08:00:00Z');
  over = [];
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const statePath = () => join(folder, 'watch.json');

async function open(to: readonly string[] = [ops], by: 'rule' | 'gateway' = 'rule') {
  const smtp = {
    host: 'localhost',
    port: server.port,
    tls: 'starttls' as const,
    ca_file: join(folder, 'ca.pem'),
    user: login.user,
    password: { env: 'SMTP_PASSWORD' },
    from: 'obsctl@shop.example',
    timeout: '30s',
  };
  const channels: readonly Channel[] = [{ name: 'mail', type: 'email', to: [...to], smtp }];
  const secrets = await readSecrets(channels, { SMTP_PASSWORD: login.password });
  const route = { match: {}, channels: ['mail'], continue: false, group_by: [by] };
  return Watcher.open({
    rules,
    rows: async () =>
      over.map((gateway) => ({
        ...Object.fromEntries((rules[0]?.labels ?? []).map((label) => [label, `a ${label}`])),
        gateway,
        value: 12,
      })),
    clock: { nowMs: () => nowMs },
    statePath: statePath(),
    intervalMs: minuteMs,
    channels: await openChannels(channels, secrets),
    routing: {
      channels,
      routes: [{ ...route, group_wait: '0s', mute_timings: [] }],
      muteTimings: [],
    },
    silences: async () => [],
  });
}

async function rounds(watcher: Watcher, count = 1): Promise<Round> {
  let last: Round | undefined;
  for (let index = 0; index < count; index += 1) {
    last = await watcher.round(never);
    nowMs += minuteMs;
  }
  return last as Round;
}

/** `FIRING a to ops@shop.example`. */
const told = () =>
  server.taken.map(({ raw, to }) => {
    const text = readMail(raw).parts['text/plain'] ?? '';
    const alerts = [...text.matchAll(/^(FIRING|RESOLVED) [\s\S]*?\n {2}gateway: (\S+)$/gm)];
    return `${alerts.map(([, what, gateway]) => `${what} ${gateway}`)} to ${to}`;
  });
const header = (index: number, name: string) =>
  readMail(server.taken[index]?.raw ?? '').headers.find(([each]) => each === name)?.[1];

describe('a watcher with e-mail', () => {
  it('tells firing and resolved once each, as one thread, also across restarts', async () => {
    over = ['a'];
    await rounds(await open(), 3);
    await rounds(await open(), 2);
    over = [];
    await rounds(await open(), 20);
    await rounds(await open(), 2);
    expect(told()).toEqual([`FIRING a to ${ops}`, `RESOLVED a to ${ops}`]);
    expect(header(1, 'in-reply-to')).toBe(header(0, 'message-id'));
    expect(server.taken.every(({ user, encrypted }) => encrypted && user === 'alerts')).toBe(true);
    expect(await readFile(statePath(), 'utf8')).not.toContain(login.password);
  });

  it('is greylisted, restarted, and tells what it had to', async () => {
    over = ['a'];
    server.refused.set(ops, { code: 450, text: 'greylisted' });
    const round = await rounds(await open(), 2);
    expect(round).toMatchObject({ waiting: 1, refusals: [{ error: { code: 'OBS-6021' } }] });
    over = [];
    server.refused.clear();
    await rounds(await open(), 20);
    expect(told()).toEqual([`FIRING a to ${ops}`, `RESOLVED a to ${ops}`]);
  });

  it('tells again with the same Message-ID what it could not write down', async () => {
    over = ['a', 'b'];
    server.answers.push({ code: 451, text: 'later' });
    await rounds(await open());
    const before = await readFile(statePath(), 'utf8');
    await rounds(await open());
    await writeFile(statePath(), before);
    await rounds(await open());
    expect(told()).toEqual(Array(2).fill(`FIRING a,FIRING b to ${ops}`));
    expect(header(1, 'message-id')).toBe(header(0, 'message-id'));
  });

  it('tells others while one recipient waits, and everybody once', async () => {
    over = ['a'];
    server.refused.set(night, { code: 452, text: 'mailbox full' });
    const watcher = await open([ops, night]);
    expect((await rounds(watcher)).refusals).toMatchObject([{ error: { code: 'OBS-6025' } }]);
    over = ['a', 'b'];
    await rounds(watcher);
    server.refused.clear();
    expect(await rounds(watcher)).toMatchObject({ waiting: 0, refusals: [] });
    expect(told()).toEqual([
      `FIRING a to ${ops}`,
      `FIRING b to ${ops}`,
      `FIRING a to ${night}`,
      `FIRING b to ${night}`,
    ]);
  });

  it('tells other groups at once while a recipient waits for one', async () => {
    over = ['a', 'b'];
    server.refused.set(night, { code: 452, text: 'mailbox full' });
    const { refusals } = await rounds(await open([ops, night], 'gateway'));
    expect(refusals).toHaveLength(2);
    expect(told()).toEqual([`FIRING a to ${ops}`, `FIRING b to ${ops}`]);
  });

  it('says who is refused, and does not keep the e-mail for that', async () => {
    over = ['a'];
    server.refused.set(night, { code: 550, text: 'no such mailbox' });
    const round = await rounds(await open([ops, night]));
    expect(round).toMatchObject({
      waiting: 0,
      refusals: [{ channel: 'mail', error: { message: expect.stringContaining(night) } }],
    });
    expect(told()).toEqual([`FIRING a to ${ops}`]);
  });

  it('keeps everything while the mail server is away', async () => {
    over = ['a'];
    const { port } = server;
    await server.close();
    const watcher = await open();
    expect(await rounds(watcher)).toMatchObject({ refusals: [{ error: { code: 'OBS-6021' } }] });
    server = await startMailServer({ certificate, login, port });
    await rounds(watcher, 2);
    expect(told()).toEqual([`FIRING a to ${ops}`]);
  });
});

/** E-mails as a real SMTP server takes them, by TLS and without, and what it refuses. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Channel } from '../../../dashboards/alerts/routing/config.ts';
import { createAuthority } from '../../../test/support/certificates.ts';
import {
  type MailServer,
  type MailServerOptions,
  readMail,
  startMailServer,
} from '../../../test/support/mail-server.ts';
import type { AlertMessage } from '../message.ts';
import type { OpenChannel } from './channel.ts';
import { emailChannel } from './email.ts';

const never = new AbortController().signal;
const authority = createAuthority('mail authority');
const certificate = authority.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
const password = 'correct horse';
const group = { rule: 'gateway-dropped' };
const [ops, night, gone] = ['ops@shop.example', 'night@shop.example', 'gone@shop.example'];

let folder: string;
let server: MailServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'obsctl-email-'));
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'other.pem'), createAuthority('another').certificate);
  await writeFile(join(folder, 'no.pem'), 'this is no certificate');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => server?.close());

const ca = (name = 'ca.pem') => ({ ca_file: join(folder, name) });

type SmtpChanges = Partial<NonNullable<Channel['smtp']>>;

function channelOf(port: number, smtp: SmtpChanges, to: readonly string[]): Channel {
  const usual = { host: 'localhost', from: 'obsctl@shop.example', timeout: '30s' };
  const all = { ...usual, tls: 'none' as const, port, ...smtp };
  return { name: 'mail', type: 'email', to: [...to], smtp: all };
}

async function open(
  options: MailServerOptions = {},
  smtp: SmtpChanges = {},
  to: readonly string[] = [ops],
): Promise<OpenChannel> {
  server = await startMailServer(options);
  return emailChannel(channelOf(server.port, smtp, to), smtp.user && password);
}

function alertOf(gateway: string, status: AlertMessage['status'] = 'firing'): AlertMessage {
  return {
    status,
    labels: { alertname: 'gateway-dropped', severity: 'critical', gateway },
    annotations: { summary: `${gateway} drops` },
    startsAt: '2026-11-22T08:00:00.000Z',
    endsAt: status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-11-22T09:00:00.000Z',
    generatorURL: '',
    fingerprint: Buffer.from(gateway).toString('hex').padEnd(16, '0'),
  };
}

const send = (channel: OpenChannel, ...alerts: readonly AlertMessage[]) =>
  channel.send({ group, alerts }, never);
const subjects = (): readonly string[] =>
  server.taken.map(
    ({ raw }) => readMail(raw).headers.find(([name]) => name === 'subject')?.[1] ?? '',
  );
const ids = (): readonly string[] =>
  server.taken.map(({ raw }) => /^message-id: (.*)\r$/im.exec(raw)?.[1] ?? '');

describe('a server', () => {
  it.each([
    ['by STARTTLS', {}, 'starttls' as const],
    ['by TLS from the start', { implicit: true }, 'implicit' as const],
  ])('is spoken to %s, with a CA of its own, a user and a password', async (_, options, tls) => {
    const login = { user: 'alerts', password };
    const channel = await open(
      { ...options, certificate, login },
      { tls, user: 'alerts', ...ca() },
    );
    expect(await send(channel, alertOf('a'))).toBeUndefined();
    expect(server.taken).toMatchObject([
      { from: 'obsctl@shop.example', to: [ops], user: 'alerts', encrypted: true },
    ]);
  });

  it.each([
    ['whose CA is another', { certificate }, 'other.pem', 'OBS-6021', /certificate/],
    ['whose CA nobody knows', { certificate }, undefined, 'OBS-6021', /certificate/],
    ['that has no STARTTLS', {}, 'ca.pem', 'OBS-6022', /STARTTLS/],
  ])('%s is told nothing', async (_, options, name, code, words) => {
    const channel = await open(options, { tls: 'starttls', ...(name && ca(name)) });
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(words),
      where: `mail (localhost:${server.port})`,
    });
    expect(server.taken).toEqual([]);
  });

  it('that does not know the password refuses, and its words are shown without it', async () => {
    const login = { user: 'alerts', password: 'another' };
    const channel = await open(
      { certificate, login },
      { tls: 'starttls', user: 'alerts', ...ca() },
    );
    const error = await send(channel, alertOf('a')).catch((problem: unknown) => problem);
    expect(error).toMatchObject({
      code: 'OBS-6022',
      message: 'Invalid login: 535 no login alerts …',
    });
    expect(JSON.stringify(error)).not.toContain(password);
  });

  it.each([
    [450, 'OBS-6021'],
    [452, 'OBS-6021'],
    [550, 'OBS-6022'],
    [554, 'OBS-6022'],
  ])('that answers a content with %i: %s', async (code, expected) => {
    const channel = await open();
    server.answers.push({ code, text: 'not this' });
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({
      code: expected,
      message: `Message failed: ${code} not this`,
    });
    await send(channel, alertOf('a'));
    expect(server.taken).toHaveLength(1);
  });

  it('that says nothing is given up, and one that is away is said to be', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = Object(silent.address());
    const hangs = await emailChannel(channelOf(port, { timeout: '50ms' }, [ops]));
    await expect(send(hangs, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6021' });
    await new Promise((resolve) => silent.close(resolve));
    const away = await emailChannel(channelOf(port, {}, [ops]));
    await expect(send(away, alertOf('a'))).rejects.toMatchObject({
      code: 'OBS-6021',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('a recipient', () => {
  const wait = { code: 451, text: 'greylisted, come back' };
  const unknown = { code: 550, text: 'no such mailbox' };

  it('that is alone and told to wait gets it later', async () => {
    const channel = await open();
    server.refused.set(ops, wait);
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6021' });
    server.refused.clear();
    await send(channel, alertOf('a'));
    expect(server.taken.map(({ to }) => to)).toEqual([[ops]]);
  });

  it('that is refused is said, and the others have it', async () => {
    const channel = await open({}, {}, [ops, gone, night]);
    server.refused.set(gone, unknown);
    expect(await send(channel, alertOf('a'))).toMatchObject({
      code: 'OBS-6025',
      message: `not taken for ${gone}: 550 no such mailbox; not tried again`,
      where: `mail (localhost:${server.port})`,
    });
    expect(server.taken.map(({ to }) => to)).toEqual([[ops, night]]);
  });

  it('that is refused while no other is taken holds the e-mail', async () => {
    const channel = await open({}, {}, [ops, gone]);
    server.refused.set(gone, unknown).set(ops, wait);
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6021' });
    server.refused.set(ops, unknown);
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6022' });
    expect(server.taken).toEqual([]);
  });

  it('that is told to wait gets the same e-mail later, and the others get it once', async () => {
    const channel = await open({}, {}, [ops, night]);
    server.refused.set(night, wait);
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({
      code: 'OBS-6025',
      message: expect.stringMatching(/451 greylisted, come back; tried again for night@/),
    });
    // Meanwhile more fires in the group: an e-mail of its own, for the others at once.
    await expect(send(channel, alertOf('a'), alertOf('b'))).rejects.toMatchObject({
      code: 'OBS-6025',
    });
    server.refused.clear();
    expect(await send(channel, alertOf('a'), alertOf('b'))).toBeUndefined();
    const told = server.taken.map(({ to }, index) => `${subjects()[index]} to ${to.join()}`);
    const [a, b] = ['[FIRING:1] critical: a drops', '[FIRING:1] critical: b drops'];
    expect(told).toEqual([
      `${a} to ${ops}`,
      `${b} to ${ops}`,
      `${a} to ${night}`,
      `${b} to ${night}`,
    ]);
    const [first, second, third, fourth] = ids();
    expect([third, fourth]).toEqual([first, second]);
    // Nothing of it is left behind.
    await send(channel, alertOf('a'));
    expect(server.taken.at(-1)?.to).toEqual([ops, night]);
  });

  it('that waits is not forgotten when the server goes away in between', async () => {
    const channel = await open({}, {}, [ops, night]);
    server.refused.set(night, wait);
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6025' });
    server.refused.clear();
    server.answers.push({ code: 421, text: 'going down' });
    await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6021' });
    expect(await send(channel, alertOf('a'))).toBeUndefined();
    expect(server.taken.map(({ to }) => to)).toEqual([[ops], [night]]);
  });

  it('that waits for ever is given up in the end, and said', async () => {
    const channel = await open({}, {}, [ops, night]);
    server.refused.set(night, wait);
    for (let tries = 1; tries < 30; tries += 1) {
      await expect(send(channel, alertOf('a'))).rejects.toMatchObject({ code: 'OBS-6025' });
    }
    expect(await send(channel, alertOf('a'))).toMatchObject({
      code: 'OBS-6025',
      message: expect.stringContaining('not tried again'),
    });
    expect(server.taken).toHaveLength(1);
  });
});

describe('a channel', () => {
  it('without a server, or with a CA that is none, is refused at the start', async () => {
    const channel: Channel = { name: 'mail', type: 'email', to: [ops] };
    const refused = (one: Channel) => expect(emailChannel(one)).rejects;
    await refused(channel).toMatchObject({ code: 'OBS-6026', where: 'the channel mail' });
    for (const name of ['no.pem', 'missing.pem']) {
      await refused(channelOf(25, ca(name), [ops])).toMatchObject({
        code: 'OBS-6026',
        message: expect.stringContaining(name),
      });
    }
  });

  it('of another type loads no nodemailer, one of e-mail does', () => {
    const script = `
      import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve: (name, context, next) => {
        if (name === 'nodemailer') seen.push(name);
        return next(name, context);
      } });
      const { openChannels } = await import('./jobs/watch/channels/open.ts');
      await openChannels([{ name: 'chat', type: 'slack' }], new Map([['chat', 'https://a.example']]));
      const before = seen.length;
      const smtp = { host: 'a.example', from: 'a@a.example', tls: 'none', timeout: '1s' };
      await openChannels([{ name: 'mail', type: 'email', to: ['a@a.example'], smtp }], new Map());
      console.log(before, seen.length);`;
    const words = ['--input-type=module', '--eval', script];
    const cwd = join(import.meta.dirname, '../../..');
    expect(execFileSync(process.execPath, words, { cwd, encoding: 'utf8' })).toBe('0 1\n');
  });
});

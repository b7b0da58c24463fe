/** What stands in an e-mail, read from the bytes that a real SMTP server took. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type MailServer,
  type ReadMail,
  readMail,
  startMailServer,
} from '../../../test/support/mail-server.ts';
import type { AlertMessage } from '../message.ts';
import { emailChannel } from './email.ts';
import { emailOf } from './email-message.ts';

const never = new AbortController().signal;
let server: MailServer;
beforeEach(async () => {
  server = await startMailServer();
});
afterEach(() => server.close());

const firing: AlertMessage = {
  status: 'firing',
  labels: { alertname: 'log-errors', severity: 'critical', service: 'a<b>_*c', namespace: 'wäb' },
  annotations: {
    title: 'Errors in logs',
    summary: 'a<b>_*c writes 12 & more errors',
    description: 'Look at the logs.',
    runbook_url: 'https://docs.example/runbooks/log-errors.md',
  },
  startsAt: '2026-11-22T08:00:00.000Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: '',
  fingerprint: '0123456789abcdef',
};
const resolved: AlertMessage = {
  ...firing,
  status: 'resolved',
  labels: { alertname: 'host-cpu', severity: 'warning', host: 'db-1' },
  annotations: { summary: 'db-1 is busy', runbook: 'docs/runbooks/host-cpu.md' },
  endsAt: '2026-11-22T09:00:00.000Z',
  fingerprint: 'fedcba9876543210',
};
const ended: AlertMessage = { ...firing, status: 'resolved', endsAt: '2026-11-22T09:30:00.000Z' };

async function sent(alerts: readonly AlertMessage[], group: Record<string, string> = {}) {
  const smtp = {
    host: '127.0.0.1',
    port: server.port,
    tls: 'none' as const,
    from: 'obsctl@shop.example',
    timeout: '30s',
  };
  const to = ['ops@shop.example', 'night@shop.example'];
  const channel = await emailChannel({ name: 'mail', type: 'email', to, smtp });
  await channel.send({ group, alerts }, never);
  const mail = server.taken.at(-1);
  if (mail === undefined) throw new Error('the server took nothing');
  return { ...readMail(mail.raw), to: mail.to };
}

const value = ({ headers }: ReadMail, name: string) =>
  headers.filter(([each]) => each === name).map(([, text]) => text);

describe('an e-mail', () => {
  it('says the same as text and as HTML, with what a label says escaped', async () => {
    const mail = await sent([firing, resolved], { rule: 'log-errors', namespace: 'wäb' });
    expect(value(mail, 'subject')).toEqual([
      '[FIRING:1, RESOLVED:1] critical: log-errors, host-cpu, wäb',
    ]);
    expect(value(mail, 'from')).toEqual(['obsctl <obsctl@shop.example>']);
    expect(value(mail, 'to')).toEqual(['ops@shop.example, night@shop.example']);
    expect(value(mail, 'auto-submitted')).toEqual(['auto-generated']);
    expect(mail.parts['text/plain']).toBe(`1 firing, 1 resolved: log-errors, host-cpu, wäb

FIRING · critical · a<b>_*c writes 12 & more errors
  Errors in logs
  Look at the logs.
  since 2026-11-22T08:00:00.000Z
  rule: log-errors
  service: a<b>_*c
  namespace: wäb
  runbook: https://docs.example/runbooks/log-errors.md

RESOLVED · warning · db-1 is busy
  host-cpu
  from 2026-11-22T08:00:00.000Z to 2026-11-22T09:00:00.000Z
  rule: host-cpu
  host: db-1
  runbook: docs/runbooks/host-cpu.md
`);
    const page = mail.parts['text/html'] ?? '';
    expect(page).toContain('<b>FIRING · critical · a&lt;b&gt;_*c writes 12 &amp; more errors</b>');
    expect(page).toContain('<a href="https://docs.example/runbooks/log-errors.md">runbook</a>');
    expect(page).toContain('runbook: docs/runbooks/host-cpu.md');
    expect(page).toContain('service: <b>a&lt;b&gt;_*c</b>');
  });

  it('about one alert has its summary in the subject', async () => {
    const mail = await sent([resolved]);
    expect(value(mail, 'subject')).toEqual(['[RESOLVED:1] warning: db-1 is busy']);
  });

  it('stays small, however much fires', async () => {
    const alerts = Array.from({ length: 100 }, (_, index) => ({
      ...firing,
      labels: { ...firing.labels, pod: `${index} ${'x'.repeat(5000)}` },
      fingerprint: index.toString(16).padStart(16, '0'),
    }));
    const mail = await sent(alerts);
    expect(mail.parts['text/plain']).toMatch(/\n\nand 50 more\n$/);
    expect(server.taken[0]?.raw.length).toBeLessThan(200_000);
    expect(value(mail, 'references')[0]?.split(' ')).toHaveLength(20);
  });
});

describe('a thread', () => {
  it('has what is resolved as the answer to what fired', async () => {
    const first = await sent([firing]);
    const last = await sent([ended]);
    const [id] = value(first, 'message-id');
    expect(id).toMatch(/^<[0-9a-f]{32}@shop\.example>$/);
    expect(value(first, 'in-reply-to')).toEqual([]);
    expect(value(last, 'in-reply-to')).toEqual([id]);
    expect(value(last, 'references')).toEqual([id]);
    expect(value(last, 'message-id')).not.toEqual([id]);
  });

  it('joins e-mails about several alerts by the alerts that they share', async () => {
    const other = { ...firing, fingerprint: 'a'.repeat(16) };
    const both = value(await sent([firing, other]), 'references')[0]?.split(' ');
    const one = value(await sent([ended]), 'references');
    expect(both).toHaveLength(2);
    expect(both).toContain(one[0]);
  });

  it('has the same id for the same message, and another for another', () => {
    const sender = { channel: 'mail', domain: 'shop.example' };
    const idOf = (alerts: readonly AlertMessage[], by = sender) =>
      emailOf({ group: { rule: 'r' }, alerts }, by).messageId;
    expect(idOf([firing, resolved])).toBe(idOf([structuredClone(firing), resolved]));
    const later = { ...firing, startsAt: '2026-11-22T08:01:00.000Z' };
    const all = [[firing], [later], [ended], [firing, resolved], [resolved, firing]];
    const found = new Set(all.map((alerts) => idOf(alerts)));
    found.add(idOf([firing], { ...sender, channel: 'other' }));
    expect(found.size).toBe(6);
  });
});

describe('what a label says', () => {
  const headers = [
    ...['from', 'to', 'subject', 'auto-submitted', 'message-id', 'date'],
    ...['mime-version', 'content-type'],
  ].sort();
  const benign = (text: string): string => text.replaceAll(/<b>[^<]*<\/b>/g, '<b></b>');
  const tags = (page: string): readonly string[] => benign(page).match(/<[^>]*>?/g) ?? [];

  /** Every text that comes from outside is `text`. */
  const saying = (text: string): AlertMessage => ({
    ...firing,
    labels: { alertname: 'log-errors', severity: 'critical', service: text, pattern: text },
    annotations: {
      title: text,
      summary: text,
      description: text,
      runbook_url: firing.annotations['runbook_url'] ?? '',
    },
  });

  const hostile = [
    'x\r\nBcc: evil@example.com',
    'x\nBcc: evil@example.com\n\nbody',
    'x\r\n\r\n<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '=?utf-8?q?=0D=0ABcc:_evil@example.com?=',
    '=0D=0ABcc: evil@example.com',
    '\u2028RESOLVED · all is well',
    '\u202Egnirif ton',
    '\0\u0085\uD800',
    '.\r\n.\r\nQUIT\r\n',
    '--_NmP-boundary--',
    'javascript:alert(1)',
  ];

  async function check(text: string): Promise<void> {
    const before = await sent([saying('benign')], { service: 'benign' });
    const mail = await sent([saying(text)], { service: text });
    expect(mail.headers.map(([name]) => name).sort()).toEqual(headers);
    expect(mail.to).toEqual(['ops@shop.example', 'night@shop.example']);
    const [subject = ''] = value(mail, 'subject');
    expect(subject).toMatch(/^\[FIRING:1\] critical:[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
    expect(Object.keys(mail.parts)).toEqual(['text/plain', 'text/html']);
    const lines = (one: ReadMail) => (one.parts['text/plain'] ?? '').split('\n').length;
    // A text that is empty on one line takes its line with it; none is added.
    expect(lines(mail)).toBeLessThanOrEqual(lines(before));
    const known = new Set(tags(before.parts['text/html'] ?? ''));
    expect(tags(mail.parts['text/html'] ?? '').filter((tag) => !known.has(tag))).toEqual([]);
  }

  it.each(hostile)('stays a text within its line: %j', check);

  it('stays a text within its line, whatever it is', async () => {
    const parts = fc.constantFrom(...hostile, '\r\n', '<', '>', '"', '&', '=', '?', ' ', 'ä', '€');
    const text = fc
      .array(fc.oneof(parts, fc.string({ unit: 'binary' })), { maxLength: 6 })
      .map((all) => all.join(''));
    await fc.assert(fc.asyncProperty(text, check), { numRuns: 20 });
  }, 120_000);
});

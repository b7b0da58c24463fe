/**
 * E-mail by SMTP (RFC 5321), handed to a server by nodemailer. One e-mail a group, to all
 * recipients at once. A reply 4yz means later, 5yz means no (section 4.2.1).
 *
 * A server answers for each recipient. Those told to wait (greylisting, a full mailbox) are tried
 * again while the others have it, {@link triesMax} times; who is refused for good is named, and
 * waited for no more. When nobody is taken, the e-mail is what waits or is refused.
 */
import { readFile } from 'node:fs/promises';
import type {
  NodemailerError,
  SMTPSentMessageInfo,
  SMTPTransportOptions,
  Transporter,
} from 'nodemailer';
import { Problem } from '../../../core/problem.ts';
import { parseDurationMs } from '../../../core/units.ts';
import type { Channel } from '../../../dashboards/alerts/routing/config.ts';
import type { Labels } from '../../../dashboards/alerts/routing/routes.ts';
import { type Smtp, usualPorts } from '../../../dashboards/alerts/routing/smtp.ts';
import type { AlertMessage } from '../message.ts';
import { cut, type OpenChannel } from './channel.ts';
import { emailOf } from './email-message.ts';
import { type Part, Parts } from './email-parts.ts';

/** A recipient that did not get an e-mail which others may have. */
type Refused = { readonly to: string; readonly permanent: boolean; readonly said: string };

/** Half an hour of usual rounds: greylisting lets go after five to fifteen minutes. */
const triesMax = 30;
const wordsMax = 200;
/** Errors of nodemailer without a reply that are the same the next time. */
const lasting: readonly string[] = ['EAUTH', 'ENOAUTH', 'EENVELOPE', 'EMESSAGE', 'ECONFIG'];

/** Throws OBS-6026 where the stack file has no server for it, or its CA cannot be read. */
export async function emailChannel(channel: Channel, password?: string): Promise<OpenChannel> {
  const mailbox = await openMailbox(channel, password);
  const parts = new Parts([...new Set(channel.to)]);
  return {
    name: channel.name,
    send: ({ group, alerts }, signal) => sendParts(mailbox, parts, group, alerts, signal),
  };
}

/** Resolves with what was said of recipients that are refused; throws while some are to wait. */
async function sendParts(
  mailbox: Mailbox,
  memory: Parts,
  group: Labels,
  alerts: readonly AlertMessage[],
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const parts = memory.of(group, alerts);
  const done: Part[] = [];
  const said: string[] = [];
  try {
    for (const part of parts) {
      const refused = await sendPart(mailbox, group, part, signal);
      const tries = part.tries + 1;
      const waiting = refused.filter(({ permanent }) => !permanent && tries < triesMax);
      done.push({ ...part, tries, to: waiting.map(({ to }) => to) });
      said.push(...refused.map((one) => `${one.to}: ${one.said}`));
    }
  } finally {
    memory.keep(group, [...done, ...parts.slice(done.length).filter(({ tries }) => tries > 0)]);
  }
  const waiting = [...new Set(done.flatMap(({ to }) => to))];
  if (said.length === 0) return undefined;
  const what = waiting.length > 0 ? `; tried again for ${waiting.join(', ')}` : '; not tried again';
  const problem = new Problem('OBS-6025', `not taken for ${said.join('; ')}${what}`, {
    where: mailbox.where,
    reach: 'outside',
  });
  if (waiting.length > 0) throw problem;
  return problem;
}

async function sendPart(
  { transporter, smtp, where, hide, name, recipients }: Mailbox,
  group: Labels,
  { alerts, to, tries }: Part,
  signal: AbortSignal,
): Promise<readonly Refused[]> {
  if (to.length === 0) return [];
  const domain = smtp.from.slice(smtp.from.indexOf('@') + 1);
  const email = emailOf({ group, alerts }, { channel: name, domain });
  const timeoutMs = timeoutMsOf(smtp);
  try {
    const { rejectedErrors = [] } = await transporter.sendMail({
      from: { name: 'obsctl', address: smtp.from },
      to: recipients.map((address) => ({ name: '', address })),
      envelope: { from: smtp.from, to: [...to] },
      subject: email.subject,
      text: email.text,
      html: email.html,
      messageId: email.messageId,
      ...(email.references.length > 0 && {
        inReplyTo: email.references.join(' '),
        references: [...email.references],
      }),
      // RFC 3834: nobody's out-of-office answers it.
      headers: { 'Auto-Submitted': 'auto-generated' },
      disableFileAccess: true,
      disableUrlAccess: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    return rejectedErrors.map((error) => refusedOf(error, hide));
  } catch (cause) {
    const error = cause as NodemailerError;
    // Others have it already: these alone are refused, or to wait.
    if (tries > 0 && error.rejectedErrors !== undefined) {
      return error.rejectedErrors.map((one) => refusedOf(one, hide));
    }
    const later = !(error.permanent ?? lasting.includes(error.code ?? ''));
    const words = error.code === 'EABORT' ? `no answer within ${smtp.timeout}` : error.message;
    throw new Problem(later ? 'OBS-6021' : 'OBS-6022', hide(words), {
      where,
      reach: 'outside',
      cause,
    });
  }
}

function refusedOf(error: NodemailerError, hide: (text: string) => string): Refused {
  const { recipient: to = '', permanent = false, response = error.message } = error;
  return { to, permanent, said: hide(response) };
}

/** A server that is ready to be connected to, anew for each e-mail. */
type Mailbox = {
  readonly name: string;
  readonly where: string;
  readonly recipients: readonly string[];
  readonly smtp: Smtp;
  readonly transporter: Transporter<SMTPSentMessageInfo>;
  /** On one line, without the password. */
  readonly hide: (text: string) => string;
};

async function openMailbox(
  { name, smtp, to = [] }: Channel,
  password: string | undefined,
): Promise<Mailbox> {
  if (smtp === undefined) {
    const where = `the channel ${name}`;
    throw new Problem('OBS-6026', 'it has no smtp, the server that takes its e-mails', { where });
  }
  // Only who has such a channel loads it.
  const { createTransport } = await import('nodemailer');
  const options = await transportOptions(name, smtp, password);
  const { user = '' } = smtp;
  const secrets = [password, encoded(password), encoded(`\0${user}\0${password}`)];
  return {
    name,
    where: `${name} (${smtp.host}:${options.port})`,
    recipients: [...new Set(to)],
    smtp,
    transporter: createTransport(options),
    hide: (text) => {
      const shown = password === undefined ? text : secrets.reduce(withoutText, text);
      return cut(shown.replaceAll(/\s+/g, ' ').trim(), wordsMax);
    },
  };
}

async function transportOptions(
  name: string,
  { host, port, tls, ca_file: caFile, user = '', ...smtp }: Smtp,
  password: string | undefined,
): Promise<SMTPTransportOptions> {
  const timeoutMs = timeoutMsOf(smtp);
  return {
    host,
    port: port ?? usualPorts[tls],
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    ...(caFile !== undefined && { tls: { ca: await readAuthority(name, caFile) } }),
    ...(password !== undefined && { auth: { user, pass: password } }),
  };
}

async function readAuthority(name: string, path: string): Promise<string> {
  const where = `the channel ${name}`;
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Problem('OBS-6026', `its ca_file cannot be read: ${cause.message}`, { where, cause });
  });
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  throw new Problem('OBS-6026', `its ca_file ${path} holds no certificate in PEM`, { where });
}

function timeoutMsOf({ timeout }: Pick<Smtp, 'timeout'>): number {
  return parseDurationMs(timeout) ?? 0;
}

function encoded(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text).toString('base64');
}

function withoutText(text: string, part: string | undefined): string {
  return part === undefined ? text : text.replaceAll(part, '…');
}

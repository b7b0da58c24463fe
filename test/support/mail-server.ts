/**
 * A mail server of the package `smtp-server`: it keeps what it took, and refuses whom and what it
 * is told to. E-mails are read by a reader of its own, which shares nothing with who wrote them.
 */
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { Issued } from './certificates.ts';

type Refusal = { readonly code: number; readonly text: string };

type TakenMail = {
  /** Of the envelope. */
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly encrypted: boolean;
  readonly raw: string;
};

export type MailServer = {
  readonly port: number;
  /** In the order of arrival. */
  readonly taken: TakenMail[];
  /** Recipients that are refused, until they are taken out. */
  readonly refused: Map<string, Refusal>;
  /** Answers to the next contents; a content is taken once this is empty. */
  readonly answers: Refusal[];
  readonly close: () => Promise<void>;
};

export type MailServerOptions = {
  /** Offers STARTTLS, or with `implicit` speaks nothing but TLS. */
  readonly certificate?: Issued;
  readonly implicit?: boolean;
  /** Whom it knows; absent: everybody. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Absent: any free one. */
  readonly port?: number;
};

export async function startMailServer(options: MailServerOptions = {}): Promise<MailServer> {
  const { certificate, implicit = false, login } = options;
  const taken: TakenMail[] = [];
  const refused = new Map<string, Refusal>();
  const answers: Refusal[] = [];
  const server = new SMTPServer({
    secure: implicit,
    ...(certificate !== undefined && { key: certificate.key, cert: certificate.certificate }),
    disabledCommands: [
      ...(certificate === undefined ? ['STARTTLS'] : []),
      ...(login === undefined ? ['AUTH'] : []),
    ],
    authOptional: login === undefined,
    // It would ask the name of who connects, over the network.
    disableReverseLookup: true,
    logger: false,
    onAuth: ({ username, password }, _session, done) => {
      if (username === login?.user && password === login?.password) {
        done(null, { user: username });
        // A server that is careless with what it is told.
      } else done(refusal({ code: 535, text: `no login ${username} ${password}` }));
    },
    onRcptTo: ({ address }, _session, done) => {
      const found = refused.get(address);
      if (found === undefined) done();
      else done(refusal(found));
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const answer = answers.shift();
        if (answer !== undefined) {
          done(refusal(answer));
          return;
        }
        const { mailFrom, rcptTo } = session.envelope;
        taken.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          user: session.user as string | undefined,
          encrypted: session.secure,
          raw: Buffer.concat(chunks).toString('latin1'),
        });
        done();
      });
    },
  } satisfies SMTPServerOptions);
  // A client that does not trust it, or gives up, is what a test is about.
  server.on('error', () => {});
  const listening = await new Promise<number>((resolve) => {
    const { server: socket } = server;
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve(Object(socket.address()).port));
  });
  return {
    port: listening,
    taken,
    refused,
    answers,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function refusal({ code, text }: Refusal): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

export type ReadMail = {
  /** By lower case name, in order, decoded; a name that comes twice is there twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The decoded text of each part by its type. */
  readonly parts: Readonly<Record<string, string>>;
};

/** Reads an e-mail by RFC 5322, 2045, 2046 and 2047; what is not in these throws. */
export function readMail(raw: string): ReadMail {
  const { headers, body } = split(raw);
  const type = headerOf(headers, 'content-type');
  const [, boundary] = /^multipart\/\w+;.*\bboundary="([^"]+)"/.exec(type) ?? [];
  if (boundary === undefined) return { headers, parts: { [typeOf(type)]: contentOf(raw) } };
  const parts = body.split(`--${boundary}`).slice(1, -1);
  return {
    headers,
    parts: Object.fromEntries(
      parts.map((part) => {
        const inner = part.replace(/^\r\n/, '').replace(/\r\n$/, '');
        return [typeOf(headerOf(split(inner).headers, 'content-type')), contentOf(inner)];
      }),
    ),
  };
}

function split(raw: string): { readonly headers: ReadMail['headers']; readonly body: string } {
  const end = raw.indexOf('\r\n\r\n');
  if (end === -1) throw new Error('an e-mail has an empty line after its headers');
  const lines = raw
    .slice(0, end)
    .replaceAll(/\r\n(?=[ \t])/g, '')
    .split('\r\n');
  const headers = lines.map((line) => {
    const [, name, value] = /^([\x21-\x39\x3b-\x7e]+):[ \t]*([^\r\n]*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`${JSON.stringify(line)} is no header`);
    return [name.toLowerCase(), words(value ?? '')] as const;
  });
  return { headers, body: raw.slice(end + 4) };
}

/** Encoded words; white space between two of them is none. */
function words(value: string): string {
  const joined = value.replaceAll(/(=\?[^?]+\?[bq]\?[^?]*\?=)\s+(?==\?)/gi, '$1');
  const bytes = joined.replaceAll(
    /=\?utf-8\?([bq])\?([^?]*)\?=/gi,
    (_, how: string, text: string) =>
      how.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString('latin1')
        : printable(text.replaceAll('_', ' ')),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function contentOf(part: string): string {
  const { headers, body } = split(part);
  const coding = headerOf(headers, 'content-transfer-encoding').toLowerCase();
  if (!['7bit', 'quoted-printable', 'base64'].includes(coding)) throw new Error(coding);
  const bytes =
    coding === 'base64'
      ? Buffer.from(body, 'base64').toString('latin1')
      : coding === '7bit'
        ? body
        : printable(body.replaceAll(/=\r\n/g, ''));
  return Buffer.from(bytes, 'latin1').toString('utf8').replaceAll('\r\n', '\n');
}

function printable(text: string): string {
  return text.replaceAll(/=([0-9A-F]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}

function headerOf(headers: ReadMail['headers'], name: string): string {
  const found = headers.filter(([each]) => each === name);
  if (found.length > 1) throw new Error(`${name} stands there ${found.length} times`);
  return found[0]?.[1] ?? '';
}

function typeOf(type: string): string {
  return type.split(';')[0] ?? '';
}

/** TLS of the listeners: certificate and key from files, checked whole before they are used. */
import { randomBytes, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import { Problem } from '../../core/problem.ts';

/** As read from the files: PEM. Plain data, for worker threads. */
export type TlsMaterial = {
  readonly certificate: string;
  readonly key: string;
  /** Of those who sign senders' certificates; absent: senders need none. */
  readonly clientAuthorities: string | undefined;
  /** When the certificate ends, milliseconds since the epoch. */
  readonly expiresMs: number;
};

const versionMin = 'TLSv1.2';
/** Forward secrecy and authenticated encryption only, which 1.3 has anyway. */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');
const ticketKeysBytes = 48;
/** Names of one certificate that are looked at. */
const namesMax = 20;

/**
 * Checks that the files are what they should be and belong together. Throws OBS-2051 with what is
 * wrong; never with what is in a file.
 */
export function checkTls(
  files: {
    readonly certificate: string;
    readonly key: string;
    readonly clientAuthorities: string | undefined;
  },
  where: { readonly certificate: string; readonly key: string; readonly clients: string },
  nowMs: number,
): TlsMaterial {
  const certificate = firstCertificate(files.certificate, where.certificate);
  const expiresMs = Date.parse(certificate.validTo);
  if (expiresMs <= nowMs) {
    fail(where.certificate, `the certificate has ended on ${day(expiresMs)}`);
  }
  if (files.clientAuthorities !== undefined) {
    firstCertificate(files.clientAuthorities, where.clients);
  }
  const material = { ...files, expiresMs };
  try {
    createSecureContext(contextOptions(material));
  } catch (error) {
    fail(where.key, `certificate and key do not go together (${reasonOf(error)})`);
  }
  return material;
}

function contextOptions(material: TlsMaterial): SecureContextOptions {
  const { certificate, key, clientAuthorities } = material;
  return {
    cert: certificate,
    key,
    ...(clientAuthorities !== undefined && { ca: clientAuthorities }),
    minVersion: versionMin,
    ciphers,
    honorCipherOrder: true,
  };
}

/** For `createServer` and, when the files have changed, for `setSecureContext`. */
export function serverTlsOptions(material: TlsMaterial): SecureContextOptions & {
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
  readonly ticketKeys: Buffer;
} {
  const isMutual = material.clientAuthorities !== undefined;
  return {
    ...contextOptions(material),
    requestCert: isMutual,
    rejectUnauthorized: isMutual,
    // New ones each time: a session of before could be taken up without the new authorities.
    ticketKeys: randomBytes(ticketKeysBytes),
  };
}

const noNames: readonly string[] = [];
/** A connection has many requests and one certificate. */
const namesBySocket = new WeakMap<object, readonly string[]>();

/** Common name and alternative names of a verified client certificate. */
export function certificateNamesOf(socket: Socket | undefined): readonly string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return noNames;
  const known = namesBySocket.get(socket);
  if (known !== undefined) return known;
  const names = readNames(socket.getPeerX509Certificate());
  namesBySocket.set(socket, names);
  return names;
}

function readNames(certificate: X509Certificate | undefined): readonly string[] {
  if (certificate === undefined) return noNames;
  const common = /^CN=(.+)$/m.exec(certificate.subject)?.[1];
  const alternative = (certificate.subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|URI|email):([^"]+)$/.exec(entry)?.[1] ?? []);
  const names = common === undefined ? alternative : [common, ...alternative];
  return names.slice(0, namesMax);
}

function firstCertificate(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    return fail(where, 'the file is not a certificate in PEM form');
  }
}

/** OpenSSL's word for it, which holds nothing of the files. */
function reasonOf(error: unknown): string {
  if (!Error.isError(error)) return 'unknown reason';
  return 'reason' in error ? String(error.reason) : error.message;
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function fail(where: string, message: string): never {
  throw new Problem('OBS-2051', message, { where });
}

/**
 * The credentials file: who may send, and whose data it then is. One line a credential:
 *
 *     # name   secret                  options
 *     checkout sha256:SALT:DIGEST      tenant=shop expires=2027-01-31
 *     node-17  certificate             tenant=shop
 *
 * A sender shows `Authorization: Bearer NAME.SECRET`, or NAME and SECRET as basic auth, or a client
 * certificate of that name. The name finds the line, so each request costs one hash, however many
 * lines there are. Two lines may have one name: that is how a secret is exchanged without a pause.
 */
import { Problem } from '../../core/problem.ts';
import { isTenantName } from './config.ts';
import { isSecretOf, parseHash, type SecretHash, secretCharsMax } from './secret.ts';

type Line = {
  readonly name: string;
  /** Absent: only a client certificate proves this name. */
  readonly secret: SecretHash | undefined;
  readonly tenant: string;
  /** Milliseconds since the epoch; Infinity without an end. */
  readonly expiresMs: number;
};

export type Found =
  | { readonly ok: true; readonly name: string; readonly tenant: string }
  | { readonly ok: false; readonly reason: 'no_credentials' | 'bad_credentials' | 'expired' };

const linesMax = 10_000;
const linesOfNameMax = 4;
const namePattern = /^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$/;
/** Of a certificate: a DNS name or an address of a workload may stand there. */
const certificateNamePattern = /^[A-Za-z0-9*][A-Za-z0-9_.:/@*-]{0,252}$/;
const headerCharsMax = 1024;

/** Checked when nobody has the name, so that the time tells nothing about names. */
const nobody: SecretHash = { salt: '0'.repeat(32), digest: new Uint8Array(32) };

const missing: Found = { ok: false, reason: 'no_credentials' };
const wrong: Found = { ok: false, reason: 'bad_credentials' };
const expired: Found = { ok: false, reason: 'expired' };

export class CredentialBook {
  readonly #byName = new Map<string, Line[]>();
  readonly #byCertificate = new Map<string, Line>();
  readonly tenants: ReadonlySet<string>;

  constructor(lines: readonly Line[]) {
    for (const line of lines) {
      if (line.secret === undefined) this.#byCertificate.set(line.name, line);
      else this.#byName.set(line.name, [...(this.#byName.get(line.name) ?? []), line]);
    }
    this.tenants = new Set(lines.map((line) => line.tenant));
  }

  /** Who an `authorization` header speaks for. */
  findHeader(header: string | readonly string[] | undefined, nowMs: number): Found {
    if (header === undefined) return missing;
    if (typeof header !== 'string' || header.length > headerCharsMax) return wrong;
    const space = header.indexOf(' ');
    const scheme = header.slice(0, Math.max(0, space)).toLowerCase();
    const value = header.slice(space + 1).trim();
    if (scheme === 'bearer') return this.#find(value, '.', nowMs);
    if (scheme !== 'basic') return wrong;
    return this.#find(Buffer.from(value, 'base64').toString('utf8'), ':', nowMs);
  }

  /** Who a client certificate speaks for: the first of its names that has a line. */
  findCertificate(names: readonly string[], nowMs: number): Found {
    if (names.length === 0) return missing;
    for (const name of names) {
      const line = this.#byCertificate.get(name);
      if (line !== undefined) return found(line, nowMs);
    }
    return wrong;
  }

  #find(text: string, separator: string, nowMs: number): Found {
    const end = text.indexOf(separator);
    const secret = text.slice(end + 1);
    if (end < 1 || secret.length > secretCharsMax) return wrong;
    const lines = this.#byName.get(text.slice(0, end));
    if (lines === undefined) {
      isSecretOf(nobody, secret);
      return wrong;
    }
    let result = wrong;
    for (const line of lines) {
      if (line.secret === undefined || !isSecretOf(line.secret, secret)) continue;
      result = found(line, nowMs);
      if (result.ok) return result;
    }
    return result;
  }
}

function found(line: Line, nowMs: number): Found {
  return nowMs < line.expiresMs ? { ok: true, name: line.name, tenant: line.tenant } : expired;
}

/** Reads the text of a credentials file; `where` names it in faults. Throws OBS-2052. */
export function parseCredentials(text: string, where: string): CredentialBook {
  const rows = text.split(/\r?\n/);
  const lines: Line[] = [];
  const counts = new Map<string, number>();
  for (const [index, row] of rows.entries()) {
    const content = row.replace(/(^|\s)#.*$/, '').trim();
    if (content === '') continue;
    const place = `${where}:${index + 1}`;
    if (lines.length === linesMax) fail(place, `there are more than ${linesMax} credentials`);
    const line = parseLine(content.split(/\s+/), place);
    const key = `${line.secret === undefined ? 'certificate' : 'secret'} ${line.name}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    const countMax = line.secret === undefined ? 1 : linesOfNameMax;
    if (count > countMax) fail(place, `more than ${countMax} lines have the name ${line.name}`);
    lines.push(line);
  }
  // An empty file is a Secret that is not filled yet, or one torn while it is written.
  if (lines.length === 0) fail(where, 'there is no credential in the file: nobody could send');
  return new CredentialBook(lines);
}

function parseLine(words: readonly string[], place: string): Line {
  const [name = '', proof = '', ...options] = words;
  const isCertificate = proof === 'certificate';
  const pattern = isCertificate ? certificateNamePattern : namePattern;
  if (!pattern.test(name)) {
    fail(place, 'a name has up to 63 letters, digits, dashes and underscores');
  }
  const secret = isCertificate ? undefined : parseHash(proof);
  if (!isCertificate && secret === undefined) {
    // Never shown: somebody may have put the secret itself there.
    fail(place, 'behind the name stands `sha256:SALT:DIGEST` or the word `certificate`');
  }
  let tenant = '';
  let expiresMs = Number.POSITIVE_INFINITY;
  for (const option of options) {
    const [key, value = ''] = option.split('=', 2);
    if (key === 'tenant') {
      if (!isTenantName(value)) fail(place, 'a tenant has lower case letters, digits, -, _ and .');
      tenant = value;
    } else if (key === 'expires') {
      expiresMs = Date.parse(value);
      if (Number.isNaN(expiresMs)) fail(place, 'expires is a day or a time such as 2027-01-31');
    } else fail(place, `the options are tenant=NAME and expires=DAY, not ${key}`);
  }
  return { name, secret, tenant, expiresMs };
}

function fail(where: string, message: string): never {
  throw new Problem('OBS-2052', message, { where });
}

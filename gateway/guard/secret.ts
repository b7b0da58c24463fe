/**
 * Secrets of senders: made by us, kept as a salted hash, compared in constant time.
 *
 * A secret has 256 random bits, so one round of SHA-256 is as good as a slow hash: there is no list
 * of likely secrets to try. A slow hash (scrypt) would be for passwords that people think up; each
 * check would cost 30 ms of CPU, which any stranger may make us spend. So basic auth, too, takes
 * only secrets that were made, or that are as long as a made one.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';

export type SecretHash = { readonly salt: string; readonly digest: Uint8Array };

const secretBytes = 32;
const saltBytes = 16;
/** 128 bits even when every character is a hex digit. */
const secretCharsMin = 32;
export const secretCharsMax = 512;

/** As RFC 6750 lets a bearer token be spelled; no colon, so that it may be a password, too. */
const secretPattern = /^[A-Za-z0-9._~+/=-]+$/;
const hashPattern = /^sha256:([0-9a-f]{32}):([0-9a-f]{64})$/;

export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** What is wrong with a secret that somebody brings along; undefined when nothing is. */
export function secretFault(secret: string): string | undefined {
  if (secret.length < secretCharsMin) return `it has fewer than ${secretCharsMin} characters`;
  if (secret.length > secretCharsMax) return `it has more than ${secretCharsMax} characters`;
  if (!secretPattern.test(secret))
    return 'it has other characters than letters, digits and ._~+/=-';
  // Long and guessable: one character, or a word again and again.
  if (new Set(secret).size < 10) return 'it repeats fewer than ten different characters';
  return undefined;
}

export function hashSecret(secret: string): string {
  const salt = randomBytes(saltBytes).toString('hex');
  return `sha256:${salt}:${hash('sha256', salt + secret)}`;
}

export function parseHash(text: string): SecretHash | undefined {
  const match = hashPattern.exec(text);
  if (match === null) return undefined;
  return { salt: match[1] ?? '', digest: Buffer.from(match[2] ?? '', 'hex') };
}

/** The same time for every secret of one length. */
export function isSecretOf({ salt, digest }: SecretHash, secret: string): boolean {
  return timingSafeEqual(hash('sha256', salt + secret, 'buffer'), digest);
}

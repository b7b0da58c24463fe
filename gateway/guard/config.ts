/** The forms of what is set by hand, for the command line and the stack file. */
import { isIP } from 'node:net';

/** More would need another way to keep their quotas. */
export const tenantsMax = 1024;

/**
 * Series of one tenant. So many take 270 MB in each worker that meets them, and as much again if
 * each is a metric of its own (`series-limits.ts`).
 */
export const seriesMax = 10_000_000;

export function isSeriesLimit(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= seriesMax;
}

/** Stands for each tenant that is not named. */
export const otherTenants = '*';

/** More than that is a firewall's work. */
export const networksMax = 1000;

export const originsMax = 100;

/** Short enough for the record's header, plain enough for a row policy or a database's name. */
export function isTenantName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?$/.test(text);
}

/** What limits may be given for: a tenant, or all the others. */
export function isTenantKey(text: string): boolean {
  return text === otherTenants || isTenantName(text);
}

/** `10.0.0.0/8` or one address; undefined when it is neither. */
export function parseNetwork(
  text: string,
):
  | { readonly address: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' }
  | undefined {
  const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  const address = match?.[1] ?? '';
  const version = isIP(address);
  if (version === 0) return undefined;
  const bitsMax = version === 4 ? 32 : 128;
  const bits = match?.[2] === undefined ? bitsMax : Number(match[2]);
  if (bits > bitsMax) return undefined;
  return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' };
}

export function isNetwork(text: string): boolean {
  return parseNetwork(text) !== undefined;
}

/** `https://shop.example`, `https://*.shop.example` for its subdomains, or `*`. */
export function isOriginPattern(text: string): boolean {
  return text === '*' || /^https?:\/\/(\*\.)?[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/.test(text);
}

/**
 * Refuses requests that a web page of another site makes: a page's script can reach an open
 * loopback port, directly or through a name that it points at 127.0.0.1.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { engineError } from './exception.ts';

export type OriginPolicy = {
  /** On loopback the Host must be a name of loopback; elsewhere passwords protect. */
  readonly loopbackOnly: boolean;
};

/** Whether an address is loopback. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Throws an EngineError with code 497 for a request that a foreign page made. */
export function checkOrigin(policy: OriginPolicy, headers: IncomingHttpHeaders): void {
  const host = headers.host ?? '';
  if (policy.loopbackOnly && !isLoopbackHost(host)) {
    throw engineError('ACCESS_DENIED', `Host '${host}' is not a name of this engine's address`);
  }
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw engineError('ACCESS_DENIED', 'The request was made by a page of another site');
  }
  const origin = headers.origin;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw engineError('ACCESS_DENIED', `The request was made by a page of '${origin}'`);
  }
}

function isLoopbackHost(host: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host);
  if (match === null) return false;
  return isLoopback((match[1] ?? match[2] ?? '').toLowerCase());
}

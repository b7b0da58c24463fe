/**
 * Who may talk to the page's server. A name that resolves to this machine (DNS rebinding) and a
 * page of another site must not reach the database through somebody's browser.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Why the request is refused; `undefined` when it may go on. */
export function refusal(
  request: IncomingMessage,
  options: { readonly loopback: boolean; readonly hosts: readonly string[] },
): string | undefined {
  const host = request.headers.host ?? '';
  const name = host.replace(/:\d+$/, '').toLowerCase();
  if (!isAllowedHost(name, options)) {
    return `this server does not answer for the host ${JSON.stringify(name.slice(0, 100))}`;
  }
  if (!(request.url ?? '/').startsWith('/api/')) return undefined;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'the request comes from a page of another site';
  }
  const origin = request.headers.origin;
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    return 'the request comes from a page of another origin';
  }
  return undefined;
}

/** Names of this machine, names that were given, and plain addresses when not on loopback. */
function isAllowedHost(
  name: string,
  options: { readonly loopback: boolean; readonly hosts: readonly string[] },
): boolean {
  if (loopbackNames.has(name) || options.hosts.includes(name)) return true;
  return !options.loopback && isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

/** The address of a Grafana and the token for it, as a person gives them. */
import { Problem } from '../../core/problem.ts';

/** `https://host/path` without a slash, query or fragment at the end. */
export function parseAddress(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Problem('OBS-4101', 'expected an address such as https://grafana.example', {
      where: text.replace(/\/\/[^/]*@/, '//'),
    });
  }
  if (url.username !== '' || url.password !== '') {
    throw new Problem('OBS-4101', 'user and password in the address are not taken', {
      where: `${url.origin}${url.pathname}`,
    });
  }
  // What a browser shows, of which only the part before `/d/…` and `?orgId=1` names the Grafana.
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/api$/, '');
}

/** What fits into a header; a file's last line break is no part of it. */
export function parseToken(text: string, address: string): string {
  const token = text.trim();
  if (token === '') {
    throw new Problem('OBS-4102', 'GRAFANA_TOKEN is not set', { where: address });
  }
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw new Problem('OBS-4102', 'GRAFANA_TOKEN holds what no token has', { where: address });
  }
  return token;
}

/** Where Grafana reaches ClickHouse, as a person types it. */
import { Problem } from '../../core/problem.ts';
import type { DataSourceTarget } from '../data-source.ts';

/** By protocol: what the plugin calls it, and the usual port without and with TLS. */
const protocols = {
  'http:': { protocol: 'http', secure: false, port: 8123 },
  'https:': { protocol: 'http', secure: true, port: 8443 },
  'clickhouse:': { protocol: 'native', secure: false, port: 9000 },
  'clickhouses:': { protocol: 'native', secure: true, port: 9440 },
} as const;

const defaultDatabase = 'otel';

/** `https://user@host:8443/database`; the password never stands in it. */
export function parseTarget(text: string): DataSourceTarget & { readonly user: string } {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  const where = text.replace(/\/\/[^/]*@/, '//');
  if (url === null || !isKnown(url.protocol) || url.hostname === '') {
    throw new Problem('OBS-1003', '--clickhouse: expected a URL of http, https or clickhouse(s)', {
      where,
      next: 'Write https://host:8443/database, or clickhouse://host:9000/database.',
    });
  }
  if (url.password !== '') {
    throw new Problem('OBS-1003', '--clickhouse: a password in the URL is seen by everybody', {
      where,
      next: 'Put it into the environment as CLICKHOUSE_PASSWORD.',
    });
  }
  const { protocol, secure, port } = protocols[url.protocol];
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? port : Number(url.port),
    protocol,
    secure,
    database: decodeURIComponent(url.pathname.slice(1)) || defaultDatabase,
    user: decodeURIComponent(url.username),
  };
}

function isKnown(protocol: string): protocol is keyof typeof protocols {
  return protocol in protocols;
}

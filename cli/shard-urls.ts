/** What `--clickhouse` says where it may name several servers: shards, and replicas of each. */
import { Problem } from '../core/problem.ts';

/**
 * The servers without their paths, those of one shard joined by `|` as they were given, and the
 * database that the paths name, if any.
 *
 * @throws Problem OBS-3001 for a URL nobody can use, and when two name different databases
 */
export function parseShardUrls(given: readonly string[]): {
  readonly urls: readonly string[];
  readonly database?: string;
} {
  const shards = given.map((shard) => shard.split('|').map(placeOf));
  const places = shards.flat();
  const named = new Set(places.map(({ database }) => database).filter((name) => name !== ''));
  const [database] = named;
  if (named.size > 1) {
    throw new Problem('OBS-3001', 'all servers must name the same database', {
      where: [...named].join(', '),
    });
  }
  const servers = places.map(({ href }) => href);
  const twice = servers.find((url, index) => servers.indexOf(url) !== index);
  if (twice !== undefined) {
    throw new Problem('OBS-3001', 'a server can be named once only', { where: hidden(twice) });
  }
  const urls = shards.map((replicas) => replicas.map(({ href }) => href).join('|'));
  return { urls, ...(database !== undefined && { database }) };
}

function placeOf(given: string): { readonly href: string; readonly database: string } {
  // `localhost:8123` would parse as a URL of scheme `localhost:`.
  const url = URL.parse(given.includes('://') ? given : `http://${given}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new Problem('OBS-3001', 'a ClickHouse URL must look like http://host:8123/database', {
      where: hidden(given),
    });
  }
  const database = decodeURIComponent(url.pathname.slice(1));
  url.pathname = '/';
  return { href: url.href, database };
}

/** Without user and password. */
function hidden(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//');
}

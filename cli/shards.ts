/** What `--clickhouse` says where it may name several servers: shards, and replicas of each. */
import { Problem } from '../core/problem.ts';
import type { ShardUrls } from '../gateway/config.ts';

type Place = { readonly href: string; readonly database: string };

const form =
  "Write 'URL|URL,URL|URL': a comma between shards, | between replicas of one, in quotes.";

/**
 * Servers without their paths, and the database that the paths name, if any. This alone reads
 * the text; everything behind it has lists.
 *
 * @param text `URL|URL,URL|URL`: `,` between shards, `|` between the replicas of one
 * @throws Problem OBS-3001 for a URL nobody can use, and when two name different databases
 */
export function parseShards(text: string): {
  readonly shards: ShardUrls;
  readonly database?: string;
} {
  const shards = text
    .split(',')
    .map((shard, index) => shard.split('|').map((url, replica) => placeOf(url, index, replica)));
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
  return {
    shards: shards.map((replicas) => replicas.map(({ href }) => href)),
    ...(database !== undefined && { database }),
  };
}

function placeOf(given: string, shard: number, replica: number): Place {
  const text = given.trim();
  const where = `ClickHouse URL, shard ${shard + 1}, replica ${replica + 1}`;
  if (text === '') throw new Problem('OBS-3001', 'a URL is missing', { where, next: form });
  // As a path, the second one would become the name of a database.
  if (text.split('://').length > 2 || /\s/.test(text)) {
    const message = `two URLs stand side by side: ${hidden(text)}`;
    throw new Problem('OBS-3001', message, { where, next: form });
  }
  // `localhost:8123` would parse as a URL of scheme `localhost:`.
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const message = 'a ClickHouse URL must look like http://host:8123/database';
    throw new Problem('OBS-3001', `${message}, not ${hidden(text)}`, { where });
  }
  const database = url.searchParams.get('database') ?? decodeURIComponent(url.pathname.slice(1));
  url.searchParams.delete('database');
  url.pathname = '/';
  return { href: url.href, database };
}

/** Without user and password. */
function hidden(url: string): string {
  return url.replace(/\/\/.*@/, '//');
}

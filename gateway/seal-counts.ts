/**
 * What servers say of seals, added up. A seal's rows lie on several shards, and its receipts on one
 * of them, so no server alone can compare the two: seals are asked for by number, on all.
 */
import type { Sql } from '../clickhouse/client.ts';
import { receipts } from '../clickhouse/schema/ours.ts';
import { quoteName, quoteText } from '../clickhouse/sql.ts';
import { Problem } from '../core/problem.ts';
import { momentOf, type Window } from './proof.ts';

/** Each row is on one of them, whichever; not empty. */
export type Servers = readonly Sql[];

/** As the `Seal` column has it, and between which times its rows are, in nanoseconds. */
export type SealSpan = {
  readonly seal: string;
  readonly firstNs: string;
  readonly lastNs: string;
};

/** Of a statement: 20 digits and a comma each, where a server takes 256 KiB. */
const sealsAtOnce = 5_000;
const secondNs = 1_000_000_000n;
const nsMax = 2n ** 63n - 1n;

export async function askAll<Row>(
  servers: Servers,
  query: string,
  signal: AbortSignal | undefined,
): Promise<readonly Row[]> {
  const answers = await Promise.all(servers.map((server) => server.rows<Row>(query, signal)));
  return answers.flat();
}

/**
 * Asks all servers about all seals.
 *
 * @param queryOf the query with a condition on the column `time`, and on `Seal`
 */
export async function askOfSeals<Row>(
  servers: Servers,
  seals: readonly SealSpan[],
  time: string,
  queryOf: (condition: string) => string,
  signal: AbortSignal | undefined,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let first = 0; first < seals.length; first += sealsAtOnce) {
    const some = seals.slice(first, first + sealsAtOnce);
    const from = some.reduce((least, { firstNs }) => min(least, BigInt(firstNs)), nsMax);
    const to = some.reduce((most, { lastNs }) => max(most, BigInt(lastNs)), -nsMax);
    const condition = `${time} >= fromUnixTimestamp64Nano(${max(from - secondNs, -nsMax)})
      AND ${time} <= fromUnixTimestamp64Nano(${min(to + secondNs, nsMax)}) AND ${oneOf(some)}`;
    for (const row of await askAll<Row>(servers, queryOf(condition), signal)) rows.push(row);
  }
  return rows;
}

/** Of `seals`, those of which some server has a receipt of `table`, of whatever time. */
export async function sealsWithReceipt(
  servers: Servers,
  place: { readonly database: string; readonly table: string },
  seals: readonly string[],
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (let first = 0; first < seals.length; first += sealsAtOnce) {
    const some = seals.slice(first, first + sealsAtOnce).map((seal) => ({ seal }));
    const query = `SELECT DISTINCT toString(Seal) AS seal FROM ${ledgerOf(place.database)}
      WHERE \`Table\` = ${quoteText(place.table)} AND ${oneOf(some)}`;
    for (const { seal } of await askAll<{ seal: string }>(servers, query, signal)) found.add(seal);
  }
  return found;
}

/**
 * Rows of receipts, each with its seal.
 *
 * @throws Problem OBS-3001 when two servers have the same: then they are replicas, and what both
 *   have would be counted twice
 */
export async function askReceipts<Row extends { readonly seal: string }>(
  servers: Servers,
  query: string,
  signal: AbortSignal | undefined,
): Promise<readonly Row[]> {
  const owners = new Map<string, Sql>();
  const answers = await Promise.all(servers.map((server) => server.rows<Row>(query, signal)));
  for (const [index, rows] of answers.entries()) {
    const server = servers[index] as Sql;
    for (const { seal } of rows) {
      const owner = owners.get(seal) ?? server;
      owners.set(seal, owner);
      if (owner !== server) throw sameRows(owner, server);
    }
  }
  return answers.flat();
}

function sameRows(one: Sql, other: Sql): Problem {
  return new Problem('OBS-3001', 'two shards have the receipts of the same seal', {
    where: `${one.address}, ${other.address}`,
    next: 'Replicas of one shard are named with | between them, not with a comma.',
  });
}

export function ledgerOf(database: string): string {
  return `${quoteName(database)}.${receipts.name}`;
}

export function within(window: Window, time = 'Time'): string {
  return `${time} > ${momentOf(window.fromMs)} AND ${time} <= ${momentOf(window.toMs)}`;
}

function oneOf(seals: readonly { readonly seal: string }[]): string {
  return `Seal IN (${seals.map(({ seal }) => seal).join()})`;
}

function min(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function max(left: bigint, right: bigint): bigint {
  return left > right ? left : right;
}

/**
 * The proof that anyone can run on their own data: what came in is what the log sealed and what
 * sampling left out; what was sealed is what tables hold now; the rates count all of it. From
 * the receipts (what was received and sealed, written when ClickHouse had acknowledged it) and
 * from counting the rows of each seal.
 *
 * A difference may be a moment: rows lie in their tables a little before their receipt. So a
 * difference counts only when it is found again and again.
 */
import type { Sql } from '../clickhouse/client.ts';
import { receipts, redSecond } from '../clickhouse/schema/ours.ts';
import { traceRanges, traces } from '../clickhouse/schema/traces.ts';
import { quoteName, quoteText } from '../clickhouse/sql.ts';
import type { Signal } from './answer.ts';
import { itemTables } from './item-tables.ts';
import {
  type Difference,
  momentOf,
  type Proof,
  type ProofOptions,
  type SignalProof,
  type Window,
} from './proof.ts';
import { proveTenants } from './prove-tenants.ts';

/** How often a difference must be found, and the pause between: a seal takes a second or two. */
const looksDefault = 12;
const lookPauseMs = 1_000;
const differencesMax = 20;

const counted = [...itemTables, { name: redSecond.name, signal: undefined, time: 'Time' }] as const;

export async function prove(sql: Sql, options: ProofOptions): Promise<Proof> {
  const [moment] = await sql.rows<{ now: string; from: string }>(
    `SELECT toString(toUnixTimestamp64Milli(now64(3))) AS now,
      toString(toUnixTimestamp64Milli(now64(3)) - ${Math.ceil(options.sinceMs)}) AS from`,
    options.signal,
  );
  const window = { fromMs: Number(moment?.from), toMs: Number(moment?.now) };
  const { looksMax = looksDefault } = options;
  let proof = await look(sql, options, window);
  let standing = proof.differences;
  for (let again = 1; again < looksMax && standing.length > 0; again += 1) {
    await options.clock.sleep(lookPauseMs, options.signal);
    proof = await look(sql, options, window);
    const found = new Map(proof.differences.map((entry) => [keyOf(entry), entry]));
    standing = standing.flatMap((entry) => found.get(keyOf(entry)) ?? []);
  }
  return { ...proof, ok: standing.length === 0, differences: standing.slice(0, differencesMax) };
}

/** One seal in one table: what its receipts say, and what a query finds. */
type SealRow = {
  readonly seal: string;
  /** Empty where rows have no receipt. */
  readonly id: string;
  readonly lane: string;
  readonly atMs: string;
  readonly received: string;
  readonly leftOut: string;
  readonly logged: string;
  readonly found: string;
  /** Spans in the rates; rows elsewhere. */
  readonly weight: string;
};

type Found = { readonly table: (typeof counted)[number]; readonly row: SealRow };

async function look(sql: Sql, options: ProofOptions, window: Window): Promise<Proof> {
  const all: Found[] = [];
  for (const table of counted) {
    const query = sealsOf(options.database, table, window);
    const rows = await sql.rows<SealRow>(query, options.signal);
    all.push(...rows.map((row) => ({ table, row })));
  }
  const known = all.filter(({ row }) => row.id !== '');
  const byTenant = await proveTenants(sql, options, window);
  const differences = [
    ...byTenant.differences,
    ...all.flatMap(rowDifference),
    ...bySignal(known).flatMap(sealedDifference),
    ...ratesDifferences(known),
    ...(await sealsWithoutRanges(sql, options, window)),
  ].sort((left, right) => left.atMs - right.atMs);
  return {
    ok: differences.length === 0,
    seals: new Set(known.map(({ row }) => row.id)).size,
    signals: (['traces', 'metrics', 'logs'] as const).map((name) => totalsOf(name, known)),
    tenants: byTenant.tenants,
    differences,
  };
}

/** What the receipts of the window say of `table`, beside what it holds of the same seals. */
function sealsOf(database: string, table: (typeof counted)[number], window: Window): string {
  const [from, to] = [momentOf(window.fromMs), momentOf(window.toMs)];
  const name = `${quoteName(database)}.${quoteName(table.name)}`;
  const ledger = `${quoteName(database)}.${receipts.name}`;
  const ofTable = `\`Table\` = ${quoteText(table.name)}`;
  const weight = table.name === redSecond.name ? 'sum(Count)' : 'count()';
  const group = `SELECT Seal, count() AS rows, ${weight} AS weight, min(${table.time}) AS first
    FROM ${name} WHERE`;
  return `WITH sealed AS (
      SELECT Seal, any(SealId) AS id, any(Lane) AS lane, min(Time) AS at, max(Received) AS received,
        max(LeftOut) AS leftOut, sum(Rows) AS logged, min(FirstEvent) AS earliest,
        max(LastEvent) AS latest
      FROM ${ledger} WHERE ${ofTable} AND Time > ${from} AND Time <= ${to} GROUP BY Seal
    ),
    stored AS (
      ${group} ${table.time} >= (SELECT min(earliest) FROM sealed) - 1
        AND ${table.time} <= (SELECT max(latest) FROM sealed) + 1
        AND Seal IN (SELECT Seal FROM sealed) GROUP BY Seal
      UNION ALL
      ${group} Seal != 0 AND ${table.time} > ${from} AND ${table.time} <= ${to}
        AND Seal NOT IN (SELECT Seal FROM ${ledger} WHERE ${ofTable}) GROUP BY Seal
    )
    SELECT leftPad(lower(hex(Seal)), 16, '0') AS seal, id, lane,
      toUnixTimestamp64Milli(if(id = '', toDateTime64(first, 3), at)) AS atMs,
      received, leftOut, logged, rows AS found, weight
    FROM sealed FULL OUTER JOIN stored USING (Seal) ORDER BY atMs
    SETTINGS join_use_nulls = 0`;
}

/** Seals with spans of which no receipt says when their traces happened: those rows merge. */
async function sealsWithoutRanges(
  sql: Sql,
  options: ProofOptions,
  window: Window,
): Promise<readonly Difference[]> {
  const [from, to] = [momentOf(window.fromMs), momentOf(window.toMs)];
  const rows = await sql.rows<SealRow>(
    `SELECT SealId AS id, any(Lane) AS lane, toUnixTimestamp64Milli(min(Time)) AS atMs
      FROM ${quoteName(options.database)}.${receipts.name}
      WHERE Time > ${from} AND Time <= ${to} GROUP BY id
      HAVING sumIf(Rows, \`Table\` = ${quoteText(traces.name)}) > 0
        AND countIf(\`Table\` = ${quoteText(traceRanges.name)}) = 0`,
    options.signal,
  );
  return rows.map((row) => differenceOf(row, traceRanges.name, 'no_receipt', [1, 0]));
}

function rowDifference({ table, row }: Found): readonly Difference[] {
  const [expected, found] = [Number(row.logged), Number(row.found)];
  if (expected === found) return [];
  const what = row.id === '' ? 'no_receipt' : found < expected ? 'missing' : 'surplus';
  return [differenceOf(row, table.name, what, [expected, found])];
}

type SealOfSignal = {
  readonly signal: Signal;
  readonly row: SealRow;
  readonly received: number;
  readonly leftOut: number;
  logged: number;
};

/** A seal's rows of one signal, over all of its tables and partitions. */
function bySignal(known: readonly Found[]): readonly SealOfSignal[] {
  const seals = new Map<string, SealOfSignal>();
  for (const { table, row } of known) {
    if (table.signal === undefined) continue;
    const key = `${table.signal} ${row.id}`;
    // The same number stands in the receipts of each of the signal's tables.
    const [received, leftOut] = [Number(row.received), Number(row.leftOut)];
    const entry = seals.get(key) ?? { signal: table.signal, row, received, leftOut, logged: 0 };
    entry.logged += Number(row.logged);
    seals.set(key, entry);
  }
  return [...seals.values()];
}

/** Receipts of before it was counted say 0: then the log's rows are all that is known. */
function receivedIn(seal: SealOfSignal): number {
  return seal.received === 0 ? seal.logged + seal.leftOut : seal.received;
}

function sealedDifference(seal: SealOfSignal): readonly Difference[] {
  const received = receivedIn(seal);
  const expected = received - seal.leftOut;
  if (expected === seal.logged) return [];
  return [differenceOf(seal.row, seal.signal, 'not_logged', [expected, seal.logged])];
}

function ratesDifferences(known: readonly Found[]): readonly Difference[] {
  const rates = new Map(
    known
      .filter(({ table }) => table.name === redSecond.name)
      .map(({ row }) => [row.seal, Number(row.weight)]),
  );
  return known.flatMap(({ table, row }) => {
    if (table.signal !== 'traces') return [];
    const spans = Number(row.logged) + Number(row.leftOut);
    const rolledUp = rates.get(row.seal) ?? 0;
    if (spans === rolledUp) return [];
    return [differenceOf(row, redSecond.name, 'not_rolled_up', [spans, rolledUp])];
  });
}

function totalsOf(signal: Signal, known: readonly Found[]): SignalProof {
  const ofSignal = known.filter(({ table }) => table.signal === signal);
  const rates = known.filter(({ table }) => table.name === redSecond.name);
  const seals = bySignal(ofSignal);
  return {
    signal,
    received: sum(seals.map(receivedIn)),
    leftOut: sum(seals.map(({ leftOut }) => leftOut)),
    logged: sum(seals.map(({ logged }) => logged)),
    stored: sum(ofSignal.map(({ row }) => Number(row.found))),
    rolledUp: signal === 'traces' ? sum(rates.map(({ row }) => Number(row.weight))) : undefined,
  };
}

function differenceOf(
  row: SealRow,
  table: string,
  what: Difference['what'],
  [expected, found]: readonly [number, number],
): Difference {
  const { lane } = row;
  const atMs = Number(row.atMs);
  return { seal: row.id === '' ? row.seal : row.id, table, what, expected, found, lane, atMs };
}

function keyOf({ seal, table, what, tenant = '' }: Difference): string {
  return `${seal} ${table} ${what} ${tenant}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

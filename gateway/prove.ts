/**
 * The proof that anyone can run on their own data: what came in is what the log sealed and what
 * sampling left out; what was sealed is what tables hold now; the rates count all of it. From
 * the receipts (what was received and sealed, written when ClickHouse had acknowledged it) and
 * from counting the rows of each seal, over all shards.
 *
 * A difference may be a moment: rows lie in their tables a little before their receipt. So a
 * difference counts only when it is found again and again.
 */
import { redSecond } from '../clickhouse/schema/ours.ts';
import { traceRanges, traces } from '../clickhouse/schema/traces.ts';
import { quoteName, quoteText } from '../clickhouse/sql.ts';
import type { Signal } from './answer.ts';
import { itemTables } from './item-tables.ts';
import type { Difference, Proof, ProofOptions, SignalProof, Window } from './proof.ts';
import { proveTenants } from './prove-tenants.ts';
import {
  askAll,
  askOfSeals,
  askReceipts,
  ledgerOf,
  type SealSpan,
  type Servers,
  sealsWithReceipt,
  within,
} from './seal-counts.ts';

/** How often a difference must be found, and the pause between: a seal takes a second or two. */
const looksDefault = 12;
const lookPauseMs = 1_000;
const differencesMax = 20;
/** Of the number of a seal, in hexadecimal. */
const sealDigits = 16;

const counted = [...itemTables, { name: redSecond.name, signal: undefined, time: 'Time' }] as const;

export async function prove(servers: Servers, options: ProofOptions): Promise<Proof> {
  const [moment] = await (servers[0] as Servers[number]).rows<{ now: string; from: string }>(
    `SELECT toString(toUnixTimestamp64Milli(now64(3))) AS now,
      toString(toUnixTimestamp64Milli(now64(3)) - ${Math.ceil(options.sinceMs)}) AS from`,
    options.signal,
  );
  const window = { fromMs: Number(moment?.from), toMs: Number(moment?.now) };
  const { looksMax = looksDefault } = options;
  let proof = await look(servers, options, window);
  let standing = proof.differences;
  for (let again = 1; again < looksMax && standing.length > 0; again += 1) {
    await options.clock.sleep(lookPauseMs, options.signal);
    proof = await look(servers, options, window);
    const found = new Map(proof.differences.map((entry) => [keyOf(entry), entry]));
    standing = standing.flatMap((entry) => found.get(keyOf(entry)) ?? []);
  }
  return { ...proof, ok: standing.length === 0, differences: standing.slice(0, differencesMax) };
}

/** One seal in one table: what its receipts say, and what queries find. */
type SealRow = {
  /** 16 hex digits. */
  readonly seal: string;
  /** Empty where rows have no receipt. */
  readonly id: string;
  readonly lane: string;
  readonly atMs: number;
  readonly received: number;
  readonly leftOut: number;
  readonly logged: number;
  found: number;
  /** Spans in the rates; rows elsewhere. */
  weight: number;
};

type CountedTable = (typeof counted)[number];
type Found = { readonly table: CountedTable; readonly row: SealRow };

async function look(servers: Servers, options: ProofOptions, window: Window): Promise<Proof> {
  const all: Found[] = [];
  for (const table of counted) {
    const rows = await sealsOf(servers, options, table, window);
    for (const row of rows) all.push({ table, row });
  }
  const known = all.filter(({ row }) => row.id !== '');
  const byTenant = await proveTenants(servers, options, window);
  const differences = [
    ...byTenant.differences,
    ...all.flatMap(rowDifference),
    ...bySignal(known).flatMap(sealedDifference),
    ...ratesDifferences(known),
    ...(await sealsWithoutRanges(servers, options, window)),
  ].sort((left, right) => left.atMs - right.atMs);
  return {
    ok: differences.length === 0,
    seals: new Set(known.map(({ row }) => row.id)).size,
    signals: (['traces', 'metrics', 'logs'] as const).map((name) => totalsOf(name, known)),
    tenants: byTenant.tenants,
    differences,
  };
}

type Receipt = SealSpan & {
  readonly id: string;
  readonly lane: string;
  readonly atMs: string;
  readonly received: string;
  readonly leftOut: string;
  readonly logged: string;
};

type Counted = { readonly seal: string; readonly found: string; readonly weight: string };

/** What the receipts of the window say of `table`, beside what it holds of the same seals. */
async function sealsOf(
  servers: Servers,
  { database, signal }: ProofOptions,
  table: CountedTable,
  window: Window,
): Promise<readonly SealRow[]> {
  const ledger = await askReceipts<Receipt>(
    servers,
    `SELECT toString(Seal) AS seal, any(SealId) AS id, any(Lane) AS lane,
        toUnixTimestamp64Milli(min(Time)) AS atMs, max(Received) AS received,
        max(LeftOut) AS leftOut, sum(Rows) AS logged,
        toString(toUnixTimestamp64Nano(min(FirstEvent))) AS firstNs,
        toString(toUnixTimestamp64Nano(max(LastEvent))) AS lastNs
      FROM ${ledgerOf(database)}
      WHERE \`Table\` = ${quoteText(table.name)} AND ${within(window)} GROUP BY Seal ORDER BY atMs`,
    signal,
  );
  const rows = new Map(ledger.map((receipt) => [receipt.seal, rowOf(receipt)]));
  const weight = table.name === redSecond.name ? 'sum(Count)' : 'count()';
  const found = await askOfSeals<Counted>(
    servers,
    ledger,
    table.time,
    (condition) => `SELECT toString(Seal) AS seal, count() AS found, ${weight} AS weight
      FROM ${quoteName(database)}.${quoteName(table.name)} WHERE ${condition} GROUP BY Seal`,
    signal,
  );
  for (const counts of found) add(rows.get(counts.seal), counts);
  const strangers = await rowsWithoutReceipt(servers, database, table, { window, weight, signal });
  return [...rows.values(), ...strangers.filter(([seal]) => !rows.has(seal)).map(([, row]) => row)];
}

/** Rows that happened in the window, of seals of which no server has a receipt. */
async function rowsWithoutReceipt(
  servers: Servers,
  database: string,
  table: CountedTable,
  asked: {
    readonly window: Window;
    readonly weight: string;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<readonly (readonly [string, SealRow])[]> {
  const ofTable = `\`Table\` = ${quoteText(table.name)}`;
  const found = await askAll<Counted & { readonly atMs: string }>(
    servers,
    `SELECT toString(Seal) AS seal, count() AS found, ${asked.weight} AS weight,
        toUnixTimestamp64Milli(toDateTime64(min(${table.time}), 3)) AS atMs
      FROM ${quoteName(database)}.${quoteName(table.name)}
      WHERE Seal != 0 AND ${within(asked.window, table.time)}
        AND Seal NOT IN (SELECT Seal FROM ${ledgerOf(database)} WHERE ${ofTable}) GROUP BY Seal`,
    asked.signal,
  );
  const rows = new Map<string, SealRow>();
  const nothing = { id: '', lane: '', received: '0', leftOut: '0', logged: '0' };
  for (const counts of found) {
    const row = rows.get(counts.seal) ?? rowOf({ ...counts, ...nothing });
    rows.set(counts.seal, row);
    add(row, counts);
  }
  // The receipt of a shard's rows may be on another one.
  const place = { database, table: table.name };
  const known = await sealsWithReceipt(servers, place, [...rows.keys()], asked.signal);
  return [...rows].filter(([seal]) => !known.has(seal));
}

function rowOf(receipt: Omit<Receipt, 'firstNs' | 'lastNs'>): SealRow {
  const { id, lane } = receipt;
  return {
    ...{ seal: hexOf(receipt.seal), id, lane, atMs: Number(receipt.atMs) },
    received: Number(receipt.received),
    leftOut: Number(receipt.leftOut),
    logged: Number(receipt.logged),
    ...{ found: 0, weight: 0 },
  };
}

function add(row: SealRow | undefined, counts: Counted): void {
  if (row === undefined) return;
  row.found += Number(counts.found);
  row.weight += Number(counts.weight);
}

function hexOf(seal: string): string {
  return BigInt(seal).toString(16).padStart(sealDigits, '0');
}

/** Seals with spans of which no receipt says when their traces happened: those rows merge. */
async function sealsWithoutRanges(
  servers: Servers,
  options: ProofOptions,
  window: Window,
): Promise<readonly Difference[]> {
  const rows = await askAll<{ id: string; lane: string; atMs: string }>(
    servers,
    `SELECT SealId AS id, any(Lane) AS lane, toUnixTimestamp64Milli(min(Time)) AS atMs
      FROM ${ledgerOf(options.database)} WHERE ${within(window)} GROUP BY id
      HAVING sumIf(Rows, \`Table\` = ${quoteText(traces.name)}) > 0
        AND countIf(\`Table\` = ${quoteText(traceRanges.name)}) = 0`,
    options.signal,
  );
  return rows.map(({ id, lane, atMs }) => {
    const row = { seal: id, id, lane, atMs: Number(atMs) };
    return differenceOf(row, traceRanges.name, 'no_receipt', [1, 0]);
  });
}

function rowDifference({ table, row }: Found): readonly Difference[] {
  const { logged: expected, found } = row;
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
    const { received, leftOut } = row;
    const entry = seals.get(key) ?? { signal: table.signal, row, received, leftOut, logged: 0 };
    entry.logged += row.logged;
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
      .map(({ row }) => [row.seal, row.weight]),
  );
  return known.flatMap(({ table, row }) => {
    if (table.signal !== 'traces') return [];
    const spans = row.logged + row.leftOut;
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
    stored: sum(ofSignal.map(({ row }) => row.found)),
    rolledUp: signal === 'traces' ? sum(rates.map(({ row }) => row.weight)) : undefined,
  };
}

function differenceOf(
  row: Pick<SealRow, 'seal' | 'id' | 'lane' | 'atMs'>,
  table: string,
  what: Difference['what'],
  [expected, found]: readonly [number, number],
): Difference {
  const { lane, atMs } = row;
  return { seal: row.id === '' ? row.seal : row.id, table, what, expected, found, lane, atMs };
}

function keyOf({ seal, table, what, tenant = '' }: Difference): string {
  return `${seal} ${table} ${what} ${tenant}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

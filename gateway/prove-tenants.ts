/**
 * The proof by tenant: what each tenant's requests held, counted when they came, is what the tables
 * hold under its name, seal by seal. A row in another tenant's name is a difference here, though
 * the sums of the whole agree.
 */
import { receipts, redSecond } from '../clickhouse/schema/ours.ts';
import { quoteName, quoteText } from '../clickhouse/sql.ts';
import type { Signal } from './answer.ts';
import { itemTables, signalOfTable } from './item-tables.ts';
import type { Difference, ProofOptions, TenantProof, Window } from './proof.ts';
import {
  askAll,
  askOfSeals,
  askReceipts,
  ledgerOf,
  type SealSpan,
  type Servers,
  within,
} from './seal-counts.ts';

type TenantsProof = {
  readonly tenants: readonly TenantProof[];
  readonly differences: readonly Difference[];
};

/** One seal of one signal, and one tenant's part of it. */
type Part = {
  readonly signal: Signal;
  readonly tenant: string;
  readonly seal: string;
  readonly lane: string;
  readonly atMs: number;
  received: number;
  leftOut: number;
  stored: number;
  rolledUp: number;
};

/** Maps are empty in the receipts of tables that hold no items. */
type Receipt = SealSpan & {
  readonly table: string;
  readonly id: string;
  readonly lane: string;
  readonly atMs: string;
  readonly received: Readonly<Record<string, string | number>>;
  readonly leftOut: Readonly<Record<string, string | number>>;
};

type Counted = { readonly seal: string; readonly tenant: string; readonly items: string };

export async function proveTenants(
  servers: Servers,
  options: ProofOptions,
  window: Window,
): Promise<TenantsProof> {
  const { database, signal } = options;
  if (!(await knowTenants(servers, options))) return { tenants: [], differences: [] };
  const parts = new Map<string, Part>();
  const ledger = await askReceipts<Receipt>(servers, receiptsOf(database, window), signal);
  if (ledger.length === 0) return { tenants: [], differences: [] };
  for (const row of ledger) takeReceipt(parts, row);
  const receiptOf = new Map(ledger.map((row) => [row.seal, row]));
  const spans = spansOf(ledger);
  const counts = async (table: string, time: string, count: string): Promise<readonly Counted[]> =>
    await askOfSeals<Counted>(
      servers,
      spans,
      time,
      (condition) => `SELECT toString(Seal) AS seal, Tenant AS tenant, ${count} AS items
        FROM ${quoteName(database)}.${quoteName(table)}
        WHERE ${condition} AND Tenant != '' GROUP BY Seal, Tenant`,
      signal,
    );
  for (const table of itemTables) {
    for (const row of await counts(table.name, table.time, 'count()')) {
      partOf(parts, table.signal, row.tenant, receiptOf.get(row.seal)).stored += Number(row.items);
    }
  }
  for (const row of await counts(redSecond.name, 'Time', 'sum(Count)')) {
    partOf(parts, 'traces', row.tenant, receiptOf.get(row.seal)).rolledUp += Number(row.items);
  }
  const all = [...parts.values()];
  return { tenants: totalsOf(all), differences: all.flatMap(differencesOf) };
}

/** A database that was not migrated since there are tenants has no such column. */
async function knowTenants(servers: Servers, { database, signal }: ProofOptions): Promise<boolean> {
  const rows = await askAll(
    servers,
    `SELECT name FROM system.columns WHERE database = ${quoteText(database)}
      AND table = ${quoteText(receipts.name)} AND name = 'ReceivedByTenant'`,
    signal,
  );
  return rows.length === servers.length;
}

/** All receipts of seals with items of a tenant: their rows are within the times of all. */
function receiptsOf(database: string, window: Window): string {
  const ledger = `${ledgerOf(database)} WHERE ${within(window)}`;
  return `SELECT \`Table\` AS table, toString(Seal) AS seal, any(SealId) AS id, any(Lane) AS lane,
      toUnixTimestamp64Milli(min(Time)) AS atMs,
      toString(toUnixTimestamp64Nano(min(FirstEvent))) AS firstNs,
      toString(toUnixTimestamp64Nano(max(LastEvent))) AS lastNs,
      any(ReceivedByTenant) AS received, any(LeftOutByTenant) AS leftOut
    FROM ${ledger} AND Seal IN (SELECT Seal FROM ${ledger} AND notEmpty(ReceivedByTenant))
    GROUP BY table, Seal ORDER BY atMs`;
}

/** One for each seal, of all its receipts. */
function spansOf(ledger: readonly Receipt[]): readonly SealSpan[] {
  const spans = new Map<string, SealSpan>();
  for (const { seal, firstNs, lastNs } of ledger) {
    const span = spans.get(seal) ?? { seal, firstNs, lastNs };
    spans.set(seal, {
      seal,
      firstNs: BigInt(firstNs) < BigInt(span.firstNs) ? firstNs : span.firstNs,
      lastNs: BigInt(lastNs) > BigInt(span.lastNs) ? lastNs : span.lastNs,
    });
  }
  return [...spans.values()];
}

/** The same numbers stand in the receipts of each of the signal's tables. */
function takeReceipt(parts: Map<string, Part>, row: Receipt): void {
  const signal = signalOfTable(row.table);
  if (signal === undefined) return;
  for (const [tenant, count] of Object.entries(row.received)) {
    const part = partOf(parts, signal, tenant, row);
    part.received = Number(count);
    part.leftOut = Number(row.leftOut[tenant] ?? 0);
  }
}

function partOf(
  parts: Map<string, Part>,
  signal: Signal,
  tenant: string,
  receipt: Receipt | undefined,
): Part {
  const { id = '', lane = '', atMs = '0' } = receipt ?? {};
  const key = `${signal} ${id} ${tenant}`;
  const known = parts.get(key);
  if (known !== undefined) return known;
  const nothing = { received: 0, leftOut: 0, stored: 0, rolledUp: 0 };
  const part: Part = { signal, tenant, seal: id, lane, atMs: Number(atMs), ...nothing };
  parts.set(key, part);
  return part;
}

function totalsOf(parts: readonly Part[]): readonly TenantProof[] {
  const totals = new Map<string, TenantProof>();
  for (const { signal, tenant, received, leftOut, stored, rolledUp } of parts) {
    const key = `${signal} ${tenant}`;
    const before = totals.get(key);
    totals.set(key, {
      signal,
      tenant,
      received: (before?.received ?? 0) + received,
      leftOut: (before?.leftOut ?? 0) + leftOut,
      logged: (before?.logged ?? 0) + received - leftOut,
      stored: (before?.stored ?? 0) + stored,
      rolledUp: signal === 'traces' ? (before?.rolledUp ?? 0) + rolledUp : undefined,
    });
  }
  return [...totals.values()].sort(inOrder);
}

const signals: readonly Signal[] = ['traces', 'metrics', 'logs'];

function inOrder(left: TenantProof, right: TenantProof): number {
  const bySignal = signals.indexOf(left.signal) - signals.indexOf(right.signal);
  return bySignal === 0 ? Number(left.tenant > right.tenant) - 0.5 : bySignal;
}

function differencesOf(part: Part): readonly Difference[] {
  const { signal, tenant, seal, lane, atMs, received, leftOut, stored, rolledUp } = part;
  const place = { seal, lane, atMs, tenant };
  const expected = received - leftOut;
  const differences: Difference[] = [];
  if (stored !== expected) {
    const what = stored < expected ? 'missing' : 'surplus';
    differences.push({ ...place, table: signal, what, expected, found: stored });
  }
  if (signal === 'traces' && rolledUp !== received) {
    const found = rolledUp;
    const table = redSecond.name;
    differences.push({ ...place, table, what: 'not_rolled_up', expected: received, found });
  }
  return differences;
}

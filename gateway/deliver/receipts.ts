/** One receipt row a unit of a seal: anyone can check later what was acknowledged, and when. */
import { logs } from '../../clickhouse/schema/logs.ts';
import { receipts } from '../../clickhouse/schema/ours.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import type { ColumnOf } from '../../clickhouse/schema/types.ts';
import { signalOfTable } from '../item-tables.ts';
import { type Received, type Seal, sealNumber, type TenantCounts } from '../lane/seal.ts';

export const receiptTable = receipts.name;

const nsPerMs = 1_000_000n;

type ReceiptRow = Readonly<
  Record<ColumnOf<typeof receipts>, string | number | Readonly<Record<string, number>>>
>;

export type ReceiptOrigin = {
  readonly gateway: string;
  readonly lane: string;
  readonly nowMs: number;
};

/** The partition on whose shard all receipts of a seal are: that of its first unit. */
export function receiptPlace(seal: Seal): string {
  return seal.units[0]?.partition ?? '';
}

/**
 * JSONEachRow; the rows are few and read by people. `units` are the ones of the seal that were
 * acknowledged. A signal of which sampling left everything out has a receipt of no rows, because
 * somewhere it must stand how many came.
 */
export function receiptRows(seal: Seal, units: Seal['units'], origin: ReceiptOrigin): string {
  return [...units, ...emptyUnits(seal)]
    .map((unit) => `${JSON.stringify(rowOf(seal, unit, origin))}\n`)
    .join('');
}

function emptyUnits(seal: Seal): Seal['units'] {
  const sealed = new Set(seal.units.map(({ table }) => table));
  const atNs = BigInt(Math.floor(seal.firstReceivedMs)) * nsPerMs;
  const nothing = {
    partition: '',
    rows: 0,
    bytes: 0,
    checksum: '',
    firstEventNs: atNs,
    lastEventNs: atNs,
  };
  return [traces.name, logs.name]
    .filter((table) => !sealed.has(table) && countOf(seal.leftOut, table) > 0)
    .map((table) => ({ table, ...nothing }));
}

function rowOf(seal: Seal, unit: Seal['units'][number], origin: ReceiptOrigin): ReceiptRow {
  return {
    Time: millisecondsText(origin.nowMs),
    Gateway: origin.gateway,
    Lane: origin.lane,
    SealId: seal.id,
    Seal: String(sealNumber(seal.id)),
    Table: unit.table,
    Partition: unit.partition,
    Rows: unit.rows,
    Bytes: unit.bytes,
    FirstPosition: seal.first,
    LastPosition: seal.last,
    FirstEvent: nanosecondsText(unit.firstEventNs),
    LastEvent: nanosecondsText(unit.lastEventNs),
    Received: countOf(seal.received, unit.table),
    LeftOut: countOf(seal.leftOut, unit.table),
    ReceivedByTenant: byTenant(seal, unit.table, 'received'),
    LeftOutByTenant: byTenant(seal, unit.table, 'leftOut'),
  };
}

function countOf(counts: Received | undefined, table: string): number {
  const signal = signalOfTable(table);
  return signal === undefined ? 0 : (counts?.[signal] ?? 0);
}

function byTenant(
  seal: Seal,
  table: string,
  which: keyof TenantCounts,
): Readonly<Record<string, number>> {
  const counts = Object.entries(seal.tenants ?? {}).map(
    ([tenant, entry]) => [tenant, countOf(entry[which], table)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** Seconds with a fraction: the form of DateTime64 that needs no time zone. */
function millisecondsText(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`;
}

function nanosecondsText(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

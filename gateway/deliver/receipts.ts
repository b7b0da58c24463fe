/** One receipt row a unit of a seal: anyone can check later what was acknowledged, and when. */
import { receipts } from '../../clickhouse/schema/ours.ts';
import type { ColumnOf } from '../../clickhouse/schema/types.ts';
import { signalOfTable } from '../item-tables.ts';
import { type Seal, sealNumber } from '../lane/seal.ts';

export const receiptTable = receipts.name;

type ReceiptRow = Readonly<Record<ColumnOf<typeof receipts>, string | number>>;

export type ReceiptOrigin = {
  readonly gateway: string;
  readonly lane: string;
  readonly nowMs: number;
};

/** JSONEachRow; the rows are few and read by people. */
export function receiptRows(seal: Seal, origin: ReceiptOrigin): string {
  return seal.units.map((unit) => `${JSON.stringify(rowOf(seal, unit, origin))}\n`).join('');
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
    Received: receivedFor(seal, unit.table),
  };
}

function receivedFor(seal: Seal, table: string): number {
  const signal = signalOfTable(table);
  return signal === undefined ? 0 : (seal.received?.[signal] ?? 0);
}

/** Seconds with a fraction: the form of DateTime64 that needs no time zone. */
function millisecondsText(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}`;
}

function nanosecondsText(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}

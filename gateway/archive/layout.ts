/**
 * Where files of the archive lie, and what they are called. Names come from positions of the log:
 * what is written again after a crash has the name that it had, and takes its own place. Hours are
 * those of arrival, so that what comes late opens no old hour again. Pure.
 */
import { signalOfTable } from '../item-tables.ts';

/** The first part of every name: another layout would have another. */
export const layoutVersion = 'v1';

export const hourMs = 3_600_000;

/** Which records of which log, all of them from one hour. */
export type BatchKey = {
  readonly gateway: string;
  readonly lane: string;
  /** Positions `[first, last)`. */
  readonly first: number;
  readonly last: number;
  /** Hours since 1970. */
  readonly hour: number;
};

/** Digits of 2^53: names then sort as positions do. */
const positionDigits = 16;

/** Below the archive's directory, with `/`, also the key in an object store. */
export function fileName(key: BatchKey, table: string): string {
  const place = `signal=${signalOfTable(table) ?? 'other'}/table=${table}/${hourFolder(key.hour)}`;
  return `${layoutVersion}/${place}/${batchName(key)}.parquet`;
}

/** What `gateway` wrote of that hour, last of all. */
export function manifestName(gateway: string, hour: number): string {
  return `${layoutVersion}/manifest/${hourFolder(hour)}/${gateway}.json`;
}

/** `date=2026-11-24/hour=07`. */
export function hourFolder(hour: number): string {
  const text = new Date(hour * hourMs).toISOString();
  return `date=${text.slice(0, 10)}/hour=${text.slice(11, 13)}`;
}

function batchName({ gateway, lane, first, last }: BatchKey): string {
  return `${gateway}-${lane}-${positionText(first)}-${positionText(last)}`;
}

export function positionText(position: number): string {
  return String(position).padStart(positionDigits, '0');
}

/** What is stored in a new table, computed by ClickHouse alone. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { checksumSql } from '../../clickhouse/native/values/checksum-sql.ts';
import { nameOf } from '../../clickhouse/sql.ts';
import { Problem } from '../../core/problem.ts';
import type { Copied } from './copy.ts';
import { keeps } from './key-range.ts';
import { fullName, type TablePlan } from './plan.ts';
import { keyColumns } from './target.ts';

export type Stored = {
  readonly rows: number;
  readonly checksum: bigint;
  /** Of the first key column, as text; empty without a key or rows. */
  readonly keyMin: string;
  readonly keyMax: string;
};

/** Counts and hashes `table`, as SQL writes its name. */
export async function readStored(
  server: ClickHouse,
  table: string,
  plan: TablePlan,
  signal: AbortSignal,
): Promise<Stored> {
  const columns = plan.columns.map(({ name, type }) => ({ name, type }));
  const [key] = keyColumns(plan);
  const end = (which: 'min' | 'max'): string =>
    key === undefined ? "''" : `if(count() = 0, '', toString(${which}(${nameOf(key)})))`;
  const [row] = await server.rows<Record<'c' | 'h' | 'least' | 'greatest', string>>(
    `SELECT count() AS c, ${checksumSql(columns)} AS h, ${end('min')} AS least, ` +
      `${end('max')} AS greatest FROM ${table}`,
    signal,
  );
  return {
    rows: Number(row?.c ?? 0),
    checksum: BigInt(row?.h ?? 0),
    keyMin: row?.least ?? '',
    keyMax: row?.greatest ?? '',
  };
}

/** @throws Problem OBS-6045 when they differ */
export function mustBeEqual(sent: Copied, stored: Stored, plan: TablePlan): void {
  const key = plan.columns.find(({ name }) => name === keyColumns(plan)[0]);
  const isKept = key !== undefined && keeps(key.type);
  const sameKeys = !isKept || (sent.keys.min === stored.keyMin && sent.keys.max === stored.keyMax);
  if (sent.rows === stored.rows && sent.checksum === stored.checksum && sameKeys) return;
  const keys = (min: string, max: string): string => (isKept ? ` and keys ${min} to ${max}` : '');
  const message =
    `${sent.rows} rows with the checksum ${sent.checksum}${keys(sent.keys.min, sent.keys.max)} ` +
    `were sent, ${stored.rows} with ${stored.checksum}${keys(stored.keyMin, stored.keyMax)} ` +
    'are stored';
  throw new Problem('OBS-6045', message, { where: fullName(plan.source) });
}

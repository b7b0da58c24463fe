/**
 * Deletes by key comparison: all keys of the source, at the same point in time as its rows, beside
 * those that are known. A key that is gone becomes a row that says so; a key that was never read
 * tells of a commit later than the overlap.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { Problem } from '../../core/problem.ts';
import { listSql } from './kept.ts';
import { deletedName, versionName } from './modes.ts';
import { fullName, type TablePlan } from './plan.ts';
import { keyColumns } from './target.ts';

/** ClickHouse goes on on disk above this. */
const groupBytesMax = 500_000_000;
/** Bits of where a key was seen. */
const known = 1;
const inSource = 2;
/** Names of ours beside those of keys. */
const bit = '_obsctl_bit';
const seen = '_obsctl_seen';

/** A plan of the key alone, for a table of its own. */
export function keysPlan(plan: TablePlan): TablePlan {
  const keys = keyColumns(plan);
  const isKey = (_: unknown, index: number): boolean =>
    keys.includes(plan.columns[index]?.name ?? '');
  return {
    ...plan,
    name: `${plan.name}__keys`,
    columns: plan.columns.filter(isKey),
    hashed: plan.hashed.filter(isKey),
  };
}

export type Compared = {
  readonly plan: TablePlan;
  /** Tables as SQL writes them: all rows so far, those that this run read, all keys. */
  readonly rows: string;
  readonly added: string;
  readonly keys: string;
  readonly version: bigint;
};

/**
 * Marks rows as deleted, in the table of what this run adds, and counts them and the keys that no
 * run has read.
 *
 * @throws Problem OBS-6050 when the source has no key at all and rows are known
 */
export async function markDeleted(
  server: ClickHouse,
  compared: Compared,
): Promise<{ readonly deleted: number; readonly missed: number }> {
  const { plan, added, version } = compared;
  const all = seenSql(compared);
  const [row] = await server.rows<Record<'deleted' | 'missed' | 'found', string>>(
    `SELECT countIf(${seen} = ${known}) AS deleted, countIf(${seen} = ${inSource}) AS missed, ` +
      `countIf(bitTest(${seen}, 1)) AS found FROM (${all}) ${settings}`,
  );
  const [deleted, missed] = [Number(row?.deleted ?? 0), Number(row?.missed ?? 0)];
  if (deleted > 0 && Number(row?.found) === 0) {
    throw new Problem('OBS-6050', `all ${deleted} rows would be marked as deleted`, {
      where: fullName(plan.source),
    });
  }
  if (deleted > 0 && missed === 0) {
    const keys = listSql(keyColumns(plan));
    await server.run(
      `INSERT INTO ${added} (${keys}, ${versionName}, ${deletedName}) ` +
        `SELECT ${keys}, ${version}, 1 FROM (${all}) WHERE ${seen} = ${known} ${settings}`,
    );
  }
  return { deleted, missed };
}

const settings = `SETTINGS max_bytes_before_external_group_by = ${groupBytesMax}`;

function seenSql({ plan, rows, added, keys: all }: Compared): string {
  const keys = listSql(keyColumns(plan));
  return (
    `SELECT ${keys}, groupBitOr(${bit}) AS ${seen} FROM (` +
    `SELECT ${keys}, ${known} AS ${bit} FROM ${rows} FINAL ` +
    `UNION ALL SELECT ${keys}, ${known} AS ${bit} FROM ${added} ` +
    `UNION ALL SELECT ${keys}, ${inSource} AS ${bit} FROM ${all}) GROUP BY ${keys}`
  );
}

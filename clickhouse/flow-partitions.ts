/** Partitions of what is made of stored rows of flows, replaced a stretch of time at a time. */
import type { Sql } from './client.ts';
import { partitionOf, rebuildSettings, type Slice, within } from './hours.ts';
import type { TableDef } from './schema/types.ts';
import { replacePartition, withStaging } from './staging.ts';
import { type Place, type Stored, storedIn } from './stored.ts';

export type FlowOptions = Place & { readonly signal?: AbortSignal };

/** Minutes whose reports are read in one query. */
const sliceSeconds = 300;

export type Rebuilt = {
  readonly table: TableDef;
  /** Length of a partition. */
  readonly partitionSeconds: number;
  readonly fill: (target: string, stored: Stored, slice: Slice) => string;
};

/** Makes a time (Unix seconds) again; what else lies in its partitions is taken over. */
export async function rebuild(
  sql: Sql,
  { table, partitionSeconds, fill }: Rebuilt,
  slice: Slice,
  options: FlowOptions,
): Promise<void> {
  const { signal } = options;
  const stored = storedIn(options);
  const own = stored(table.name);
  const last = slice.to - 1;
  for (let at = slice.from - (slice.from % partitionSeconds); at <= last; at += partitionSeconds) {
    const whole = { from: at, to: at + partitionSeconds };
    const from = Math.max(slice.from, at);
    const to = Math.min(slice.to, whole.to);
    await withStaging(sql, { ...options, table: table.name }, async (staging) => {
      for (const kept of [
        { from: at, to: from },
        { from: to, to: whole.to },
      ]) {
        if (kept.to <= kept.from) continue;
        const rows = `SELECT * FROM ${own} WHERE ${within(kept)}`;
        await sql.run(`INSERT INTO ${staging} ${rows} ${rebuildSettings}`, signal);
      }
      for (let begin = from; begin < to; begin += sliceSeconds) {
        const part = { from: begin, to: Math.min(begin + sliceSeconds, to) };
        await sql.run(fill(staging, stored, part), signal);
      }
      // Nothing of what was counted is there any more, or nothing ever was: it stays as it is.
      const [row] = await sql.rows<{ has: string }>(
        `SELECT toString(count() > 0) AS has FROM ${staging}`,
        signal,
      );
      if (row?.has !== '1') return;
      const place = { table: own, staging, partition: partitionOf(at), signal };
      await replacePartition(sql, { ...place, inPartition: within(whole) });
    });
  }
}

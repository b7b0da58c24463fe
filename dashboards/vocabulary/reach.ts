/**
 * How far a coarser level (minutes, hours, days) has been counted, so that readers take it that far
 * and what is finer for the rest.
 *
 * On a cluster each shard counts its own rows in its own time. A level then reaches as far as on
 * the shard that is behind, and nowhere while a shard has none of it: numbers stay exact, and only
 * cost more until that shard has caught up. On one server there is one shard, number 0 of 0.
 */
export type ReachOf = {
  readonly table: string;
  /** Its column of time. */
  readonly time: string;
  /** Seconds behind the start of the last row that count as reached. */
  readonly tailSeconds: number;
  /** A condition on its rows. */
  readonly where: string;
};

/** A scalar: the first moment and the last, 1970 twice when nothing is reached. */
export function reachOf({ table, time, tailSeconds, where }: ReachOf): string {
  const tail = tailSeconds === 0 ? '' : ` + ${tailSeconds}`;
  return (
    "(SELECT if(count() < max(shards), (toDateTime(0, 'UTC') AS never, never)," +
    ' (max(begun), min(ended))) FROM (' +
    `SELECT max(shardCount()) AS shards, min(${time}) AS begun, max(${time})${tail} AS ended` +
    ` FROM ${table} WHERE ${where} GROUP BY shardNum()))`
  );
}

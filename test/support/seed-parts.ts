/** A table whose parts are not merged, until ClickHouse itself refuses the next insert. */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { assert } from '../../core/assert.ts';

/** From so many parts on inserts are slowed, and from so many on they are refused. */
const slowedFrom = 10;
const refusedFrom = 12;

export async function seedTooManyParts(clickhouse: ClickHouse): Promise<void> {
  const { client, database } = clickhouse;
  const run = (query: string): Promise<unknown> => client.command({ query });
  await run(`CREATE TABLE ${database}.narrow (a Int32) ENGINE = MergeTree ORDER BY a
    SETTINGS parts_to_delay_insert = ${slowedFrom}, parts_to_throw_insert = ${refusedFrom},
      max_delay_to_insert = 1, min_delay_to_insert_ms = 1`);
  await run(`SYSTEM STOP MERGES ${database}.narrow`);
  const insert = (value: number): Promise<unknown> =>
    run(`INSERT INTO ${database}.narrow VALUES (${value})`);
  for (let part = 0; part < refusedFrom; part += 1) await insert(part);
  const refused = await insert(refusedFrom).then(
    () => false,
    () => true,
  );
  assert(refused, 'ClickHouse refuses a part too many');
}

/**
 * Counts what hours cost and puts them in the place of what was counted before. An hour is made of
 * what stands in the tables and nothing else: counting it again gives the same rows, unless
 * entities, points, prices or bills have come since. Two runs at once end with the same.
 */
import type { ClickHouse } from '../../clickhouse/client.ts';
import { partitionOf, rebuildSettings, within } from '../../clickhouse/hours.ts';
import { costHours } from '../../clickhouse/schema/costs.ts';
import { replacePartition, withStaging } from '../../clickhouse/staging.ts';
import { placeOf, storedIn } from '../../clickhouse/stored.ts';
import { hourStatements, type TeamLabels } from './hour-sql.ts';

export type CountOptions = {
  /** Milliseconds; hours that end later are counted, up to {@link nowMs}. */
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly labels: TeamLabels;
  readonly signal: AbortSignal;
  readonly onDay?: (day: string, hours: number) => void;
};

export type Counted = {
  readonly hours: number;
  /** Of the hours that were counted: which price nodes had, and for how many hours of a node. */
  readonly sources: readonly { readonly source: string; readonly nodeHours: string }[];
  /** Pods that were left out, because their node is not recorded. */
  readonly podsWithoutNode: number;
};

const hourMs = 3_600_000;
const daySeconds = 86_400;

/** Older ones would be counted of entities and points that have begun to expire. */
export const countedDaysMax = 29;

export async function countCosts(server: ClickHouse, options: CountOptions): Promise<Counted> {
  const { sinceMs, nowMs, onDay } = options;
  const hours: number[] = [];
  for (let ms = sinceMs - (sinceMs % hourMs); ms < nowMs; ms += hourMs) hours.push(ms / 1000);
  const days = Map.groupBy(hours, (hour) => hour - (hour % daySeconds));
  for (const [day, ofDay] of days) {
    await countDay(server, day, ofDay, options);
    onDay?.(partitionOf(day).slice(0, 10), ofDay.length);
  }
  return { hours: hours.length, ...(await toldOf(server, hours)) };
}

async function countDay(
  server: ClickHouse,
  day: number,
  hours: readonly number[],
  { nowMs, labels, signal }: CountOptions,
): Promise<void> {
  const { database } = server;
  const place = await placeOf(server, database, signal);
  const table = storedIn(place)(costHours.name);
  const whole = within({ from: day, to: day + daySeconds });
  await withStaging(server, { ...place, table: costHours.name, signal }, async (staging) => {
    const times = hours.map((hour) => `toDateTime(${hour}, 'UTC')`).join(', ');
    await server.run(
      `INSERT INTO ${staging} SELECT * FROM ${table} WHERE ${whole} AND Time NOT IN (${times})
        ${rebuildSettings}`,
      signal,
    );
    for (const hour of hours) {
      const statements = hourStatements({
        database,
        target: staging,
        hour,
        untilMs: nowMs,
        labels,
      });
      for (const statement of statements) await server.run(statement, signal);
    }
    const partition = partitionOf(day).slice(0, 10);
    await replacePartition(server, { table, staging, partition, inPartition: whole, signal });
  });
}

async function toldOf(
  server: ClickHouse,
  hours: readonly number[],
): Promise<Omit<Counted, 'hours'>> {
  const [first = 0, last = 0] = [hours[0], hours.at(-1)];
  const { database } = server;
  const range = within({ from: first, to: last + hourMs / 1000 });
  const sources = await server.rows<{ source: string; nodeHours: string }>(
    `SELECT PriceSource AS source, toString(sum(Hours)) AS nodeHours
    FROM ${storedIn({ database })(costHours.name)} WHERE ${range} AND Kind = 'node'
    GROUP BY source ORDER BY sum(Hours) DESC, source`,
  );
  const [row] = await server.rows<{ pods: string }>(
    `SELECT uniqExact(Id) AS pods FROM ${storedIn({ database })('entity_pods')} FINAL
    WHERE ValidFrom < toDateTime(${last + hourMs / 1000}, 'UTC')
      AND ValidTo > toDateTime(${first}, 'UTC') AND Node != ''
      AND (Cluster, Node) NOT IN (
        SELECT Cluster, Name FROM ${storedIn({ database })('entity_nodes')} FINAL
        WHERE ValidFrom < toDateTime(${last + hourMs / 1000}, 'UTC')
          AND ValidTo > toDateTime(${first}, 'UTC'))`,
  );
  return { sources, podsWithoutNode: Number(row?.pods ?? 0) };
}

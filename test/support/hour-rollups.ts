/** Counts what dashboards read and a gateway counts every minute or so. */
import { attributeRollup } from '../../clickhouse/attributes.ts';
import type { Sql } from '../../clickhouse/client.ts';
import { rebuildHour, staleHours } from '../../clickhouse/hour-rollup.ts';
import { logPatternRollup } from '../../clickhouse/log-patterns.ts';
import { seriesRollup } from '../../clickhouse/series.ts';

export async function countHours(sql: Sql): Promise<void> {
  for (const rollup of [logPatternRollup, attributeRollup, seriesRollup]) {
    for (const hour of await staleHours(sql, rollup)) await rebuildHour(sql, rollup, hour);
  }
}

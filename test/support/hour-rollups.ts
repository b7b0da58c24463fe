/** Counts what dashboards read and a gateway counts every minute or so. */
import { attributeRollup } from '../../clickhouse/attributes.ts';
import type { Sql } from '../../clickhouse/client.ts';
import { rebuildHour, staleHours } from '../../clickhouse/hour-rollup.ts';
import { logPatternRollup } from '../../clickhouse/log-patterns.ts';
import { pointHours } from '../../clickhouse/point-hours.ts';
import { pointMinutes } from '../../clickhouse/points.ts';
import { seriesRollup } from '../../clickhouse/series.ts';

const counted = [logPatternRollup, attributeRollup, seriesRollup, pointMinutes, pointHours];

export async function countHours(sql: Sql): Promise<void> {
  for (const rollup of counted) {
    for (const hour of await staleHours(sql, rollup)) await rebuildHour(sql, rollup, hour);
  }
}

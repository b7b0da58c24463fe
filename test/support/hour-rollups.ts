/** Counts what dashboards read and a gateway counts every minute or so. */
import { attributeRollup } from '../../clickhouse/attributes.ts';
import type { Sql } from '../../clickhouse/client.ts';
import { type HourRollup, rebuildHour, staleHours } from '../../clickhouse/hour-rollup.ts';
import { logPatternRollup } from '../../clickhouse/log-patterns.ts';
import { pointHours } from '../../clickhouse/point-hours.ts';
import { pointMinutes } from '../../clickhouse/points.ts';
import { seriesRollup } from '../../clickhouse/series.ts';

/** The minutes and hours of points come apart: they are read over long ranges only. */
const catalogues = [logPatternRollup, attributeRollup, seriesRollup];

export function countHours(sql: Sql): Promise<void> {
  return countAll(sql, catalogues);
}

/** Points by minute and hour, which need the series that {@link countHours} counts. */
export function countPoints(sql: Sql): Promise<void> {
  return countAll(sql, [pointMinutes, pointHours]);
}

async function countAll(sql: Sql, rollups: readonly HourRollup[]): Promise<void> {
  for (const rollup of rollups) {
    for (const hour of await staleHours(sql, rollup)) await rebuildHour(sql, rollup, hour);
  }
}

/** The rollups that are made of stored rows. */

import { attributeRollup } from '../clickhouse/attributes.ts';
import type { HourRollup } from '../clickhouse/hour-rollup.ts';
import { logPatternRollup } from '../clickhouse/log-patterns.ts';
import { pointHours, pointMinutes } from '../clickhouse/points.ts';
import { seriesRollup } from '../clickhouse/series.ts';

export const keptRollups: readonly HourRollup[] = [
  logPatternRollup,
  attributeRollup,
  seriesRollup,
  pointMinutes,
  pointHours,
];

/** The rollups that are made of stored rows; those that they are made of are not in it. */

import { attributeRollup } from '../clickhouse/attributes.ts';
import type { HourRollup } from '../clickhouse/hour-rollup.ts';
import { logPatternRollup } from '../clickhouse/log-patterns.ts';
import { pointHours } from '../clickhouse/point-hours.ts';
import { seriesRollup } from '../clickhouse/series.ts';

export const keptRollups: readonly HourRollup[] = [
  logPatternRollup,
  attributeRollup,
  seriesRollup,
  pointHours,
];

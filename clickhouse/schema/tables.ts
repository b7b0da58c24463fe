import { agentTables } from './agents.ts';
import { attributeCatalogue, seriesCatalogue } from './catalogue.ts';
import { costTables } from './costs.ts';
import { serviceEdges } from './edges.ts';
import { entityTables } from './entities.ts';
import { flowTables } from './flows.ts';
import { logPatternMinutes, logPatterns } from './log-patterns.ts';
import { logs } from './logs.ts';
import { exponentialHistogram, gauge, histogram, sum, summary } from './metrics.ts';
import { migrations, receipts, redDay, redHour, redMinute, redSecond } from './ours.ts';
import { metricHours, metricMinutes } from './points.ts';
import { snapshotRuns } from './snapshots.ts';
import { traceRanges, traces } from './traces.ts';
import type { TableDef } from './types.ts';

/** Every table, in the order in which they are created. */
export const tables: readonly TableDef[] = [
  migrations,
  traces,
  traceRanges,
  logs,
  gauge,
  sum,
  histogram,
  exponentialHistogram,
  summary,
  redSecond,
  redMinute,
  redHour,
  redDay,
  serviceEdges,
  logPatternMinutes,
  logPatterns,
  attributeCatalogue,
  seriesCatalogue,
  metricMinutes,
  metricHours,
  receipts,
  snapshotRuns,
  ...entityTables,
  ...agentTables,
  ...costTables,
  ...flowTables,
];

/** Raised with every change of a declaration; `obsctl_migrations` keeps the ones applied. */
export const schemaVersion = 18;

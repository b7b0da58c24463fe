import { logs } from './logs.ts';
import { exponentialHistogram, gauge, histogram, sum, summary } from './metrics.ts';
import { migrations, receipts, redMinute, redSecond } from './ours.ts';
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
  receipts,
];

/** Raised with every change of a declaration; `obsctl_migrations` keeps the ones applied. */
export const schemaVersion = 5;

/** `otel_series_15m`: the series of metrics with their labels, made of stored points. */
import type { HourRollup, RawPart } from './hour-rollup.ts';
import { hourSeconds, inSlice, rebuildSettings, type Slice, unitOf } from './hours.ts';
import { catalogueSeconds, seriesCatalogue } from './schema/catalogue.ts';
import { exponentialHistogram, gauge, histogram, sum, summary } from './schema/metrics.ts';
import { quoteText } from './sql.ts';
import type { Stored } from './stored.ts';

const pointTables = [gauge, sum, histogram, exponentialHistogram, summary];

/** Tables of points to count; they are sorted by hour, then by series, then by time. */
export function pointParts(tables: readonly { readonly name: string }[]): readonly RawPart[] {
  return tables.map(({ name }) => ({
    table: name,
    time: 'TimeUnix',
    part: name,
    sliceSeconds: hourSeconds,
  }));
}

export const seriesRollup: HourRollup = {
  table: seriesCatalogue,
  grainSeconds: catalogueSeconds,
  raw: pointParts(pointTables),
  partColumn: '`Table`',
  counted: 'sum(Rows)',
  fill: (target, stored, raw, slice) => [fillSeries(target, stored, raw, slice)],
};

/** What makes a series, as the tables of points have it. */
const labels =
  'MetricName, MetricUnit, ServiceName, ResourceAttributes, ScopeName, Attributes, Tenant';

const has = (table: string, column: string): boolean =>
  pointTables.some(({ name, columns }) => name === table && columns.some((c) => c.name === column));

/** The hash that every rollup of points names a series by; SQL over a table of points. */
export function seriesOf(table: string): string {
  const { temporality, monotonic } = kindOf(table);
  return `cityHash64(${quoteText(table)}, ${labels}, ${temporality}, ${monotonic})`;
}

/** Kinds that have no such column have the default. */
function kindOf(table: string): { readonly temporality: string; readonly monotonic: string } {
  return {
    temporality: has(table, 'AggregationTemporality') ? 'AggregationTemporality' : 'toInt32(0)',
    monotonic: has(table, 'IsMonotonic') ? 'IsMonotonic' : 'false',
  };
}

function fillSeries(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  const { temporality, monotonic } = kindOf(raw.table);
  return `INSERT INTO ${target} (Time, \`Table\`, Series, ${labels}, AggregationTemporality,
      IsMonotonic, MetricDescription, Rows, FirstSeen, LastSeen)
    SELECT ${unitOf(raw.time, catalogueSeconds)} AS unit, ${quoteText(raw.table)},
      ${seriesOf(raw.table)} AS series, ${labels}, ${temporality} AS temporality,
      ${monotonic} AS monotonic, max(MetricDescription), count(), min(TimeUnix), max(TimeUnix)
    FROM ${stored(raw.table)} WHERE ${inSlice(raw.time, slice)}
    GROUP BY unit, series, ${labels}, temporality, monotonic ${rebuildSettings}`;
}

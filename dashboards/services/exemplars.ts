/**
 * Single requests to look at beside a latency chart: what histograms of requests stored as
 * exemplars, and the slowest request of each bucket out of the spans, so that there is one also
 * where no SDK sends exemplars.
 */
import { exponentialHistogram, histogram } from '../../clickhouse/schema/metrics.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import { requestDurations } from '../vocabulary/names.ts';
import type { Exemplars } from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const t = columnsOf(traces);

/** Of the spans and of the histograms; beyond these, dots would hide the lines. */
const slowestMax = 40;
const storedMax = 40;

const service = (column: string): string =>
  `$__conditionalAll(${column} IN (\${service:singlequote}), $service)`;

/** An operation is no attribute of a metric: where one is chosen, the spans alone tell. */
const allOperations = '$__conditionalAll(0, $operation)';

const stored = (table: typeof histogram | typeof exponentialHistogram): string => {
  const c = columnsOf(table);
  return `
      SELECT at AS time, value * if(${c.MetricUnit} = 'ms', 0.001, 1) AS value, trace AS traceId,
        ${c.ServiceName} AS service, 'exemplar' AS what
      FROM ${table.name}
      ARRAY JOIN ${c['Exemplars.TimeUnix']} AS at, ${c['Exemplars.Value']} AS value,
        ${c['Exemplars.TraceId']} AS trace
      WHERE $__timeFilter(${c.TimeUnix}) AND ${c.MetricName} IN ('${requestDurations.join("', '")}')
        AND trace != '' AND at >= $__fromTime AND at <= $__toTime
        AND ${service(c.ServiceName)} AND ${allOperations}
      ORDER BY value DESC LIMIT ${storedMax}`;
};

export const slowRequests: Exemplars = {
  query: sql(`
    SELECT * FROM (
      SELECT argMax(${t.Timestamp}, ${t.Duration}) AS time, max(${t.Duration}) / 1e9 AS value,
        argMax(${t.TraceId}, ${t.Duration}) AS traceId,
        argMax(${t.ServiceName}, ${t.Duration}) AS service, 'slowest' AS what
      FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.SpanKind} IN ('Server', 'Consumer')
        AND ${service(t.ServiceName)}
        AND $__conditionalAll(${t.SpanName} IN (\${operation:singlequote}), $operation)
      GROUP BY $__timeInterval(${t.Timestamp})
      ORDER BY value DESC LIMIT ${slowestMax}
    )
    UNION ALL SELECT * FROM (${stored(histogram)})
    UNION ALL SELECT * FROM (${stored(exponentialHistogram)})
    ORDER BY time`),
  link: { title: 'Open this trace', to: 'traces', set: { traceId: { field: 'traceId' } } },
};

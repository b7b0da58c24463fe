/**
 * The query behind *Services by trouble*: a row a service with its numbers, and arrays of 30 points
 * for the sparklines, which Grafana's table draws from an array as well. Requests are read once.
 */
import { logs as logsTable } from '../../clickhouse/schema/logs.ts';
import { traces } from '../../clickhouse/schema/traces.ts';
import {
  bucketSeconds,
  byVariables,
  isError,
  rangeSeconds,
  red,
  withRed,
  withWindowBefore,
} from '../vocabulary/red.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';
import { scanBounds } from './services-parts.ts';

const t = columnsOf(traces);
const l = columnsOf(logsTable);
const tableRowsMax = 200;
/** Points of a sparkline: as many as a cell has room for. */
const slotsCount = 30;

const rangeLength = "(dateDiff('second', $__fromTime, $__toTime) + 1)";
const slotSeconds = `(${rangeLength} / ${slotsCount})`;
const latencies = 'quantilesExactWeightedArray';
const shares = '0.5, 0.95, 0.99';
const inWindow = 'slot >= 0';
const before = 'slot < 0';

/** One of the shares, in seconds, of all slots for which `condition` holds. */
const latency = (share: 1 | 2 | 3, condition: string): string =>
  bucketSeconds(`${latencies}MergeIf(${shares})(took, ${condition})[${share}]`);

/** The values of the slots in order; where a service had no request, what `none` says. */
const overTime = (values: string, none: '0' | 'NULL'): string =>
  `arrayMap(at -> if(has(seen, at), ${values}[indexOf(seen, at)], ${none}), range(${slotsCount}))`;

/** Requests by service and slot of the window; slot −1 is all of the window before it. */
function bySlot(): string {
  const age = `dateDiff('second', $__fromTime, ${red.time})`;
  return `
      SELECT ${red.service} AS service,
        if(${red.time} >= $__fromTime, intDiv(${age} * ${slotsCount}, ${rangeLength}), -1) AS slot,
        sum(${red.count}) AS spans, sumIf(${red.count}, ${isError}) AS bad,
        ${latencies}State(${shares})(${red.bucketIndex}, ${red.bucketCount}) AS took
      FROM red GROUP BY service, slot`;
}

export function servicesByTrouble(): string {
  const slotLatency = bucketSeconds('finalizeAggregation(took)[2]');
  return sql(`
    WITH ${withRed(byVariables, withWindowBefore)},
    failed AS (
      SELECT ${t.ServiceName} AS service, ${t.TraceId} AS trace, ${t.SpanId} AS id,
        ${t.ParentSpanId} AS parent, ${t.SamplingWeight} AS weight
      FROM ${traces.name}
      WHERE $__timeFilter(${t.Timestamp}) AND ${t.StatusCode} = 'Error'
      ORDER BY ${t.Timestamp} DESC LIMIT ${scanBounds.errorSpansMax}
    ),
    starts AS (
      SELECT service, sum(weight) AS begun FROM failed
      WHERE (trace, id) NOT IN (SELECT trace, parent FROM failed) GROUP BY service
    ),
    lines AS (
      SELECT ${l.ServiceName} AS service, count() AS errorLines FROM ${logsTable.name}
      WHERE $__timeFilter(${l.Timestamp}) AND ${l.SeverityNumber} >= 17 GROUP BY service
    ),
    slots AS (${bySlot()}
    ),
    services AS (
      SELECT service, sumIf(spans, ${inWindow}) AS requests,
        sumIf(bad, ${inWindow}) / requests AS ratio, ${latency(1, inWindow)} AS half,
        ${latency(2, inWindow)} AS most, ${latency(3, inWindow)} AS nearly,
        if(countIf(${before}) = 0, NULL, ${latency(2, before)}) AS before,
        groupArrayIf(slot, ${inWindow}) AS seen,
        groupArrayIf(spans / ${slotSeconds}, ${inWindow}) AS rates,
        groupArrayIf(bad / spans, ${inWindow}) AS ratios,
        groupArrayIf(${slotLatency}, ${inWindow}) AS times
      FROM slots GROUP BY service HAVING requests > 0
    )
    SELECT service AS "Service",
      multiIf(least(1, begun / requests) > 0.01, 'errors start here', ratio > 0.01,
          'fails with others',
        most > 1.5 * before AND most > 0.02, 'slower than before', 'healthy') AS "State",
      requests / ${rangeSeconds} AS "Requests", ${overTime('rates', '0')} AS "Requests trend",
      ratio AS "Failed", ${overTime('ratios', 'NULL')} AS "Failed trend",
      least(1, begun / requests) AS "Starts here", half AS "p50", most AS "p95",
      ${overTime('times', 'NULL')} AS "p95 trend", nearly AS "p99",
      before AS "p95 before", errorLines AS "Error logs", floor(most * 1000) AS "SlowMs",
      ratio + 3 * least(1, begun / requests)
        + 0.2 * greatest(0, log2(most / ifNull(before, most))) AS "Trouble"
    FROM services LEFT JOIN starts USING (service) LEFT JOIN lines USING (service)
    ORDER BY "Trouble" DESC, requests DESC, service LIMIT ${tableRowsMax}`);
}

/**
 * `otel_log_patterns_1m`: how many log records of which service, severity and pattern there are in
 * each minute, and `otel_log_patterns`: since when each pattern is known. Made of stored records.
 */
import type { HourRollup } from './hour-rollup.ts';
import { inSlice, rebuildSettings, time, unitOf } from './hours.ts';
import {
  logPatternMinutes,
  logPatterns,
  otherPatterns,
  patternOfBody,
  patternsMax,
  severityWord,
} from './schema/log-patterns.ts';
import { logs } from './schema/logs.ts';

const grainSeconds = 60;

export const logPatternRollup: HourRollup = {
  table: logPatternMinutes,
  grainSeconds,
  raw: [{ table: logs.name, time: 'Timestamp', part: 'logs' }],
  counted: 'sum(Rows)',
  fill: (target, stored, raw, slice) => [
    `
    INSERT INTO ${target} (Time, ServiceName, Severity, Pattern, Tenant, Rows, Records,
      FirstSeen, LastSeen)
    SELECT minute, service, word, if(place <= ${patternsMax}, pattern, '${otherPatterns}') AS kept,
      tenant, sum(found), sum(weight), min(begun), max(ended)
    FROM (
      SELECT *, row_number() OVER (PARTITION BY minute, service, word, tenant
        ORDER BY found DESC, pattern) AS place
      FROM (
        SELECT ${unitOf(raw.time, grainSeconds)} AS minute, ServiceName AS service,
          ${severityWord} AS word, ${patternOfBody} AS pattern, Tenant AS tenant,
          count() AS found, sum(SamplingWeight) AS weight, min(Timestamp) AS begun,
          max(Timestamp) AS ended
        FROM ${stored(logs.name)} WHERE ${inSlice(raw.time, slice)}
        GROUP BY minute, service, word, pattern, tenant
      )
    )
    GROUP BY minute, service, word, kept, tenant ${rebuildSettings}`,
  ],
  also: (staging, stored, slice) => `
    INSERT INTO ${stored(logPatterns.name)}
      (ServiceName, Severity, Pattern, Tenant, FirstSeen, LastSeen)
    SELECT ServiceName, Severity, Pattern, Tenant, min(FirstSeen), max(LastSeen) FROM ${staging}
    WHERE Time >= ${time(slice.from)} AND Time < ${time(slice.to)}
      AND Pattern != '${otherPatterns}'
    GROUP BY ServiceName, Severity, Pattern, Tenant ${rebuildSettings}`,
};

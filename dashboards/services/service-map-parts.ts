/** Edges of the service map as SQL: read from the rollup, compared with the window before. */
import { serviceEdges } from '../../clickhouse/schema/edges.ts';
import { latencyBucketsPerDoubling } from '../../clickhouse/schema/ours.ts';
import { withWindowBefore } from '../vocabulary/red.ts';
import { columnsOf } from '../vocabulary/sql.ts';

const e = columnsOf(serviceEdges);

/** Edges beyond the worst so many are left out. */
const edgesMax = 500;

/** What a state is called, how it is drawn, and from where on. */
export const edgeStates = {
  fails: { text: 'fails', colour: 'red', dashes: '8 4', above: 0.05 },
  sometimes: { text: 'fails at times', colour: 'orange', dashes: '2 4', above: 0.01 },
  slower: { text: 'slower than before', colour: 'yellow', dashes: '12 3' },
  healthy: { text: 'healthy', colour: 'green', dashes: '' },
} as const;

/** Slower means by this factor, and at least so long. */
const slowerFactor = 1.5;
const slowerSecondsMin = 0.02;

const chosenService =
  `$__conditionalAll(hasAny([caller, callee], [\${service:singlequote}]),` + ' $service)';

/** Databases apart: SDKs that tell of a service's requests often leave them to others. */
const told = `${e.Caller}, ${e.CalleeKind} = 'database', ${e.Time}`;

/**
 * The body of a WITH clause that defines `calls`: minutes of edges in the window, and in one of
 * the same length before it. A call that nobody answered counts for the service that answers at
 * that address, or takes from that queue, otherwise: a service that is down or late stays itself
 * and does not become a stranger. What an eBPF agent saw of a caller is left out of minutes in
 * which the SDK of the caller tells of its calls.
 */
export function withCalls(filter: string = chosenService): string {
  const answered = `${e.CalleeKind} IN ('external', 'queue') AND answers != ''`;
  return [
    'stored AS (',
    `  SELECT ${e.Time}, ${e.Caller}, ${e.Callee}, ${e.CalleeKind}, ${e.Address}, ${e.Count},`,
    `    ${e.Errors}, ${e.DurationSum}, ${e.DurationMax}, ${e.Instrumentation},`,
    `    ${e['Buckets.Index']} AS indexes, ${e['Buckets.Count']} AS weights`,
    `  FROM ${serviceEdges.name} WHERE ${withWindowBefore(e.Time)}`,
    '),',
    'seen AS (',
    `  SELECT * FROM stored WHERE ${e.Instrumentation} = '' OR (${told}) GLOBAL NOT IN`,
    `    (SELECT ${told} FROM stored GROUP BY ALL`,
    `     HAVING min(${e.Instrumentation}) = '' AND max(${e.Instrumentation}) != '')`,
    '),',
    'known AS (',
    `  SELECT ${e.Address}, any(${e.Callee}) AS answers FROM seen`,
    `  WHERE ${e.CalleeKind} = 'service' AND ${e.Address} != ''`,
    `  GROUP BY ${e.Address} HAVING uniqExact(${e.Callee}) = 1`,
    '),',
    'calls AS (',
    `  SELECT ${e.Time} AS minute, ${e.Time} >= $__fromTime AS now, ${e.Caller} AS caller,`,
    `    if(${answered}, answers, ${e.Callee}) AS callee,`,
    `    if(${answered}, 'service', ${e.CalleeKind}) AS kind, ${e.Count} AS count,`,
    `    ${e.Errors} AS errors, ${e.DurationSum} AS busy, ${e.DurationMax} AS longest, indexes,`,
    // Weights of sampled spans have fractions; percentiles count in whole thousandths.
    '    arrayMap(weight -> toUInt64(round(weight * 1000)), weights) AS thousandths',
    `  FROM seen LEFT JOIN known USING (${e.Address})`,
    `  WHERE ${filter}`,
    ')',
  ].join('\n');
}

/** A percentile in seconds of the rows of `calls` for which `condition` holds; NULL without any. */
export function callsPercentile(share: number, condition: string): string {
  const index = `quantileExactWeightedArrayIf(${share})(indexes, thousandths, ${condition})`;
  return (
    `if(countIf(${condition}) = 0, NULL,` +
    ` exp2((${index} + 0.5) / ${latencyBucketsPerDoubling}) / 1e9)`
  );
}

/** Seconds of the chosen range that edges were seen in, at least a minute. */
export const callSeconds =
  "greatest(60, dateDiff('second', greatest($__fromTime," +
  ` (SELECT min(${e.Time}) FROM seen)), least($__toTime,` +
  ` (SELECT max(${e.Time}) + 60 FROM seen))))`;

/** Adds `edges` to {@link withCalls}: one row an edge, with its state and its trouble. */
export function withEdges(): string {
  const { fails, sometimes, slower, healthy } = edgeStates;
  return [
    `${withCalls()},`,
    'edges AS (',
    '  SELECT caller, callee, kind, sumIf(count, now) AS total,',
    `    total / ${callSeconds} AS rate, sumIf(errors, now) / total AS ratio,`,
    `    ${callsPercentile(0.5, 'now')} AS half, ${callsPercentile(0.95, 'now')} AS most,`,
    `    ${callsPercentile(0.95, 'NOT now')} AS before,`,
    '    maxIf(longest, now) / 1e9 AS longest,',
    `    multiIf(ratio > ${fails.above}, '${fails.text}',`,
    `      ratio > ${sometimes.above}, '${sometimes.text}',`,
    `      most > ${slowerFactor} * before AND most > ${slowerSecondsMin}, '${slower.text}',`,
    `      '${healthy.text}') AS state,`,
    '    ratio + 0.1 * greatest(0, log2(most / ifNull(before, most))) AS trouble',
    '  FROM calls GROUP BY caller, callee, kind HAVING total > 0',
    `  ORDER BY trouble DESC, rate DESC, caller, callee LIMIT ${edgesMax}`,
    ')',
  ].join('\n');
}

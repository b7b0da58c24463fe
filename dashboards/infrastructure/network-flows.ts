/**
 * Traffic between two sides as SQL. A side is its workload as reported; of an address without one,
 * what had it at that time, by the versions in the entity tables (which every database has, while
 * their dictionaries may be missing); else the address.
 */
import { pods, services } from '../../clickhouse/schema/entities.ts';
import { flowMinutes } from '../../clickhouse/schema/flows.ts';
import { columnsOf } from '../vocabulary/sql.ts';
import { queryVariable } from '../vocabulary/variables.ts';

const f = columnsOf(flowMinutes);

const onFlowCluster = `$__conditionalAll(${f.Cluster} IN (\${cluster:singlequote}), $cluster)`;

/** Only pairs that have one of the chosen sides. */
export const ofChosenSide =
  '$__conditionalAll(hasAny([source, destination],' + ` [\${side:singlequote}]), $side)`;

const versions = ({ name }: { readonly name: string }, shown: string): string =>
  `SELECT Cluster, arrayJoin(Addresses) AS Address, ValidFrom, ValidTo, ${shown} AS shown` +
  ` FROM ${name} FINAL WHERE ValidTo > $__fromTime AND ValidFrom <= $__toTime`;

const named = (side: 'source' | 'destination'): string => {
  const column = side === 'source' ? 'Source' : 'Destination';
  const known = `arrayFirst(one -> one.1 <= ${f.Time} AND one.2 > ${f.Time}, ${side}Names.names).3`;
  return (
    `multiIf(${column}Workload != '', concat(${column}Namespace, if(${column}Namespace = '', '',` +
    ` '/'), ${column}Workload), ${known} != '', ${known}, ${column}Address != '',` +
    ` ${column}Address, 'not named') AS ${side}`
  );
};

/**
 * The body of a WITH clause that defines `flows`: `minute`, `source`, `destination`, the zones of
 * both, `crosses`, `port`, `protocol`, `sent`, `answered`, `opened`, `closed` and `most`.
 */
export function withFlows(filter = '1'): string {
  const join = (side: 'source' | 'destination', column: string): string =>
    `  LEFT JOIN names AS ${side}Names ON ${side}Names.Cluster = seen.Cluster` +
    ` AND ${side}Names.Address = seen.${column}`;
  return [
    'names AS (',
    '  SELECT Cluster, Address, groupArray((ValidFrom, ValidTo, shown)) AS names FROM (',
    `    ${versions(pods, "concat(Namespace, '/', if(Workload = '', Name, Workload))")}`,
    `    UNION ALL ${versions(services, "concat(Namespace, '/', Name)")}`,
    '  ) GROUP BY Cluster, Address',
    '),',
    'seen AS (',
    `  SELECT * FROM ${flowMinutes.name}`,
    `  WHERE $__timeFilter(${f.Time}) AND ${onFlowCluster}`,
    '),',
    'flows AS (',
    `  SELECT ${f.Time} AS minute, ${named('source')}, ${named('destination')},`,
    `    ${f.SourceZone} AS sourceZone, ${f.DestinationZone} AS destinationZone,`,
    "    sourceZone != '' AND destinationZone != '' AND sourceZone != destinationZone AS crosses,",
    `    ${f.DestinationPort} AS port, ${f.Protocol} AS protocol, ${f.SourceBytes} AS sent,`,
    `    ${f.DestinationBytes} AS answered, ${f.Opened} AS opened, ${f.Closed} AS closed,`,
    `    ${f.ConcurrentMax} AS most`,
    '  FROM seen',
    join('source', f.SourceAddress),
    join('destination', f.DestinationAddress),
    `  WHERE ${filter}`,
    ')',
  ].join('\n');
}

/** Seconds of the chosen range that traffic was seen in, at least a minute. */
export const flowSecondsSeen =
  "greatest(60, dateDiff('second', greatest($__fromTime, (SELECT min(minute) FROM flows))," +
  ' least($__toTime, (SELECT max(minute) + 60 FROM flows))))';

export function flowClusterVariable() {
  return queryVariable('cluster', {
    label: 'Cluster',
    description: 'Show only these clusters.',
    multi: true,
    all: true,
    rawSql:
      `SELECT DISTINCT ${f.Cluster} AS value FROM ${flowMinutes.name}` +
      ` WHERE $__timeFilter(${f.Time}) AND value != '' ORDER BY value LIMIT 1000`,
  });
}

export function sideVariable() {
  return queryVariable('side', {
    label: 'Workload',
    description: 'Show only what one of these sends or receives.',
    multi: true,
    all: true,
    rawSql: `WITH ${withFlows()}
SELECT arrayJoin([source, destination]) AS value FROM flows
GROUP BY value ORDER BY sum(sent + answered) DESC, value LIMIT 500`,
  });
}

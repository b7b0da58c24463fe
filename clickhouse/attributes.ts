/**
 * `otel_attributes_15m`: which attribute keys the rows of each table have, with which values. A key
 * with many values is counted and its values are not kept, so the catalogue is small whatever is
 * sent; that is found out in a first pass that remembers at most 100 values a key, and a second
 * one counts the values of the other keys.
 */
import type { HourRollup, RawPart } from './hour-rollup.ts';
import { inSlice, rebuildSettings, type Slice, time, unitOf } from './hours.ts';
import {
  attributeCatalogue,
  attributeLimits,
  catalogueSeconds,
  namingKeys,
  scopeNameKey,
} from './schema/catalogue.ts';
import { logs } from './schema/logs.ts';
import { exponentialHistogram, gauge, histogram, sum, summary } from './schema/metrics.ts';
import { traces } from './schema/traces.ts';
import { pointParts } from './series.ts';
import { quoteText } from './sql.ts';
import type { Stored } from './stored.ts';

const pointTables = [gauge, sum, histogram, exponentialHistogram, summary];

/** The column with the attributes of the item itself. */
const ownAttributes: Readonly<Record<string, string>> = {
  [traces.name]: 'SpanAttributes',
  [logs.name]: 'LogAttributes',
};

const limits = attributeLimits;
const tooMany = limits.values + 1;
const isNaming = `key IN (${namingKeys.map(quoteText).join(', ')})`;

export const attributeRollup: HourRollup = {
  table: attributeCatalogue,
  grainSeconds: catalogueSeconds,
  raw: [
    ...[traces, logs].map(({ name }) => ({ table: name, time: 'Timestamp', part: name })),
    ...pointParts(pointTables),
  ],
  partColumn: '`Table`',
  counted: "sumIf(Rows, Kind = '')",
  fill: (target, stored, raw, slice) => [
    totals(target, stored, raw, slice),
    keys(target, stored, raw, slice),
    values(target, stored, raw, slice),
  ],
};

const columns = 'Time, `Table`, Tenant, Kind, `Key`, Value, Rows, Values, LastSeen';

function totals(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  return `INSERT INTO ${target} (${columns})
    SELECT ${unitOf(raw.time, catalogueSeconds)} AS unit, ${quoteText(raw.table)}, Tenant,
      '', '', '', count(), 0, max(${raw.time})
    FROM ${stored(raw.table)} WHERE ${inSlice(raw.time, slice)}
    GROUP BY unit, Tenant ${rebuildSettings}`;
}

function keys(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  const isId =
    `NOT ${isNaming} AND (longest > ${limits.valueBytes}` +
    ` OR (distinct > ${limits.idValues} AND distinct * 2 > rows))`;
  return `INSERT INTO ${target} (${columns})
    SELECT unit, ${quoteText(raw.table)}, tenant, kind, key, '', rows,
      if(${isId}, ${tooMany}, least(distinct, ${tooMany})), seen
    FROM (
      SELECT unit, tenant, kind, key, sum(found) AS rows, max(at) AS seen,
        uniqUpTo(${limits.values})(value) AS distinct, max(length(value)) AS longest
      FROM (${pairs(stored, raw, slice)}) GROUP BY unit, tenant, kind, key
    )
    ORDER BY rows DESC, key LIMIT ${limits.keys} BY unit, tenant, kind ${rebuildSettings}`;
}

function values(target: string, stored: Stored, raw: RawPart, slice: Slice): string {
  return `INSERT INTO ${target} (${columns})
    SELECT unit, ${quoteText(raw.table)}, tenant, kind, key, value, sum(found) AS rows, 0, max(at)
    FROM (${pairs(stored, raw, slice)})
    WHERE (unit, tenant, kind, key) IN (
      SELECT Time, Tenant, Kind, \`Key\` FROM ${target}
      WHERE \`Table\` = ${quoteText(raw.table)} AND Time >= ${time(slice.from)}
        AND Time < ${time(slice.to)} AND Kind != '' AND Values > 0
        AND (Values < ${tooMany} OR ${isNaming.replace('key', '`Key`')})
    )
    GROUP BY unit, tenant, kind, key, value
    ORDER BY rows DESC, value LIMIT ${limits.names} BY unit, tenant, kind, key ${rebuildSettings}`;
}

/**
 * unit, tenant, kind, key, value, found (rows), at. Resources and scopes repeat from row to row:
 * they are told apart as a whole before they are taken to pieces.
 */
function pairs(stored: Stored, raw: RawPart, slice: Slice): string {
  const from = `FROM ${stored(raw.table)} WHERE ${inSlice(raw.time, slice)}`;
  const row = `${unitOf(raw.time, catalogueSeconds)} AS unit, toString(Tenant) AS tenant`;
  const whole = `count() AS found, max(${raw.time}) AS at`;
  const own = ownAttributes[raw.table] ?? 'Attributes';
  const pair = (map: string): string => `${map}.keys AS names, ${map}.values AS texts`;
  const isSpanOrLog = raw.table in ownAttributes;
  const items = isSpanOrLog
    ? `SELECT ${row}, 'attribute' AS kind, 1 AS found, ${raw.time} AS at, ${pair(own)} ${from}`
    : `SELECT unit, tenant, 'attribute' AS kind, found, at, ${pair('m')} FROM (
        SELECT ${row}, ${own} AS m, ${whole} ${from} GROUP BY unit, tenant, m)`;
  return `
      SELECT unit, tenant, kind, toString(key) AS key, value, found, at FROM (
        SELECT unit, tenant, 'resource' AS kind, found, at, ${pair('m')} FROM (
          SELECT ${row}, ResourceAttributes AS m, ${whole} ${from} GROUP BY unit, tenant, m)
        UNION ALL
        SELECT unit, tenant, 'scope' AS kind, found, at,
          arrayConcat(m.keys, if(name = '', [], ['${scopeNameKey}'])) AS names,
          arrayConcat(m.values, if(name = '', [], [name])) AS texts FROM (
          SELECT ${row}, ScopeAttributes AS m, toString(ScopeName) AS name, ${whole} ${from}
          GROUP BY unit, tenant, m, name)
        UNION ALL
        ${items}
      ) ARRAY JOIN names AS key, texts AS value`;
}

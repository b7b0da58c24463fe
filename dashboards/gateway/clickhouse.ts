/**
 * ClickHouse itself: what the tables hold and cost, what is being merged and asked, what failed.
 * Only system tables that a server and the embedded engine both have; they know the present.
 */
import { receipts } from '../../clickhouse/schema/ours.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import {
  gauge,
  type PanelDraft,
  type PanelSpec,
  stat,
  type Threshold,
  table,
  timeseries,
} from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const r = columnsOf(receipts);

/** ClickHouse slows inserts from 1 000 parts in a partition on, and refuses them from 3 000 on. */
const partSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'merging keeps up' },
  { from: 300, colour: 'orange', text: 'from 300 on merging falls behind' },
  { from: 1000, colour: 'red', text: 'from 1 000 on inserts are slowed, from 3 000 on refused' },
];

const fullSteps: readonly Threshold[] = [
  { from: 0, colour: 'green', text: 'room is left' },
  { from: 0.8, colour: 'orange', text: 'from 80 % on, merges may lack room' },
  { from: 0.9, colour: 'red', text: 'from 90 % on, shorten retention or add disk now' },
];

const ours = 'active AND database = currentDatabase()';

export function clickhouseDashboard(): DashboardJson {
  return board({
    key: 'clickhouse',
    title: 'ClickHouse',
    description:
      'The database behind everything else: bytes by table, parts and merges, what is asked now,' +
      ' what failed. All but the charts shows the present, whatever the time range.',
    variables: [],
    rows: [
      { title: '', panels: [bytesOnDisk(), compression(), rowsStored(), mostParts(), diskFull()] },
      { title: '', panels: [rowsArriving(), bytesArriving()] },
      { title: 'Tables', panels: [tablesNow()] },
      { title: 'At work', panels: [merges(), queries()] },
      { title: 'What failed', panels: [mutations(), errors()] },
    ],
  });
}

type Figure = Pick<PanelDraft['spec'], 'title' | 'description'> & {
  readonly value: string;
  readonly unit: 'bytes' | 'short' | 'none';
  readonly thresholds?: readonly Threshold[];
};

function figure({ value, ...rest }: Figure, from: string): PanelDraft {
  return stat({
    ...rest,
    source: 'clickhouse',
    query: sql(`SELECT ${value} AS value ${from}`),
    width: 5,
    height: 4,
    decimals: 1,
    noValue: 'no data',
  });
}

const fromParts = `FROM system.parts WHERE ${ours}`;

function bytesOnDisk(): PanelDraft {
  const description =
    'What all tables of this database take on disk, compressed, indexes included. Compare it with' +
    ' the disk; days are kept as long as retention says.';
  return figure(
    { title: 'On disk', description, value: 'toFloat64(sum(bytes_on_disk))', unit: 'bytes' },
    fromParts,
  );
}

function compression(): PanelDraft {
  const description =
    'How many bytes of columns became one on disk, over all tables. Telemetry usually reaches 5' +
    ' to 15; less means values that never repeat, such as ids in attributes.';
  const value = 'sum(data_uncompressed_bytes) / greatest(1, sum(data_compressed_bytes))';
  return figure({ title: 'Compression', description, value, unit: 'short' }, fromParts);
}

function rowsStored(): PanelDraft {
  const description = 'Spans, log records, points and rollups that the tables hold now.';
  return figure(
    { title: 'Rows', description, value: 'toFloat64(sum(rows))', unit: 'short' },
    fromParts,
  );
}

function mostParts(): PanelDraft {
  const description =
    'Parts of the partition that has most. Each insert makes a part and merging makes fewer of' +
    ' them; when this grows and grows, inserts are too small or the disk is too slow.';
  return figure(
    {
      title: 'Parts of a partition',
      description,
      value: 'toFloat64(max(parts))',
      unit: 'none',
      thresholds: partSteps,
    },
    `FROM (SELECT count() AS parts ${fromParts} GROUP BY table, partition_id)`,
  );
}

function diskFull(): PanelDraft {
  return gauge({
    title: 'Disk',
    description:
      'How full the fullest disk of ClickHouse is. Merging needs room for a copy of what it' +
      ' merges.',
    source: 'clickhouse',
    query: sql('SELECT max(1 - free_space / greatest(1, total_space)) AS full FROM system.disks'),
    width: 4,
    height: 4,
    unit: 'percentunit',
    min: 0,
    max: 1,
    noValue: 'no disk',
    thresholds: fullSteps,
  });
}

function rowsArriving(): PanelDraft {
  return arriving(r.Rows, {
    title: 'Rows that came',
    description:
      'Rows a second that ClickHouse acknowledged to the gateways, by table. A table that stops' +
      ' has lost its senders; see Sources.',
    unit: 'ops',
  });
}

function bytesArriving(): PanelDraft {
  return arriving(r.Bytes, {
    title: 'Bytes that came',
    description:
      'Bytes a second of the blocks that ClickHouse took, before it compressed them, by table.',
    unit: 'Bps',
  });
}

/** What the receipts count, a second, stacked by table. */
function arriving(
  measure: string,
  texts: Pick<PanelSpec, 'title' | 'description' | 'unit'>,
): PanelDraft {
  return timeseries({
    ...texts,
    source: 'receipts',
    query: sql(`
      SELECT $__timeInterval(${r.Time}) AS time, ${r.Table} AS name,
        sum(${measure}) / $__interval_s AS value
      FROM ${receipts.name}
      WHERE $__timeFilter(${r.Time})
      GROUP BY time, name ORDER BY time, name`),
    width: 12,
    height: 8,
    decimals: 1,
    noValue: 'nothing came in this time range',
    interval: '10s',
    seriesName: `\${__field.labels.name}`,
    stack: true,
    draw: 'area',
  });
}

function tablesNow(): PanelDraft {
  return table({
    title: 'Tables',
    description:
      'Every table that holds rows: what it costs, how well it compresses, since when it has data' +
      ' and how many parts its worst partition has.',
    source: 'clickhouse',
    query: sql(`
      SELECT name AS "Table", sum(rows) AS "Rows", toFloat64(sum(bytes)) AS "On disk",
        sum(bytes) / sum(rows) AS "A row", sum(raw) / greatest(1, sum(packed)) AS "Compression",
        count() AS "Partitions", sum(parts) AS "Parts", max(parts) AS "Most parts",
        max(newest) AS "Last written"
      FROM (
        SELECT table AS name, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts,
          sum(data_uncompressed_bytes) AS raw, sum(data_compressed_bytes) AS packed,
          max(modification_time) AS newest
        ${fromParts}
        GROUP BY name, partition_id
      )
      GROUP BY name ORDER BY "On disk" DESC`),
    width: 24,
    height: 11,
    noValue: 'no table holds a row',
    fields: {
      Table: { widthPx: 290 },
      Rows: { unit: 'short', decimals: 1 },
      'On disk': { unit: 'bytes', decimals: 1 },
      'A row': { unit: 'bytes', decimals: 0 },
      Compression: { unit: 'short', decimals: 1 },
      Partitions: { unit: 'none', decimals: 0 },
      Parts: { unit: 'none', decimals: 0 },
      'Most parts': { unit: 'none', decimals: 0, cell: 'text', thresholds: partSteps },
      'Last written': { unit: 'dateTimeAsLocal', widthPx: 190 },
    },
  });
}

function merges(): PanelDraft {
  return table({
    title: 'Merges',
    description:
      'Parts being merged now, the longest first. A merge that takes many minutes is large; many' +
      ' small ones that never end mean that the disk does not keep up.',
    source: 'clickhouse',
    empty: 'fine',
    query: sql(`
      SELECT table AS "Table", partition_id AS "Partition", elapsed AS "Since", progress AS "Done",
        num_parts AS "Parts", toFloat64(total_size_bytes_compressed) AS "Size"
      FROM system.merges WHERE database = currentDatabase() ORDER BY elapsed DESC LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'nothing is being merged now',
    fields: {
      Since: { unit: 's', decimals: 1 },
      Done: { unit: 'percentunit', decimals: 0, cell: 'bar', max: 1 },
      Parts: { unit: 'none', decimals: 0 },
      Size: { unit: 'bytes', decimals: 1 },
    },
  });
}

function queries(): PanelDraft {
  return table({
    title: 'Queries',
    description:
      'What is asked and inserted now, the longest first; this question is not shown. User says' +
      ' who asks; end a query with KILL QUERY.',
    source: 'clickhouse',
    empty: 'fine',
    query: sql(`
      SELECT elapsed AS "Since", user AS "User", toFloat64(read_rows) AS "Rows read",
        toFloat64(memory_usage) AS "Memory", substring(query, 1, 300) AS "Query"
      FROM system.processes WHERE query_id != queryID() ORDER BY elapsed DESC LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'nothing else is being asked now',
    fields: {
      Since: { unit: 's', decimals: 1, widthPx: 90 },
      User: { widthPx: 110 },
      'Rows read': { unit: 'short', decimals: 1, widthPx: 110 },
      Memory: { unit: 'bytes', decimals: 1, widthPx: 110 },
    },
  });
}

function mutations(): PanelDraft {
  return table({
    title: 'Changes that wait',
    description:
      'ALTER statements that rewrite parts and are not done. One with a reason of failure will' +
      ' never end by itself: mend the reason, or end it with KILL MUTATION.',
    source: 'clickhouse',
    empty: 'fine',
    query: sql(`
      SELECT table AS "Table", create_time AS "Asked at", parts_to_do AS "Parts left",
        command AS "Command", latest_fail_reason AS "Last failure"
      FROM system.mutations WHERE database = currentDatabase() AND NOT is_done
      ORDER BY create_time LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'no change waits',
    fields: {
      'Asked at': { unit: 'dateTimeAsLocal', widthPx: 190 },
      'Parts left': { unit: 'none', decimals: 0, widthPx: 90 },
    },
  });
}

function errors(): PanelDraft {
  return table({
    title: 'Errors since ClickHouse started',
    description:
      'Errors by kind, the latest first, with the last message. Some are everyday (a query that' +
      ' named a column wrongly); MEMORY_LIMIT_EXCEEDED, TOO_MANY_PARTS and NOT_ENOUGH_SPACE are' +
      ' not.',
    source: 'clickhouse',
    empty: 'fine',
    query: sql(`
      SELECT name AS "Error", toFloat64(sum(value)) AS "Times", max(last_error_time) AS "Last time",
        argMax(substring(last_error_message, 1, 300), last_error_time) AS "Last message"
      FROM system.errors GROUP BY name ORDER BY "Last time" DESC LIMIT 50`),
    width: 12,
    height: 8,
    noValue: 'nothing failed since ClickHouse started',
    fields: {
      Error: { widthPx: 220 },
      Times: { unit: 'short', decimals: 0, widthPx: 80 },
      'Last time': { unit: 'dateTimeAsLocal', widthPx: 190 },
    },
  });
}

/** Snapshots: how old each table is, whether it is what was sent, what changed and what failed. */
import { snapshotRuns } from '../../clickhouse/schema/snapshots.ts';
import { board, type DashboardJson } from '../vocabulary/board.ts';
import {
  type PanelDraft,
  type PanelSpec,
  stat,
  type Threshold,
  table,
  timeseries,
} from '../vocabulary/panel.ts';
import { columnsOf, sql } from '../vocabulary/sql.ts';

const r = columnsOf(snapshotRuns);
const inRange = `$__timeFilter(${r.Time})`;
const from = `FROM ${snapshotRuns.name} WHERE ${inRange}`;
const rowsMax = 200;

export function snapshotsDashboard(): DashboardJson {
  return board({
    key: 'snapshots',
    title: 'Snapshots',
    description:
      'Tables of databases beside the telemetry: how old each is, whether what is stored is what' +
      ' was sent, what changed in the source and which runs failed.',
    variables: [],
    rows: [
      { title: '', panels: [failing(), oldest(), unequal(), rowsNow()] },
      { title: '', panels: [snapshots()] },
      { title: 'Tables', panels: [tables()] },
      { title: 'Over time', panels: [rowsOverTime(), duration()] },
      { title: 'What was not as usual', panels: [changes(), edges(), failures()] },
    ],
    from: 'now-24h',
    refresh: '30s',
  });
}

/** The newest good run of each table; columns as the dashboard uses them. */
const newestTables = `(
  SELECT ${r.Snapshot} AS snapshot, ${r.SourceTable} AS source, max(${r.Started}) AS began,
    argMax(${r.Rows}, ${r.Time}) AS rows, argMax(${r.Bytes}, ${r.Time}) AS bytes,
    argMax(${r.Rows} = ${r.RowsStored} AND ${r.Checksum} = ${r.ChecksumStored},
      ${r.Time}) AS equal,
    argMax(concat(${r.Database}, '.', ${r.Table}), ${r.Time}) AS into,
    argMax(${r.ReadMs}, ${r.Time}) AS read_ms, argMax(${r.VerifyMs}, ${r.Time}) AS verify_ms
  ${from} AND ${r.Result} = 'ok'
  GROUP BY snapshot, source
)`;

/** The state of each snapshot after its newest run. */
const newestRuns = `(
  SELECT ${r.Snapshot} AS snapshot, argMax(${r.Result}, ${r.Time}) AS result,
    maxIf(${r.Started}, ${r.Result} = 'ok') AS began, max(${r.Time}) AS ended,
    argMax(${r.Source}, ${r.Time}) AS source, argMax(${r.Error}, ${r.Time}) AS error,
    uniqExact(${r.Run}) AS runs, uniqExactIf(${r.Run}, ${r.Result} = 'failed') AS failed
  ${from}
  GROUP BY snapshot
)`;

const age = (began: string): string =>
  `if(${began} > toDateTime64(0, 3),` +
  ` dateDiff('second', ${began}, toDateTime64($__toTime, 3)), NULL)`;

type Figure = Pick<PanelSpec, 'title' | 'description'> & {
  readonly query: string;
  readonly unit: 's' | 'none' | 'short';
  readonly thresholds?: readonly Threshold[];
};

const figure = (spec: Figure): PanelDraft =>
  stat({ ...spec, source: 'snapshots', width: 6, height: 4, decimals: 0, noValue: 'none' });

function failing(): PanelDraft {
  return figure({
    title: 'Failing',
    description:
      'Snapshots whose newest run failed. Their tables are those of the last good run; the list' +
      ' below says why, and so does `obsctl snapshot list`.',
    query: sql(`SELECT countIf(result = 'failed') AS "Failing" FROM ${newestRuns}`),
    unit: 'none',
    thresholds: [
      { from: 0, colour: 'green', text: 'every newest run was good' },
      { from: 1, colour: 'red', text: 'at least one newest run failed' },
    ],
  });
}

function oldest(): PanelDraft {
  return figure({
    title: 'Oldest',
    description:
      'How long ago the newest good run of the snapshot began that is the furthest behind. What' +
      ' panels and alerts say of its tables is true of that moment.',
    query: sql(`SELECT max(${age('began')}) AS "Oldest" FROM ${newestRuns}`),
    unit: 's',
  });
}

function unequal(): PanelDraft {
  return figure({
    title: 'Not as sent',
    description:
      'Tables whose count or checksum in ClickHouse is not that of what was sent. Such a run' +
      ' fails and keeps the old table, so any other number than none is a fault of obsctl.',
    query: sql(`SELECT countIf(NOT equal) AS "Not as sent" FROM ${newestTables}`),
    unit: 'none',
    thresholds: [
      { from: 0, colour: 'green', text: 'every table is what was sent' },
      { from: 1, colour: 'red', text: 'a table is not what was sent' },
    ],
  });
}

function rowsNow(): PanelDraft {
  return figure({
    title: 'Rows',
    description: 'Rows of all tables together, as of the newest good run of each.',
    query: sql(`SELECT toFloat64(sum(rows)) AS "Rows" FROM ${newestTables}`),
    unit: 'none',
  });
}

const results = { ok: { colour: 'green' }, failed: { colour: 'red' } } as const;

function snapshots(): PanelDraft {
  return table({
    title: 'Snapshots',
    description:
      'A row a snapshot, the ones with trouble first: how long ago its newest good run began, and' +
      ' what became of its runs in this time range. Without a good run there is no age.',
    source: 'snapshots',
    query: sql(`
      SELECT snapshot AS "Snapshot", result AS "Newest run", ${age('began')} AS "Age",
        runs AS "Runs", failed AS "Failed", source AS "Source", error AS "Why"
      FROM ${newestRuns} ORDER BY result = 'ok', "Age" DESC LIMIT ${rowsMax}`),
    width: 24,
    height: 5,
    noValue: 'no snapshot ran in this time range',
    fields: {
      Snapshot: { widthPx: 160 },
      'Newest run': { widthPx: 110, values: results, cell: 'text' },
      Age: { unit: 's', decimals: 0, widthPx: 100 },
      Runs: { widthPx: 80 },
      Failed: { widthPx: 80 },
      Source: { widthPx: 260 },
    },
  });
}

function tables(): PanelDraft {
  return table({
    title: 'Newest good run of each table',
    description:
      'What each table is now: as of when, how many rows, whether count and checksum are equal in' +
      ' the source and in ClickHouse, and how long reading and verifying took.',
    source: 'snapshots',
    query: sql(`
      SELECT source AS "Table", into AS "In ClickHouse", ${age('began')} AS "Age",
        rows AS "Rows", if(equal, 'equal', 'unequal') AS "Verified", toFloat64(bytes) AS "Sent",
        read_ms AS "Read", verify_ms AS "Verify", snapshot AS "Snapshot"
      FROM ${newestTables} ORDER BY "Age" DESC, "Snapshot", "Table" LIMIT ${rowsMax}`),
    width: 24,
    height: 8,
    noValue: 'no run was good in this time range',
    fields: {
      Table: { widthPx: 220 },
      'In ClickHouse': { widthPx: 220 },
      Age: { unit: 's', decimals: 0, widthPx: 100 },
      Rows: { unit: 'short', widthPx: 100 },
      Verified: {
        widthPx: 100,
        values: { equal: { colour: 'green' }, unequal: { colour: 'red' } },
        cell: 'text',
      },
      Sent: { unit: 'bytes', decimals: 1, widthPx: 100 },
      Read: { unit: 'ms', decimals: 1, widthPx: 100 },
      Verify: { unit: 'ms', decimals: 1, widthPx: 100 },
    },
  });
}

const ofTime = { source: 'snapshots', width: 12, height: 8, interval: '1m' } as const;

function rowsOverTime(): PanelDraft {
  return timeseries({
    ...ofTime,
    title: 'Rows of each table',
    description:
      'Rows that each good run stored, by table. A step downwards is a deletion in the source, or' +
      ' a filter that somebody changed.',
    query: sql(`
      SELECT $__timeInterval(${r.Time}) AS time,
        concat(${r.Snapshot}, ': ', ${r.SourceTable}) AS name, max(${r.Rows}) AS value
      ${from} AND ${r.Result} = 'ok'
      GROUP BY time, name ORDER BY time, name`),
    unit: 'short',
    noValue: 'no run was good in this time range',
    seriesName: `\${__field.labels.name}`,
  });
}

function duration(): PanelDraft {
  return timeseries({
    ...ofTime,
    title: 'How long runs took',
    description:
      'From the beginning of a run to its last table, by snapshot. One that grows towards its' +
      ' pause needs more readers, a filter, or a longer pause.',
    query: sql(`
      SELECT $__timeInterval(${r.Time}) AS time, ${r.Snapshot} AS name,
        max(dateDiff('millisecond', ${r.Started}, ${r.Time})) / 1000 AS value
      ${from}
      GROUP BY time, name ORDER BY time, name`),
    unit: 's',
    noValue: 'no run in this time range',
    seriesName: `\${__field.labels.name}`,
  });
}

const ofList = { source: 'snapshots', empty: 'fine', width: 8, height: 7 } as const;
const when = { Time: { unit: 'dateTimeAsLocal', widthPx: 170 } } as const;

function changes(): PanelDraft {
  return table({
    ...ofList,
    title: 'Changes of the schema',
    description:
      'What a run found changed in the source since the run before: columns that came or went,' +
      ' types that grew, keys. Queries over the table may need to follow.',
    query: sql(`
      SELECT ${r.Time} AS "Time", ${r.SourceTable} AS "Table", change AS "Change"
      FROM ${snapshotRuns.name} ARRAY JOIN ${r.Changes} AS change
      WHERE ${inRange}
      ORDER BY "Time" DESC LIMIT ${rowsMax}`),
    noValue: 'the schema did not change',
    fields: { ...when, Table: { widthPx: 160 } },
  });
}

function edges(): PanelDraft {
  return table({
    ...ofList,
    title: 'Values beyond their type',
    description:
      'Values that the type in ClickHouse cannot hold, by column, in the newest good run that had' +
      ' any: they were clamped, made null or kept as text, as the stack file says.',
    query: sql(`
      SELECT max(${r.Time}) AS "Newest", concat(${r.SourceTable}, '.', column) AS "Column",
        argMax(count, ${r.Time}) AS "Values"
      FROM ${snapshotRuns.name}
      ARRAY JOIN mapKeys(${r.Edges}) AS column, mapValues(${r.Edges}) AS count
      WHERE ${inRange} AND ${r.Result} = 'ok'
      GROUP BY "Column" ORDER BY "Values" DESC LIMIT ${rowsMax}`),
    noValue: 'every value fits its type',
    fields: { Newest: when.Time, Values: { unit: 'short', widthPx: 90 } },
  });
}

function failures(): PanelDraft {
  return table({
    ...ofList,
    title: 'Runs that failed',
    description:
      'Every run of this time range that ended with an error, the newest first. None of them' +
      ' changed a table that somebody reads.',
    query: sql(`
      SELECT ${r.Time} AS "Time", ${r.Snapshot} AS "Snapshot", ${r.Error} AS "Why"
      ${from} AND ${r.Result} = 'failed'
      ORDER BY "Time" DESC LIMIT ${rowsMax}`),
    noValue: 'no run failed',
    fields: { ...when, Snapshot: { widthPx: 130 } },
  });
}

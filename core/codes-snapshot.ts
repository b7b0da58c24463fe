/** Codes of `obsctl snapshot`; part of the table in `codes.ts`. */
export const snapshotCodes = {
  'OBS-6041': {
    title: 'no table fits',
    cause: 'A glob of `tables` fits no table that the user of the source may see.',
    next: 'Compare it with `obsctl snapshot plan`; globs are over `schema.table`.',
  },
  'OBS-6042': {
    title: 'two tables or columns would have one name',
    cause: 'After renames two of them are written to the same name in ClickHouse.',
    next: 'Rename one, or leave it out, under `columns` or `tables` of the snapshot.',
  },
  'OBS-6043': {
    title: 'a column cannot have that type',
    cause: 'The type asked for is not among those that hold the values of the column.',
    next: 'Use one of the types in the message; `String` always works.',
  },
  'OBS-6044': {
    title: 'a table in ClickHouse is not ours',
    cause: 'A table has the name of a snapshot, but no snapshot made it.',
    next: 'Give the snapshot a `database` of its own, or rename the table.',
  },
  'OBS-6045': {
    title: 'what is stored is not what was sent',
    cause: 'Row count or checksum of the new table differ; the old table was kept.',
    next: 'Run the snapshot again; when it says so twice, tell us with the line of the report.',
  },
  'OBS-6046': {
    title: 'there is no such snapshot',
    cause: 'The stack file has no entry of that name under `snapshots`.',
    next: 'Use one of the names in the message.',
  },
  'OBS-6047': {
    title: 'the address of the source is not set',
    cause: 'The environment variable that the DSN refers to is empty or not set.',
    next: 'Set the variable to a DSN such as postgres://reader:PASSWORD@db:5432/shop.',
  },
  'OBS-6048': {
    title: 'an entry of incremental or history fits no table',
    cause: 'Its glob fits none of the tables that `tables` of the snapshot takes.',
    next: 'Correct `match`; `obsctl snapshot plan` shows the tables as `schema.table`.',
  },
  'OBS-6049': {
    title: 'the database has no Atomic engine',
    cause: 'Tables are swapped by EXCHANGE TABLES, which another engine does not have.',
    next: 'Give the snapshot a `database` that does not exist yet; it is then made.',
  },
  'OBS-6050': {
    title: 'the source has no rows any more',
    cause:
      'Every key is gone, and `deletes: compare` would take all rows out; nothing was changed.',
    next: 'When the table was emptied on purpose, run `obsctl snapshot run NAME --full` once.',
  },
  'OBS-6051': {
    title: 'a value cannot be JSON',
    cause: 'A column is to be `type: JSON`, and ClickHouse keeps objects whose names occur once.',
    next: 'Leave the column a String (`JSONExtract` reads it), or leave the rows out by `filters`.',
  },
  'OBS-6052': {
    title: 'the cluster is not seen',
    cause: 'The telemetry is on a cluster, but the user may not see `otel_traces`, which names it.',
    next: 'Give the rights of docs/guide/snapshots.md for a cluster.',
  },
  'OBS-6053': {
    title: 'a history lies on one node of a cluster',
    cause: 'It was made before the telemetry was on a cluster; others would not have its versions.',
    next: 'Copy its rows to a table of your own, drop its view, and run the snapshot again.',
  },
  'OBS-6057': {
    title: 'a dictionary does not fit its table',
    cause: 'A column is not there or of no type for it, or its key is not unique or has NULL.',
    next: 'Correct `key`, `attributes` and `table` of the dictionary, or the rows in the source.',
  },
  'OBS-6058': {
    title: 'ClickHouse does not load a dictionary',
    cause: 'It may not read its table, or the run may not make dictionaries.',
    next: 'Give the rights of docs/guide/snapshots.md, and name its `collection`.',
  },
  'OBS-6059': {
    title: 'the snapshot is being run already',
    cause: 'Another run of it holds the lock in the source, and writes the same tables.',
    next: 'Wait for its end, or end the connection in the message if nobody needs that run.',
  },
} as const;

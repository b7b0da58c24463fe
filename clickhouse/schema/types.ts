/**
 * Tables as data. One declaration a table; the DDL, the migrations, the column writers, the
 * dashboards' typed column names and the reference page are all drawn from it.
 */

/** Which retention a table follows: that of its signal, or of our own bookkeeping. */
export type Retention =
  | 'traces'
  | 'logs'
  | 'metrics'
  | 'seconds'
  | 'rollups'
  | 'hours'
  | 'receipts'
  | 'entities'
  | 'history';

export type ColumnDef = {
  readonly name: string;
  /** ClickHouse type, spelled as `SHOW CREATE TABLE` prints it. */
  readonly type: string;
  /** Codec list without the word CODEC, for example `Delta(8), ZSTD(1)`. */
  readonly codec?: string;
  /** Where the value comes from: `Span.trace_id`, `received_at`, … Shown in the reference. */
  readonly source: string;
  readonly comment: string;
  /** ALIAS, DEFAULT or MATERIALIZED with its expression; such a column is never sent. */
  readonly computed?: string;
  /** What rows have whose insert leaves the column out; absent: zero or nothing. */
  readonly fallback?: string;
  /**
   * The nested group (`Events`) whose arrays this column's are as long as. Not part of its name:
   * ClickHouse would then refuse inserts, like the Collector's, that leave this column out.
   */
  readonly alongside?: string;
  /** `ours`: not in the Collector exporter's layout. */
  readonly origin: 'collector' | 'ours';
};

export type IndexDef = {
  readonly name: string;
  readonly expression: string;
  readonly type: string;
  readonly granularity: number;
};

export type TableDef<Column extends string = string> = {
  readonly name: string;
  readonly comment: string;
  readonly columns: readonly (ColumnDef & { readonly name: Column })[];
  readonly engine: 'MergeTree' | 'AggregatingMergeTree' | 'ReplacingMergeTree(Version)';
  /** In UTC, as the gateway cuts its units: an insert is one part in any server's time zone. */
  readonly partitionBy: string;
  readonly primaryKey?: string;
  readonly orderBy: string;
  /** Expression of type DateTime that the TTL counts from. */
  readonly ttlFrom: string;
  readonly retention: Retention;
  readonly indexes: readonly IndexDef[];
  /** Settings of this table over the ones every table has (see `ddl.ts`). */
  readonly settings?: Readonly<Record<string, string | number>>;
  /**
   * How a seal in doubt is settled on a server whose token may lie (gateway.md §3): `seal` asks
   * `count() WHERE Seal = …`; `idempotent` inserts again, because rows merge to the same values.
   */
  readonly inDoubt: 'seal' | 'idempotent';
};

/** The column names of a table, as a type. */
export type ColumnOf<T> = T extends TableDef<infer Column> ? Column : never;

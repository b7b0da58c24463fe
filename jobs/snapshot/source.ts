/**
 * What a database gives to a snapshot, the same for Postgres and MySQL: its catalog, one point in
 * time for all readers, chunks of tables, and their rows written into columns of ClickHouse.
 */
import type { RowWriter } from '../../clickhouse/native/values/types.ts';

/** What is done with a value that the ClickHouse type cannot hold (issue 8 §2). */
export type EdgePolicy = 'fail' | 'clamp' | 'null' | 'string';

export type SourceColumn = {
  readonly name: string;
  /** As the source writes it: `numeric(12,2)`, `bigint unsigned`. */
  readonly sourceType: string;
  readonly isNullable: boolean;
  readonly isGenerated: boolean;
  /** By the type table of the source; another of `types` may be asked for. */
  readonly mapped: MappedType;
};

/** A row of the type table (research: protocols.md §4.7). */
export type MappedType = {
  /** The ClickHouse type without Nullable. */
  readonly type: string;
  /** All that a stack file may choose, `type` first; `String` is always among them. */
  readonly types: readonly string[];
  /** What values at the edge meet unless told otherwise. */
  readonly edge: EdgePolicy;
  /** False for arrays, maps and tuples, whose NULL becomes empty; `null_flag` tells it apart. */
  readonly canBeNull: boolean;
  /** Any `Decimal(P, S)` may be chosen besides `types`; what does not fit meets the edge. */
  readonly anyDecimal?: boolean;
};

export type SourceTable = {
  /** Schema in Postgres, database in MySQL. */
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'view' | 'materialized view' | 'foreign table';
  readonly columns: readonly SourceColumn[];
  /** Names of columns in the key's order; empty without a primary key. */
  readonly primaryKey: readonly string[];
  /** By the source's statistics; 0 when it has none. */
  readonly estimatedRows: number;
};

export type PlannedColumn = {
  readonly source: SourceColumn;
  /** In ClickHouse. */
  readonly name: string;
  /** In ClickHouse, with Nullable where the source may have NULL. */
  readonly type: string;
  readonly edge: EdgePolicy;
  /** What ClickHouse makes of the column once its text was verified (json.ts). */
  readonly becomes?: 'JSON';
  /** True for a Bool that says whether the value of the source is NULL. */
  readonly isNullFlag?: true;
};

export type PlannedTable = {
  readonly source: SourceTable;
  /** Name of the table in ClickHouse. */
  readonly name: string;
  readonly columns: readonly PlannedColumn[];
  /** A condition in the source's SQL. */
  readonly filter?: string;
};

/** A part of a table; the same `id` for the same part of the same point in time. */
export type Chunk = {
  readonly id: string;
  /** A condition in the source's SQL; empty for all rows. */
  readonly where: string;
  /** What to read instead of the table, such as a partition of it; quoted for the source. */
  readonly from?: string;
};

/** Where a reader puts the rows of a chunk. */
export type RowOut = {
  /** One column for each planned one, in their order. */
  readonly writer: RowWriter;
  readonly edges: Edges;
  /** Sends the block; awaited whenever the writer is full. */
  readonly flush: () => Promise<void>;
};

/** Counts values at the edge of their type, and keeps the first of each column. */
export type Edges = {
  /** `key` tells the row by its primary key; asked for once a column. */
  readonly met: (column: number, value: string, key: () => string) => void;
};

export type Source = {
  /** For messages: host, port and database; never a password. */
  readonly address: string;
  /** A name of a column as its SQL writes it. */
  readonly quote: (name: string) => string;
  /** All tables and views that its user may see, system schemas left out. */
  readonly tables: () => Promise<readonly SourceTable[]>;
  /** Opens one point in time for up to `readers` readers at once. */
  readonly begin: (readers: number) => Promise<SourceSnapshot>;
  /** Takes the lock of that key, or says who has it: Problem OBS-6059. */
  readonly lock: (key: string) => Promise<SourceLock>;
  readonly close: () => Promise<void>;
};

/** Held by a connection of its own; the server lets go of it with that. */
export type SourceLock = {
  /** Throws when the connection is gone, and with it the lock. */
  readonly check: () => Promise<void>;
  readonly release: () => Promise<void>;
};

export type SourceSnapshot = {
  /** The point in time: LSN, or binlog position and GTID. */
  readonly position: string;
  /** How many may read at once: 1 where the source gives one connection alone. */
  readonly readers: number;
  /** What a person should know, such as a missing privilege. */
  readonly notes: readonly string[];
  readonly chunks: (table: PlannedTable, rows: number) => Promise<readonly Chunk[]>;
  /** Reads a chunk on one of the readers; at most `readers` calls at once. */
  readonly read: (
    table: PlannedTable,
    chunk: Chunk,
    out: RowOut,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly end: () => Promise<void>;
};

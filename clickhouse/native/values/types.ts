/**
 * Columns of any ClickHouse type that a table of somebody else may have, filled one value at a
 * time. Which kind a column is follows from its type; who fills it asks for the kind once and
 * then calls its own method, so that no value passes through a JavaScript object.
 *
 * A row gives every column exactly one value: a Nullable either `pushNull()` or `pushValid()` and
 * one value of its inner column; an Array `pushLength(n)` and n values of its inner column.
 *
 * Types alone: no allocations, no copies. Watched by `values.bench.ts`.
 */
type Base = {
  /** The type as ClickHouse writes it. */
  readonly type: string;
};

/**
 * Int8 to Int32, UInt8 to UInt32, Float32, Float64, Bool, Date and Date32 (days since 1970-01-01),
 * DateTime (seconds), Decimal(P <= 9) unscaled.
 */
export type NumberColumn = Base & {
  readonly kind: 'number';
  readonly pushNumber: (value: number) => void;
};

/** Int64, UInt64, DateTime64 and Time64 (ticks), Decimal(P <= 18) unscaled. */
export type LongColumn = Base & {
  readonly kind: 'long';
  /** The low and the high 32 bits, each as any number whose low 32 bits count. */
  readonly pushHalves: (low: number, high: number) => void;
  readonly pushBigInt: (value: bigint) => void;
};

/** Decimal(P > 18) unscaled, Int128, Int256 and their unsigned siblings. */
export type WideColumn = Base & {
  readonly kind: 'wide';
  readonly pushBigInt: (value: bigint) => void;
};

/**
 * String, LowCardinality(String), FixedString(n); UUID (its 16 bytes in the order they are
 * written), IPv4 (4 bytes, network order), IPv6 (16 bytes, network order).
 */
export type BytesColumn = Base & {
  readonly kind: 'bytes';
  readonly pushBytes: (bytes: Uint8Array, from: number, to: number) => void;
};

export type NullableColumn = Base & {
  readonly kind: 'nullable';
  readonly inner: ValueColumn;
  readonly pushNull: () => void;
  readonly pushValid: () => void;
};

export type ArrayColumn = Base & {
  readonly kind: 'array';
  readonly inner: ValueColumn;
  readonly pushLength: (count: number) => void;
};

export type MapColumn = Base & {
  readonly kind: 'map';
  readonly key: ValueColumn;
  readonly value: ValueColumn;
  readonly pushLength: (count: number) => void;
};

/** Also Point: a Tuple(Float64, Float64). */
export type TupleColumn = Base & {
  readonly kind: 'tuple';
  readonly parts: readonly ValueColumn[];
};

export type ValueColumn =
  | NumberColumn
  | LongColumn
  | WideColumn
  | BytesColumn
  | NullableColumn
  | ArrayColumn
  | MapColumn
  | TupleColumn;

/** A block that is being filled. */
export type RowWriter = {
  readonly columns: readonly ValueColumn[];
  /** Rows that have been ended since the last block. */
  readonly rows: number;
  /** Ends a row: each column has got exactly one value since the row before. */
  readonly endRow: () => void;
  /** Takes back the values of a row that was begun and not ended. */
  readonly cutRow: () => void;
  /** Whether rows or bytes say that the block should go out now. */
  readonly isFull: () => boolean;
};

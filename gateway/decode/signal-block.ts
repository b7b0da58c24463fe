/**
 * One open block: the rows of one table and one day. What all signals share: resource and scope
 * of each row, the constant columns, marks, and the block that goes to ClickHouse.
 *
 * Hot path. Allocations per item: none. Copies: none here. Owner: the lane; encoded views are
 * valid until the block is cleared. Watched by `decode.bench.ts`.
 */

import type { NamedColumnWriter } from '../../clickhouse/native/block.ts';
import { blockRowsMax, createColumns, encodeBlock } from '../../clickhouse/native/block.ts';
import { BlockFull, Budget, type Fixed, type Level } from '../../clickhouse/native/buffers.ts';
import {
  ArrayColumn,
  type Column,
  ConstantColumn,
  FixedColumn,
  LowCardinalityColumn,
  MapColumn,
  TextColumn,
} from '../../clickhouse/native/columns.ts';
import { ExceptionsColumn } from '../../clickhouse/native/exceptions.ts';
import type { HashSeed } from '../../clickhouse/native/hash.ts';
import { Parts } from '../../clickhouse/native/parts.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { assert } from '../../core/assert.ts';
import type { Context } from './context.ts';
import type { EncodedUnit } from './decode-types.ts';
import { ResourceTable, ScopeTable } from './resource.ts';

export const dayNs = 86_400_000_000_000n;

/** What the repeated columns of a block may weigh; with its buffers less than 256 MiB a part. */
const blockWeightBytesMax = 112 * 1024 * 1024;
/** Buffers of one block, which may be half empty. */
const blockBufferBytesMax = 128 * 1024 * 1024;
/** Up to so many rows a loop is faster than a call. */
const smallFillMax = 16;
/** Fixed-width columns of a row, reckoned for the weight. */
const rowWeightBytes = 64;
/** Resources of one request that take turns and are found without looking them up; 2^n. */
const recentResources = 256;

export type BlockOptions = {
  readonly budget: Budget;
  readonly seed: HashSeed;
};

export class SignalBlock {
  readonly table: TableDef;
  readonly parts: Parts;
  readonly rows: Level;
  readonly resources: ResourceTable;
  readonly scopes: ScopeTable;
  readonly columns: readonly NamedColumnWriter[];
  /** The time that decides the day, and the order of the unit. */
  readonly time: Fixed;
  /** How many items a row stands for, where that is not one. */
  readonly weights: ExceptionsColumn;
  /** Days since 1970. */
  day = 0;
  /** Counted from 0. */
  shard = 0;
  /** When the day begins, in nanoseconds: low and high word. */
  readonly dayStart = new Uint32Array(2);
  /** The request that last marked this block, and its mark. */
  requestSerial = 0;
  readonly requestMark: Float64Array;
  weight = 0;
  resourceSerial = 0;
  scopeSerial = 0;
  resourceEntry = 0;
  scopeEntry = 0;
  #rowWeight = 0;
  /** Serials and entries of resources that came lately. */
  readonly #recentSerials = new Float64Array(recentResources);
  readonly #recentEntries = new Int32Array(recentResources);
  readonly #byName: ReadonlyMap<string, Column>;
  readonly #seal: ConstantColumn;

  constructor(
    table: TableDef,
    timeColumn: string,
    options: BlockOptions,
    own: (parts: Parts, rows: Level) => Readonly<Record<string, Column>>,
  ) {
    this.table = table;
    this.parts = new Parts(new Budget(blockBufferBytesMax, options.budget), options.seed);
    this.rows = this.parts.level(false);
    this.resources = new ResourceTable(this.parts, this.rows);
    this.scopes = new ScopeTable(this.parts, this.rows);
    this.#seal = new ConstantColumn('UInt64', this.rows, new Uint8Array(8));
    this.weights = new ExceptionsColumn(this.rows, this.parts.level(false), 1);
    this.columns = createColumns(table, this.parts, this.rows, {
      ServiceName: this.resources.service,
      ResourceSchemaUrl: this.resources.schemaUrl,
      ResourceAttributes: this.resources.attributes,
      ScopeName: this.scopes.name,
      ScopeVersion: this.scopes.version,
      ScopeSchemaUrl: this.scopes.schemaUrl,
      ScopeAttributes: this.scopes.attributes,
      ScopeDroppedAttrCount: this.scopes.droppedAttributes,
      SamplingWeight: this.weights,
      Tenant: this.resources.tenant,
      Seal: this.#seal,
      ...own(this.parts, this.rows),
    });
    this.#byName = new Map(this.columns.map(({ name, column }) => [name, column]));
    this.time = this.fixed(timeColumn);
    this.requestMark = new Float64Array(this.parts.markSize + 1);
  }

  /** Makes this the block of `day`, in days since 1970, and of a shard. */
  setPlace(day: number, shard: number): void {
    const startNs = BigInt(day) * dayNs;
    this.day = day;
    this.shard = shard;
    this.dayStart[0] = Number(startNs & 0xffffffffn);
    this.dayStart[1] = Number(startNs >> 32n);
  }

  /** Readies the block for one more row: resource, scope, room, and where to cut back to. */
  beginRow(context: Context): void {
    if (
      this.resourceSerial !== context.resource.serial ||
      this.scopeSerial !== context.scope.serial
    ) {
      this.#enter(context);
    }
    const rows = this.rows;
    if (rows.count === rows.capacity) {
      if (rows.count + 1 > blockRowsMax) throw new BlockFull('a block has all the rows it may');
      rows.reserve(1);
    }
    this.parts.markRow();
  }

  /** Counts the row that was written. */
  endRow(): void {
    const rows = this.rows;
    const row = rows.count;
    if (row >= blockRowsMax) throw new BlockFull('a block has all the rows it may');
    this.resources.repeated.ids.words[row] = this.resourceEntry;
    this.scopes.repeated.ids.words[row] = this.scopeEntry;
    this.weight += this.#rowWeight;
    if (this.weight > blockWeightBytesMax) throw new BlockFull('a block weighs all it may');
    rows.count = row + 1;
  }

  /** Readies the block for `count` more rows of one resource and scope, which come at once. */
  beginRows(context: Context, count: number): void {
    if (
      this.resourceSerial !== context.resource.serial ||
      this.scopeSerial !== context.scope.serial
    ) {
      this.#enter(context);
    }
    const rows = this.rows;
    if (rows.count + count > blockRowsMax) throw new BlockFull('a block has all the rows it may');
    rows.reserve(count);
  }

  /** Counts the `count` rows that were written. */
  endRows(count: number): void {
    const rows = this.rows;
    const end = rows.count + count;
    const resources = this.resources.repeated.ids.words;
    const scopes = this.scopes.repeated.ids.words;
    if (count > smallFillMax) {
      resources.fill(this.resourceEntry, rows.count, end);
      scopes.fill(this.scopeEntry, rows.count, end);
    } else {
      for (let row = rows.count; row < end; row += 1) {
        resources[row] = this.resourceEntry;
        scopes[row] = this.scopeEntry;
      }
    }
    this.weight += this.#rowWeight * count;
    if (this.weight > blockWeightBytesMax) throw new BlockFull('a block weighs all it may');
    rows.count = end;
  }

  /** Whether it holds nothing: neither rows, nor items that only rollups count. */
  isEmpty(): boolean {
    return this.rows.count === 0;
  }

  /** Writes where the block ends into `mark`, of {@link requestMark}'s length. */
  mark(mark: Float64Array): void {
    this.parts.mark(mark);
    mark[this.parts.markSize] = this.weight;
  }

  cut(mark: Float64Array): void {
    this.parts.cut(mark);
    this.weight = mark[this.parts.markSize]!;
    this.#forgetEntries();
  }

  clear(): void {
    this.parts.clear();
    this.#forget();
  }

  release(): void {
    this.parts.release();
    this.resources.release();
    this.scopes.release();
    this.#forget();
  }

  /** The block as one unit; its rows lie in `partition`. */
  encode(seal: Uint8Array, partition: string): EncodedUnit {
    this.#seal.set(seal);
    this.resources.repeated.prepare();
    this.scopes.repeated.prepare();
    const rows = this.rows.count;
    const block = encodeBlock(this.columns, rows);
    const [firstEventNs, lastEventNs] = eventRange(this.time, rows);
    return { table: this.table.name, partition, rows, ...block, firstEventNs, lastEventNs };
  }

  /** The writer of column `name`. */
  column(name: string): Column {
    const column = this.#byName.get(name);
    assert(column !== undefined, `a column ${name} in ${this.table.name}`);
    return column;
  }

  fixed(name: string): Fixed {
    const column = this.column(name);
    assert(column instanceof FixedColumn, `${name} to be of fixed width`);
    return column.values;
  }

  text(name: string): TextColumn {
    const column = this.column(name);
    assert(column instanceof TextColumn, `${name} to be a string`);
    return column;
  }

  lowCardinality(name: string): LowCardinalityColumn {
    const column = this.column(name);
    assert(column instanceof LowCardinalityColumn, `${name} to be of low cardinality`);
    return column;
  }

  map(name: string): MapColumn {
    const column = this.column(name);
    assert(column instanceof MapColumn, `${name} to be a map`);
    return column;
  }

  array(name: string): ArrayColumn {
    const column = this.column(name);
    assert(column instanceof ArrayColumn, `${name} to be an array`);
    return column;
  }

  /** Takes the resource of the context for the one that was `entry` in this request before. */
  enterAgain(context: Context, entry: number): void {
    this.resourceEntry = entry;
    this.resourceSerial = context.resource.serial;
    this.scopeSerial = context.scope.serial;
    this.#weigh();
  }

  #enter(context: Context): void {
    const { resource, scope } = context;
    if (this.resourceSerial !== resource.serial) {
      const slot = resource.serial & (recentResources - 1);
      if (this.#recentSerials[slot] !== resource.serial) {
        this.#recentEntries[slot] = this.resources.enter(resource);
        this.#recentSerials[slot] = resource.serial;
      }
      this.resourceEntry = this.#recentEntries[slot]!;
      this.resourceSerial = resource.serial;
    }
    if (this.scopeSerial !== scope.serial) {
      this.scopeEntry = this.scopes.enter(scope);
      this.scopeSerial = scope.serial;
    }
    this.#weigh();
  }

  #weigh(): void {
    this.#rowWeight =
      rowWeightBytes +
      this.resources.weightOf(this.resourceEntry) +
      this.scopes.weightOf(this.scopeEntry);
  }

  #forget(): void {
    this.weight = 0;
    this.requestSerial = 0;
    this.#forgetEntries();
  }

  #forgetEntries(): void {
    this.resourceSerial = 0;
    this.scopeSerial = 0;
    this.#recentSerials.fill(0);
  }
}

/** Earliest and latest of `rows` 64-bit times. */
function eventRange(time: Fixed, rows: number): [bigint, bigint] {
  const values = new BigInt64Array(time.bytes.buffer, 0, rows);
  return [values[extreme(time.words, rows, true)]!, values[extreme(time.words, rows, false)]!];
}

/** The row of the earliest or latest time. */
function extreme(words: Int32Array, rows: number, isEarliest: boolean): number {
  let found = 0;
  for (let row = 1; row < rows; row += 1) {
    if (isEarliest ? isBefore(words, row, found) : isBefore(words, found, row)) found = row;
  }
  return found;
}

function isBefore(words: Int32Array, left: number, right: number): boolean {
  const leftHigh = words[2 * left + 1]!;
  const rightHigh = words[2 * right + 1]!;
  if (leftHigh !== rightHigh) return leftHigh < rightHigh;
  return words[2 * left]! >>> 0 < words[2 * right]! >>> 0;
}

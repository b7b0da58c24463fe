/**
 * One ClickHouse database as a place for units: which columns its tables have, which settings its
 * version needs, how many rows of a seal it holds. Inserts are explicit about everything whose
 * default changed between versions (gateway.md, section 3).
 */

import { tables } from '../../clickhouse/schema/tables.ts';
import type { TableDef } from '../../clickhouse/schema/types.ts';
import { quoteName, quoteText } from '../../clickhouse/sql.ts';
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { isSchemaException } from './exceptions.ts';
import type { InsertClient, StatementResult } from './insert-client.ts';

/** How a table of the server differs from ours. */
type TableState = {
  /** Every column of the server's table with its type, as a structure for `null()`. */
  readonly structure: string;
  /** Columns of ours that it has, in our order: these are sent. */
  readonly present: readonly string[];
  /** Columns of ours that it lacks: left out of the insert. */
  readonly missing: readonly string[];
  readonly describedMs: number;
};

export type Destination = {
  /** Inserts one unit under `token`. */
  readonly insertUnit: (unit: EncodedUnit, token: string) => Promise<StatementResult>;
  /** Inserts small rows given as JSONEachRow. */
  readonly insertRows: (table: string, rows: string, token: string) => Promise<StatementResult>;
  /** Rows that carry `seal`, in one partition or in all. Throws nothing. */
  readonly countSeal: (
    table: string,
    partition: string | undefined,
    seal: bigint,
  ) => Promise<SealCount>;
  /**
   * Whether a token of this table can be there without its rows: only plain MergeTrees have that
   * hole. `undefined` when nobody answered.
   */
  readonly tokenMayLie: (table: string) => Promise<boolean | undefined>;
  /** A place with the columns and constraints of `table` that keeps nothing. */
  readonly beginDryRun: (table: string, tag: string) => Promise<DryRun | undefined>;
  readonly reachable: () => Promise<boolean>;
  /** Tables of ours whose columns the server lacks, for messages. */
  readonly missingColumns: () => ReadonlyMap<string, readonly string[]>;
};

export type DryRun = {
  readonly insert: (chunks: readonly Uint8Array[]) => Promise<StatementResult>;
  readonly end: () => Promise<void>;
};

type SealCount =
  | { readonly known: true; readonly rows: number }
  | { readonly known: false; readonly reason: 'no_column' | 'failed'; readonly message: string };

export type DestinationOptions = {
  readonly client: InsertClient;
  readonly database: string;
  readonly insertTimeoutMs: number;
  readonly clock: Clock;
};

/** A table that lacks columns is looked at again: `obsctl migrate` may have added them. */
const lackingStateMsMax = 10_000;

const pingTimeoutMs = 5_000;
const queryTimeoutMs = 30_000;
/** Of an answer that is not ClickHouse's, for a message. */
const heardCharsMax = 80;

const definitions: ReadonlyMap<string, TableDef> = new Map(
  tables.map((table) => [table.name, table]),
);

/** How a seal in doubt is settled for `table`; tables unknown here are asked for their count. */
export function inDoubtRule(table: string): TableDef['inDoubt'] {
  return definitions.get(table)?.inDoubt ?? 'seal';
}

export function createDestination(options: DestinationOptions): Destination {
  const { client, clock, database } = options;
  const states = new Map<string, TableState>();
  let dedup: Readonly<Record<string, string>> | undefined;

  async function query(sql: string): Promise<StatementResult> {
    return await client.run({ sql, settings: {}, timeoutMs: queryTimeoutMs });
  }

  /** Everything an insert must know, or why it cannot. */
  async function prepare(table: string): Promise<TableState | StatementResult> {
    if (dedup === undefined) {
      const version = await query('SELECT version()');
      if (!version.ok) return { ...version, kind: 'retryable', ambiguous: false };
      if (!/^\d+\.\d+/.test(version.text)) return notClickHouse(version.text);
      dedup = dedupSettings(version.text.trim());
    }
    const known = states.get(table);
    if (known !== undefined && !isStale(known, clock.monotonicMs())) return known;
    const described = await query(
      `DESCRIBE TABLE ${quoteName(database)}.${quoteName(table)} FORMAT TabSeparatedRaw`,
    );
    if (!described.ok) return { ...described, kind: 'retryable', ambiguous: false };
    const state = compareColumns(table, described.text, clock.monotonicMs());
    if (state.present.length === 0) return notClickHouse(described.text);
    states.set(table, state);
    return state;
  }

  async function insert(
    table: string,
    format: string,
    chunks: readonly Uint8Array[],
    token: string,
  ): Promise<StatementResult> {
    const state = await prepare(table);
    if ('ok' in state) return state;
    const columns = state.present.map(quoteName).join(', ');
    const result = await client.run({
      sql: `INSERT INTO ${quoteName(database)}.${quoteName(table)} (${columns}) FORMAT ${format}`,
      settings: {
        async_insert: '0',
        wait_end_of_query: '1',
        // A column that we know the table lacks is skipped; a misspelt one is never.
        input_format_skip_unknown_fields: state.missing.length > 0 ? '1' : '0',
        max_insert_block_size: '1048449',
        insert_deduplication_token: token,
        ...dedup,
      },
      chunks,
      timeoutMs: options.insertTimeoutMs,
    });
    if (!result.ok && (isSchemaException(result.code) || result.code === 0)) {
      // The server may have been altered or replaced: look again before the next attempt.
      states.delete(table);
      dedup = undefined;
    }
    // ClickHouse says nothing when it has taken rows: whoever does is another, and has them not.
    if (!result.ok || result.text.trim() === '') return result;
    return { ...notClickHouse(result.text), ambiguous: true };
  }

  return {
    insertUnit: (unit, token) => insert(unit.table, 'Native', unit.chunks, token),
    insertRows: (table, rows, token) => insert(table, 'JSONEachRow', [Buffer.from(rows)], token),
    countSeal: async (table, partition, seal) => {
      const state = await prepare(table);
      if ('ok' in state) {
        return { known: false, reason: 'failed', message: state.ok ? '' : state.message };
      }
      if (state.missing.includes('Seal')) {
        return { known: false, reason: 'no_column', message: `${table} has no column Seal` };
      }
      const within = partition === undefined ? '' : partitionFilter(table, partition);
      const counted = await query(
        `SELECT count() FROM ${quoteName(database)}.${quoteName(table)} ` +
          `WHERE Seal = ${seal}${within} FORMAT TabSeparated`,
      );
      return countOf(counted);
    },
    tokenMayLie: async (table) => {
      const named = `database = ${quoteText(database)} AND name = ${quoteText(table)}`;
      const engine = await query(`SELECT engine FROM system.tables WHERE ${named} FORMAT TSV`);
      return engine.ok ? !/^(Replicated|Shared)/.test(engine.text) : undefined;
    },
    beginDryRun: async (table, tag) => {
      const state = await prepare(table);
      return 'ok' in state ? undefined : await beginDryRun(options, state, table, tag);
    },
    reachable: () => client.ping(pingTimeoutMs),
    missingColumns: () => lacking(states),
  };
}

async function beginDryRun(
  { client, database, insertTimeoutMs }: DestinationOptions,
  state: TableState,
  table: string,
  tag: string,
): Promise<DryRun> {
  const query = (sql: string): Promise<StatementResult> =>
    client.run({ sql, settings: {}, timeoutMs: queryTimeoutMs });
  const name = `${quoteName(database)}.${quoteName(`obsctl_dry_${tag}_${table}`)}`;
  const model = `${quoteName(database)}.${quoteName(table)}`;
  const made = await query(`CREATE TABLE IF NOT EXISTS ${name} AS ${model} ENGINE = Null`);
  // Without the right to make tables, types are tried, but no constraints.
  const into = made.ok ? name : `FUNCTION null(${quoteText(state.structure)})`;
  const sql = `INSERT INTO ${into} (${state.present.map(quoteName).join(', ')}) FORMAT Native`;
  const skip = state.missing.length > 0 ? '1' : '0';
  const settings = { async_insert: '0', input_format_skip_unknown_fields: skip };
  return {
    insert: (chunks) => client.run({ sql, settings, chunks, timeoutMs: insertTimeoutMs }),
    end: async () => {
      if (made.ok) await query(`DROP TABLE IF EXISTS ${name}`);
    },
  };
}

function lacking(states: ReadonlyMap<string, TableState>): ReadonlyMap<string, readonly string[]> {
  const incomplete = [...states].filter(([, state]) => state.missing.length > 0);
  return new Map(incomplete.map(([table, state]) => [table, state.missing]));
}

/** A 200 from a proxy's page or a wrong service: taken for an acknowledgement, it loses rows. */
function notClickHouse(text: string): Extract<StatementResult, { ok: false }> {
  const heard = JSON.stringify(text.slice(0, heardCharsMax));
  const message = `the answer is not one of ClickHouse: ${heard}`;
  return { ok: false, kind: 'retryable', ambiguous: false, code: 0, message };
}

function countOf(counted: StatementResult): SealCount {
  if (counted.ok && /^\d+\s*$/.test(counted.text)) {
    return { known: true, rows: Number(counted.text) };
  }
  const { message } = counted.ok ? notClickHouse(counted.text) : counted;
  return { known: false, reason: 'failed', message };
}

/** Partitions of units are days in UTC, whatever the server's time zone. */
function partitionFilter(table: string, partition: string): string {
  const partitionBy = definitions.get(table)?.partitionBy;
  if (partitionBy === undefined) return '';
  const inUtc = partitionBy.replace(/^toDate\((\w+)\)$/, "toDate($1, 'UTC')");
  return ` AND ${inUtc} = ${quoteText(partition)}`;
}

function isStale(state: TableState, nowMs: number): boolean {
  return state.missing.length > 0 && nowMs - state.describedMs > lackingStateMsMax;
}

function compareColumns(table: string, described: string, nowMs: number): TableState {
  const there = new Set(
    described
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter((name) => name !== ''),
  );
  const ours = (definitions.get(table)?.columns ?? [])
    .filter((column) => column.computed === undefined)
    .map((column) => column.name);
  return {
    structure: structureOf(described),
    present: ours.filter((name) => there.has(name)),
    missing: ours.filter((name) => !there.has(name)),
    describedMs: nowMs,
  };
}

/** Of a table's own columns; what it computes cannot be sent. */
function structureOf(described: string): string {
  return described
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([name = '', , kind = '']) => name !== '' && !/^(MATERIALIZED|ALIAS)$/.test(kind))
    .map(([name = '', type = '']) => `${quoteName(name)} ${type}`)
    .join(', ');
}

/** `insert_deduplicate` rules until 26.1; from 26.2 on `deduplicate_insert` overrides it. */
export function dedupSettings(version: string): Readonly<Record<string, string>> {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const settings: Record<string, string> = {
    insert_deduplicate: '1',
    deduplicate_blocks_in_dependent_materialized_views: '1',
  };
  if (major > 26 || (major === 26 && minor >= 2)) settings['deduplicate_insert'] = 'enable';
  return settings;
}

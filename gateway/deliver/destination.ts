/**
 * One ClickHouse database as a place for units: which columns its tables have, which settings its
 * version needs, how many rows of a seal it holds. Inserts are explicit about everything whose
 * default changed between versions (gateway.md, section 3).
 */

import type { TableDef } from '../../clickhouse/schema/types.ts';
import { quoteName, quoteText } from '../../clickhouse/sql.ts';
import type { Clock } from '../../core/clock.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { splitPartition } from '../decode/shard.ts';
import { isSchemaException } from './exceptions.ts';
import type { Failed, InsertClient, StatementResult } from './insert-client.ts';
import { type InsertQuorum, quorumSettings, waitsForOthers } from './quorum.ts';
import {
  createTableStates,
  definitions,
  notClickHouse,
  sharesTokens,
  type TableState,
} from './table-state.ts';

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
  /** Whether its inserts wait for other replicas: rows that one has are then not yet stored. */
  readonly hasQuorum: boolean;
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
  /** Several replicas take its rows: tables that do not share their tokens would double them. */
  readonly mustBeReplicated?: boolean;
  /** Absent: the server's own. */
  readonly insertQuorum?: InsertQuorum | undefined;
};

const pingTimeoutMs = 5_000;
const queryTimeoutMs = 30_000;
const forReplicas =
  '--clickhouse names replicas with |, and they need Replicated tables, ' +
  'or rows sent again to another are stored twice';
const forQuorum =
  '--insert-quorum needs Replicated tables, and this one would ignore it: ' +
  'leave it out, or make the tables with obsctl migrate --cluster NAME';
/** A replica that has lost Keeper would try for minutes, while another one takes rows. */
const keeperTriesMax = '2';
/** How a seal in doubt is settled for `table`; tables unknown here are asked for their count. */
export function inDoubtRule(table: string): TableDef['inDoubt'] {
  return definitions.get(table)?.inDoubt ?? 'seal';
}

export function createDestination(options: DestinationOptions): Destination {
  const { client, clock, database, insertQuorum, mustBeReplicated = false } = options;
  const hasQuorum = waitsForOthers(insertQuorum);
  const query = (sql: string): Promise<StatementResult> =>
    client.run({ sql, settings: {}, timeoutMs: queryTimeoutMs });
  const tables = createTableStates({
    ...{ query, clock, database },
    replicatedFor: mustBeReplicated ? forReplicas : hasQuorum ? forQuorum : undefined,
  });
  let dedup: Readonly<Record<string, string>> | undefined;

  /** Everything an insert must know, or why it cannot. */
  async function prepare(table: string): Promise<TableState | Failed> {
    if (dedup === undefined) {
      const version = await query('SELECT version()');
      if (!version.ok) return { ...version, kind: 'retryable', ambiguous: false };
      if (!/^\d+\.\d+/.test(version.text)) return notClickHouse(version.text);
      dedup = dedupSettings(version.text.trim());
    }
    return await tables.of(table);
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
      sql: `INSERT INTO ${state.place} (${columns}) FORMAT ${format}`,
      settings: {
        async_insert: '0',
        wait_end_of_query: '1',
        // A column that we know the table lacks is skipped; a misspelt one is never.
        input_format_skip_unknown_fields: state.missing.length > 0 ? '1' : '0',
        max_insert_block_size: '1048449',
        insert_deduplication_token: token,
        ...dedup,
        ...(mustBeReplicated && { insert_keeper_max_retries: keeperTriesMax }),
        ...quorumSettings(insertQuorum, options.insertTimeoutMs),
      },
      chunks,
      timeoutMs: options.insertTimeoutMs,
    });
    if (!result.ok && (isSchemaException(result.code) || result.code === 0)) {
      // The server may have been altered or replaced: look again before the next attempt.
      tables.forget(table);
      dedup = undefined;
    }
    // ClickHouse says nothing when it has taken rows: whoever does is another, and has them not.
    if (!result.ok || result.text.trim() === '') return result;
    return { ...notClickHouse(result.text), ambiguous: true };
  }

  return {
    hasQuorum,
    insertUnit: (unit, token) => insert(unit.table, 'Native', unit.chunks, token),
    insertRows: (table, rows, token) => insert(table, 'JSONEachRow', [Buffer.from(rows)], token),
    countSeal: async (table, partition, seal) => {
      const state = await prepare(table);
      if ('ok' in state) {
        return { known: false, reason: 'failed', message: state.message };
      }
      if (state.missing.includes('Seal')) {
        return { known: false, reason: 'no_column', message: `${table} has no column Seal` };
      }
      const within = partition === undefined ? '' : partitionFilter(table, partition);
      const counted = await query(
        `SELECT count() FROM ${state.place} WHERE Seal = ${seal}${within} FORMAT TabSeparated`,
      );
      return countOf(counted);
    },
    tokenMayLie: async (table) => {
      const state = await tables.of(table);
      if ('ok' in state) return undefined;
      const engine = await tables.engineOf(state.stored);
      return engine.ok ? !sharesTokens(engine.text) : undefined;
    },
    beginDryRun: async (table, tag) => {
      const state = await prepare(table);
      return 'ok' in state ? undefined : await beginDryRun(options, state, table, tag);
    },
    reachable: () => client.ping(pingTimeoutMs),
    missingColumns: tables.lacking,
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
  const made = await query(`CREATE TABLE IF NOT EXISTS ${name} AS ${state.place} ENGINE = Null`);
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
  return ` AND ${inUtc} = ${quoteText(splitPartition(partition).days)}`;
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

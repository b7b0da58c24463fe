/**
 * One point in time for many readers. A coordinator exports its snapshot and stays open to the
 * end; it also holds ACCESS SHARE on every table that was planned. Without that lock a TRUNCATE
 * or an ALTER TABLE that rewrites the table would make it look empty to our readers, without an
 * error (PostgreSQL manual, MVCC caveats).
 */
import { Problem } from '../../../core/problem.ts';
import type { Chunk, PlannedTable, RowOut, SourceSnapshot } from '../source.ts';
import { planChunks } from './chunks.ts';
import { toProblem } from './failure.ts';
import { readChunk, valueBytesMaxDefault } from './read.ts';
import { quote, relationOf, selectionOf } from './select.ts';
import type { PostgresOptions, Session, Sessions } from './session.ts';

const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

/**
 * The LSN is read right after the snapshot was taken. It tells snapshots apart and in what order
 * they are; a change near it may be on either side, since commits become visible after they are
 * in the log.
 */
const exportSql = `SELECT pg_catalog.pg_export_snapshot() AS id, CASE
  WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END::pg_catalog.text AS lsn`;

const tooManyConnections = '53300';

export async function beginSnapshot(
  sessions: Sessions,
  options: PostgresOptions,
  wanted: number,
): Promise<SourceSnapshot> {
  const coordinator = await sessions.connect();
  const readers: Session[] = [];
  const notes: string[] = [];
  const close = async (): Promise<void> => {
    await Promise.all([...readers, coordinator].map((session) => session.close()));
  };
  try {
    await coordinator.client.query(begin);
    const { rows } = await coordinator.client.query<{ id: string; lsn: string }>(exportSql);
    const [{ id, lsn } = { id: '', lsn: '' }] = rows;
    const join = (): Promise<Session> => joinSnapshot(sessions, id);
    for (let count = 0; count < Math.max(1, wanted); count += 1) {
      try {
        readers.push(await join());
      } catch (error) {
        if (readers.length === 0 || !isTooMany(error)) throw error;
        notes.push(`the server gave ${readers.length} of ${wanted} connections for readers`);
        break;
      }
    }
    if (options.rowSecurity === 'apply') {
      notes.push('rows that row-level security hides from this user are not read');
    }
    return createSnapshot({ sessions, options, coordinator, readers, notes, lsn, join, close });
  } catch (error) {
    await close();
    throw toProblem(error, sessions.address);
  }
}

async function joinSnapshot(sessions: Sessions, id: string): Promise<Session> {
  const session = await sessions.connect();
  try {
    await session.client.query(`${begin}; SET TRANSACTION SNAPSHOT '${id}'`);
    return session;
  } catch (error) {
    await session.close();
    throw toProblem(error, sessions.address);
  }
}

function isTooMany(error: unknown): boolean {
  const cause = Error.isError(error) ? error.cause : undefined;
  return Error.isError(cause) && 'code' in cause && cause.code === tooManyConnections;
}

type Parts = {
  readonly sessions: Sessions;
  readonly options: PostgresOptions;
  readonly coordinator: Session;
  /** Those that no chunk is being read on. */
  readonly readers: Session[];
  readonly notes: readonly string[];
  readonly lsn: string;
  readonly join: () => Promise<Session>;
  readonly close: () => Promise<void>;
};

function createSnapshot(parts: Parts): SourceSnapshot {
  const { sessions, coordinator, readers, lsn, notes, join, close } = parts;
  const valueBytesMax = parts.options.valueBytesMax ?? valueBytesMaxDefault;
  const busy = new Set<Session>();
  const place = (table: PlannedTable): string =>
    `${sessions.address} ${table.source.schema}.${table.source.name}`;
  return {
    position: lsn,
    readers: readers.length,
    notes,
    chunks: async (table, rows) => {
      try {
        const oid = await lockTable(coordinator, table);
        return await planChunks(coordinator.client, sessions.version, table, oid, rows);
      } catch (error) {
        throw toProblem(error, place(table));
      }
    },
    read: async (table, chunk, out, signal) => {
      signal.throwIfAborted();
      const held = coordinator.lost();
      // With it the locks are gone, and with them what keeps tables from looking empty.
      if (held !== undefined) throw toProblem(held, place(table));
      const reader = readers.pop() ?? (await join());
      busy.add(reader);
      let isWhole = false;
      try {
        await readAbortably(parts, reader, table, chunk, out, valueBytesMax, signal);
        isWhole = true;
      } catch (error) {
        signal.throwIfAborted();
        throw toProblem(error, place(table));
      } finally {
        busy.delete(reader);
        // After an error its transaction is over: the next chunk joins the snapshot again.
        if (isWhole) readers.push(reader);
        else await reader.close();
      }
    },
    end: async () => {
      await Promise.all([...busy].map((session) => session.close()));
      await close();
    },
  };
}

/** A query that waits or computes does not see that its reader is gone: it is cancelled. */
async function readAbortably(
  parts: Parts,
  reader: Session,
  table: PlannedTable,
  chunk: Chunk,
  out: RowOut,
  valueBytesMax: number,
  signal: AbortSignal,
): Promise<void> {
  let cancelled: Promise<unknown> = Promise.resolve();
  const cancel = (): void => {
    cancelled = parts.coordinator.client
      .query('SELECT pg_catalog.pg_cancel_backend($1)', [reader.pid])
      .catch(() => undefined)
      // One that waits for us to take its rows only notices when nobody is there any more.
      .then(() => reader.close());
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await readChunk(reader, table, chunk, out, valueBytesMax);
  } catch (error) {
    throw reader.lost() ?? error;
  } finally {
    signal.removeEventListener('abort', cancel);
    await cancelled;
  }
}

type Described = { readonly oid: number; readonly same: boolean };

/** Also of every partition: `pg_class` as the snapshot has it, the function as it is now. */
const describedSql = `
  SELECT root.oid, bool_and(c.relfilenode
    IS NOT DISTINCT FROM coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)) AS same
  FROM pg_catalog.pg_class root
  CROSS JOIN LATERAL (
    SELECT relid FROM pg_catalog.pg_partition_tree(root.oid) WHERE root.relkind = 'p'
    UNION ALL SELECT root.oid WHERE root.relkind <> 'p') part
  JOIN pg_catalog.pg_class c ON c.oid = part.relid
  WHERE root.oid = $1::pg_catalog.text::pg_catalog.regclass GROUP BY root.oid`;

const columnsSql = `
  SELECT attname AS name, attnum::pg_catalog.int4 AS place,
    pg_catalog.format_type(atttypid, atttypmod) AS type
  FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped`;

/**
 * Locks it, sees that it may be read, and that it is what was planned: its columns with their
 * types, and neither rewritten nor altered between the snapshot and the lock.
 */
async function lockTable(coordinator: Session, table: PlannedTable): Promise<number> {
  const { client } = coordinator;
  await client.query('SAVEPOINT locking');
  try {
    const oid = await lockAndCompare(client, table);
    await client.query('RELEASE SAVEPOINT locking');
    return oid;
  } catch (error) {
    // The snapshot lives on for other tables; the lock goes.
    await client.query('ROLLBACK TO SAVEPOINT locking').catch(() => undefined);
    throw error;
  }
}

async function lockAndCompare(client: Session['client'], table: PlannedTable): Promise<number> {
  const { schema, name } = table.source;
  const { fields } = selectionOf(table);
  const names = fields.map(({ source }) => quote(source.name)).join(', ');
  const now = await client.query(`SELECT ${names} FROM ${relationOf(table)} LIMIT 0`);
  const described = await client.query<Described>(describedSql, [
    `${quote(schema)}.${quote(name)}`,
  ]);
  const [found] = described.rows;
  if (found?.same !== true) throw changed('the table was rewritten or emptied');
  const columns = await client.query<{ name: string; place: number; type: string }>(columnsSql, [
    found.oid,
  ]);
  const byName = new Map(columns.rows.map((row) => [row.name, row]));
  for (const [index, { source }] of fields.entries()) {
    const then = byName.get(source.name);
    if (then?.type !== source.sourceType) {
      const type = then?.type ?? 'gone';
      throw changed(`column ${source.name} was ${source.sourceType} and is ${type}`);
    }
    // Another of the same name has another place, which the driver tells of what is there now.
    if (now.fields[index]?.columnID !== then.place) {
      throw changed(`column ${source.name} was dropped, and there is another of its name`);
    }
  }
  return found.oid;
}

function changed(what: string): Problem {
  return new Problem('OBS-6066', what);
}

/**
 * One point in time for several connections. MySQL has no snapshot that could be handed over, so
 * all of them begin theirs while a global read lock holds writers still: for as long as N short
 * statements take. Who may not lock reads with one connection, and is told so.
 */
import { assert } from '../../../core/assert.ts';
import type { SourceSnapshot } from '../source.ts';
import { tablesWithoutSnapshot } from './catalog.ts';
import { planChunks } from './chunks.ts';
import type { Dsn } from './dsn.ts';
import { errorNumber } from './problems.ts';
import { type Kill, readChunk } from './read.ts';
import { openSession, quoteText, type Session, type SessionOptions } from './session.ts';

const beginSql = 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY';
/** In notes. */
const namesMax = 10;

/** Access denied for want of RELOAD, and the lock that was not had in time. */
const lockRefusals: Readonly<Record<number, string>> = {
  1227: 'the user has not the privilege RELOAD',
  1045: 'the user has not the privilege RELOAD',
  1205: 'the lock was not had in time, because a statement or a transaction holds tables',
};

/** `control` asks and kills; readers get connections of their own. */
export async function beginSnapshot(
  control: Session,
  dsn: Dsn,
  options: SessionOptions,
  readers: number,
): Promise<SourceSnapshot> {
  assert(readers >= 1, 'a snapshot has at least one reader');
  const sessions: Session[] = [];
  try {
    for (let index = 0; index < readers; index += 1) {
      sessions.push(await openSession(dsn, options));
    }
    const begun = await beginAll(control, sessions);
    for (const spare of sessions.splice(begun.refusal === undefined ? readers : 1)) spare.close();
    const notes = [
      ...(begun.refusal === undefined || readers === 1 ? [] : [aloneNote(begun.refusal)]),
      ...(await engineNotes(control, dsn.database)),
    ];
    return snapshotOf(control, sessions, begun.position, notes);
  } catch (error) {
    for (const session of sessions) session.close();
    throw error;
  }
}

type Begun = { readonly position: string; readonly refusal?: string };

async function beginAll(control: Session, sessions: readonly Session[]): Promise<Begun> {
  const refusal = await lock(control);
  if (refusal !== undefined) {
    const [first] = sessions;
    assert(first !== undefined, 'a snapshot has at least one reader');
    await first.query(beginSql, 'beginning the snapshot');
    return { position: await positionAlone(first), refusal };
  }
  try {
    const beginning = sessions.map((one) => one.query(beginSql, 'beginning the snapshot'));
    const [position] = await Promise.all([positionOf(control), ...beginning]);
    return { position };
  } finally {
    await control.query('UNLOCK TABLES', 'unlocking');
  }
}

/** Undefined with the lock held, else why it is not. */
async function lock(control: Session): Promise<string | undefined> {
  try {
    await control.query('FLUSH TABLES WITH READ LOCK', 'locking for the snapshot');
    return undefined;
  } catch (error) {
    const cause = Error.isError(error) ? error.cause : undefined;
    const refusal = lockRefusals[errorNumber(cause)];
    if (refusal === undefined) throw error;
    return refusal;
  }
}

/** `binlog.000002:1234, GTID 0-1-17`; empty without a binary log, or without leave to ask. */
async function positionOf(session: Session): Promise<string> {
  const status = session.isMariaDb ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS';
  const [row] = await asked(session, status, 'SHOW MASTER STATUS');
  if (row === undefined) return '';
  const gtid = session.isMariaDb ? 'SELECT @@gtid_binlog_pos' : 'SELECT @@global.gtid_executed';
  const [gtidRow] = await asked(session, gtid);
  return positionText(row[0], row[1], gtidRow?.[0]);
}

/** Without the lock: MariaDB keeps the position of a snapshot beside it; MySQL does not. */
async function positionAlone(session: Session): Promise<string> {
  if (!session.isMariaDb) return '';
  const rows = await asked(session, "SHOW STATUS LIKE 'binlog_snapshot_%'");
  const values = new Map(rows.map(([name, value]) => [name?.toLowerCase(), value]));
  const file = values.get('binlog_snapshot_file');
  const position = values.get('binlog_snapshot_position');
  if (!file) return '';
  const gtid = `SELECT BINLOG_GTID_POS(${quoteText(file)}, ${Number(position)})`;
  const [gtidRow] = await asked(session, gtid);
  return positionText(file, position, gtidRow?.[0]);
}

/** The first of `statements` that the server and the user's privileges allow. */
async function asked(
  session: Session,
  ...statements: readonly string[]
): Promise<readonly (readonly (string | null)[])[]> {
  for (const sql of statements) {
    try {
      return await session.query(sql, 'asking for the position');
    } catch (error) {
      // A position is told where it can be had: what is read does not depend on it.
      const cause = Error.isError(error) ? error.cause : undefined;
      if (errorNumber(cause) === 0) throw error;
    }
  }
  return [];
}

function positionText(
  file: string | null | undefined,
  position: string | null | undefined,
  gtid: string | null | undefined,
): string {
  if (!file) return '';
  return `${file}:${position}${gtid ? `, GTID ${gtid.replaceAll(/\s/g, '')}` : ''}`;
}

function aloneNote(refusal: string): string {
  return `one connection reads everything, so that all tables are of one moment: ${refusal}`;
}

async function engineNotes(session: Session, database: string): Promise<readonly string[]> {
  const tables = await tablesWithoutSnapshot(session, database);
  if (tables.length === 0) return [];
  const more = tables.length > namesMax ? ` and ${tables.length - namesMax} more` : '';
  const names = `${tables.slice(0, namesMax).join(', ')}${more}`;
  return [`no snapshot in engines without transactions, read as they are then: ${names}`];
}

function snapshotOf(
  control: Session,
  sessions: readonly Session[],
  position: string,
  notes: readonly string[],
): SourceSnapshot {
  /** Idle readers. At the end the server has let go of their tables before `end` resolves. */
  const free = [...sessions];
  const waiting: ((session: Session) => void)[] = [];
  const take = async (): Promise<Session> =>
    free.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
  const give = (session: Session): void => {
    const next = waiting.shift();
    if (next === undefined) free.push(session);
    else next(session);
  };
  const using = async <Value>(work: (session: Session) => Promise<Value>): Promise<Value> => {
    const session = await take();
    try {
      return await work(session);
    } finally {
      give(session);
    }
  };
  const kill: Kill = async (session) => {
    try {
      await control.query(`KILL QUERY ${session.connection.threadId}`, 'ending a statement');
    } catch {
      // Without a word from the server: it notices when it writes to nobody.
      session.close();
    }
  };
  return {
    position,
    readers: sessions.length,
    notes,
    chunks: (table, rows) => using((session) => planChunks(session, table, rows)),
    read: (table, chunk, out, signal) =>
      using((session) => readChunk(session, table, chunk, out, signal, kill)),
    end: async () => {
      await Promise.allSettled(free.map((one) => one.query('ROLLBACK', 'ending the snapshot')));
      for (const session of sessions) session.close();
    },
  };
}

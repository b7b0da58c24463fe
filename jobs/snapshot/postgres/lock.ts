/**
 * A lock that the server lets go of with its connection: an advisory one, of a transaction, so
 * that a pooler between gives it back too. Works on standbys, each of which has its own.
 */
import { createHash } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import type { SourceLock } from '../source.ts';
import { toProblem } from './failure.ts';
import type { Session, Sessions } from './session.ts';

/** One that was killed a moment ago is noticed by then. */
const waitMs = 2_000;
const lockNotAvailable = '55P03';

/** A machine that went away without a word is noticed in two minutes, not in two hours. */
const settings = [
  ...['SET tcp_keepalives_idle = 60', 'SET tcp_keepalives_interval = 10'],
  ...['SET tcp_keepalives_count = 6', `SET lock_timeout = ${waitMs}`],
].join('; ');

/** `pg_locks` has the two numbers of the key as oids; the role sees its own connections. */
const holderSql = `
  SELECT l.pid, a.usename AS name, pg_catalog.host(a.client_addr) AS host,
    pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') AS since
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  JOIN pg_catalog.pg_database d ON d.oid = l.database
  WHERE l.locktype = 'advisory' AND l.granted AND d.datname = pg_catalog.current_database()
    AND l.classid = $1::pg_catalog.int8::pg_catalog.oid
    AND l.objid = $2::pg_catalog.int8::pg_catalog.oid AND l.objsubid = 2`;

type Holder = {
  readonly pid: number;
  readonly name: string | null;
  readonly host: string | null;
  readonly since: string | null;
};

/** @throws Problem OBS-6059 when another connection has the lock of that key */
export async function takeLock(sessions: Sessions, key: string): Promise<SourceLock> {
  const session = await sessions.connect();
  const { client } = session;
  try {
    await client.query(settings);
    // Read committed: between statements it holds no snapshot, and so nothing of vacuum's.
    await client.query('BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY');
    await acquire(session, numbersOf(key), sessions.address);
  } catch (error) {
    await session.close();
    throw toProblem(error, sessions.address);
  }
  return {
    check: async () => {
      try {
        await client.query('SELECT 1');
      } catch (error) {
        throw toProblem(session.lost() ?? error, sessions.address);
      }
    },
    release: () => session.close(),
  };
}

async function acquire(
  { client }: Session,
  numbers: readonly number[],
  where: string,
): Promise<void> {
  try {
    await client.query('SELECT pg_catalog.pg_advisory_xact_lock($1, $2)', [...numbers]);
  } catch (error) {
    const isHeld = Error.isError(error) && 'code' in error && error.code === lockNotAvailable;
    if (!isHeld) throw error;
    await client.query('ROLLBACK');
    const { rows } = await client.query<Holder>(holderSql, [...numbers]);
    throw refusal(rows[0], where);
  }
}

function refusal(holder: Holder | undefined, where: string): Problem {
  if (holder === undefined) {
    return new Problem('OBS-6059', 'another run has just ended', { where, next: 'Run it again.' });
  }
  const { pid, name, host, since } = holder;
  const who = name === null ? '' : ` of ${name}${host === null ? '' : ` from ${host}`}`;
  const when = since === null ? '' : ` since ${since} UTC`;
  return new Problem('OBS-6059', `another run is under way${when}: process ${pid}${who}`, {
    where,
    next: `Wait for its end; if nobody needs it: SELECT pg_terminate_backend(${pid}).`,
  });
}

/** Two positive numbers of 31 bits. */
function numbersOf(key: string): readonly number[] {
  const hash = createHash('sha256').update(`obsctl snapshot ${key}`).digest();
  return [hash.readUInt32BE(0) >>> 1, hash.readUInt32BE(4) >>> 1];
}

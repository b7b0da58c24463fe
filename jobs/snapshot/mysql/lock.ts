/** A lock by name that the server lets go of with its connection; each server has its own. */
import { createHash } from 'node:crypto';
import { Problem } from '../../../core/problem.ts';
import type { SourceLock } from '../source.ts';
import type { Dsn } from './dsn.ts';
import { openSession, quoteText, type Session, type SessionOptions } from './session.ts';

/** One that was killed a moment ago is noticed by then. */
const waitSeconds = 2;
/** It is idle for as long as the run takes; the most that every server takes. */
const idleSecondsMax = 2_147_483;
/** Names of locks have at most 64 characters. */
const hashDigits = 40;

/**
 * A connection for it alone: for as long as it has been idle it has had the lock.
 *
 * @throws Problem OBS-6059 when another connection has the lock of that key
 */
export async function takeLock(
  dsn: Dsn,
  options: SessionOptions,
  key: string,
): Promise<SourceLock> {
  const session = await openSession(dsn, options);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, hashDigits);
  const name = quoteText(`obsctl snapshot ${hash}`);
  const doing = 'taking the lock of the run';
  try {
    await session.query(`SET SESSION wait_timeout = ${idleSecondsMax}`, doing);
    const [row] = await session.query(`SELECT GET_LOCK(${name}, ${waitSeconds})`, doing);
    if (row?.[0] !== '1') throw await refusal(session, name);
  } catch (error) {
    session.close();
    throw error;
  }
  return {
    check: async () => {
      await session.query('DO 0', 'asking for the lock of the run');
    },
    release: async () => session.close(),
  };
}

async function refusal(session: Session, name: string): Promise<Problem> {
  const doing = 'asking who has the lock';
  const [held] = await session.query(`SELECT IS_USED_LOCK(${name})`, doing);
  const id = Number(held?.[0] ?? 0);
  const where = session.address;
  if (id === 0) {
    return new Problem('OBS-6059', 'another run has just ended', { where, next: 'Run it again.' });
  }
  // A user sees its own connections, and those of others by the privilege PROCESS.
  const [row] = await session.query(
    "SELECT USER, HOST, DATE_FORMAT(NOW() - INTERVAL TIME SECOND, '%Y-%m-%d %H:%i:%s') " +
      `FROM information_schema.PROCESSLIST WHERE ID = ${id}`,
    doing,
  );
  const who = row === undefined ? '' : ` of ${row[0]} from ${row[1]}`;
  const when = row === undefined ? '' : ` since ${row[2]} UTC`;
  return new Problem('OBS-6059', `another run is under way${when}: connection ${id}${who}`, {
    where,
    next: `Wait for its end; if nobody needs it: KILL ${id}.`,
  });
}

/**
 * Who may ask. Without a users file there is one user, `default`, without a password, as in a
 * fresh ClickHouse; the file replaces it. Passwords are kept and compared as digests of equal
 * length, so that neither their content nor their length shows in the time it takes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { Problem } from '../../core/problem.ts';
import { engineError } from './exception.ts';

export type Users = ReadonlyMap<string, Buffer>;

/** Reads `user:password` lines; `#` starts a comment line. */
export async function readUsers(path: string): Promise<Users> {
  let text: string;
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw new Problem('OBS-3106', `${path} can be read by other users of this machine`);
    }
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (Error.isError(error) && error.name === 'Problem') throw error;
    throw new Problem('OBS-3106', `${path} cannot be read`, { cause: error });
  }
  const users = new Map<string, Buffer>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const colon = line.indexOf(':');
    if (colon <= 0 || colon === line.length - 1) {
      throw new Problem('OBS-3106', 'expected `user:password`', { where: `${path}:${index + 1}` });
    }
    users.set(line.slice(0, colon), digest(line.slice(colon + 1)));
  }
  if (users.size === 0) throw new Problem('OBS-3106', `${path} names no user`);
  return users;
}

/** Throws an EngineError unless the password is right. `users` undefined: only `default`, open. */
export function checkUser(users: Users | undefined, user: string, password: string): void {
  if (users === undefined) {
    if (user === 'default' || user === '') return;
  } else {
    const wanted = users.get(user);
    // Compared even for an unknown user, so that the time does not tell which names exist.
    const equal = timingSafeEqual(wanted ?? digest(''), digest(password));
    if (wanted !== undefined && equal) return;
  }
  throw engineError(
    'AUTHENTICATION_FAILED',
    `${user}: Authentication failed: password is incorrect, or there is no user with such name.`,
  );
}

function digest(password: string): Buffer {
  return createHash('sha256').update(password, 'utf8').digest();
}

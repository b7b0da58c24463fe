/** The path of a Unix socket, where an earlier process may have left its own. */
import { rmSync, statSync } from 'node:fs';
import { createConnection } from 'node:net';
import { Problem } from '../../core/problem.ts';

/** What connecting to a socket says that nobody listens at. */
const deadCodes = ['ECONNREFUSED', 'ENOENT'];

/**
 * Makes room for a socket at `path`. Throws OBS-2001 when somebody listens there, which `connect`
 * finds out, and OBS-2002 when there is something that is no socket.
 */
export async function claimSocketPath(
  path: string,
  connect: (path: string) => Promise<void>,
): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new Problem('OBS-2002', `${path} is there and is no socket`, { where: path });
  }
  const isDead = await connect(path).then(
    () => false,
    (error: unknown) => Error.isError(error) && 'code' in error && isDeadCode(error.code),
  );
  if (!isDead) throw new Problem('OBS-2001', 'somebody listens at this socket', { where: path });
  rmSync(path, { force: true });
}

/** Connects to a stream socket, and says so by failing or not. */
export function connectStream(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    socket.on('error', reject);
    socket.on('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

/** Addons say `ECONNREFUSED` by its number. */
function isDeadCode(code: unknown): boolean {
  return deadCodes.includes(String(code)) || code === -111 || code === -2;
}

/** Opens the data directory and listens. What `main.ts` runs, without the process around it. */
import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { Problem } from '../../core/problem.ts';
import { loadAddon } from './addon.ts';
import { Engine } from './engine.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import type { Announcement, EmbeddedOptions } from './options.ts';
import { isLoopback } from './origin.ts';
import { pruneTokens } from './prune-tokens.ts';
import { keepDictionaries } from './refresh.ts';
import { checkFreeDisk, checkPlatform, currentPlatform } from './requirements.ts';
import { createEngineServer } from './server.ts';
import { readUsers } from './users.ts';

export type RunningEngine = {
  readonly announcement: Announcement;
  /** Finishes running inserts, cancels queries, closes the directory. */
  readonly stop: () => Promise<void>;
};

/** How long a stop waits for requests that are still sending their bodies. */
const stopGraceMs = 10_000;

export async function startEmbedded(
  options: EmbeddedOptions,
  clock: Clock,
): Promise<RunningEngine> {
  const { host, port } = parseListen(options.listen);
  const users = options.usersFile === undefined ? undefined : await readUsers(options.usersFile);
  if (users === undefined && !isLoopback(host)) {
    throw new Problem('OBS-3105', `--listen ${options.listen} without --users`);
  }
  checkPlatform(currentPlatform());
  const dataDir = resolve(options.dataDir);
  // Relative names find nothing here: see the guard.
  const emptyDir = join(dataDir, 'user_files');
  await mkdir(emptyDir, { recursive: true }).catch((error: Error) => {
    throw new Problem('OBS-1003', `--data-dir ${dataDir} cannot be used: ${error.message}`, {
      next: 'Give a directory that this user may write to.',
      cause: error,
    });
  });
  await checkFreeDisk(dataDir);
  const lock = await lockDirectory(dataDir);
  try {
    const pruned = await pruneTokens(dataDir);
    process.chdir(emptyDir);
    const engine = await Engine.open(loadAddon(), { ...options, dataDir, clock });
    const origin = { loopbackOnly: isLoopback(host) };
    const server = createEngineServer({ engine, users, origin, clock });
    const address = await listen(server, host, port);
    const dictionaries = keepDictionaries(engine, clock);
    const name = address.family === 'IPv6' ? `[${address.address}]` : address.address;
    return {
      announcement: {
        ready: 'embedded',
        url: `http://${name}:${address.port}`,
        pid: process.pid,
        dataDir,
        version: engine.version,
        prunedTokens: pruned.length,
      },
      stop: () => {
        dictionaries.cancel();
        return stop(server, engine, lock, clock);
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function stop(
  server: Server,
  engine: Engine,
  lock: DirectoryLock,
  clock: Clock,
): Promise<void> {
  const closed = new Promise<void>((done) => server.close(() => done()));
  server.closeIdleConnections();
  engine.cancelQueries();
  const giveUp = clock.after(stopGraceMs, () => server.closeAllConnections());
  await closed;
  giveUp.cancel();
  await engine.idle();
  engine.close();
  await lock.release();
}

/** `host:port`, `[::1]:port` or `:port` (loopback). */
function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Problem('OBS-1003', `--listen ${text}: expected HOST:PORT, such as 127.0.0.1:8123`);
  }
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new Problem('OBS-3102', `cannot listen on ${host}:${port}: ${error.message}`, {
          cause: error,
          reach: 'outside',
        }),
      );
    });
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

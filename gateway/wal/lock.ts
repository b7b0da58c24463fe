/**
 * One writer a directory. The lock is one that the kernel holds for the process (SQLite's lock on
 * an empty file: Node has no other way to ask for one), so it ends with the process, also after
 * `kill -9`, in a container or not; no stale lock exists. A file beside it names the holder, only
 * for the message.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { Problem } from '../../core/problem.ts';

export type DirectoryLock = {
  /** Gives the directory up. Idempotent. */
  readonly release: () => void;
};

const LOCK_NAME = 'lock';
const HOLDER_NAME = 'lock.holder';
/** SQLITE_BUSY: somebody else holds it. */
const BUSY = 5;

/** Takes the directory for this process, or throws `OBS-2020` that names the holder, at once. */
export function acquireDirectoryLock(directory: string): DirectoryLock {
  makeDirectory(directory);
  const holderPath = join(directory, HOLDER_NAME);
  const database = takeKernelLock(directory, holderPath);
  const holder = { pid: process.pid, started: processStart(process.pid) };
  try {
    writeFileSync(holderPath, `${JSON.stringify(holder)}\n`);
  } catch {
    // A full disk takes no name; the lock itself needs no space and holds.
  }
  let released = false;
  return {
    release: () => {
      if (released) return;
      released = true;
      rmSync(holderPath, { force: true });
      database.close();
    },
  };
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2022', `the directory cannot be made: ${text}`, {
      where: directory,
      cause: error,
    });
  }
}

function takeKernelLock(directory: string, holderPath: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(join(directory, LOCK_NAME), { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database?.close();
    if (Error.isError(error) && 'errcode' in error && error.errcode === BUSY) {
      throw new Problem('OBS-2020', `another process holds it (${describeHolder(holderPath)})`, {
        where: directory,
        cause: error,
      });
    }
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2022', `no lock can be taken: ${text}`, {
      where: directory,
      cause: error,
      reach: 'outside',
    });
  }
}

function describeHolder(holderPath: string): string {
  try {
    const { pid, started } = JSON.parse(readFileSync(holderPath, 'utf8'));
    if (typeof pid !== 'number') return 'unknown process';
    if (started !== processStart(pid)) return `process ${pid} in another container or machine`;
    return `process ${pid}`;
  } catch {
    return 'unknown process';
  }
}

/** When a process started, in the kernel's ticks; empty where `/proc` does not exist. */
function processStart(pid: number): string {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name may hold spaces and brackets: fields are counted behind the last one.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

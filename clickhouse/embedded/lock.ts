/**
 * One engine a data directory. The lock is a file that names its holder; it is made by `link`,
 * which fails when the name exists, so two starters cannot both win. A holder that is gone (its
 * pid is free, or belongs to a process that started later) leaves a stale lock, which the next
 * starter takes over.
 */
import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../core/problem.ts';

const lockFileName = 'obsctl-engine.lock';
/** Two starters that find the same stale lock may need a second look, never many. */
const attemptsMax = 5;

type Holder = { readonly pid: number; readonly started: string };

export type DirectoryLock = { readonly release: () => Promise<void> };

export async function lockDirectory(dataDir: string): Promise<DirectoryLock> {
  const path = join(dataDir, lockFileName);
  const own = `${path}.${process.pid}`;
  await writeFile(own, JSON.stringify({ pid: process.pid, started: await startOf(process.pid) }));
  try {
    for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
      if (await linkIfFree(own, path)) return { release: () => unlink(path) };
      const text = await readIfThere(path);
      if (text === undefined) continue;
      const holder = parseHolder(text);
      if (holder !== undefined && (await isAlive(holder))) throw inUse(dataDir, holder);
      await takeAway(path, text);
    }
    throw new Problem('OBS-3104', `${dataDir}: the lock file keeps changing hands`);
  } finally {
    await unlink(own);
  }
}

function inUse(dataDir: string, holder: Holder): Problem {
  return new Problem('OBS-3104', `${dataDir} is held by process ${holder.pid}`, {
    where: lockFileName,
  });
}

async function linkIfFree(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves the stale lock aside, and back if it was replaced by a live one in the meantime. */
async function takeAway(path: string, staleText: string): Promise<void> {
  const aside = `${path}.stale.${process.pid}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readIfThere(aside)) !== staleText) await linkIfFree(aside, path);
  await unlink(aside);
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value)) return undefined;
    const { pid } = value;
    if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, started: 'started' in value ? String(value.started) : '' };
  } catch {
    return undefined;
  }
}

async function isAlive(holder: Holder): Promise<boolean> {
  // In a container every start may have the same pid: a lock with ours is an earlier life's.
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if (codeOf(error) === 'ESRCH') return false;
  }
  const started = await startOf(holder.pid);
  if (started === 'zombie') return false;
  return started === '' || holder.started === '' || started === holder.started;
}

/** When a process started, in the kernel's ticks; empty where there is no /proc. */
async function startOf(pid: number): Promise<string> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold blanks; the start time is the 20th field after it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
  } catch {
    return '';
  }
}

function codeOf(error: unknown): unknown {
  return Error.isError(error) && 'code' in error ? error.code : undefined;
}

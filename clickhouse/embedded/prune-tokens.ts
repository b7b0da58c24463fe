/**
 * Closes the engine's own hole before a data directory is opened. A MergeTree table writes an
 * insert's token to `deduplication_logs/` *before* it renames the part into place. Killed between
 * the two, it would call the retry a duplicate, and the rows would be gone.
 *
 * A log is a list of lines `operation ⇥ part ⇥ block id`; operation 1 adds a token, 2 takes it
 * back. For every token whose part is neither there nor covered by a merged part, this appends
 * the line that takes it back: one append, so a kill in here harms nothing.
 *
 * Invariant afterwards: every token in force has a covering part.
 * A token whose part expired by TTL is taken back too; its retry would expire the same way.
 */
import type { Dirent } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export type PrunedToken = {
  readonly table: string;
  readonly part: string;
  readonly blockId: string;
};

/** `partition_min_max_level`, with a mutation number when there was one; partitions have no `_`. */
const partPattern = /^([^_]+)_(\d+)_(\d+)_(\d+)(?:_\d+)?$/;
const logPattern = /^deduplication_log_(\d+)\.txt$/;

/** Prunes every table below `dataDir`; returns what was taken back. */
export async function pruneTokens(dataDir: string): Promise<readonly PrunedToken[]> {
  const pruned: PrunedToken[] = [];
  for (const root of ['store', 'data']) {
    for (const outer of await directoriesIn(join(dataDir, root))) {
      for (const table of await directoriesIn(join(dataDir, root, outer))) {
        pruned.push(...(await pruneTable(join(dataDir, root, outer, table))));
      }
    }
  }
  return pruned;
}

async function pruneTable(table: string): Promise<readonly PrunedToken[]> {
  const folder = join(table, 'deduplication_logs');
  const logs = (await entriesIn(folder))
    .flatMap((entry) => {
      const match = logPattern.exec(entry.name);
      return match === null ? [] : [{ path: join(folder, entry.name), number: Number(match[1]) }];
    })
    .sort((a, b) => a.number - b.number);
  const last = logs.at(-1);
  if (last === undefined) return [];

  const inForce = new Map<string, string>();
  for (const log of logs) {
    const text = await readFile(log.path, 'utf8');
    // A line without its end was being written when the machine stopped; the engine could not
    // read it. It is always the last of its file.
    const whole = text.lastIndexOf('\n') + 1;
    if (whole !== text.length) await truncate(log.path, Buffer.byteLength(text.slice(0, whole)));
    replay(text.slice(0, whole), inForce);
  }
  const parts = await partsOf(table);
  const pruned: PrunedToken[] = [];
  for (const [blockId, part] of inForce) {
    if (!isCovered(part, parts)) pruned.push({ table, part, blockId });
  }
  if (pruned.length > 0) {
    await append(last.path, pruned.map((p) => `2\t${p.part}\t${p.blockId}\n`).join(''));
  }
  return pruned;
}

/** As the engine loads a log: the first addition of a token counts until it is taken back. */
function replay(text: string, inForce: Map<string, string>): void {
  for (const line of text.split('\n')) {
    const [operation, part, blockId] = line.split('\t');
    if (part === undefined || blockId === undefined) continue;
    if (operation === '2') inForce.delete(blockId);
    else if (!inForce.has(blockId)) inForce.set(blockId, part);
  }
}

type PartRange = { readonly partition: string; readonly min: number; readonly max: number };

async function partsOf(table: string): Promise<readonly PartRange[]> {
  const parts: PartRange[] = [];
  for (const name of await directoriesIn(table)) {
    const range = rangeOf(name);
    if (range === undefined || /^(tmp|delete_tmp)_/.test(name)) continue;
    parts.push(range);
  }
  return parts;
}

function rangeOf(name: string): PartRange | undefined {
  const match = partPattern.exec(name);
  if (match === null) return undefined;
  return { partition: match[1] ?? '', min: Number(match[2]), max: Number(match[3]) };
}

function isCovered(part: string, parts: readonly PartRange[]): boolean {
  const wanted = rangeOf(part);
  // A name that we cannot read is left to the engine.
  if (wanted === undefined) return true;
  return parts.some(
    (have) =>
      have.partition === wanted.partition && have.min <= wanted.min && have.max >= wanted.max,
  );
}

async function append(path: string, text: string): Promise<void> {
  await using file = await open(path, 'a');
  await file.appendFile(text);
  await file.sync();
}

async function truncate(path: string, size: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.truncate(size);
  await file.sync();
}

async function entriesIn(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function directoriesIn(folder: string): Promise<readonly string[]> {
  return (await entriesIn(folder)).filter((e) => e.isDirectory()).map((e) => e.name);
}

function isMissing(error: unknown): boolean {
  return Error.isError(error) && 'code' in error && error.code === 'ENOENT';
}

/**
 * Rendered text as files of a folder, for those who keep it in Git: written, or compared with what
 * is there. Only files that carry our first line are ever removed.
 */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../../core/problem.ts';

export type RenderedFile = { readonly path: string; readonly text: string };

export type FileDifference = {
  readonly path: string;
  readonly state: 'missing' | 'differs' | 'stale';
};

/** First line of every file written, by which a later run knows its own. */
export const fileMark = '# Rendered by obsctl; edit the stack file and render again.\n';

/** Brings `folder` to exactly `files`; returns what had to change. */
export async function writeFiles(
  folder: string,
  files: readonly RenderedFile[],
): Promise<readonly FileDifference[]> {
  const differences = await compareFiles(folder, files);
  try {
    for (const { path, state } of differences) {
      const file = join(folder, path);
      if (state === 'stale') await rm(file);
      else {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, files.find((one) => one.path === path)?.text ?? '');
      }
    }
  } catch (error) {
    throw unusable(folder, error);
  }
  return differences;
}

/** What `writeFiles` would change. */
export async function compareFiles(
  folder: string,
  files: readonly RenderedFile[],
): Promise<readonly FileDifference[]> {
  const found: FileDifference[] = [];
  for (const { path, text } of files) {
    const there = await readText(join(folder, path));
    if (there === undefined) found.push({ path, state: 'missing' });
    else if (there !== text) found.push({ path, state: 'differs' });
  }
  const wanted = new Set(files.map(({ path }) => path));
  for (const path of await filesBelow(folder)) {
    if (wanted.has(path)) continue;
    const text = await readText(join(folder, path));
    if (text?.startsWith(fileMark) === true) found.push({ path, state: 'stale' });
  }
  return found;
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
      .sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw unusable(folder, error);
  }
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unusable(file, error);
  }
}

function isMissing(error: unknown): boolean {
  return Error.isError(error) && 'code' in error && error.code === 'ENOENT';
}

function unusable(where: string, error: unknown): Problem {
  const text = Error.isError(error) ? error.message : String(error);
  return new Problem('OBS-1402', text, { where, cause: error });
}

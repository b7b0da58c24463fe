/** What an archive's directory holds, read beside a gateway that may be writing it. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchivedFile, type Batch, BatchBook } from './batch-book.ts';

type SeenFile = ArchivedFile & {
  /** `damaged`: other bytes than were written; only looked for when asked to. */
  readonly state: 'whole' | 'missing' | 'other size' | 'damaged';
};

export type SeenBatch = Omit<Batch, 'files'> & { readonly files: readonly SeenFile[] };

export type SeenArchive = {
  readonly batches: readonly SeenBatch[];
  /** Files that are being written, or were when their gateway ended. */
  readonly open: readonly { readonly name: string; readonly bytes: number }[];
};

/** Whether `dir` is an archive's, and not a gateway's data directory. */
export async function isArchive(dir: string): Promise<boolean> {
  return (await readdir(dir)).includes('batches');
}

/** `verify`: reads every file and compares its hash. Rejects when there is no such directory. */
export async function inspectArchive(dir: string, verify: boolean): Promise<SeenArchive> {
  const lanes = await readdir(join(dir, 'batches'));
  const batches: SeenBatch[] = [];
  for (const lane of lanes.sort()) {
    for (const batch of await new BatchBook(join(dir, 'batches', lane)).batches()) {
      const files: SeenFile[] = [];
      for (const file of batch.files) {
        files.push({ ...file, state: await stateOf(join(dir, file.name), file, verify) });
      }
      batches.push({ ...batch, files });
    }
  }
  return { batches, open: await openFiles(join(dir, 'tmp')) };
}

async function stateOf(
  path: string,
  { bytes, sha256 }: ArchivedFile,
  verify: boolean,
): Promise<SeenFile['state']> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return 'missing';
  if (found.size !== bytes) return 'other size';
  return !verify || (await hashOf(path)) === sha256 ? 'whole' : 'damaged';
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function openFiles(dir: string): Promise<SeenArchive['open']> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const found: { name: string; bytes: number }[] = [];
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const seen = await stat(path).catch(() => undefined);
    // It may have got its name meanwhile.
    if (seen !== undefined) found.push({ name: path.slice(dir.length + 1), bytes: seen.size });
  }
  return found;
}

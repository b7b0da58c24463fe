/**
 * What is known of each batch, on disk before and after its files are:
 *
 *     begun (which positions) ─▶ files written, synced, renamed ─▶ complete (names, rows, hashes)
 *
 * A start finds a batch that was begun and writes exactly it again, under the same names.
 */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BatchKey, positionText } from './layout.ts';

export type ArchivedFile = {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  /** Least and greatest time of an item, nanoseconds since 1970 as text. */
  readonly firstEventNs: string;
  readonly lastEventNs: string;
};

export type Batch = BatchKey & {
  readonly version: 1;
  readonly state: 'begun' | 'complete';
  /** Empty while it is only begun. */
  readonly files: readonly ArchivedFile[];
};

export class BatchBook {
  readonly #dir: string;

  /** `dir` is made when the first batch is. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** By position. Throws where a record cannot be read: nobody could tell what it stood for. */
  async batches(): Promise<readonly Batch[]> {
    const names = await readdir(this.#dir).catch(() => []);
    const found: Batch[] = [];
    for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
      found.push(JSON.parse(await readFile(join(this.#dir, name), 'utf8')) as Batch);
    }
    return found;
  }

  /** Durable when it resolves. */
  async put(batch: Batch): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    const path = join(this.#dir, `${positionText(batch.first)}.json`);
    const temporary = `${path}.new`;
    writeFileSync(temporary, `${JSON.stringify(batch)}\n`, { flush: true, mode: 0o640 });
    await rename(temporary, path);
    syncDirectory(this.#dir);
  }

  /** Forgets a batch whose files nobody needs. */
  async remove(batch: Batch): Promise<void> {
    await rm(join(this.#dir, `${positionText(batch.first)}.json`), { force: true });
  }
}

/** Gives a whole file its name; durable when it resolves. */
export async function publish(temporary: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await rename(temporary, path);
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** How much the archive's files take, whoever removes them. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { layoutVersion } from './layout.ts';

export class DiskUse {
  readonly #root: string;
  #bytes = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** Of files that have their names: as of the last look, and what came since. */
  get bytes(): number {
    return this.#bytes;
  }

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Looks again: people and shippers remove files. */
  async refresh(): Promise<void> {
    const dir = join(this.#root, layoutVersion);
    const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
    let bytes = 0;
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const seen = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      bytes += seen?.size ?? 0;
    }
    this.#bytes = bytes;
  }
}

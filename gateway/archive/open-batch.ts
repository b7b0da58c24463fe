/** A batch that takes seals: one file a table under a temporary name, until it is closed. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readBlock } from '../../clickhouse/native/read.ts';
import type { EncodedUnit } from '../decode/decode-types.ts';
import { signalOfTable } from '../item-tables.ts';
import type { ArchivedFile, Batch } from './batch-book.ts';
import { publish } from './batch-book.ts';
import { type BatchKey, fileName } from './layout.ts';
import { ParquetFile, type ParquetOptions } from './parquet-file.ts';

type Open = {
  readonly path: string;
  readonly file: ParquetFile;
  firstEventNs: bigint;
  lastEventNs: bigint;
};

export class OpenBatch {
  readonly #dir: string;
  readonly #options: ParquetOptions;
  readonly #files = new Map<string, Open>();
  readonly first: number;
  readonly hour: number;
  readonly openedMs: number;
  /** When its first record came, epoch milliseconds. */
  readonly firstReceivedMs: number;
  /** Behind the last seal that it took. */
  last: number;

  /** `dir` is for temporary files of this lane alone, on the file system of the archive. */
  constructor(
    dir: string,
    options: ParquetOptions,
    bounds: Pick<OpenBatch, 'first' | 'hour' | 'openedMs' | 'firstReceivedMs'>,
  ) {
    this.#dir = dir;
    this.#options = options;
    this.first = bounds.first;
    this.last = bounds.first;
    this.hour = bounds.hour;
    this.openedMs = bounds.openedMs;
    this.firstReceivedMs = bounds.firstReceivedMs;
  }

  /** Of all files together, as far as they are on disk. */
  get bytes(): number {
    return [...this.#files.values()].reduce((sum, { file }) => sum + file.bytes, 0);
  }

  /** Units of a seal that are items; what is computed from them is not archived. */
  take(units: readonly EncodedUnit[], last: number): void {
    for (const unit of units) {
      if (signalOfTable(unit.table) !== undefined) this.#append(unit);
    }
    this.last = last;
  }

  /** Writes and syncs what is left, and gives every file its name below `root`. */
  async close(root: string, key: BatchKey): Promise<Batch> {
    const files: ArchivedFile[] = [];
    for (const [table, open] of this.#files) {
      const { rows, bytes, sha256 } = open.file.finish();
      const name = fileName(key, table);
      await publish(open.path, join(root, name));
      const times = { first: String(open.firstEventNs), last: String(open.lastEventNs) };
      files.push({
        ...{ name, table, rows, bytes, sha256 },
        ...{ firstEventNs: times.first, lastEventNs: times.last },
      });
    }
    this.#files.clear();
    return { version: 1, state: 'complete', ...key, files };
  }

  /** Leaves nothing behind. */
  abandon(): void {
    for (const { file, path } of this.#files.values()) {
      file.abandon();
      rmSync(path, { force: true });
    }
    this.#files.clear();
  }

  #append(unit: EncodedUnit): void {
    const columns = readBlock(unit.chunks);
    let open = this.#files.get(unit.table);
    if (open === undefined) {
      mkdirSync(this.#dir, { recursive: true });
      const path = join(this.#dir, `${unit.table}.parquet.tmp`);
      const file = new ParquetFile(path, columns, this.#options);
      const { firstEventNs, lastEventNs } = unit;
      open = { path, file, firstEventNs, lastEventNs };
      this.#files.set(unit.table, open);
    }
    open.file.append(columns);
    if (unit.firstEventNs < open.firstEventNs) open.firstEventNs = unit.firstEventNs;
    if (unit.lastEventNs > open.lastEventNs) open.lastEventNs = unit.lastEventNs;
  }
}

/**
 * One Parquet file while it is written: rows come a unit at a time, leave as row groups, and the
 * file is whole only after {@link ParquetFile.finish}. Encoding is synchronous and takes about a
 * second and a half for a million rows: it runs in the archive's own thread.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import type { CompressionCodec, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ReadColumn } from '../../clickhouse/native/read.ts';
import { assert } from '../../core/assert.ts';
import { schemaOf } from './parquet-types.ts';
import { RowBuffer } from './row-buffer.ts';

export type ArchiveCodec = 'zstd' | 'snappy';

export type ParquetOptions = {
  readonly codec: ArchiveCodec;
  /** Rows of a row group; the last one of a file has fewer. */
  readonly rowGroupRows: number;
  /** Into the footer, for whoever reads the file alone. */
  readonly metadata: Readonly<Record<string, string>>;
};

export type WrittenFile = {
  readonly rows: number;
  readonly bytes: number;
  /** Of the whole file, hex. */
  readonly sha256: string;
};

const codecs: Readonly<Record<ArchiveCodec, CompressionCodec>> = {
  zstd: 'ZSTD',
  snappy: 'SNAPPY',
};
const bufferedBytesMax = 1024 ** 2;

export class ParquetFile {
  readonly #out: FileBytes;
  readonly #writer: ParquetWriter;
  readonly #schema: SchemaElement[];
  readonly #buffer: RowBuffer;
  readonly #rowGroupRows: number;
  #rows = 0;

  /** Makes the file anew, whatever was there. Throws what the disk says. */
  constructor(
    path: string,
    columns: readonly Pick<ReadColumn, 'name' | 'type'>[],
    { codec, rowGroupRows, metadata }: ParquetOptions,
  ) {
    this.#out = new FileBytes(path);
    this.#schema = schemaOf(columns);
    this.#rowGroupRows = rowGroupRows;
    this.#buffer = new RowBuffer(columns);
    this.#writer = new ParquetWriter({
      writer: this.#out,
      schema: this.#schema,
      codec: codecs[codec],
      compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
      createdBy: 'obsctl',
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
  }

  get rows(): number {
    return this.#rows;
  }

  /** Bytes on disk so far; what waits for its row group is not in it. */
  get bytes(): number {
    return this.#out.offset;
  }

  append(columns: readonly ReadColumn[]): void {
    this.#rows += this.#buffer.append(columns);
    while (this.#buffer.rows >= this.#rowGroupRows) this.#writeGroup(this.#rowGroupRows);
  }

  /** Writes what is left and the footer, and syncs. The file is closed whatever happens. */
  finish(): WrittenFile {
    try {
      if (this.#buffer.rows > 0) this.#writeGroup(this.#buffer.rows);
      const pending = this.#writer.finish();
      assert(pending === undefined, 'writing to a file waits for nothing');
      return { rows: this.#rows, bytes: this.#out.offset, sha256: this.#out.sync() };
    } finally {
      this.#out.close();
    }
  }

  /** Leaves a file that nobody can read: the caller removes it. */
  abandon(): void {
    this.#out.close();
  }

  #writeGroup(rows: number): void {
    const columnData = this.#buffer.take(rows);
    const pending = this.#writer.write({ columnData, rowGroupSize: rows });
    assert(pending === undefined, 'writing to a file waits for nothing');
  }
}

/** Bytes on their way into a file, and their hash. */
class FileBytes extends ByteWriter {
  readonly #file: number;
  readonly #hash = createHash('sha256');
  #isOpen = true;

  constructor(path: string) {
    super(bufferedBytesMax);
    this.#file = openSync(path, 'w', 0o640);
  }

  override ensure(size: number): void {
    if (this.index > bufferedBytesMax) this.flush();
    super.ensure(size);
  }

  flush(): void {
    const bytes = new Uint8Array(this.buffer, 0, this.index);
    this.#hash.update(bytes);
    for (let at = 0; at < bytes.byteLength; ) at += writeSync(this.#file, bytes, at);
    this.index = 0;
  }

  override finish(): void {
    this.flush();
  }

  sync(): string {
    fsyncSync(this.#file);
    return this.#hash.digest('hex');
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#file);
    this.#isOpen = false;
  }
}

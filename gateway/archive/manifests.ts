/**
 * What came in an hour, as one small file a gateway that is written last: who finds it has all
 * files of that hour. A batch that comes late makes its manifest anew, with what it held before.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchivedFile, type Batch, publish } from './batch-book.ts';
import { hourMs, manifestName } from './layout.ts';

type ManifestFile = {
  readonly name: string;
  readonly table: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly first_event_ns: string;
  readonly last_event_ns: string;
};

export type Manifest = {
  readonly version: 1;
  readonly gateway: string;
  /** Begin of the hour, RFC 3339. */
  readonly hour: string;
  readonly rows: number;
  /** By name. */
  readonly files: readonly ManifestFile[];
};

export class Manifests {
  readonly #root: string;
  readonly #gateway: string;
  /** Hours whose manifest lacks files, and those files. */
  readonly #lacking = new Map<number, ArchivedFile[]>();

  constructor(root: string, gateway: string) {
    this.#root = root;
    this.#gateway = gateway;
  }

  /** A complete batch; one that its manifest holds already changes nothing. */
  add({ hour, files }: Batch): void {
    if (files.length === 0) return;
    const lacking = this.#lacking.get(hour) ?? [];
    lacking.push(...files);
    this.#lacking.set(hour, lacking);
  }

  /** Whether every file of that hour that we know of is in its manifest. */
  isWritten(hour: number): boolean {
    return !this.#lacking.has(hour);
  }

  /** Of hours before `before`; durable when it resolves. Bytes that were written. */
  async write(before: number): Promise<number> {
    let bytes = 0;
    for (const hour of [...this.#lacking.keys()].filter((one) => one < before).sort()) {
      bytes += await this.#writeHour(hour, this.#lacking.get(hour) ?? []);
      this.#lacking.delete(hour);
    }
    return bytes;
  }

  async #writeHour(hour: number, lacking: readonly ArchivedFile[]): Promise<number> {
    const name = manifestName(this.#gateway, hour);
    const path = join(this.#root, name);
    const found = await readManifest(path);
    const files = new Map(found?.files.map((file) => [file.name, file]));
    for (const file of lacking) files.set(file.name, publicFile(file));
    if (files.size === found?.files.length) return 0;
    const sorted = [...files.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
    const manifest: Manifest = {
      version: 1,
      gateway: this.#gateway,
      hour: new Date(hour * hourMs).toISOString(),
      rows: sorted.reduce((sum, { rows }) => sum + rows, 0),
      files: sorted,
    };
    const text = `${JSON.stringify(manifest, undefined, 1)}\n`;
    const temporary = join(this.#root, 'tmp', `${this.#gateway}.manifest.tmp`);
    mkdirSync(join(this.#root, 'tmp'), { recursive: true });
    writeFileSync(temporary, text, { flush: true, mode: 0o640 });
    await publish(temporary, path);
    return Buffer.byteLength(text);
  }
}

function publicFile(file: ArchivedFile): ManifestFile {
  const { name, table, rows, bytes, sha256, firstEventNs, lastEventNs } = file;
  const times = { first_event_ns: firstEventNs, last_event_ns: lastEventNs };
  return { name, table, rows, bytes, sha256, ...times };
}

async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Manifest;
  } catch (error) {
    // Absent, or not ours: then what we know is written in its place.
    if (error instanceof SyntaxError) return undefined;
    if (Error.isError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * What the log asks of a file system: a narrow interface, so that a test can put a disk below it
 * that forgets, lies about space or writes short. Small writes are synchronous, because handing
 * them to a thread costs more than the copy into the page cache; syncs never are.
 */
import * as nodeFs from 'node:fs';

export type OpenMode = 'read' | 'write' | 'create';

export type WalFs = {
  /** Makes `path` and its missing parents. */
  readonly makeDirectory: (path: string) => void;
  /** The names in a directory, in any order. */
  readonly list: (path: string) => readonly string[];
  /** `create` empties a file that exists; `write` opens an existing file for reading too. */
  readonly open: (path: string, mode: OpenMode) => number;
  readonly close: (file: number) => void;
  readonly sizeBytes: (file: number) => number;
  /** Returns the bytes read: fewer than asked only at the end, 0 past it. */
  readonly read: (file: number, target: Uint8Array, offset: number) => Promise<number>;
  /** Returns the bytes written, which may be fewer than given. */
  readonly write: (file: number, parts: readonly Uint8Array[], offset: number) => number;
  /** The same on another thread, for what would hold up the event loop. */
  readonly writeSlowly: (
    file: number,
    parts: readonly Uint8Array[],
    offset: number,
  ) => Promise<number>;
  readonly dataSync: (file: number) => Promise<void>;
  readonly truncate: (file: number, sizeBytes: number) => void;
  readonly rename: (from: string, to: string) => void;
  readonly remove: (path: string) => void;
  /** Makes creations, renames and removals in the directory durable. */
  readonly syncDirectory: (path: string) => Promise<void>;
};

const flags: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'r+', create: 'w+' };

/** The platform's file system. */
export const platformFs: WalFs = {
  makeDirectory: (path) => {
    nodeFs.mkdirSync(path, { recursive: true });
  },
  list: (path) => nodeFs.readdirSync(path),
  open: (path, mode) => nodeFs.openSync(path, flags[mode], 0o640),
  close: (file) => nodeFs.closeSync(file),
  sizeBytes: (file) => nodeFs.fstatSync(file).size,
  read: (file, target, offset) =>
    new Promise((resolve, reject) => {
      nodeFs.read(file, target, 0, target.byteLength, offset, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    }),
  write: (file, parts, offset) => nodeFs.writevSync(file, parts, offset),
  writeSlowly: (file, parts, offset) =>
    new Promise((resolve, reject) => {
      nodeFs.writev(file, parts, offset, (error, bytes) => {
        if (error) reject(error);
        else resolve(bytes);
      });
    }),
  dataSync: (file) =>
    new Promise((resolve, reject) => {
      nodeFs.fdatasync(file, (error) => (error ? reject(error) : resolve()));
    }),
  truncate: (file, sizeBytes) => nodeFs.ftruncateSync(file, sizeBytes),
  rename: (from, to) => nodeFs.renameSync(from, to),
  remove: (path) => nodeFs.rmSync(path, { force: true }),
  syncDirectory: (path) =>
    new Promise((resolve, reject) => {
      const directory = nodeFs.openSync(path, 'r');
      nodeFs.fsync(directory, (error) => {
        nodeFs.closeSync(directory);
        // Some file systems cannot sync a directory; they order its changes themselves.
        if (error && error.code !== 'EINVAL' && error.code !== 'EPERM') reject(error);
        else resolve();
      });
    }),
};

/**
 * A disk in memory that forgets. Writes go to a page cache that everybody sees; only a sync makes
 * them durable. At a crash each unsynced sector write and each unsynced change of the directory
 * is kept or lost by the throw of a seeded die, in no particular order. A failed sync drops what
 * it was given from the cache's duty, as Linux does: a later sync that succeeds does not bring it.
 */
import { basename } from 'node:path';

import type { OpenMode, WalFs } from '../../gateway/wal/wal-fs.ts';
import type { Random } from './random.ts';

export type Operation =
  | 'open'
  | 'read'
  | 'write'
  | 'dataSync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'syncDirectory';

/** Decides the fate of one operation: an error code, a short count, or nothing. */
export type Fault = (operation: Operation, name: string) => string | number | undefined;

type Change = { readonly offset: number; readonly bytes: Buffer } | { readonly size: number };

type Inode = {
  /** What the running system reads. */
  cached: Buffer;
  /** What a crash cannot take. */
  durable: Buffer;
  /** Changes since the last sync, oldest first. */
  unsynced: Change[];
};

type NameChange = { readonly name: string; readonly inode: Inode | undefined }[];

const SECTOR_BYTES = 512;

export class SimulatedDisk {
  fault: Fault = () => undefined;
  syncs = 0;
  readonly #random: Random;
  #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #unsyncedNames: NameChange[] = [];
  #files = new Map<number, { inode: Inode; name: string }>();
  #nextFile = 3;
  #mount = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A file system over this disk, dead after the next crash. Paths are told apart by name. */
  mount(): WalFs {
    const mount = this.#mount;
    const alive = (): void => {
      if (mount !== this.#mount) throw new Error('the power is off');
    };
    const settle = async (): Promise<void> => {
      const hops = this.#random.below(12);
      for (let hop = 0; hop < hops; hop += 1) await Promise.resolve();
      if (mount !== this.#mount) await new Promise(() => {});
    };
    return {
      makeDirectory: alive,
      list: () => {
        alive();
        return [...this.#names.keys()];
      },
      open: (path, mode) => {
        alive();
        return this.#open(basename(path), mode);
      },
      close: (file) => {
        this.#files.delete(file);
      },
      sizeBytes: (file) => this.#at(file).inode.cached.byteLength,
      read: async (file, target, offset) => {
        await settle();
        const { inode, name } = this.#at(file);
        this.#strike('read', name);
        return inode.cached.copy(target, 0, offset, offset + target.byteLength);
      },
      write: (file, parts, offset) => {
        alive();
        return this.#write(file, parts, offset);
      },
      writeSlowly: async (file, parts, offset) => {
        await settle();
        return this.#write(file, parts, offset);
      },
      dataSync: async (file) => {
        const { inode, name } = this.#at(file);
        const count = inode.unsynced.length;
        await settle();
        this.#sync(inode, name, count);
      },
      truncate: (file, sizeBytes) => {
        alive();
        const { inode, name } = this.#at(file);
        this.#strike('truncate', name);
        this.#change(inode, { size: sizeBytes });
      },
      rename: (from, to) => {
        alive();
        this.#strike('rename', basename(to));
        const inode = this.#names.get(basename(from));
        if (inode === undefined) throw platformError('ENOENT');
        this.#rename([
          { name: basename(from), inode: undefined },
          { name: basename(to), inode },
        ]);
      },
      remove: (path) => {
        alive();
        this.#strike('remove', basename(path));
        this.#rename([{ name: basename(path), inode: undefined }]);
      },
      syncDirectory: async () => {
        const count = this.#unsyncedNames.length;
        await settle();
        this.#strike('syncDirectory', '');
        for (const change of this.#unsyncedNames.splice(0, count)) {
          applyNames(this.#durableNames, change);
        }
      },
    };
  }

  /** Cuts the power: what was not synced survives or not, each part by itself. */
  crash(): void {
    this.#mount += 1;
    this.#files.clear();
    for (const change of this.#unsyncedNames.splice(0)) {
      if (this.#random.oneIn(2)) applyNames(this.#durableNames, change);
    }
    this.#names = new Map(this.#durableNames);
    // Some crashes keep all, some nothing, most a part.
    const keepOneIn = [1, 2, 4, Number.POSITIVE_INFINITY][this.#random.below(4)] ?? 2;
    for (const inode of new Set(this.#names.values())) {
      for (const change of shuffled(inode.unsynced.flatMap(sectors), this.#random)) {
        if (this.#random.oneIn(keepOneIn)) inode.durable = applied(inode.durable, change);
      }
      inode.unsynced = [];
      inode.cached = Buffer.from(inode.durable);
    }
  }

  /** Stops the process without cutting the power (`kill -9`): the page cache stays. */
  kill(): void {
    this.#mount += 1;
    this.#files.clear();
  }

  #open(name: string, mode: OpenMode): number {
    this.#strike('open', name);
    let inode = this.#names.get(name);
    if (mode === 'create') {
      if (inode === undefined) {
        inode = { cached: Buffer.alloc(0), durable: Buffer.alloc(0), unsynced: [] };
        this.#rename([{ name, inode }]);
      } else this.#change(inode, { size: 0 });
    }
    if (inode === undefined) throw platformError('ENOENT');
    const file = this.#nextFile;
    this.#nextFile += 1;
    this.#files.set(file, { inode, name });
    return file;
  }

  #at(file: number): { inode: Inode; name: string } {
    const found = this.#files.get(file);
    if (found === undefined) throw platformError('EBADF');
    return found;
  }

  #write(file: number, parts: readonly Uint8Array[], offset: number): number {
    const { inode, name } = this.#at(file);
    const whole = Buffer.concat(parts);
    const verdict = this.fault('write', name);
    if (typeof verdict === 'string') throw platformError(verdict);
    const bytes = whole.subarray(0, verdict ?? whole.byteLength);
    this.#change(inode, { offset, bytes });
    return bytes.byteLength;
  }

  #sync(inode: Inode, name: string, count: number): void {
    const changes = inode.unsynced.splice(0, count);
    const verdict = this.fault('dataSync', name);
    for (const change of changes) {
      if (verdict === undefined) inode.durable = applied(inode.durable, change);
      else if (this.#random.oneIn(2)) inode.durable = applied(inode.durable, change);
    }
    if (verdict !== undefined) throw platformError(String(verdict));
    this.syncs += 1;
  }

  #change(inode: Inode, change: Change): void {
    inode.cached = applied(inode.cached, change);
    inode.unsynced.push(change);
  }

  #rename(change: NameChange): void {
    applyNames(this.#names, change);
    this.#unsyncedNames.push(change);
  }

  #strike(operation: Operation, name: string): void {
    const verdict = this.fault(operation, name);
    if (verdict !== undefined) throw platformError(String(verdict));
  }
}

function platformError(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}

function applyNames(names: Map<string, Inode>, change: NameChange): void {
  for (const { name, inode } of change) {
    if (inode === undefined) names.delete(name);
    else names.set(name, inode);
  }
}

function applied(content: Buffer, change: Change): Buffer {
  if ('size' in change) {
    const cut = Buffer.alloc(change.size);
    content.copy(cut);
    return cut;
  }
  const end = change.offset + change.bytes.byteLength;
  const next = content.byteLength >= end ? content : Buffer.alloc(end);
  if (next !== content) content.copy(next);
  change.bytes.copy(next, change.offset);
  return next;
}

function sectors(change: Change): Change[] {
  if ('size' in change) return [change];
  const parts: Change[] = [];
  let at = 0;
  while (at < change.bytes.byteLength) {
    const offset = change.offset + at;
    const room = SECTOR_BYTES - (offset % SECTOR_BYTES);
    const bytes = change.bytes.subarray(at, at + room);
    parts.push({ offset, bytes });
    at += bytes.byteLength;
  }
  return parts;
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = random.below(index + 1);
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}

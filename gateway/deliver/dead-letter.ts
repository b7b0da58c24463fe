/**
 * Rows that ClickHouse refused for good: a Native block of them, and a note with the reason and
 * everything that a replay needs. Both are synced before the log moves on. The folder has a
 * budget; beyond it nothing is set aside any more and the seal waits instead, so that a wrong
 * table cannot eat the disk.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Received, type Seal, type SealUnit, unitToken } from '../lane/seal.ts';

const deadLetterBytesMax = 1024 ** 3;
const noteVersion = 1;
/** Where letters go once their rows are stored, below the folder itself. */
const replayedFolder = 'replayed';
const owedFolder = 'views';

type Letter = {
  readonly seal: Seal;
  /** Of the rows that are set aside, not of the whole unit. */
  readonly unit: Omit<SealUnit, 'checksum'>;
  readonly chunks: readonly Uint8Array[];
  /** Rows of the unit that they come from. */
  readonly unitRows: number;
  readonly reason: string;
};

export type DeadLetter = {
  /** `false` when the budget is used up. Writing the same letter again replaces it. */
  readonly put: (letter: Letter) => Promise<boolean>;
  /**
   * Remembers that the rows of a unit are in its table while a view behind it has not had them:
   * counting them would then call the unit complete, also after a restart.
   */
  readonly oweView: (key: string) => Promise<void>;
  readonly owesView: (key: string) => Promise<boolean>;
  readonly paidView: (key: string) => Promise<void>;
};

/** A note as it lies on disk. */
export type LetterNote = {
  readonly version: number;
  readonly seal: string;
  readonly gateway: string;
  readonly lane: string;
  readonly table: string;
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
  readonly unitRows: number;
  readonly reason: string;
  readonly firstPosition: number;
  readonly lastPosition: number;
  readonly firstEventNs: string;
  readonly lastEventNs: string;
  readonly firstReceivedMs: number;
  readonly received?: Received;
  readonly leftOut?: Received;
};

/** A letter that lies in a folder. */
export type StoredLetter = { readonly name: string; readonly note: LetterNote };

export type DeadLetterOptions = {
  readonly directory: string;
  /** Who writes: it stands in the notes, and later in receipts. */
  readonly gateway: string;
  readonly lane: string;
  readonly bytesMax?: number;
};

export function openDeadLetter(options: DeadLetterOptions): DeadLetter {
  const { directory, gateway, lane, bytesMax = deadLetterBytesMax } = options;
  const owed = join(directory, owedFolder);
  return {
    put: async ({ seal, unit, chunks, unitRows, reason }) => {
      await mkdir(directory, { recursive: true });
      if ((await folderBytes(directory)) + unit.bytes > bytesMax) return false;
      const name = unitFileName(unitToken(seal.id, unit.table, unit.partition));
      const note: LetterNote = {
        version: noteVersion,
        seal: seal.id,
        ...{ gateway, lane },
        ...{ table: unit.table, partition: unit.partition, rows: unit.rows, bytes: unit.bytes },
        ...{ unitRows, reason },
        firstPosition: seal.first,
        lastPosition: seal.last,
        firstEventNs: String(unit.firstEventNs),
        lastEventNs: String(unit.lastEventNs),
        firstReceivedMs: seal.firstReceivedMs,
        ...(seal.received !== undefined && { received: seal.received }),
        ...(seal.leftOut !== undefined && { leftOut: seal.leftOut }),
      };
      await writeSynced(join(directory, `${name}.native`), chunks);
      await writeSynced(join(directory, `${name}.json`), [
        Buffer.from(`${JSON.stringify(note, undefined, 2)}\n`),
      ]);
      await syncDirectory(directory);
      return true;
    },
    oweView: async (key) => {
      await mkdir(owed, { recursive: true });
      await writeSynced(join(owed, key), []);
      await syncDirectory(owed);
    },
    owesView: async (key) => (await stat(join(owed, key)).catch(() => undefined)) !== undefined,
    paidView: async (key) => await rm(join(owed, key), { force: true }),
  };
}

/** A token as the name of a file. */
export function unitFileName(token: string): string {
  return token.replaceAll(/[^\w-]/g, '_');
}

/** The letters of a folder, oldest seal first; an unreadable note is left out. */
export async function readLetters(directory: string): Promise<readonly StoredLetter[]> {
  const names = await readdir(directory).catch(() => []);
  const letters: StoredLetter[] = [];
  for (const file of names.filter((entry) => entry.endsWith('.json'))) {
    const note = await readNote(join(directory, file));
    if (note !== undefined) letters.push({ name: file.slice(0, -'.json'.length), note });
  }
  return letters.sort((left, right) => left.note.firstReceivedMs - right.note.firstReceivedMs);
}

export async function readLetterBlock(directory: string, name: string): Promise<Buffer> {
  return await readFile(join(directory, `${name}.native`));
}

/** Its rows are stored: it is kept beside, for a person, and never replayed again. */
export async function fileLetter(directory: string, name: string): Promise<void> {
  const folder = join(directory, replayedFolder);
  await mkdir(folder, { recursive: true });
  // The note goes first: without it the block alone is no letter.
  await rename(join(directory, `${name}.json`), join(folder, `${name}.json`));
  await rename(join(directory, `${name}.native`), join(folder, `${name}.native`));
  await syncDirectory(directory);
}

async function readNote(path: string): Promise<LetterNote | undefined> {
  try {
    const note: LetterNote = JSON.parse(await readFile(path, 'utf8'));
    return note.version === noteVersion ? note : undefined;
  } catch {
    return undefined;
  }
}

async function folderBytes(directory: string): Promise<number> {
  let total = 0;
  for (const name of await readdir(directory)) total += (await stat(join(directory, name))).size;
  return total;
}

/** Written beside, synced, then renamed: a half-written letter is never seen. */
async function writeSynced(path: string, chunks: readonly Uint8Array[]): Promise<void> {
  const beside = `${path}.new`;
  const file = await open(beside, 'w');
  try {
    for (const chunk of chunks) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

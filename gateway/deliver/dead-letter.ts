/**
 * Rows that ClickHouse refused for good: a Native block of them, and a note with the reason and
 * everything that a replay needs. Both are synced before the log moves on. The folder has a
 * budget; beyond it nothing is set aside any more and the seal waits instead, so that a wrong
 * table cannot eat the disk.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Received, type Seal, type SealUnit, unitToken } from '../lane/seal.ts';
import type { RowRange } from './rest.ts';

const deadLetterBytesMax = 1024 ** 3;
const noteVersion = 1;
/** Where letters go once their rows are stored, below the folder itself. */
const replayedFolder = 'replayed';
const owedFolder = 'views';
/** Of the empty file that says that a replay of the letter has begun. */
const begunTail = '.begun';

type Letter = {
  readonly seal: Seal;
  /** Of the rows that are set aside, not of the whole unit. */
  readonly unit: Omit<SealUnit, 'checksum'>;
  readonly chunks: readonly Uint8Array[];
  /** Rows of the unit that they come from, and which of them these are. */
  readonly unitRows: number;
  readonly unitRanges: readonly RowRange[];
  readonly reason: string;
};

export type DeadLetter = {
  /** `false` when the budget is used up. */
  readonly put: (letter: Letter) => Promise<boolean>;
  /**
   * What letters hold of a unit. Throws when a note cannot be read: without it nobody can tell
   * which rows are still to be brought.
   */
  readonly held: (token: string, unitRows: number) => Promise<HeldRows>;
  /**
   * Remembers that the rows of a unit are in its table while a view behind it has not had them:
   * counting them would then call the unit complete, also after a restart.
   */
  readonly oweView: (unit: OwedUnit) => Promise<void>;
  /**
   * Also when another unit of the table owed its view since the gateway began: an insert whose
   * answer nobody heard may have failed at the same view.
   */
  readonly owesView: (unit: OwedUnit) => Promise<boolean>;
  readonly paidView: (unit: OwedUnit) => Promise<void>;
};

export type HeldRows = {
  /** Of all letters, replayed or not. */
  readonly ranges: readonly RowRange[];
  /** How many of them a replay has stored. */
  readonly replayed: number;
  /** Rows of each letter whose replay has not ended: they may be stored. */
  readonly begun: readonly number[];
};

type OwedUnit = { readonly table: string; readonly token: string };

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
  /** Absent in notes of before they were kept. */
  readonly unitRanges?: readonly RowRange[];
  /** Of the letters of one unit, from 1; absent: 1. */
  readonly part?: number;
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
  return {
    put: async (letter) => {
      await mkdir(directory, { recursive: true });
      if ((await folderBytes(directory)) + letter.unit.bytes > bytesMax) return false;
      const token = unitToken(letter.seal.id, letter.unit.table, letter.unit.partition);
      const part = (await notesOf(directory, token)).length + 1;
      const name = letterName(token, part);
      const note: LetterNote = { ...noteOf(letter), gateway, lane, part };
      await writeSynced(join(directory, `${name}.native`), letter.chunks);
      await writeSynced(join(directory, `${name}.json`), [
        Buffer.from(`${JSON.stringify(note, undefined, 2)}\n`),
      ]);
      await syncDirectory(directory);
      return true;
    },
    held: async (token, unitRows) => {
      const notes = await notesOf(directory, token);
      // Decoded otherwise by another version: its rows have other numbers.
      const own = notes.filter(({ note }) => note.unitRows === unitRows);
      const rowsOf = (state: LetterState): readonly number[] =>
        own.filter((letter) => letter.state === state).map(({ note }) => note.rows);
      return {
        ranges: own.flatMap(({ note }) => rangesOfNote(note)),
        replayed: rowsOf('replayed').reduce((sum, rows) => sum + rows, 0),
        begun: rowsOf('begun'),
      };
    },
    ...owedViews(join(directory, owedFolder)),
  };
}

function owedViews(folder: string): Pick<DeadLetter, 'oweView' | 'owesView' | 'paidView'> {
  let tables: Promise<Set<string>> | undefined;
  const tablesOwing = async (): Promise<Set<string>> => {
    tables ??= readdir(folder).then(
      (names) => new Set(names.map(tableOfOwed)),
      () => new Set<string>(),
    );
    return await tables;
  };
  return {
    oweView: async ({ table, token }) => {
      (await tablesOwing()).add(unitFileName(table));
      await mkdir(folder, { recursive: true });
      await writeSynced(join(folder, unitFileName(token)), []);
      await syncDirectory(folder);
    },
    owesView: async ({ table }) => (await tablesOwing()).has(unitFileName(table)),
    paidView: async ({ token }) => await rm(join(folder, unitFileName(token)), { force: true }),
  };
}

/** Of a file named by `unitFileName(token)`: seal, table, partition. */
function tableOfOwed(name: string): string {
  return name.split('-')[1] ?? '';
}

function noteOf(letter: Letter): Omit<LetterNote, 'gateway' | 'lane' | 'part'> {
  const { seal, unit, unitRows, unitRanges, reason } = letter;
  return {
    version: noteVersion,
    seal: seal.id,
    ...{ table: unit.table, partition: unit.partition, rows: unit.rows, bytes: unit.bytes },
    ...{ unitRows, unitRanges, reason },
    firstPosition: seal.first,
    lastPosition: seal.last,
    firstEventNs: String(unit.firstEventNs),
    lastEventNs: String(unit.lastEventNs),
    firstReceivedMs: seal.firstReceivedMs,
    ...(seal.received !== undefined && { received: seal.received }),
    ...(seal.leftOut !== undefined && { leftOut: seal.leftOut }),
  };
}

function rangesOfNote(note: LetterNote): readonly RowRange[] {
  if (note.unitRanges !== undefined) return note.unitRanges;
  return note.rows === note.unitRows ? [[0, note.unitRows]] : [];
}

type LetterState = 'lies' | 'begun' | 'replayed';

/** The notes of a unit's letters, in the order they were written; throws on an unreadable one. */
async function notesOf(
  directory: string,
  token: string,
): Promise<readonly { readonly note: LetterNote; readonly state: LetterState }[]> {
  const notes: { readonly note: LetterNote; readonly state: LetterState }[] = [];
  for (let part = 1; ; part += 1) {
    const name = letterName(token, part);
    // In this order: a replay moves letters from the first folder into the second.
    const lies = await readIfThere(join(directory, `${name}.json`));
    const text = lies ?? (await readIfThere(join(directory, replayedFolder, `${name}.json`)));
    if (text === undefined) return notes;
    const hasBegun = (await readIfThere(join(directory, name + begunTail))) !== undefined;
    const state = lies === undefined ? 'replayed' : hasBegun ? 'begun' : 'lies';
    notes.push({ note: JSON.parse(text), state });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (Error.isError(error) && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function letterName(token: string, part: number): string {
  return `${unitFileName(token)}${part === 1 ? '' : `.${part}`}`;
}

/** A token as the name of a file. */
function unitFileName(token: string): string {
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

/**
 * Before the rows of a letter are sent: from here on they may be in the table, which whoever counts
 * the rows of the unit must know. Says whether an earlier replay may have sent them.
 */
export async function beginLetter(directory: string, name: string): Promise<boolean> {
  if ((await readIfThere(join(directory, name + begunTail))) !== undefined) return true;
  await writeSynced(join(directory, name + begunTail), []);
  await syncDirectory(directory);
  return false;
}

/** None of its rows are stored. */
export async function letLetterLie(directory: string, name: string): Promise<void> {
  await rm(join(directory, name + begunTail), { force: true });
}

/** Its rows are stored: it is kept beside, for a person, and never replayed again. */
export async function fileLetter(directory: string, name: string): Promise<void> {
  const folder = join(directory, replayedFolder);
  await mkdir(folder, { recursive: true });
  // The note goes first: without it the block alone is no letter.
  await rename(join(directory, `${name}.json`), join(folder, `${name}.json`));
  await rename(join(directory, `${name}.native`), join(folder, `${name}.native`));
  await letLetterLie(directory, name);
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

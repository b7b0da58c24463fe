/**
 * Units that ClickHouse refused for good: the block as it was sent, and a note with the reason.
 * Both are synced before the log moves on. The folder has a budget; beyond it nothing is set
 * aside any more and the seal waits instead, so that a wrong table cannot eat the disk.
 */
import { mkdir, open, readdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EncodedUnit } from '../decode/decode-types.ts';
import type { Seal } from '../lane/seal.ts';

const deadLetterBytesMax = 1024 ** 3;

export type DeadLetter = {
  /** `false` when the budget is used up. */
  readonly put: (seal: Seal, unit: EncodedUnit, reason: string) => Promise<boolean>;
};

export function openDeadLetter(directory: string, bytesMax = deadLetterBytesMax): DeadLetter {
  return {
    put: async (seal, unit, reason) => {
      await mkdir(directory, { recursive: true });
      if ((await folderBytes(directory)) + unit.bytes > bytesMax) return false;
      const base = `${seal.id}-${unit.table}-${unit.partition.replaceAll(/[^\w-]/g, '_')}`;
      const { table, partition, rows, bytes, crc } = unit;
      const note = { seal: seal.id, table, partition, rows, bytes, crc, reason };
      await writeSynced(join(directory, `${base}.native`), unit.chunks);
      await writeSynced(join(directory, `${base}.json`), [
        Buffer.from(`${JSON.stringify(note, undefined, 2)}\n`),
      ]);
      await syncDirectory(directory);
      return true;
    },
  };
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

/** The log's own files, torn, flipped and forgotten: F3 to F6. */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../core/clock.ts';
import { RECORD_HEADER_BYTES } from '../../../gateway/wal/record.ts';
import { SEGMENT_HEADER_BYTES } from '../../../gateway/wal/segment-header.ts';
import { openWal } from '../../../gateway/wal/wal.ts';
import { platformFs, type WalFs } from '../../../gateway/wal/wal-fs.ts';
import { seededRandom } from '../../support/random.ts';
import type { Fault, FaultRun, Finding } from '../fault.ts';
import { Lockstep, randomActions } from '../wal/lockstep.ts';
import { numberedMeta } from '../wal/records.ts';

const recordCount = 12;
const historiesFull = 10_000;
const historiesShort = 150;

export const logFaults: readonly Fault[] = [
  { id: 'F3', title: 'the log cut at every byte of its last three records', run: cutTail },
  { id: 'F4', title: 'every byte of a record flipped; absurd lengths', run: flipBytes },
  { id: 'F5', title: 'unsynced pages lost in any subset (simulated disk)', run: forget },
  { id: 'F6', title: 'zeros, holes, missing and strange files', run: strangeFiles },
];

/** Nothing here loses power, so nothing needs to wait for a disk. */
const withoutSyncs: WalFs = {
  ...platformFs,
  dataSync: async () => {},
  syncDirectory: async () => {},
};

class SmallLog {
  readonly root = mkdtempSync(join(tmpdir(), 'obsctl-crash-log-'));
  readonly #pristine = join(this.root, 'pristine');
  readonly dir = join(this.root, 'case');
  /** Beginning of each record, and the end of the last. */
  readonly starts: number[] = [];

  static async make(): Promise<SmallLog> {
    const log = new SmallLog();
    const { wal } = await log.#open(log.#pristine);
    for (let index = 0; index < recordCount; index += 1) {
      log.starts.push(wal.writtenPosition());
      await wal.durable(wal.append(numberedMeta(index), bodyOf(index)));
    }
    log.starts.push(wal.writtenPosition());
    await wal.close();
    return log;
  }

  reset(): void {
    rmSync(this.dir, { recursive: true, force: true });
    cpSync(this.#pristine, this.dir, { recursive: true });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  files(): readonly string[] {
    const names = readdirSync(this.dir).filter((name) => /^\d{16}\.segment$/.test(name));
    return names.sort().map((name) => join(this.dir, name));
  }

  /** The file that holds record `index`, and where the record begins there. */
  locate(index: number): { readonly path: string; readonly offset: number } {
    for (const path of [...this.files()].reverse()) {
      const base = Number(readFileSync(path).readBigUInt64LE(40));
      const start = this.starts[index] ?? 0;
      if (start >= base) return { path, offset: SEGMENT_HEADER_BYTES + start - base };
    }
    throw new Error(`record ${index} is in no file`);
  }

  /** Opens what is left, reads, appends, opens again. Records lost, and whether it was told. */
  async survive(): Promise<{ readonly lost: readonly number[]; readonly told: boolean }> {
    const first = await this.#open(this.dir);
    const read = await Array.fromAsync(first.wal.read(0, first.wal.durablePosition()));
    const told =
      first.wal.damagedRanges().length > 0 ||
      first.recovery.tornBytes > 0 ||
      first.recovery.notes.length > 0;
    await first.wal.durable(first.wal.append(numberedMeta(999), Buffer.from('one more')));
    first.wal.invariants();
    await first.wal.close();
    const second = await this.#open(this.dir);
    const again = await Array.fromAsync(second.wal.read(0, second.wal.durablePosition()));
    await second.wal.close();
    if (again.length !== read.length + 1) throw new Error('the log did not go on');
    const present = new Set<number>();
    for (const { meta, body } of read) {
      const index = meta.settingsFingerprint;
      if (!bodyOf(index).equals(body)) throw new Error(`record ${index} has other bytes`);
      present.add(index);
    }
    const all = Array.from({ length: recordCount }, (_, index) => index);
    return { lost: all.filter((index) => !present.has(index)), told };
  }

  #open(dir: string) {
    return openWal({
      dir,
      fs: withoutSyncs,
      clock: systemClock,
      segmentBytes: SEGMENT_HEADER_BYTES + 900,
      sizeBytesMax: 1024 ** 2,
      recordBytesMax: 500,
      destinations: ['clickhouse'],
    });
  }
}

function bodyOf(index: number): Buffer {
  return Buffer.alloc(60 + index * 5, index + 1);
}

/** Runs `task` over a small log; what it returns are faults in words. */
async function withLog(
  task: (log: SmallLog, faults: string[]) => Promise<number>,
): Promise<Finding> {
  const log = await SmallLog.make();
  const faults: string[] = [];
  try {
    const cases = await task(log, faults);
    const isGood = faults.length === 0;
    return {
      criteria: { A0: isGood, D0: isGood, R: isGood },
      notes: [`${cases} cases`, ...faults.slice(0, 5)],
    };
  } finally {
    log.remove();
  }
}

async function cutTail(run: FaultRun): Promise<Finding> {
  return await withLog(async (log, faults) => {
    let cases = 0;
    log.reset();
    const end = log.locate(recordCount - 1);
    const endBytes = end.offset + lengthOf(log, recordCount - 1);
    const from = log.locate(recordCount - 3);
    const begin = from.path === end.path ? from.offset : SEGMENT_HEADER_BYTES;
    for (let size = begin; size < endBytes; size += run.isShort ? 7 : 1) {
      log.reset();
      truncateSync(end.path, size);
      const expected = [recordCount - 3, recordCount - 2, recordCount - 1].filter((index) => {
        const { path, offset } = log.locate(index);
        return path === end.path && offset + lengthOf(log, index) > size;
      });
      const { lost } = await log.survive();
      if (String(lost) !== String(expected)) faults.push(`cut at ${size}: lost ${lost}`);
      cases += 1;
    }
    return cases;
  });
}

async function flipBytes(run: FaultRun): Promise<Finding> {
  return await withLog(async (log, faults) => {
    let cases = 0;
    const strike = async (index: number, change: (bytes: Buffer, at: number) => void) => {
      log.reset();
      const { path, offset } = log.locate(index);
      const bytes = readFileSync(path);
      change(bytes, offset);
      writeFileSync(path, bytes);
      const { lost, told } = await log.survive();
      if (String(lost) !== String(index)) faults.push(`record ${index}: lost ${lost}`);
      if (!told) faults.push(`record ${index}: lost in silence`);
      cases += 1;
    };
    for (const index of [1, recordCount - 3]) {
      const length = lengthOf(log, index);
      for (let byte = 0; byte < length; byte += run.isShort ? 9 : 1) {
        await strike(index, (bytes, at) => {
          bytes[at + byte] = (bytes[at + byte] ?? 0) ^ (1 << run.random.below(8));
        });
      }
      for (const wrong of [0, 1, 2 ** 31, 2 ** 32 - 1, RECORD_HEADER_BYTES]) {
        await strike(index, (bytes, at) => bytes.writeUInt32LE(wrong, at + 8));
      }
    }
    return cases;
  });
}

async function forget(run: FaultRun): Promise<Finding> {
  const count = run.isShort ? historiesShort : historiesFull;
  const faults: string[] = [];
  for (let index = 0; index < count && faults.length < 5; index += 1) {
    const seed = (run.seed + index) >>> 0;
    try {
      await new Lockstep(seed).run(randomActions(seededRandom(seed ^ 0x5eed)));
    } catch (error) {
      faults.push(`seed ${seed}: ${String(error).slice(0, 300)}`);
    }
    if (index % 1_000 === 999) run.say(`${index + 1} histories`);
  }
  const isGood = faults.length === 0;
  return {
    criteria: { A0: isGood, D0: isGood, R: isGood },
    notes: [`seeds ${run.seed} to ${run.seed + count - 1}`, ...faults],
  };
}

async function strangeFiles(_run: FaultRun): Promise<Finding> {
  const cases: Readonly<Record<string, (log: SmallLog) => readonly number[]>> = {
    'zeros behind the last record': (log) => {
      const { path } = log.locate(recordCount - 1);
      writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(9_000)]));
      return [];
    },
    'a hole behind the last record': (log) => {
      const { path } = log.locate(recordCount - 1);
      truncateSync(path, 4 * 1024 ** 2);
      return [];
    },
    'an empty newest segment': (log) => {
      writeFileSync(join(log.dir, '0000000000000099.segment'), '');
      return [];
    },
    'leftover temporary files': (log) => {
      writeFileSync(join(log.dir, '0000000000000099.segment.tmp'), 'half a header');
      writeFileSync(join(log.dir, 'checkpoint.tmp'), 'half a checkpoint');
      return [];
    },
    'a missing segment in the middle': (log) => {
      const { path } = log.locate(Math.floor(recordCount / 2));
      const gone = indexesIn(log, path);
      rmSync(path);
      return gone;
    },
    'a header that nobody can read': (log) => {
      const { path } = log.locate(Math.floor(recordCount / 2));
      const gone = indexesIn(log, path);
      const bytes = readFileSync(path);
      bytes.fill(0xff, 0, SEGMENT_HEADER_BYTES);
      writeFileSync(path, bytes);
      return gone;
    },
    'no checkpoint': (log) => {
      rmSync(join(log.dir, 'checkpoint'), { force: true });
      return [];
    },
    'a checkpoint of noise': (log) => {
      writeFileSync(join(log.dir, 'checkpoint'), 'noise');
      return [];
    },
  };
  return await withLog(async (log, faults) => {
    for (const [name, damage] of Object.entries(cases)) {
      log.reset();
      const expected = damage(log);
      const { lost, told } = await log.survive();
      if (String(lost) !== String(expected)) faults.push(`${name}: lost ${lost}`);
      if (expected.length > 0 && !told) faults.push(`${name}: lost in silence`);
    }
    return Object.keys(cases).length;
  });
}

/** Which records a file holds, before it is damaged: found by where each begins. */
function indexesIn(log: SmallLog, path: string): readonly number[] {
  const bases = log.files().map((file) => ({ file, base: baseOf(file) }));
  return Array.from({ length: recordCount }, (_, index) => index).filter((index) => {
    const start = log.starts[index] ?? 0;
    return bases.findLast(({ base }) => base <= start)?.file === path;
  });
}

function baseOf(file: string): number {
  return Number(readFileSync(file).readBigUInt64LE(40));
}

function lengthOf(log: SmallLog, index: number): number {
  return (log.starts[index + 1] ?? 0) - (log.starts[index] ?? 0);
}

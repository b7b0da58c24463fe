/**
 * What a directory holds when a log is opened. {@link surveyDirectory} only looks: it reads the
 * headers of all segments, follows the lengths through closed ones and verifies every record of
 * the newest (FORMAT.md, "Recovery"). Nothing here may make a start fail that can go on: damage
 * is counted, reported and stepped over.
 */
import { join } from 'node:path';

import { Problem } from '../../core/problem.ts';
import {
  CHECKPOINT_NAME,
  CHECKPOINT_TEMPORARY_NAME,
  type Checkpoint,
  readCheckpoint,
} from './checkpoint.ts';
import { RECORD_ALIGNMENT_BYTES } from './record.ts';
import { countByHeaders, type ScanResult, SegmentScanner, scanWhole } from './scan.ts';
import {
  decodeSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentSequence,
  segmentTag,
} from './segment-header.ts';
import type { WalFs } from './wal-fs.ts';
import type { DamagedRange } from './wal-types.ts';

/** A segment whose records are part of the log. */
export type FoundSegment = {
  readonly name: string;
  readonly header: SegmentHeader;
  readonly tag: number;
  /** Position behind its last record. */
  readonly end: number;
  readonly fileBytes: number;
  readonly damaged: boolean;
};

export type Survey = {
  /** `undefined` in a directory without a log. */
  readonly logId: string | undefined;
  readonly segments: readonly FoundSegment[];
  /** Files that hold nothing: spares, temporary files, segments that never began. */
  readonly spares: readonly string[];
  readonly leftovers: readonly string[];
  /** Files that cannot be read as part of this log, to be renamed and kept. */
  readonly setAside: readonly string[];
  readonly cursors: ReadonlyMap<string, number>;
  /** The same as the checkpoint on disk has them: behind, where data below a cursor is gone. */
  readonly storedCursors: ReadonlyMap<string, number>;
  /** Position behind everything: nothing below it is ever given out again. */
  readonly nextPosition: number;
  readonly nextSequence: number;
  readonly records: number;
  readonly tornBytes: number;
  readonly damaged: readonly DamagedRange[];
  readonly notes: readonly string[];
};

const SPARE_NAME = /^spare-\d+\.segment$/;
const TEMPORARY_NAME = /\.segment\.tmp$/;

type Candidate = {
  readonly name: string;
  readonly header: SegmentHeader;
  readonly fileBytes: number;
};

/** Reads a directory without changing anything in it. */
export async function surveyDirectory(
  fs: WalFs,
  directory: string,
  destinations: readonly string[],
): Promise<Survey> {
  const names = [...fs.list(directory)].sort();
  const notes: string[] = [];
  const checkpoint = await readCheckpoint(fs, directory);
  const { candidates, setAside } = await readHeaders(fs, directory, names, notes);
  const known = typeof checkpoint === 'string' ? undefined : checkpoint;
  const logId = known?.logId ?? candidates.at(-1)?.header.logId;
  const own = candidates.filter((candidate) => candidate.header.logId === logId);
  for (const candidate of candidates) {
    if (candidate.header.logId === logId) continue;
    setAside.push(candidate.name);
    notes.push(`${candidate.name} belongs to another log (${candidate.header.logId})`);
  }
  const { chain, abandoned } = linkSegments(own);
  const begin = beginOf(chain, known, destinations, checkpoint, notes);
  const walked = await walkSegments(fs, directory, chain, begin.lowest);
  const lost = missingRanges(chain, walked, begin);
  const end = walked.at(-1)?.result.end ?? 0;
  const nextPosition = alignUp(Math.max(end, ...begin.cursors.values()));
  for (const [name, cursor] of begin.cursors) {
    if (cursor > end) notes.push(`${name} acknowledged ${cursor - end} bytes beyond the data`);
  }
  return {
    logId,
    segments: walked.map(({ candidate, result }) => toFound(candidate, result)),
    spares: [...names.filter((name) => SPARE_NAME.test(name)), ...abandoned],
    leftovers: names.filter((name) => TEMPORARY_NAME.test(name) || isTemporary(name)),
    setAside,
    cursors: begin.cursors,
    storedCursors: begin.stored,
    nextPosition,
    nextSequence: 1 + Math.max(0, ...names.map((name) => segmentSequence(name) ?? 0)),
    records: walked.reduce((sum, { result }) => sum + result.records, 0),
    tornBytes: walked.at(-1)?.result.tornBytes ?? 0,
    damaged: [...lost, ...walked.flatMap(({ result }) => result.damaged)],
    notes,
  };
}

function isTemporary(name: string): boolean {
  return name === CHECKPOINT_TEMPORARY_NAME;
}

/**
 * The segments of the log in `directory` by their headers alone: the end of the newest is unknown
 * and given as infinite. For readers that are told how far the log is durable.
 */
export async function listSegments(
  fs: WalFs,
  directory: string,
): Promise<readonly Pick<FoundSegment, 'name' | 'header' | 'tag' | 'end'>[]> {
  const { candidates } = await readHeaders(fs, directory, [...fs.list(directory)].sort(), []);
  const logId = candidates.at(-1)?.header.logId;
  const { chain } = linkSegments(candidates.filter(({ header }) => header.logId === logId));
  return chain.map(({ name, header }, index) => {
    const next = chain[index + 1]?.header;
    const tag = segmentTag(header.logId, header.sequence);
    return { name, header, tag, end: next?.previousEnd ?? Number.POSITIVE_INFINITY };
  });
}

async function readHeaders(
  fs: WalFs,
  directory: string,
  names: readonly string[],
  notes: string[],
): Promise<{ candidates: Candidate[]; setAside: string[] }> {
  const candidates: Candidate[] = [];
  const setAside: string[] = [];
  for (const name of names) {
    const sequence = segmentSequence(name);
    if (sequence === undefined) continue;
    const read = await readHeader(fs, join(directory, name));
    if (read.header === 'newer') throw newerFormat(directory, name);
    if (read.header === undefined || read.header.sequence !== sequence) {
      // A file without any content is one whose creation a crash interrupted: nothing is lost.
      if (read.fileBytes > 0) {
        setAside.push(name);
        notes.push(`${name} has no readable header (${read.fileBytes} bytes)`);
      }
      continue;
    }
    candidates.push({ name, header: read.header, fileBytes: read.fileBytes });
  }
  return { candidates, setAside };
}

async function readHeader(
  fs: WalFs,
  path: string,
): Promise<{ header: SegmentHeader | 'newer' | undefined; fileBytes: number }> {
  const file = fs.open(path, 'read');
  try {
    const page = Buffer.alloc(SEGMENT_HEADER_BYTES);
    let filled = 0;
    while (filled < page.byteLength) {
      const bytes = await fs.read(file, page.subarray(filled), filled);
      if (bytes === 0) break;
      filled += bytes;
    }
    const header = decodeSegmentHeader(page.subarray(0, filled));
    return { header, fileBytes: fs.sizeBytes(file) };
  } finally {
    fs.close(file);
  }
}

function newerFormat(directory: string, name: string): Problem {
  return new Problem('OBS-2021', `${name} was written in a format that this version cannot read`, {
    where: directory,
  });
}

/**
 * Sorts out segments that a later one does not name as its predecessor although it is older than
 * the one that is named: their creation failed and they hold no records.
 */
function linkSegments(own: readonly Candidate[]): { chain: Candidate[]; abandoned: string[] } {
  const chain: Candidate[] = [];
  const abandoned: string[] = [];
  let bound = Number.POSITIVE_INFINITY;
  for (const candidate of [...own].reverse()) {
    if (candidate.header.sequence > bound) {
      abandoned.push(candidate.name);
      continue;
    }
    chain.unshift(candidate);
    bound = candidate.header.previousSequence;
  }
  return { chain, abandoned };
}

type Begin = {
  readonly cursors: ReadonlyMap<string, number>;
  readonly stored: ReadonlyMap<string, number>;
  /** The lowest cursor: everything below has been acknowledged by all. */
  readonly lowest: number;
  /** Set when data between a cursor and the oldest segment is gone. */
  readonly gap: DamagedRange | undefined;
};

function beginOf(
  chain: readonly Candidate[],
  known: Checkpoint | undefined,
  destinations: readonly string[],
  state: Checkpoint | 'missing' | 'damaged',
  notes: string[],
): Begin {
  const oldest = chain[0]?.header;
  if (typeof state === 'string' && (oldest?.sequence ?? 0) > 1) {
    notes.push(`${CHECKPOINT_NAME} is ${state}: everything in the log is read again`);
  } else if (state === 'damaged') {
    notes.push(`${CHECKPOINT_NAME} is damaged: everything in the log is read again`);
  }
  const highest = Math.max(0, ...(known?.positions.values() ?? []));
  const cursors = new Map<string, number>();
  const storedCursors = new Map<string, number>();
  let gap: DamagedRange | undefined;
  for (const name of destinations) {
    const stored = known?.positions.get(name);
    const cursor = alignDown(stored ?? oldest?.base ?? highest);
    storedCursors.set(name, cursor);
    if (oldest !== undefined && cursor < oldest.base) {
      if (cursor < oldest.previousEnd) {
        gap = { from: cursor, to: oldest.previousEnd, reason: 'segment missing' };
      }
      cursors.set(name, oldest.base);
    } else cursors.set(name, cursor);
  }
  const lowest = cursors.size === 0 ? (oldest?.base ?? 0) : Math.min(...cursors.values());
  return { cursors, stored: storedCursors, lowest, gap };
}

type Walked = { readonly candidate: Candidate; readonly result: ScanResult };

async function walkSegments(
  fs: WalFs,
  directory: string,
  chain: readonly Candidate[],
  lowest: number,
): Promise<Walked[]> {
  const walked: Walked[] = [];
  for (const [index, candidate] of chain.entries()) {
    const next = chain[index + 1]?.header;
    const stated = next?.previousSequence === candidate.header.sequence;
    const knownEnd = stated ? next?.previousEnd : undefined;
    const result = await walkSegment(fs, directory, candidate, { lowest, knownEnd });
    walked.push({ candidate, result });
  }
  return walked;
}

async function walkSegment(
  fs: WalFs,
  directory: string,
  candidate: Candidate,
  bounds: { readonly lowest: number; readonly knownEnd: number | undefined },
): Promise<ScanResult> {
  const { header, fileBytes } = candidate;
  const from = Math.max(header.base, bounds.lowest);
  const nothing = { records: 0, tornBytes: 0, damaged: [] };
  if (bounds.knownEnd !== undefined && from >= bounds.knownEnd) {
    return { ...nothing, end: bounds.knownEnd };
  }
  const dataBytes = fileBytes - SEGMENT_HEADER_BYTES;
  if (bounds.knownEnd === undefined && from - header.base > dataBytes) {
    return { ...nothing, end: header.base + Math.max(0, dataBytes) };
  }
  const file = fs.open(join(directory, candidate.name), 'read');
  try {
    const tag = segmentTag(header.logId, header.sequence);
    const place = { tag, base: header.base, recordBytesMax: header.recordBytesMax };
    const options = { limitOffset: fileBytes, freshWindows: false };
    const scanner = new SegmentScanner(fs, file, place, options);
    if (bounds.knownEnd === undefined) return await scanWhole(scanner, from, undefined);
    const records = await countByHeaders(scanner, from, bounds.knownEnd);
    if (records !== undefined) return { ...nothing, records, end: bounds.knownEnd };
    return await scanWhole(scanner, from, bounds.knownEnd);
  } finally {
    fs.close(file);
  }
}

function missingRanges(
  chain: readonly Candidate[],
  walked: readonly Walked[],
  begin: Begin,
): DamagedRange[] {
  const ranges: DamagedRange[] = begin.gap === undefined ? [] : [begin.gap];
  for (const [index, { candidate, result }] of walked.entries()) {
    const next = chain[index + 1]?.header;
    if (next === undefined || next.previousSequence === candidate.header.sequence) continue;
    const from = Math.max(result.end, begin.lowest);
    if (from < next.previousEnd) {
      ranges.push({ from, to: next.previousEnd, reason: 'segment missing' });
    }
  }
  return ranges;
}

function toFound(candidate: Candidate, result: ScanResult): FoundSegment {
  const { name, header, fileBytes } = candidate;
  const tag = segmentTag(header.logId, header.sequence);
  return { name, header, tag, end: result.end, fileBytes, damaged: result.damaged.length > 0 };
}

function alignDown(position: number): number {
  return position - (position % RECORD_ALIGNMENT_BYTES);
}

function alignUp(position: number): number {
  return alignDown(position + RECORD_ALIGNMENT_BYTES - 1);
}

/**
 * Reads a log that a process may be writing, without a lock and without changing anything. What
 * is written, freed or overwritten meanwhile ends the reading of its file early; that is no damage.
 */
import { join } from 'node:path';
import { decodeRecordMeta, recordBody } from './record.ts';
import { type FoundSegment, listSegments, surveyDirectory } from './recovery.ts';
import { SegmentScanner } from './scan.ts';
import { SEGMENT_HEADER_BYTES } from './segment-header.ts';
import { platformFs } from './wal-fs.ts';
import type { DamagedRange, LogRecord } from './wal-types.ts';

export type SeenLog = {
  /** `undefined` in a directory without a log. */
  readonly logId: string | undefined;
  readonly segments: readonly FoundSegment[];
  /** Files that hold nothing yet, or not any more. */
  readonly spareFiles: number;
  readonly acknowledged: ReadonlyMap<string, number>;
  /** Position behind the last record. */
  readonly end: number;
  readonly damaged: readonly DamagedRange[];
  readonly notes: readonly string[];
  /** Records at `from` and behind, oldest first. */
  readonly records: (from: number) => AsyncGenerator<LogRecord>;
};

const looksMax = 5;

export async function lookAtLog(
  directory: string,
  destinations: readonly string[],
): Promise<SeenLog> {
  return await untilFound(async () => {
    const survey = await surveyDirectory(platformFs, directory, destinations);
    return {
      logId: survey.logId,
      segments: survey.segments,
      spareFiles: survey.spares.length,
      acknowledged: survey.cursors,
      end: survey.nextPosition,
      damaged: survey.damaged,
      notes: survey.notes,
      records: (from) => readFrom(directory, survey.segments, from),
    };
  });
}

/**
 * Records in `[from, to)`, oldest first, of a log that is known to be durable up to `to`: reads
 * nothing else of it than the headers of its segments.
 */
export async function* readLog(
  directory: string,
  from: number,
  to: number,
): AsyncGenerator<LogRecord> {
  const segments = await untilFound(async () => await listSegments(platformFs, directory));
  for (const segment of segments) {
    const end = Math.min(segment.end, to);
    if (end > from && segment.header.base < to) {
      yield* readSegment(directory, { ...segment, end }, from);
    }
  }
}

async function untilFound<Found>(task: () => Promise<Found>): Promise<Found> {
  for (let look = 1; ; look += 1) {
    try {
      return await task();
    } catch (error) {
      // A file was freed between its name and its opening.
      const isGone = Error.isError(error) && 'code' in error && error.code === 'ENOENT';
      if (!isGone || look === looksMax) throw error;
    }
  }
}

async function* readFrom(
  directory: string,
  segments: readonly FoundSegment[],
  from: number,
): AsyncGenerator<LogRecord> {
  for (const segment of segments) {
    if (segment.end > from) yield* readSegment(directory, segment, from);
  }
}

async function* readSegment(
  directory: string,
  { name, header, tag, end }: Pick<FoundSegment, 'name' | 'header' | 'tag' | 'end'>,
  from: number,
): AsyncGenerator<LogRecord> {
  const file = openQuietly(join(directory, name));
  if (file === undefined) return;
  try {
    const { base, recordBytesMax } = header;
    const place = { tag, base, recordBytesMax };
    const limitOffset = SEGMENT_HEADER_BYTES + end - base;
    const scanner = new SegmentScanner(platformFs, file, place, {
      limitOffset,
      freshWindows: true,
    });
    for (let at = Math.max(from, base); at < end && at >= 0; ) {
      const length = await scanner.verified(at);
      if (length === 0) {
        at = await scanner.findBehind(at);
        continue;
      }
      const index = scanner.indexOf(at);
      const meta = decodeRecordMeta(scanner.window, index);
      const body = recordBody(scanner.window, index, length);
      yield { position: at, next: at + length, meta, body };
      at += length;
    }
  } finally {
    platformFs.close(file);
  }
}

function openQuietly(path: string): number | undefined {
  try {
    return platformFs.open(path, 'read');
  } catch {
    return undefined;
  }
}

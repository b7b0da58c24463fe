/**
 * The program of the archive's thread: follows the logs of all lanes and writes what they hold to
 * Parquet files, so that a lane's event loop has no part in it.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { FollowedLog } from './archive/followed-log.ts';
import { LaneArchive } from './archive/lane-archive.ts';
import { ArchivePositions, archiveDestination } from './archive/positions.ts';
import { createOpenBlocks } from './decode/blocks.ts';
import { decodeInto } from './decode/decode.ts';
import { useCore } from './decode/wasm/core.ts';
import { lookAtLog } from './wal/look.ts';
import type { ArchiveStart, FromWorker, ToWorker } from './worker-messages.ts';
import { alivePeriodMs } from './worker-watch.ts';

const roundMs = 1_000;
/** Rows of a row group: they are in memory as values until it is written. */
const rowGroupRows = 50_000;

async function runArchive(start: ArchiveStart, clock: Clock): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'the archive runs in a worker thread');
  const post = (message: FromWorker): void => port.postMessage(message);
  useCore(start.config.decodeCore);
  const stopping = new AbortController();
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stopping.abort();
  });
  const living = clock.every(alivePeriodMs, () => post({ kind: 'alive' }));
  const archives: Guarded[] = [];
  for (const [index] of start.laneNames.entries()) {
    archives.push(new Guarded(await openArchive(start, index, clock, post), post));
  }
  post({ kind: 'ready' });
  while (!stopping.signal.aborted) {
    for (const one of archives) await one.try((archive) => archive.run());
    await clock.sleep(roundMs, stopping.signal);
  }
  // What the lanes have sealed last; then nothing is left that a next start would have to redo.
  for (const one of archives) {
    await one.try(async (archive) => {
      await archive.run();
      await archive.flush();
    });
  }
  living.cancel();
  post({ kind: 'stopped', left: 0 });
  port.close();
}

async function openArchive(
  { config, gatewayId, version, laneNames, archiveMemory }: ArchiveStart,
  index: number,
  clock: Clock,
  post: (message: FromWorker) => void,
): Promise<LaneArchive> {
  const dir = join(config.dataDir, 'lanes', laneNames[index] ?? '');
  const seen = await lookAtLog(dir, [archiveDestination]);
  const positions = new ArchivePositions(archiveMemory);
  const log = new FollowedLog({
    dir,
    durablePosition: () => positions.durable(index),
    decoder: { createBlocks: (shards = 1) => createOpenBlocks({ shards }), decode: decodeInto },
    log: (level, message) => post({ kind: 'log', level, message: `archive: ${message}` }),
  });
  return new LaneArchive(
    {
      ...{ root: config.archiveDir ?? '', gateway: gatewayId, lane: seen.logId ?? '', log, clock },
      ...{ fileBytesMax: config.archiveFileBytes, fileAgeMsMax: config.archiveFileAgeMs },
      parquet: {
        ...{ codec: config.archiveCodec, rowGroupRows },
        metadata: { 'obsctl.gateway': gatewayId, 'obsctl.version': version },
      },
      onArchived: (position) => positions.setArchived(index, position),
    },
    seen.acknowledged.get(archiveDestination) ?? 0,
  );
}

/** An archive whose failures are said once, and tried again: the log keeps what it needs. */
class Guarded {
  readonly #archive: LaneArchive;
  readonly #post: (message: FromWorker) => void;
  #fault = '';

  constructor(archive: LaneArchive, post: (message: FromWorker) => void) {
    this.#archive = archive;
    this.#post = post;
  }

  async try(task: (archive: LaneArchive) => Promise<void>): Promise<void> {
    try {
      await task(this.#archive);
      if (this.#fault !== '') this.#say('info', 'the archive is written again');
      this.#fault = '';
    } catch (error) {
      const text = Error.isError(error) ? error.message : String(error);
      if (text !== this.#fault) {
        this.#say('error', `the archive is not written, the log keeps everything: ${text}`);
      }
      this.#fault = text;
    }
  }

  #say(level: 'info' | 'error', message: string): void {
    this.#post({ kind: 'log', level, message });
  }
}

function describe(error: unknown): string {
  return Error.isError(error) ? (error.stack ?? error.message) : String(error);
}

runArchive(workerData as ArchiveStart, systemClock).catch((error: unknown) => {
  const message = `archive: ${describe(error)}`;
  parentPort?.postMessage({ kind: 'failed', message } satisfies FromWorker);
  parentPort?.close();
});

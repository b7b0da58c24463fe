/**
 * The program of the archive's thread: follows the logs of all lanes and writes what they hold to
 * Parquet files, so that a lane's event loop has no part in it.
 */
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../core/assert.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { Archive, type ArchivedLane, type FindLane } from './archive/archive.ts';
import { FollowedLog } from './archive/followed-log.ts';
import { ArchivePositions, archiveDestination } from './archive/positions.ts';
import { createOpenBlocks } from './decode/blocks.ts';
import { decodeInto } from './decode/decode.ts';
import { useCore } from './decode/wasm/core.ts';
import { ArchiveCounters } from './telemetry/archive-counters.ts';
import { lookAtLog } from './wal/look.ts';
import type { ArchiveStart, FromWorker, ToWorker } from './worker-messages.ts';
import { alivePeriodMs } from './worker-watch.ts';

const roundMs = 1_000;
/** Rows of a row group: they are in memory as values until it is written. */
const rowGroupRows = 50_000;

type Post = (message: FromWorker) => void;

async function runArchive(start: ArchiveStart, clock: Clock): Promise<void> {
  const port = parentPort;
  assert(port !== null, 'the archive runs in a worker thread');
  const post: Post = (message) => port.postMessage(message);
  useCore(start.config.decodeCore);
  const stopping = new AbortController();
  port.on('message', (message: ToWorker) => {
    if (message.kind === 'stop') stopping.abort();
  });
  const living = clock.every(alivePeriodMs, () => post({ kind: 'alive' }));
  const archive = openArchive(start, clock, post);
  post({ kind: 'ready' });
  while (!stopping.signal.aborted) {
    await archive.round();
    await clock.sleep(roundMs, stopping.signal);
  }
  // What the lanes have sealed last; then nothing is left that a next start would have to redo.
  await archive.round();
  await archive.flush();
  living.cancel();
  post({ kind: 'stopped', left: 0 });
  port.close();
}

function openArchive(start: ArchiveStart, clock: Clock, post: Post): Archive {
  const { config, gatewayId, version, laneNames, counterMemory } = start;
  const lanes = laneNames.map(
    (name, index): FindLane =>
      async () =>
        await followLane(start, { index, name }, post),
  );
  return new Archive({
    ...{ root: config.archiveDir ?? '', gateway: gatewayId, clock, lanes },
    ...{ fileBytesMax: config.archiveFileBytes, fileAgeMsMax: config.archiveFileAgeMs },
    bytesMax: config.archiveBytesMax,
    parquet: {
      ...{ codec: config.archiveCodec, rowGroupRows },
      metadata: { 'obsctl.gateway': gatewayId, 'obsctl.version': version },
    },
    counters: new ArchiveCounters(counterMemory),
    log: (level, message) => post({ kind: 'log', level, message: `archive: ${message}` }),
  });
}

async function followLane(
  { config, archiveMemory }: ArchiveStart,
  { index, name }: { readonly index: number; readonly name: string },
  post: Post,
): Promise<ArchivedLane | undefined> {
  const dir = join(config.dataDir, 'lanes', name);
  const { logId, acknowledged } = await lookAtLog(dir, [archiveDestination]);
  // Files are named by it: without it, files of two lanes would take each other's place.
  if (logId === undefined) return undefined;
  const positions = new ArchivePositions(archiveMemory);
  const log = new FollowedLog({
    dir,
    durablePosition: () => positions.durable(index),
    decoder: { createBlocks: (shards = 1) => createOpenBlocks({ shards }), decode: decodeInto },
    log: (level, message) => post({ kind: 'log', level, message: `archive: ${message}` }),
  });
  return {
    ...{ lane: logId, log },
    onArchived: (position) => positions.setArchived(index, position),
    position: acknowledged.get(archiveDestination) ?? 0,
  };
}

function describe(error: unknown): string {
  return Error.isError(error) ? (error.stack ?? error.message) : String(error);
}

runArchive(workerData as ArchiveStart, systemClock).catch((error: unknown) => {
  const message = `archive: ${describe(error)}`;
  parentPort?.postMessage({ kind: 'failed', message } satisfies FromWorker);
  parentPort?.close();
});

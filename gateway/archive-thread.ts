/** The archive as the main thread sees it: a thread of its own, where one is asked for. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import { createArchiveMemory } from './archive/positions.ts';
import type { GatewayConfig } from './config.ts';
import type { LaneLog } from './lane/lane-types.ts';
import { type RunningWorker, startWorker } from './running-worker.ts';
import { createCounterMemory } from './telemetry/counters.ts';
import type { ArchiveStart } from './worker-messages.ts';

type Parts = { readonly clock: Clock; readonly log: LaneLog; readonly version: string };

export class ArchiveThread {
  readonly #config: GatewayConfig;
  readonly #lanes: Pick<ArchiveStart, 'gatewayId' | 'laneNames'>;
  readonly #parts: Parts;
  #worker: RunningWorker | undefined;
  readonly counterMemory = createCounterMemory();
  /** For lanes and the thread; absent where nothing is archived. */
  readonly memory: SharedArrayBuffer | undefined;

  /** Throws OBS-2070 where nothing can be written. */
  constructor(
    config: GatewayConfig,
    lanes: Pick<ArchiveStart, 'gatewayId' | 'laneNames'>,
    parts: Parts,
  ) {
    checkDirectory(config);
    this.#config = config;
    this.#lanes = lanes;
    this.#parts = parts;
    this.memory =
      config.archiveDir === undefined ? undefined : createArchiveMemory(lanes.laneNames.length);
  }

  /** When the lanes have read their logs. `onFailure`: the thread ended by itself. */
  start(onFailure: (error: Error) => void = () => {}): void {
    if (this.memory === undefined) return;
    this.#worker = startWorker(
      { program: 'archive-worker', name: 'the archive' },
      {
        ...this.#lanes,
        config: this.#config,
        version: this.#parts.version,
        counterMemory: this.counterMemory,
        archiveMemory: this.memory,
      },
      this.#parts,
    );
    this.#worker.stopped.catch(onFailure);
  }

  /** Writes what the logs hold into files, then ends. */
  async stop(graceMs: number): Promise<void> {
    this.#worker?.stop(graceMs);
    await this.#worker?.stopped.catch(() => {});
  }
}

/** Later faults of the disk are said and tried again; this one would never end. */
function checkDirectory({ archiveDir, dataDir }: GatewayConfig): void {
  if (archiveDir === undefined) return;
  if (resolve(archiveDir) === resolve(dataDir)) {
    throw new Problem('OBS-2070', 'it is the data directory', { where: archiveDir });
  }
  try {
    mkdirSync(archiveDir, { recursive: true, mode: 0o750 });
    accessSync(archiveDir, constants.W_OK);
  } catch (error) {
    const reason = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-2070', reason, { where: archiveDir, cause: error });
  }
}

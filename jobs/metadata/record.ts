/**
 * Keeps the tables of entities true to one cluster: reads what its API server tells of each kind,
 * records it, and writes what has come together. When ClickHouse is away rows wait, and with them
 * the streams, which hold a bounded number of events and go on from there.
 */
import type { Clock } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import {
  entityOf,
  timeOfChange,
  timeOfEnd,
  versionOf,
  type WatchedKind,
} from './kubernetes/kinds.ts';
import type { Chosen } from './kubernetes/read.ts';
import type { Step } from './kubernetes/reflector.ts';
import type { Progress } from './progress.ts';
import { Recorder } from './recorder.ts';
import type { EntityStore } from './store.ts';

export type RecordOptions = {
  readonly kinds: readonly WatchedKind[];
  /** Everything of a kind after `from`, or all of it and then what changes. */
  readonly stream: (kind: WatchedKind, from: string | undefined) => AsyncIterable<Step>;
  readonly store: EntityStore;
  readonly chosen: Chosen;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** For people: what is forbidden, what failed and is tried again. */
  readonly onTrouble: (text: string) => void;
  readonly onWritten?: (written: Written) => void;
  readonly progress: Progress;
};

type Written = {
  readonly entities: number;
  readonly versions: number;
  readonly events: number;
};

/** So many rows are written at once; whoever brings more waits. */
const rowsMax = 2_000;
/** Rows are at most so old before they are written. */
const writeEveryMs = 1_000;
/** Where nothing happens, how far everything is known is said so often. */
const positionsEveryMs = 30_000;
const retryFirstMs = 500;
const retryMaxMs = 15_000;

/** Records until `signal` aborts; then writes what has come, and returns. */
export async function recordEntities(options: RecordOptions): Promise<void> {
  const { store, clock, kinds, progress } = options;
  progress.begin();
  const positions = await store.positions();
  const recorder = new Recorder(await store.recorded(positions, clock.nowMs()));
  const work = new Work(options, recorder, positions);
  const ticking = tick(work, options);
  try {
    await Promise.all(kinds.map((kind) => follow(kind, options, recorder, work)));
  } finally {
    await ticking;
    progress.end();
  }
  await work.write();
}

async function follow(
  watched: WatchedKind,
  { stream, chosen, clock, signal, onTrouble, progress }: RecordOptions,
  recorder: Recorder,
  work: Work,
): Promise<void> {
  const { kind, name } = watched;
  const see = (object: JsonObject): void => {
    const nowMs = clock.nowMs();
    recorder.see(entityOf(watched, object, chosen), timeOfChange(object, nowMs));
  };
  for await (const step of stream(watched, work.positionOf(name))) {
    progress.made('streams');
    if (step.type === 'list-began') recorder.beginList(kind);
    else if (step.type === 'objects') for (const object of step.objects) see(object);
    else if (step.type === 'list-ended') {
      recorder.endList(kind, BigInt(step.resourceVersion), clock.nowMs());
      work.reach(name, BigInt(step.position));
    } else if (step.type === 'changed') {
      see(step.object);
      work.reach(name, versionOf(step.object));
    } else if (step.type === 'gone') {
      const { id } = entityOf(watched, step.object, chosen);
      const version = versionOf(step.object);
      recorder.lose(id, version, timeOfEnd(step.object, clock.nowMs()));
      work.reach(name, version);
    } else if (step.type === 'reached') work.reach(name, BigInt(step.resourceVersion));
    else onTrouble(step.message);
    if (recorder.waiting >= rowsMax) await work.write();
    if (signal.aborted) return;
  }
}

/** Writes every second, while there is something to write. */
async function tick(work: Work, { clock, signal, progress }: RecordOptions): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(writeEveryMs, signal);
    await work.write();
    progress.made('writes');
  }
}

/** What waits to be written, and how far each kind is known; one write at a time. */
class Work {
  readonly #options: RecordOptions;
  readonly #recorder: Recorder;
  readonly #reached: Map<string, bigint>;
  readonly #written: Map<string, bigint>;
  #positionsMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecordOptions, recorder: Recorder, positions: ReadonlyMap<string, bigint>) {
    this.#options = options;
    this.#recorder = recorder;
    this.#reached = new Map(positions);
    this.#written = new Map(positions);
    this.#positionsMs = options.clock.monotonicMs();
  }

  positionOf(name: string): string | undefined {
    return this.#reached.get(name)?.toString();
  }

  reach(name: string, resourceVersion: bigint): void {
    this.#reached.set(name, resourceVersion);
  }

  /** Writes everything that is there now; resolves when it is stored. */
  async write(): Promise<void> {
    const before = this.#writing;
    const done = before.then(async () => await this.#writeOnce());
    this.#writing = done.catch(() => {});
    await done;
  }

  async #writeOnce(): Promise<void> {
    const { store, clock, onWritten } = this.#options;
    const rows = this.#recorder.take();
    const reached = new Map(this.#reached);
    const hasRows = rows.versions.length + rows.events.length > 0;
    const isLongAgo = clock.monotonicMs() - this.#positionsMs >= positionsEveryMs;
    if (!hasRows && !isLongAgo) return;
    await this.#untilStored(async () => {
      await store.write(rows);
      const moved = [...reached].filter(([name, at]) => this.#written.get(name) !== at);
      await store.writePositions(new Map(moved), clock.nowMs());
    });
    for (const [name, at] of reached) this.#written.set(name, at);
    this.#positionsMs = clock.monotonicMs();
    if (!hasRows) return;
    const { versions, events } = rows;
    const entities = this.#recorder.count;
    onWritten?.({ entities, versions: versions.length, events: events.length });
  }

  /**
   * Tries until it is stored. When all has to end it tries once: what is lost then is told again
   * to the next one, whose positions are from before it.
   */
  async #untilStored(store: () => Promise<void>): Promise<void> {
    const { clock, signal, onTrouble, progress } = this.#options;
    for (let waitMs = retryFirstMs; ; waitMs = Math.min(retryMaxMs, waitMs * 2)) {
      try {
        return await store();
      } catch (error) {
        if (signal.aborted) throw error;
        progress.made('writes');
        onTrouble(`not written, tried again in ${waitMs} ms: ${String(error)}`);
        await clock.sleep(waitMs, signal);
      }
    }
  }
}

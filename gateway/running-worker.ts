/** A thread of the gateway, as the main thread sees it. */
import { Worker } from 'node:worker_threads';
import type { Clock } from '../core/clock.ts';
import { Problem } from '../core/problem.ts';
import type { LaneLog } from './lane/lane-types.ts';
import type { Opamp } from './opamp/opamp.ts';
import type { OpampQuestion } from './opamp/relay.ts';
import type {
  ArchiveStart,
  DogstatsdStart,
  FromWorker,
  ToWorker,
  WorkerStart,
} from './worker-messages.ts';
import { watchWorker } from './worker-watch.ts';

/**
 * Young objects of a lane's thread. A lane makes few an item: with V8's own limit they fill 17 MB
 * before anyone looks, and the gateway costs no CPU less for it.
 */
const youngMegabytesMax = 6;

/** A thread that does not end this long after its grace is ended. */
const workerEndMs = 5_000;

export type RunningWorker = {
  readonly memory: SharedArrayBuffer;
  readonly ready: Promise<Extract<FromWorker, { kind: 'ready' }>>;
  /** Bytes left; rejects when the worker fails. */
  readonly stopped: Promise<number>;
  readonly stop: (graceMs: number) => void;
  readonly post: (message: ToWorker) => void;
};

/** Starts the program of a thread; `name` is what messages call it. */
export function startWorker(
  { program, name }: { readonly program: string; readonly name: string },
  start: WorkerStart | DogstatsdStart | ArchiveStart,
  {
    clock,
    log,
    opamp,
  }: {
    readonly clock: Clock;
    readonly log: LaneLog;
    readonly opamp?: Pick<Opamp, 'answer'> | undefined;
  },
): RunningWorker {
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const worker = new Worker(new URL(`./${program}${extension}`, import.meta.url), {
    workerData: start,
    resourceLimits: { maxYoungGenerationSizeMb: youngMegabytesMax },
  });
  const ready = Promise.withResolvers<Extract<FromWorker, { kind: 'ready' }>>();
  const stopped = Promise.withResolvers<number>();
  const fail = (error: Error): void => {
    ready.reject(error);
    stopped.reject(error);
    watch.end();
  };
  const answerAgent = ({ id, tenant, body }: OpampQuestion): void => {
    const answer = opamp?.answer(tenant, body);
    if (answer === undefined) return;
    worker.postMessage({ kind: 'opamp', id, answer } satisfies ToWorker);
  };
  const watch = watchWorker(clock, (silentMs) => {
    const text = `${name} has done nothing for ${silentMs / 1000} s`;
    fail(new Problem('OBS-2040', text, { reach: 'outside' }));
  });
  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'alive') watch.alive();
    else if (message.kind === 'opamp') answerAgent(message);
    else if (message.kind === 'ready') ready.resolve(message);
    else if (message.kind === 'log') log(message.level, message.message);
    else if (message.kind === 'stopped') stopped.resolve(message.left);
    else fail(new Problem('OBS-2040', message.message, { reach: 'outside' }));
  });
  worker.on('error', (error) => {
    const text = Error.isError(error) ? error.message : String(error);
    fail(new Problem('OBS-2040', text, { cause: error, reach: 'outside' }));
  });
  worker.on('exit', () => fail(new Problem('OBS-2040', `${name} ended`, { reach: 'outside' })));
  // Whoever waits sees the failure; nobody waiting is no unhandled rejection.
  ready.promise.catch(() => {});
  stopped.promise.catch(() => {});
  return {
    memory: start.counterMemory,
    ready: ready.promise,
    stopped: stopped.promise,
    post: (message) => worker.postMessage(message),
    stop: (graceMs) => {
      worker.postMessage({ kind: 'stop', graceMs } satisfies ToWorker);
      const ending = AbortSignal.timeout(graceMs + workerEndMs);
      ending.addEventListener('abort', () => void worker.terminate(), { once: true });
    },
  };
}

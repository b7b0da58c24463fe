/**
 * One kind of object, from a Kubernetes API server: all that there are, then each change once and
 * in order, through ended connections, restarts and servers that forgot.
 *
 * The position is the `resourceVersion` that was given last, of an event, a bookmark or a list. A
 * watch is always taken up from there; only when the server does not know it any more (410), or
 * each hour in case something was missed for a reason nobody thought of, all objects are listed.
 * After a list because of 410 several changes of one object since the position are seen as one. The
 * hourly list does not move the position: what came and went meanwhile is told behind it, and with
 * it once more some of what the list had.
 */
import type { Clock } from '../../../core/clock.ts';
import type { JsonObject } from '../../../core/json.ts';
import {
  type Api,
  ApiFailure,
  isApiFailure,
  type KubeObject,
  type Page,
  type WatchEvent,
} from './api.ts';
import { openEventBuffer } from './event-buffer.ts';

export type Kind = {
  /** For example `pods`; only for messages. */
  readonly name: string;
  /** For example `/api/v1/pods`. */
  readonly path: string;
};

export type Step =
  /** What follows are all objects there are. Again before `list-ended`: the list starts over. */
  | { readonly type: 'list-began' }
  | { readonly type: 'objects'; readonly objects: readonly KubeObject[] }
  /** What was not among them is gone. What follows is after `position`, which may be older. */
  | {
      readonly type: 'list-ended';
      readonly resourceVersion: string;
      readonly position: string;
    }
  /** Made or changed. */
  | { readonly type: 'changed'; readonly object: KubeObject }
  /** As it was last, with the `resourceVersion` of its end. */
  | { readonly type: 'gone'; readonly object: KubeObject }
  /** Everything up to here has been given. */
  | { readonly type: 'reached'; readonly resourceVersion: string }
  /** The server does not know the kind or does not show it; once until it works again. */
  | { readonly type: 'forbidden'; readonly message: string }
  | { readonly type: 'failed'; readonly message: string; readonly retryMs: number };

export type ReflectOptions = {
  /** A `resourceVersion` that was given before: what happened since then is given, too. */
  readonly from?: string | undefined;
  readonly clock: Clock;
  /** Ends the generator. */
  readonly signal: AbortSignal;
  /** 0 ≤ r < 1. */
  readonly random: () => number;
  /** Between two lists of a watch that works, up to a tenth longer; an hour by default. */
  readonly relistMs?: number;
  /** Objects in a page of a list; 500 by default. */
  readonly pageSize?: number;
  /** Events that may wait to be taken; 2000 by default. */
  readonly bufferMax?: number;
};

const relistMsDefault = 3_600_000;
const pageSizeDefault = 500;
const bufferMaxDefault = 2000;
const forbiddenRetryMs = 300_000;
/** After a list that failed at its first page, while a watch can still be taken up. */
const relistRetryMs = 60_000;
const backOffMsMin = 1000;
const backOffMsMax = 30_000;
/** A watch that ends sooner and gave nothing is not one that the server ended in its time. */
const watchMsMin = 1000;
const watchSecondsMin = 240;
const watchSecondsMax = 480;
const gone = 410;

/** @throws what is thrown into it; every failure of the server is a step */
export async function* reflect(
  api: Api,
  kind: Kind,
  options: ReflectOptions,
): AsyncGenerator<Step, void, undefined> {
  const { clock, signal } = options;
  const life: Life = {
    api,
    kind,
    options,
    position: options.from,
    relistAtMs: nextRelistMs(options),
    listBeganMs: Number.NEGATIVE_INFINITY,
    forbidden: false,
    connects: backOff(options.random),
    relists: backOff(options.random),
  };
  while (!signal.aborted) {
    const failure = yield* round(life);
    if (signal.aborted) return;
    if (failure === undefined) continue;
    const { step, waitMs } = judge(life, failure);
    if (step !== undefined) yield step;
    await clock.sleep(waitMs, signal);
  }
}

type Life = {
  readonly api: Api;
  readonly kind: Kind;
  readonly options: ReflectOptions;
  /** Without it everything is to be listed. */
  position: string | undefined;
  relistAtMs: number;
  listBeganMs: number;
  forbidden: boolean;
  readonly connects: BackOff;
  readonly relists: BackOff;
};

type Round = AsyncGenerator<Step, ApiFailure | undefined, undefined>;

/** A list, if one is due, and one connection; gives the failure that ended it. */
async function* round(life: Life): Round {
  try {
    if (life.position === undefined || life.options.clock.monotonicMs() >= life.relistAtMs) {
      yield* list(life);
    }
    return yield* watch(life);
  } catch (error) {
    if (isApiFailure(error)) return error;
    throw error;
  }
}

async function* list(life: Life): AsyncGenerator<Step, void, undefined> {
  const { api, kind, options } = life;
  const limit = options.pageSize ?? pageSizeDefault;
  const now = options.clock.monotonicMs();
  // Should the first page fail, what may have happened meanwhile can still be watched.
  if (life.position !== undefined) life.relistAtMs = now + relistRetryMs;
  life.listBeganMs = now;
  let page: Page = await api.list(kind.path, { limit }, options.signal);
  life.forbidden = false;
  yield { type: 'list-began' };
  for (;;) {
    yield { type: 'objects', objects: page.objects };
    if (page.continue === undefined) break;
    page = await api.list(kind.path, { limit, continue: page.continue }, options.signal);
  }
  const { resourceVersion } = page;
  const position = life.position ?? resourceVersion;
  life.position = position;
  life.relistAtMs = nextRelistMs(options);
  yield { type: 'list-ended', resourceVersion, position };
}

async function* watch(life: Life): Round {
  const { api, kind, options } = life;
  const { clock, signal } = options;
  const params = watchParams(life);
  const bufferMax = options.bufferMax ?? bufferMaxDefault;
  if (signal.aborted) return undefined;
  const buffer = openEventBuffer(api, { path: kind.path, params, bufferMax });
  const openedMs = clock.monotonicMs();
  const relist = clock.after(Math.max(0, life.relistAtMs - openedMs), buffer.end);
  signal.addEventListener('abort', buffer.end, { once: true });
  let given = 0;
  try {
    for (;;) {
      const event = await buffer.take();
      if (signal.aborted) return undefined;
      if (event === undefined) break;
      const step = toStep(event);
      if (isApiFailure(step)) return step;
      if (step === undefined) continue;
      given += 1;
      life.forbidden = false;
      life.connects.reset();
      life.position = 'object' in step ? versionOf(step.object) : step.resourceVersion;
      yield step;
    }
  } finally {
    relist.cancel();
    signal.removeEventListener('abort', buffer.end);
    buffer.end();
  }
  const failure = buffer.failure();
  if (failure !== undefined || given > 0 || buffer.isFull()) return failure;
  const now = clock.monotonicMs();
  if (now >= life.relistAtMs) return undefined;
  if (now - openedMs >= watchMsMin) return await behind(life);
  return new ApiFailure(0, 'the server ended the watch at once');
}

/**
 * From a position that the server has not reached, as after its store was restored from a backup,
 * it waits and says nothing; a kind in which nothing happens looks the same. Positions are
 * integers, all of one count.
 */
async function behind({ api, kind, options, position }: Life): Promise<ApiFailure | undefined> {
  const { resourceVersion } = await api.list(kind.path, { limit: 1 }, options.signal);
  if (position === undefined || !isNumber(position) || !isNumber(resourceVersion)) return undefined;
  if (BigInt(resourceVersion) >= BigInt(position)) return undefined;
  const message = `the server is at ${resourceVersion}, before the position ${position}`;
  return new ApiFailure(gone, message);
}

function isNumber(version: string): boolean {
  return /^\d+$/.test(version);
}

function watchParams({ position, options }: Life): Readonly<Record<string, string | boolean>> {
  const spread = Math.floor(options.random() * (watchSecondsMax - watchSecondsMin + 1));
  return {
    resourceVersion: position ?? '',
    allowWatchBookmarks: true,
    // Different for each watch, so that they do not all come back in one moment.
    timeoutSeconds: String(watchSecondsMin + spread),
  };
}

type WatchStep = Extract<Step, { readonly type: 'changed' | 'gone' | 'reached' }>;

/** Undefined for a type of event that a later server may have. */
function toStep({ type, object }: WatchEvent): WatchStep | ApiFailure | undefined {
  if (type === 'ERROR') {
    const { code, message } = object;
    const status = typeof code === 'number' ? code : 0;
    return new ApiFailure(status, typeof message === 'string' ? message : 'the watch failed');
  }
  const version = (object['metadata'] as JsonObject | undefined)?.['resourceVersion'];
  if (typeof version !== 'string' || version === '') {
    return new ApiFailure(0, `an event ${type} came without a resourceVersion`);
  }
  if (type === 'BOOKMARK') return { type: 'reached', resourceVersion: version };
  if (type === 'DELETED') return { type: 'gone', object: object as KubeObject };
  if (type === 'ADDED' || type === 'MODIFIED') {
    return { type: 'changed', object: object as KubeObject };
  }
  return undefined;
}

function versionOf(object: KubeObject): string {
  return object.metadata.resourceVersion;
}

/** What a failure means for what comes next, how long to wait, and what to say of it. */
function judge(life: Life, failure: ApiFailure): { step: Step | undefined; waitMs: number } {
  const { status } = failure;
  const message = `${life.kind.name}: ${failure.message}`;
  if (status === 403 || status === 404) {
    const told = life.forbidden;
    life.forbidden = true;
    return { step: told ? undefined : { type: 'forbidden', message }, waitMs: forbiddenRetryMs };
  }
  if (status !== gone) {
    const waitMs = life.connects.nextMs();
    return { step: { type: 'failed', message, retryMs: waitMs }, waitMs };
  }
  life.position = undefined;
  // Of lists, not of connections: a watch may give an event and then 410, and again.
  if (life.options.clock.monotonicMs() - life.listBeganMs > backOffMsMax) life.relists.reset();
  const waitMs = life.relists.nextMs();
  return { step: { type: 'failed', message, retryMs: waitMs }, waitMs };
}

/** A little later each, so that kinds that began together do not list together for ever. */
function nextRelistMs({ clock, random, relistMs = relistMsDefault }: ReflectOptions): number {
  return clock.monotonicMs() + relistMs * (1 + random() / 10);
}

type BackOff = { readonly nextMs: () => number; readonly reset: () => void };

/** 1 to 2 s, 2 to 4 s and so on, at most 15 to 30 s. */
function backOff(random: () => number): BackOff {
  let attempt = 0;
  return {
    nextMs: () => {
      attempt += 1;
      const limitMs = Math.min(backOffMsMax, backOffMsMin * 2 ** Math.min(attempt, 16));
      return Math.floor((limitMs / 2) * (1 + random()));
    },
    reset: () => {
      attempt = 0;
    },
  };
}

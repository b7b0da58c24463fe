/**
 * One of several does the work: who holds a Lease of the API server. The holder renews it, and
 * stops its work before another may think that it is gone; the others watch its time of renewal
 * stand still, each by its own monotonic clock, so that no two clocks need agree.
 */
import type { Clock } from '../../../core/clock.ts';
import type { JsonObject } from '../../../core/json.ts';
import { type Api, isApiFailure } from './api.ts';

export type LeaseOptions = {
  readonly namespace: string;
  readonly name: string;
  /** Different for each that may hold it: who has the identity of the holder takes it at once. */
  readonly identity: string;
  /** How long others wait for a renewal; whole seconds, 15 s by default. */
  readonly durationMs?: number;
  /** Between two renewals; 5 s by default. */
  readonly renewMs?: number;
  readonly clock: Clock;
  /** Ends it: the work is told to end, then the lease is given back. */
  readonly signal: AbortSignal;
};

const durationMsDefault = 15_000;
const renewMsDefault = 5000;
/** Of the duration: then the work is told to end, and has the rest of it for that. */
const confirmedShare = 2 / 3;
/** Of the time between two renewals: so often those who wait look, and a renewal is repeated. */
const lookShare = 0.4;
const conflict = 409;

/**
 * Runs `whileHeld` whenever the lease is held, with a signal that aborts when it may be lost; then
 * waits for `whileHeld` to end, and for the lease again. Ends when `whileHeld` ends by itself or
 * `signal` aborts, and gives the lease back. What the server does not answer is asked again.
 *
 * @throws what `whileHeld` throws, unless it was told to end
 */
export async function holdLease(
  api: Api,
  options: LeaseOptions,
  whileHeld: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const lease = leaseOf(api, options);
  while (!options.signal.aborted) {
    const held = await acquire(lease);
    if (held === undefined) return;
    if (await work(lease, held, whileHeld)) return;
  }
}

type Lease = {
  readonly api: Api;
  readonly collection: string;
  readonly path: string;
  readonly identity: string;
  readonly name: string;
  readonly namespace: string;
  readonly durationMs: number;
  readonly renewMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
};

type LeaseObject = JsonObject & {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
};

/** What is ours now, and when we asked for it: others count from a later moment. */
type Held = { readonly object: LeaseObject; readonly askedMs: number };

function leaseOf(api: Api, options: LeaseOptions): Lease {
  const { namespace, name, identity, clock, signal } = options;
  const collection = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  return {
    ...{ api, collection, path: `${collection}/${name}`, identity, name, namespace, clock, signal },
    durationMs: options.durationMs ?? durationMsDefault,
    renewMs: options.renewMs ?? renewMsDefault,
  };
}

/** Waits until the lease is ours; undefined when `signal` aborted before. */
async function acquire(lease: Lease): Promise<Held | undefined> {
  const { clock, signal, renewMs } = lease;
  const lookMs = renewMs * lookShare;
  let seen: { readonly record: string; readonly sinceMs: number } | undefined;
  while (!signal.aborted) {
    const askedMs = clock.monotonicMs();
    let waitMs = lookMs;
    try {
      const found = await read(lease);
      const record = JSON.stringify(found?.spec ?? {});
      const nowMs = clock.monotonicMs();
      if (seen?.record !== record) seen = { record, sinceMs: nowMs };
      const freeMs = freeAfterMs(lease, found) - (nowMs - seen.sinceMs);
      if (freeMs <= 0) {
        const takenMs = clock.monotonicMs();
        return { object: await take(lease, found), askedMs: takenMs };
      }
      waitMs = Math.min(lookMs, freeMs);
    } catch (error) {
      // Somebody else was quicker, or the server does not answer: both are seen by looking again.
      if (!isApiFailure(error)) throw error;
    }
    await clock.sleep(Math.max(0, askedMs + waitMs - clock.monotonicMs()), signal);
  }
  return undefined;
}

/** How long its time of renewal must have stood still before it may be taken. */
function freeAfterMs({ identity, durationMs }: Lease, found: LeaseObject | undefined): number {
  const holder = found?.spec?.holderIdentity ?? '';
  if (holder === '' || holder === identity) return 0;
  const seconds = found?.spec?.leaseDurationSeconds;
  return seconds === undefined ? durationMs : seconds * 1000;
}

/**
 * Runs the work and renews meanwhile, also while the work ends. Gives whether all is over; false
 * when the lease was lost and is to be waited for.
 */
async function work(
  lease: Lease,
  held: Held,
  whileHeld: (signal: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const { signal } = lease;
  const told = new AbortController();
  const worked = new AbortController();
  const tell = (): void => told.abort();
  signal.addEventListener('abort', tell, { once: true });
  if (signal.aborted) tell();
  const renewing = renew(lease, held, { lost: tell, until: worked.signal });
  try {
    await whileHeld(told.signal);
  } catch (error) {
    // What was told to end mostly ends with an error that says just that.
    if (!told.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', tell);
    worked.abort();
    const last = await renewing;
    if (last !== undefined) await giveBack(lease, last);
  }
  return signal.aborted || !told.signal.aborted;
}

type Renewal = { readonly lost: () => void; readonly until: AbortSignal };

/** The lease as it was last, or undefined when it may be another's. */
async function renew(
  lease: Lease,
  held: Held,
  { lost, until }: Renewal,
): Promise<Held | undefined> {
  const { clock, durationMs, renewMs } = lease;
  let last: Held | undefined = held;
  const confirmed = (): number => (last?.askedMs ?? 0) + durationMs * confirmedShare;
  const leftMs = (): number => Math.max(0, confirmed() - clock.monotonicMs());
  const expire = (): void => {
    last = undefined;
    lost();
  };
  // A timer of its own, so that no request that hangs can delay it.
  let deadline = clock.after(leftMs(), expire);
  let waitMs = renewMs;
  while (!until.aborted && last !== undefined) {
    await clock.sleep(waitMs, until);
    if (until.aborted || last === undefined) break;
    const askedMs = clock.monotonicMs();
    try {
      const object: LeaseObject = await renewOnce(lease, last.object);
      // An answer that came too late confirms nothing that was not given up already.
      if (last === undefined) break;
      last = { object, askedMs };
      deadline.cancel();
      deadline = clock.after(leftMs(), expire);
      waitMs = renewMs;
    } catch (error) {
      if (!isApiFailure(error)) throw error;
      if (error.status === conflict && last !== undefined) expire();
      waitMs = renewMs * lookShare;
    }
  }
  deadline.cancel();
  return last;
}

/** Writes it again; somebody who wrote a label to it has not taken it. */
async function renewOnce(lease: Lease, object: LeaseObject): Promise<LeaseObject> {
  const spec = { ...object.spec, renewTime: microTime(lease.clock) };
  try {
    return await replace(lease, { ...object, spec });
  } catch (error) {
    if (!isApiFailure(error) || error.status !== conflict) throw error;
    const found = await read(lease);
    if (found?.spec?.holderIdentity !== lease.identity) throw error;
    return await replace(lease, { ...found, spec: { ...found.spec, renewTime: spec.renewTime } });
  }
}

async function take(lease: Lease, found: LeaseObject | undefined): Promise<LeaseObject> {
  const { identity, name, namespace, durationMs, clock } = lease;
  const now = microTime(clock);
  const isOurs = found?.spec?.holderIdentity === identity;
  const transitions = found?.spec?.leaseTransitions ?? 0;
  const spec = {
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    acquireTime: isOurs ? (found?.spec?.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: found === undefined || isOurs ? transitions : transitions + 1,
  };
  if (found !== undefined) return await replace(lease, { ...found, spec });
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec,
  };
  return await limited(lease, (signal) => lease.api.create(lease.collection, body, signal));
}

/** If it fails, others wait for the duration. */
async function giveBack(lease: Lease, { object }: Held): Promise<void> {
  const spec = { ...object.spec, holderIdentity: '', renewTime: microTime(lease.clock) };
  try {
    await replace(lease, { ...object, spec });
  } catch (error) {
    if (!isApiFailure(error)) throw error;
  }
}

async function read(lease: Lease): Promise<LeaseObject | undefined> {
  try {
    return await limited(lease, (signal) => lease.api.get(lease.path, signal));
  } catch (error) {
    if (isApiFailure(error) && error.status === 404) return undefined;
    throw error;
  }
}

async function replace(lease: Lease, object: LeaseObject): Promise<LeaseObject> {
  return await limited(lease, (signal) => lease.api.replace(lease.path, object, signal));
}

/** A request that hangs is given up in time for another try. */
async function limited(
  { clock, renewMs }: Lease,
  request: (signal: AbortSignal) => Promise<JsonObject>,
): Promise<LeaseObject> {
  const controller = new AbortController();
  const timer = clock.after(renewMs, () => controller.abort());
  try {
    return await request(controller.signal);
  } finally {
    timer.cancel();
  }
}

/** Kubernetes' MicroTime has six digits of a second, no more and no fewer. */
function microTime(clock: Clock): string {
  return new Date(clock.nowMs()).toISOString().replace('Z', '000Z');
}

/**
 * What is to be told: the difference between what fires and what each channel was told. Pure.
 *
 *     fires, not told   ─▶ queue "firing"     unless silenced, muted or full
 *     told, fires no more ─▶ queue "resolved"  unless silenced, muted or full
 *
 * So nothing is forgotten by being quiet: what still fires when a silence ends is told then, and
 * what was told before one and is resolved within it is told as resolved when it ends.
 */
import type { Routing, Silence } from '../../dashboards/alerts/routing/config.ts';
import {
  type Destination,
  destinationsOf,
  type Labels,
  silenceOf,
} from '../../dashboards/alerts/routing/routes.ts';
import type { Notification, OpenChannel } from './channels/channel.ts';
import { type AlertMessage, labelsOf, resolvedMessage } from './message.ts';

/** One alert that one channel is still to be told. */
export type Queued = {
  readonly channel: string;
  readonly group: Labels;
  /** When the message of its group may leave. */
  readonly dueMs: number;
  readonly alert: AlertMessage;
};

/** An alert that fires, and who was told so: it is in the outbox of these, or was sent. */
type Told = { readonly alert: AlertMessage; readonly channels: readonly string[] };

/** By {@link toldKey}. */
export type ToldAlerts = Readonly<Record<string, Told>>;

/** Messages that wait for one channel; beyond it, it is told nothing new until it takes some. */
const waitingMax = 10_000;
/** Alerts in one message. */
const batchMax = 100;

export type Post = { readonly told: ToldAlerts; readonly outbox: readonly Queued[] };

type Situation = {
  readonly routing: Routing;
  readonly silences: readonly Silence[];
  /** Names of the channels that can be sent to; what others were told stays as it is. */
  readonly open: ReadonlySet<string>;
  /** When the round began, by which everything is judged. */
  readonly atMs: number;
  /** From when on a group waits: a round takes a while. */
  readonly queuedMs: number;
};

/** What was told, and what is to be, once `firing` is all that fires. */
export function reconcile(
  before: Post,
  firing: readonly AlertMessage[],
  situation: Situation,
): Post {
  const queue = new Queue(before.outbox, situation);
  const told: Record<string, Told> = {};
  const now = new Set(firing.map(toldKey));
  // What ended goes first: the same alert may have begun anew.
  for (const [key, { alert, channels }] of Object.entries(before.told)) {
    if (now.has(key)) continue;
    const ended = resolvedMessage(alert, situation.atMs);
    const kept = channels.filter((name) => {
      if (!situation.open.has(name)) return true;
      return !queue.add(destinationTo(name, alert, situation), ended);
    });
    if (kept.length > 0) told[key] = { alert, channels: kept };
  }
  for (const alert of firing) {
    const key = toldKey(alert);
    const known = Object.hasOwn(before.told, key) ? before.told[key] : undefined;
    const added = destinationsOf(situation.routing, labelsOf(alert), situation.atMs)
      .filter(({ channel }) => situation.open.has(channel) && !known?.channels.includes(channel))
      .filter((destination) => queue.add(destination, alert))
      .map(({ channel }) => channel);
    const channels = [...(known?.channels ?? []), ...added];
    if (channels.length > 0) told[key] = { alert: known?.alert ?? alert, channels };
  }
  return { told, outbox: queue.all };
}

/** Of the fingerprint and the start: the same series may fire again. */
function toldKey({ fingerprint, startsAt }: AlertMessage): string {
  return `${fingerprint} ${startsAt}`;
}

/** Where `alert` went when it fired; routes may have changed since. */
function destinationTo(name: string, alert: AlertMessage, situation: Situation): Destination {
  const { routing, atMs } = situation;
  const found = destinationsOf(routing, labelsOf(alert), atMs).find(
    ({ channel }) => channel === name,
  );
  return found ?? { channel: name, group: { rule: labelsOf(alert)['rule'] ?? '' }, groupWaitMs: 0 };
}

/** The outbox while it is added to, with what waits for each channel counted once. */
class Queue {
  readonly all: Queued[];
  readonly #situation: Situation;
  readonly #counts = new Map<string, number>();
  /** By channel and group: when its message leaves. */
  readonly #due = new Map<string, number>();

  constructor(outbox: readonly Queued[], situation: Situation) {
    this.all = [];
    this.#situation = situation;
    for (const one of outbox) this.#push(one);
  }

  /** Whether it was added: what is quiet, or has no room, is not. */
  add(destination: Destination, alert: AlertMessage): boolean {
    const { channel, group, groupWaitMs, mutedBy } = destination;
    const { silences, atMs, queuedMs } = this.#situation;
    if (mutedBy !== undefined) return false;
    if (silenceOf(silences, labelsOf(alert), atMs) !== undefined) return false;
    if ((this.#counts.get(channel) ?? 0) >= waitingMax) return false;
    const dueMs = this.#due.get(groupKey(destination)) ?? queuedMs + groupWaitMs;
    this.#push({ channel, group, dueMs, alert });
    return true;
  }

  #push(one: Queued): void {
    this.all.push(one);
    this.#counts.set(one.channel, (this.#counts.get(one.channel) ?? 0) + 1);
    const key = groupKey(one);
    if (!this.#due.has(key)) this.#due.set(key, one.dueMs);
  }
}

function groupKey({ channel, group }: Pick<Queued, 'channel' | 'group'>): string {
  return JSON.stringify([channel, group]);
}

/** The next message of `channel`: what is due, but for the lanes in `held`. */
export function nextBatch(
  outbox: readonly Queued[],
  channel: OpenChannel,
  held: ReadonlySet<string>,
  atMs: number,
):
  | { readonly lane: string; readonly batch: readonly Queued[]; readonly post: Notification }
  | undefined {
  const due = outbox.filter((one) => one.channel === channel.name && one.dueMs <= atMs);
  const first = due.find((one) => !held.has(laneOf(channel, one)));
  if (first === undefined) return undefined;
  const lane = laneOf(channel, first);
  const batch = due
    .filter((one) => laneOf(channel, one) === lane)
    .slice(0, channel.oneByOne === true ? 1 : batchMax);
  return { lane, batch, post: { group: first.group, alerts: batch.map(({ alert }) => alert) } };
}

/** What has to arrive in order: a group, or the one alert where each is told by itself. */
function laneOf(channel: OpenChannel, { group, alert }: Queued): string {
  return channel.oneByOne === true ? alert.fingerprint : JSON.stringify(group);
}

/**
 * Evaluates alert rules against ClickHouse and tells channels what changed, at least once.
 *
 *     query each rule ─▶ evaluate ─▶ reconcile ─▶ state and outbox durable ─▶ send ─▶ outbox
 *                                                                  without it durable
 *
 * A crash between sending and writing sends again: the receiver knows an alert by its fingerprint
 * and start. What a channel does not take stays in the outbox, in order, and is sent first the
 * next time; channels do not wait for each other.
 *
 * Invariant: what is to be told is in the outbox of the same file that has the state after it.
 */
import type { Clock } from '../../core/clock.ts';
import { isProblem } from '../../core/problem.ts';
import {
  type Change,
  evaluate,
  type RuleState,
  ruleQuery,
  type Sample,
  samplesOf,
} from '../../dashboards/alerts/evaluate.ts';
import type { Routing, Silence } from '../../dashboards/alerts/routing/config.ts';
import type { AlertRule } from '../../dashboards/alerts/rule.ts';
import type { OpenChannel } from './channels/channel.ts';
import { type AlertMessage, forgottenMessage, messageOf } from './message.ts';
import { nextBatch, reconcile } from './outbox.ts';
import { emptyState, readState, type WatchState, writeState } from './state.ts';

export type WatchOptions = {
  readonly rules: readonly AlertRule[];
  /** Runs a query; rows as JSON. */
  readonly rows: (sql: string, signal: AbortSignal) => Promise<readonly Record<string, unknown>[]>;
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Absent: the state lives as long as the watcher. */
  readonly statePath?: string;
  readonly channels: readonly OpenChannel[];
  readonly routing: Routing;
  /** What counts as silenced, asked for each round. */
  readonly silences: () => Promise<readonly Silence[]>;
  /** False: messages wait for no more of their group. */
  readonly grouped?: boolean;
  readonly runbooksUrl?: string;
  /** How often {@link Watcher.round} is called. */
  readonly intervalMs: number;
};

/** What one round found of one rule. */
export type Found = {
  readonly rule: AlertRule;
  readonly alerts: RuleState;
  /** The query failed: the alerts are those of before. */
  readonly error?: unknown;
};

/** Why a channel did not take something. */
export type Refusal = { readonly channel: string; readonly error: unknown };

export type Round = {
  readonly atMs: number;
  readonly found: readonly Found[];
  readonly changes: readonly AlertMessage[];
  /** Those that count now. */
  readonly silences: readonly Silence[];
  readonly refusals: readonly Refusal[];
  /** Messages that wait for a channel, or for more of their group. */
  readonly waiting: number;
};

/** What is about one message, so that others of its channel go on. */
const holdsLane: ReadonlySet<string> = new Set(['OBS-6022', 'OBS-6025']);

/** Rounds that may fail to happen before what is pending has to start again. */
const roundsMissedMax = 5;

export class Watcher {
  readonly #options: WatchOptions;
  #state: WatchState;
  /** Writes of the state, one after the other. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: WatchOptions, state: WatchState) {
    this.#options = options;
    this.#state = state;
  }

  /** Goes on where the state file ends. */
  static async open(options: WatchOptions): Promise<Watcher> {
    const { statePath } = options;
    const state = statePath === undefined ? emptyState : await readState(statePath);
    return new Watcher(options, state);
  }

  /** Evaluates every rule once and sends what there is to send. */
  async round(signal: AbortSignal): Promise<Round> {
    const atMs = this.#options.clock.nowMs();
    const silences = await this.#options.silences();
    const { found, changes } = await this.#evaluate(atMs, signal);
    if (signal.aborted) {
      const waiting = this.#state.outbox.length;
      return { atMs, found: [], changes: [], silences, refusals: [], waiting };
    }
    await this.#keep((state) => this.#after(state, found, silences, atMs));
    return { atMs, found, changes, silences, ...(await this.deliver(signal)) };
  }

  /** Sends what is due. */
  async deliver(signal: AbortSignal): Promise<Pick<Round, 'refusals' | 'waiting'>> {
    const refusals = await Promise.all(
      this.#options.channels.map((channel) => this.#deliverTo(channel, signal)),
    );
    return { refusals: refusals.flat(), waiting: this.#state.outbox.length };
  }

  /** When the next message may leave that has waited for its group; undefined when none does. */
  dueMs(): number | undefined {
    const nowMs = this.#options.clock.nowMs();
    const later = this.#state.outbox.map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  #after(
    state: WatchState,
    found: readonly Found[],
    silences: readonly Silence[],
    atMs: number,
  ): WatchState {
    const { routing, channels, runbooksUrl, clock } = this.#options;
    const open = new Set(channels.map(({ name }) => name));
    const firing = found.flatMap(({ rule, alerts }) =>
      Object.values(alerts)
        .filter((alert) => alert.state === 'firing')
        .map((alert) => messageOf(rule, { ...alert, what: 'firing', atMs }, runbooksUrl)),
    );
    const post = reconcile(state, firing, {
      routing,
      silences,
      open,
      atMs,
      queuedMs: clock.nowMs(),
    });
    return { ...stateAfter(state, atMs, found), ...post };
  }

  async #evaluate(atMs: number, signal: AbortSignal) {
    const found: Found[] = [];
    const changes: AlertMessage[] = forgotten(this.#state, this.#options.rules, atMs);
    let away: unknown;
    for (const rule of this.#options.rules) {
      const before = observed(this.#state, rule.id, atMs, this.#options.intervalMs);
      // One after the other: a round is a small load, and a minute is long. What does not answer
      // one of them is not waited for by the others.
      const answer =
        away === undefined ? await this.#ask(rule, atMs, signal) : { error: away as unknown };
      if ('error' in answer) {
        found.push({ rule, alerts: this.#state.rules[rule.id] ?? {}, error: answer.error });
        if (isAway(answer.error)) away = answer.error;
        continue;
      }
      const next = evaluate(rule, before, answer.samples, atMs);
      found.push({ rule, alerts: next.state });
      const { runbooksUrl } = this.#options;
      changes.push(...next.changes.map((change) => messageOf(rule, change, runbooksUrl)));
    }
    return { found, changes };
  }

  async #ask(
    rule: AlertRule,
    atMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly samples: readonly Sample[] } | { readonly error: unknown }> {
    try {
      return { samples: samplesOf(rule, await this.#options.rows(ruleQuery(rule, atMs), signal)) };
    } catch (error) {
      return { error };
    }
  }

  /** One message after the other; the first sign that the other side is away ends it. */
  async #deliverTo(channel: OpenChannel, signal: AbortSignal): Promise<readonly Refusal[]> {
    const refusals: Refusal[] = [];
    const held = new Set<string>();
    const { clock, grouped = true } = this.#options;
    const untilMs = grouped ? clock.nowMs() : Number.POSITIVE_INFINITY;
    while (!signal.aborted) {
      const next = nextBatch(this.#state.outbox, channel, held, untilMs);
      if (next === undefined) break;
      try {
        const refused = await channel.send(next.post, signal);
        if (refused !== undefined) refusals.push({ channel: channel.name, error: refused });
      } catch (error) {
        refusals.push({ channel: channel.name, error });
        if (!isProblem(error) || !holdsLane.has(error.code)) break;
        held.add(next.lane);
        continue;
      }
      const sent = new Set(next.batch);
      await this.#keep((state) => ({
        ...state,
        outbox: state.outbox.filter((one) => !sent.has(one)),
      }));
    }
    return refusals;
  }

  #keep(change: (state: WatchState) => WatchState): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const { statePath } = this.#options;
      const state = change(this.#state);
      if (statePath !== undefined) await writeState(statePath, state);
      this.#state = state;
    });
    return this.#writing;
  }
}

/** Whether the server is not there, or not for us; a query that it refuses is its rule's fault. */
function isAway(error: unknown): boolean {
  return isProblem(error) && (error.code === 'OBS-3002' || error.code === 'OBS-3004');
}

/** The alerts of a rule; what is pending starts again after a time that nobody watched. */
function observed(state: WatchState, id: string, atMs: number, intervalMs: number): RuleState {
  const alerts = Object.hasOwn(state.rules, id) ? (state.rules[id] ?? {}) : {};
  if (atMs - state.evaluatedMs <= roundsMissedMax * intervalMs) return alerts;
  return Object.fromEntries(Object.entries(alerts).filter(([, alert]) => alert.state === 'firing'));
}

/** What fires of rules that are gone will never be over again: it is told as resolved. */
function forgotten(state: WatchState, rules: readonly AlertRule[], atMs: number): AlertMessage[] {
  const known = new Set(rules.map(({ id }) => id));
  return Object.entries(state.rules)
    .filter(([id]) => !known.has(id))
    .flatMap(([id, alerts]) =>
      Object.values(alerts)
        .filter((alert) => alert.state === 'firing')
        .map(({ labels, value, sinceMs }) => {
          const change: Change = { what: 'resolved', labels, value, sinceMs, atMs };
          return forgottenMessage(id, change);
        }),
    );
}

function stateAfter(
  before: WatchState,
  atMs: number,
  found: readonly Found[],
): Pick<WatchState, 'version' | 'evaluatedMs' | 'rules'> {
  const rules = Object.fromEntries(
    found
      .filter(({ alerts }) => Object.keys(alerts).length > 0)
      .map(({ rule, alerts }) => [rule.id, alerts]),
  );
  // A round in which no query was answered has seen nothing.
  const seen = found.some(({ error }) => error === undefined);
  return { version: 2, evaluatedMs: seen ? atMs : before.evaluatedMs, rules };
}

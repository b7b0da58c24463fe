/**
 * Keeps flows rebuilt from stored rows: every few seconds the last two minutes of `flow_seconds`,
 * so that a second is there ten after it; every minute `flow_minutes` and `flow_logs`, and
 * whatever minute has more reports than were counted; and hours that are over once more, as for
 * edges; `l7_calls` with them. Where nothing has reported flows for ten minutes, it looks once a
 * minute. Several gateways may do this at once (see `clickhouse/flows.ts`); one leaves the present
 * to another that has just looked after it.
 */
import type { ClickHouse } from '../clickhouse/client.ts';
import { hourSeconds, type Slice } from '../clickhouse/hours.ts';
import { flowMinutes, flowSeconds } from '../clickhouse/schema/flows.ts';
import type { TableDef } from '../clickhouse/schema/types.ts';
import type { Place } from '../clickhouse/stored.ts';
import type { Timer } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { closedHours } from './edge-keeper.ts';
import { turnsUntilNext } from './hour-keeper.ts';
import { type RollupParts, takeTurns, warn } from './rollup-keeper.ts';

const firstAfterMs = 5_000;
const periodMs = 2_500;
const minuteMs = 60_000;
const requestTimeoutMs = 150_000;

/** After the last flow it goes on looking at the full pace for so long. */
const awakeMs = 10 * minuteMs;

/** How far back the present goes: senders batch. */
const presentSeconds = 120;
/** Requests wait for their responses: calls are looked at for so much longer. */
const callsSeconds = 180;
/** Beyond it, minutes are compared with their reports: every time so far, and now and then. */
const sweepSeconds = [75 * 60, 20 * hourSeconds] as const;
const sweepsUntilLong = 30;
/** Times as long as the present took is rest: a slow server has fewer turns. */
const restShare = 3;
/** The present is left to another gateway that replaced it within this time. */
const restSeconds = { seconds: 3, minutes: 45 } as const;
/** An hour is closed at most so long after its end (`edge-keeper.ts`). */
const closedMsMax = 135 * minuteMs;

/** The present at `nowMs`: whole minutes, the last of them under way. */
export function presentFlows(nowMs: number): Slice {
  const minute = (seconds: number): number => seconds - (seconds % 60);
  const now = Math.floor(nowMs / 1000);
  return { from: minute(now - presentSeconds), to: minute(now) + 60 };
}

/** Minutes as one time for each stretch of `length` seconds that has any. */
export function stretches(minutes: readonly number[], length: number): readonly Slice[] {
  const found = new Map<number, Slice>();
  for (const minute of minutes) {
    const at = minute - (minute % length);
    const { from, to } = found.get(at) ?? { from: minute, to: minute };
    found.set(at, { from: Math.min(from, minute), to: Math.max(to, minute + 60) });
  }
  return [...found.values()];
}

type Due = {
  seenMs: number;
  lookMs: number;
  minuteMs: number;
  sweepTurn: number;
  turn: number;
  sweeps: number;
  /** Hours that were over by then are closed. */
  closedMs: number;
};

/** Rebuilds until cancelled; what fails is tried again at the next turn. */
export function keepFlows(config: GatewayConfig, parts: RollupParts): Timer {
  const { clock } = parts;
  const closedMs = clock.nowMs() - closedMsMax;
  const due: Due = {
    seenMs: 0,
    lookMs: 0,
    minuteMs: 0,
    sweepTurn: 0,
    turn: 0,
    sweeps: 0,
    closedMs,
  };
  return takeTurns(parts, { firstAfterMs, periodMs }, async (signal) => {
    const nowMs = clock.nowMs();
    if (nowMs < due.lookMs) return;
    const { connect } = await import('./clickhouse-connection.ts');
    const { placeOf } = await import('../clickhouse/stored.ts');
    const { hasFlows } = await import('../clickhouse/flows.ts');
    const clickhouse = await connect(config, parts.env, requestTimeoutMs);
    try {
      const place = { ...(await placeOf(clickhouse, config.database, signal)), signal };
      const present = presentFlows(nowMs);
      const isThere = await hasFlows(clickhouse, present, place);
      if (isThere) {
        due.seenMs = nowMs;
        await rebuildPresent(clickhouse, present, place);
      }
      const thenMs = clock.nowMs();
      const isIdle = nowMs - due.seenMs > awakeMs;
      due.lookMs = thenMs + (isIdle ? minuteMs : restShare * (thenMs - nowMs));
      if (nowMs >= due.minuteMs) {
        await rebuildMinutes(clickhouse, { nowMs, due, place, isThere, clock });
        due.minuteMs = nowMs + minuteMs;
      }
    } catch (error) {
      due.lookMs = clock.nowMs() + minuteMs;
      warn(parts, signal, 'flows are not rebuilt', error);
    } finally {
      await clickhouse.close();
    }
  });
}

type Where = Place & { readonly signal: AbortSignal };

async function rebuildPresent(clickhouse: ClickHouse, slice: Slice, place: Where): Promise<void> {
  const { rebuildFlowSeconds, windowSeconds } = await import('../clickhouse/flows.ts');
  const now = slice.to - 60;
  const window = now - (now % windowSeconds);
  if (await isJustDone(clickhouse, flowSeconds, window, restSeconds.seconds, place)) return;
  await rebuildFlowSeconds(clickhouse, slice, place);
}

type MinuteTurn = {
  readonly nowMs: number;
  readonly due: Due;
  readonly place: Where;
  readonly isThere: boolean;
  readonly clock: RollupParts['clock'];
};

async function rebuildMinutes(
  clickhouse: ClickHouse,
  { nowMs, due, place, isThere, clock }: MinuteTurn,
): Promise<void> {
  const flows = await import('../clickhouse/flows.ts');
  const present = presentFlows(nowMs);
  const hour = present.from - (present.from % hourSeconds);
  const { minutes: rest } = restSeconds;
  if (isThere && !(await isJustDone(clickhouse, flowMinutes, hour, rest, place))) {
    await flows.rebuildFlowMinutes(clickhouse, present, place);
  }
  await rebuildCalls(clickhouse, { ...present, from: present.from - callsSeconds }, place);
  due.turn += 1;
  if (due.turn < due.sweepTurn) return;
  const thenMs = clock.nowMs();
  const back = sweepSeconds[due.sweeps % sweepsUntilLong === 0 ? 1 : 0];
  const past = { from: present.from - back - (present.from % 60), to: present.from };
  await rebuildStale(clickhouse, past, place);
  due.sweeps += 1;
  for (const { hour: over } of closedHours(due.closedMs, nowMs)) {
    const whole = { from: over, to: over + hourSeconds };
    await rebuildCalls(clickhouse, whole, place);
    if (!(await flows.hasFlows(clickhouse, whole, place))) continue;
    await flows.rebuildFlowSeconds(clickhouse, whole, place);
    await flows.rebuildFlowMinutes(clickhouse, whole, place);
  }
  due.closedMs = nowMs;
  due.sweepTurn = due.turn + turnsUntilNext(clock.nowMs() - thenMs);
}

async function rebuildCalls(clickhouse: ClickHouse, slice: Slice, place: Where): Promise<void> {
  const { hasWireCalls, rebuildWireCalls } = await import('../clickhouse/wire-calls.ts');
  if (await hasWireCalls(clickhouse, slice, place))
    await rebuildWireCalls(clickhouse, slice, place);
}

/** Long connections and late reports tell of minutes that were counted before. */
async function rebuildStale(clickhouse: ClickHouse, past: Slice, place: Where): Promise<void> {
  const flows = await import('../clickhouse/flows.ts');
  const stale = await flows.staleFlowMinutes(clickhouse, past, place);
  for (const part of stretches(stale, flows.windowSeconds)) {
    await flows.rebuildFlowSeconds(clickhouse, part, place);
  }
  for (const part of stretches(stale, hourSeconds)) {
    await flows.rebuildFlowMinutes(clickhouse, part, place);
  }
}

async function isJustDone(
  clickhouse: ClickHouse,
  table: TableDef,
  partition: number,
  seconds: number,
  place: Where,
): Promise<boolean> {
  const { secondsSinceReplaced } = await import('../clickhouse/hours.ts');
  const asked = secondsSinceReplaced(clickhouse, table, partition, place);
  // Only saves work: a server that shows this user no parts is no reason to do without flows.
  return (await asked.catch(() => seconds)) < seconds;
}

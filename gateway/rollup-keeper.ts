/**
 * Keeps `otel_red_1m` rebuilt from `otel_red_1s`, hours from minutes and days from hours. Readers
 * take each as far as it reaches and what is finer for the rest, so this may be late, may fail, and
 * may run in several gateways at once: each run gives the same rows (see `clickhouse/rollups.ts`).
 */
import type { Clock, Timer } from '../core/clock.ts';
import { isProblem } from '../core/problem.ts';
import type { GatewayConfig } from './config.ts';
import type { LaneLog } from './lane/lane-types.ts';

export type RollupParts = {
  readonly clock: Clock;
  readonly log: LaneLog;
  readonly env: Readonly<Record<string, string | undefined>>;
};

const firstAfterMs = 60_000;
const periodMs = 600_000;
const requestTimeoutMs = 120_000;
/** Spans may come this late and still be counted in yesterday's minutes. */
const lateMsMax = 2 * 3_600_000;

/** An hour or a day is over when its spans have had this long to come. */
const closedAfterMs = 15 * 60_000;

/** Days whose minutes may still change at `nowMs`, oldest first, in UTC. */
export function openDays(nowMs: number): readonly string[] {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const days = [day(nowMs - lateMsMax), day(nowMs)];
  return [...new Set(days)];
}

/** Rebuilds now and then until cancelled; what fails is tried again at the next turn. */
export function keepRollups(config: GatewayConfig, parts: RollupParts): Timer {
  return takeTurns(parts, { firstAfterMs, periodMs }, async (signal) => {
    const { connect } = await import('./clickhouse-connection.ts');
    const rollups = await import('../clickhouse/rollups.ts');
    const { placeOf } = await import('../clickhouse/stored.ts');
    const clickhouse = await connect(config, parts.env, requestTimeoutMs);
    try {
      const nowMs = parts.clock.nowMs();
      const options = { ...(await placeOf(clickhouse, config.database, signal)), signal };
      const closed = { ...options, until: (nowMs - closedAfterMs) / 1000 };
      const open = openDays(nowMs);
      for (const day of open) await rollups.rebuildMinuteRollup(clickhouse, day, options);
      const missed = await rollups.daysWithoutHours(clickhouse, options);
      const days = [...new Set([...missed, ...open])];
      for (const day of days) await rollups.rebuildHourRollup(clickhouse, day, closed);
      const months = new Map(days.map((day) => [day.slice(0, 7), day]));
      for (const day of months.values()) await rollups.rebuildDayRollup(clickhouse, day, closed);
    } catch (error) {
      warn(parts, signal, 'minutes, hours and days are not rebuilt', error);
    } finally {
      await clickhouse.close();
    }
  });
}

type Pace = { readonly firstAfterMs: number; readonly periodMs: number };

/** Takes a turn now and then, one at a time, until cancelled. */
export function takeTurns(
  parts: RollupParts,
  pace: Pace,
  turn: (signal: AbortSignal) => Promise<void>,
): Timer {
  const abort = new AbortController();
  const turns = async (): Promise<void> => {
    await parts.clock.sleep(pace.firstAfterMs, abort.signal);
    while (!abort.signal.aborted) {
      await turn(abort.signal);
      await parts.clock.sleep(pace.periodMs, abort.signal);
    }
  };
  turns().catch((error: unknown) => parts.log('error', `rollups: ${String(error)}`));
  return { cancel: () => abort.abort() };
}

/** Says what went wrong in a turn, unless it was cut short on purpose. */
export function warn(parts: RollupParts, signal: AbortSignal, what: string, error: unknown): void {
  if (signal.aborted) return;
  const text = isProblem(error) ? `${error.code}: ${error.message}` : String(error);
  parts.log('warn', `rollups: ${what}, tried again later: ${text}`);
}

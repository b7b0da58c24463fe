/**
 * Keeps the rollups that are made of stored rows: the last minutes of each now and then, and now
 * and then every hour that has more rows than were counted, however late they came. What was
 * counted is in the tables, so several gateways may do this at once and none remembers anything
 * (see `clickhouse/hour-rollup.ts`); a gateway leaves the present to another that has just looked
 * after it.
 */

import type { ClickHouse } from '../clickhouse/client.ts';
import type { HourRollup } from '../clickhouse/hour-rollup.ts';
import type { Place } from '../clickhouse/stored.ts';
import type { Timer } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { type RollupParts, takeTurns, warn } from './rollup-keeper.ts';

const firstAfterMs = 30_000;
const periodMs = 60_000;
const requestTimeoutMs = 150_000;

const hourSeconds = 3600;
/** How far back the present goes: senders batch, and clocks differ. */
const presentSeconds = 600;
/** Turns from one look at all hours to the next: least and most. */
const sweepTurns = [10, 60] as const;
/** Hours that one look counts again: what a new table has to make up for takes several. */
const sweepHoursMax = 48;
/** The present is left to another gateway that replaced it within this time. */
const restSeconds = 45;
/** Share of the time that each may take; what is slow has its turn less often. */
const busyShareMax = 0.02;
/** Turns from one count of the present to the next: least and most. */
const presentTurns = [1, 15] as const;

/** After how many turns what took `tookMs` is done again. */
export function turnsUntilNext(
  tookMs: number,
  [least, most]: readonly [number, number] = presentTurns,
): number {
  return Math.min(most, Math.max(least, Math.ceil(tookMs / busyShareMax / periodMs)));
}

/** Hours of the present at `nowMs`, each with the second from which on it is looked at. */
export function presentHours(
  nowMs: number,
  grainSeconds: number,
): readonly { readonly hour: number; readonly from: number }[] {
  const now = Math.floor(nowMs / 1000);
  const from = now - presentSeconds - ((now - presentSeconds) % grainSeconds);
  const hours = [from - (from % hourSeconds), now - (now % hourSeconds)];
  return [...new Set(hours)].map((hour) => ({ hour, from: Math.max(hour, from) }));
}

/** Rebuilds until cancelled; what fails is tried again at a later turn. */
export function keepHours(config: GatewayConfig, parts: RollupParts): Timer {
  let turn = 0;
  const due = { present: new Map<HourRollup, number>(), stale: new Map<HourRollup, number>() };
  const { clock } = parts;
  return takeTurns(parts, { firstAfterMs, periodMs }, async (signal) => {
    const { connect } = await import('./clickhouse-connection.ts');
    const { keptRollups } = await import('./kept-rollups.ts');
    const { placeOf } = await import('../clickhouse/stored.ts');
    const clickhouse = await connect(config, parts.env, requestTimeoutMs);
    try {
      const where = { ...(await placeOf(clickhouse, config.database, signal)), signal };
      for (const rollup of keptRollups) {
        try {
          const nowMs = clock.nowMs();
          if (rollup.overSeconds === undefined && (due.present.get(rollup) ?? 0) <= turn) {
            await rebuildPresent(clickhouse, rollup, nowMs, where);
            due.present.set(rollup, turn + turnsUntilNext(clock.nowMs() - nowMs));
          }
          const thenMs = clock.nowMs();
          if ((due.stale.get(rollup) ?? 0) <= turn) {
            await rebuildStale(clickhouse, rollup, { ...where, until: thenMs / 1000 });
            due.stale.set(rollup, turn + turnsUntilNext(clock.nowMs() - thenMs, sweepTurns));
          }
        } catch (error) {
          warn(parts, signal, `${rollup.table.name} is not rebuilt`, error);
        }
      }
    } catch (error) {
      warn(parts, signal, 'rollups are not rebuilt', error);
    } finally {
      turn += 1;
      await clickhouse.close();
    }
  });
}

type Where = Place & {
  readonly until?: number;
  readonly signal: AbortSignal;
};

async function rebuildPresent(
  clickhouse: ClickHouse,
  rollup: HourRollup,
  nowMs: number,
  where: Where,
): Promise<void> {
  const { rebuildHour } = await import('../clickhouse/hour-rollup.ts');
  const { secondsSinceReplaced } = await import('../clickhouse/hours.ts');
  for (const { hour, from } of presentHours(nowMs, rollup.grainSeconds)) {
    const asked = secondsSinceReplaced(clickhouse, rollup.table, hour, where);
    // Only saves work: a server that shows this user no parts is no reason to do without.
    const seconds = await asked.catch(() => restSeconds);
    if (seconds >= restSeconds) await rebuildHour(clickhouse, rollup, hour, { ...where, from });
  }
}

async function rebuildStale(
  clickhouse: ClickHouse,
  rollup: HourRollup,
  where: Where,
): Promise<void> {
  const { rebuildHour, staleHours } = await import('../clickhouse/hour-rollup.ts');
  // An hour made of minutes that are not all counted would be read as a whole one.
  if (rollup.finer) await rebuildStale(clickhouse, rollup.finer, where);
  const hours = await staleHours(clickhouse, rollup, where);
  for (const hour of hours.slice(0, sweepHoursMax)) {
    await rebuildHour(clickhouse, rollup, hour, where);
  }
}

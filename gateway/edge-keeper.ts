/**
 * Keeps `otel_service_edges_1m` rebuilt from stored spans. The last minutes are joined every
 * minute, so that the map shows what happens now; an hour that is over is joined again as a whole
 * when its last answers are in, and once more for spans that came late. Several gateways may do
 * this at once: each run gives the same rows (see `clickhouse/edges.ts`), and a gateway leaves the
 * present to another one that has just looked after it.
 */

import type { ClickHouse } from '../clickhouse/client.ts';
import type { HourPart } from '../clickhouse/edges.ts';
import { serviceEdges } from '../clickhouse/schema/edges.ts';
import type { Place } from '../clickhouse/stored.ts';
import type { Timer } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { type RollupParts, takeTurns, warn } from './rollup-keeper.ts';

const firstAfterMs = 20_000;
const periodMs = 60_000;
const requestTimeoutMs = 150_000;

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Minutes of the present that are joined every time: senders batch, servers end before callers. */
const presentMinutes = 5;
/** When an hour is joined as a whole, after its end: answers may begin 10 minutes after a call. */
const wholeAfterMs: readonly number[] = [15 * minuteMs, 135 * minuteMs];
/** The present is left to another gateway that replaced it within this time. */
const restSeconds = 45;

/** The present at `nowMs`: its last minutes, in one hour or two. */
export function presentParts(nowMs: number): readonly HourPart[] {
  const fromMs = nowMs - (nowMs % minuteMs) - (presentMinutes - 1) * minuteMs;
  const [before, now] = [hourOf(fromMs), hourOf(nowMs)];
  const first = { hour: before, fromMinute: Math.floor((fromMs / 1000 - before) / 60) };
  return before === now ? [first] : [first, { hour: now, fromMinute: 0 }];
}

/** Hours to join as a whole, because it was time for it after `lastMs` and until `nowMs`. */
export function closedHours(lastMs: number, nowMs: number): readonly HourPart[] {
  const hours = new Set<number>();
  for (const afterMs of wholeAfterMs) {
    const until = hourOf(nowMs - afterMs);
    for (let hour = hourOf(lastMs - afterMs); hour < until; hour += hourMs / 1000) hours.add(hour);
  }
  return [...hours].sort((a, b) => a - b).map((hour) => ({ hour, fromMinute: 0 }));
}

function hourOf(ms: number): number {
  return Math.floor(ms / hourMs) * (hourMs / 1000);
}

/** Rebuilds every minute until cancelled; what fails is tried again at the next turn. */
export function keepEdges(config: GatewayConfig, parts: RollupParts): Timer {
  // A gateway that was away makes up for it: spans of its log are stored only now.
  let lastMs = parts.clock.nowMs() - Math.max(...wholeAfterMs);
  return takeTurns(parts, { firstAfterMs, periodMs }, async (signal) => {
    const { connect } = await import('./clickhouse-connection.ts');
    const { placeOf } = await import('../clickhouse/stored.ts');
    const clickhouse = await connect(config, parts.env, requestTimeoutMs);
    try {
      const nowMs = parts.clock.nowMs();
      const place = await placeOf(clickhouse, config.database, signal);
      await rebuildAll(clickhouse, { nowMs, lastMs, place, signal });
      lastMs = nowMs;
    } catch (error) {
      warn(parts, signal, 'edges of the service map are not rebuilt', error);
    } finally {
      await clickhouse.close();
    }
  });
}

type Turn = {
  readonly nowMs: number;
  readonly lastMs: number;
  readonly place: Place;
  readonly signal: AbortSignal;
};

async function rebuildAll(clickhouse: ClickHouse, turn: Turn): Promise<void> {
  const { rebuildEdges } = await import('../clickhouse/edges.ts');
  const { secondsSinceReplaced } = await import('../clickhouse/hours.ts');
  const { nowMs, lastMs, place, signal } = turn;
  const until = nowMs / 1000;
  const options = { ...place, signal, until };
  for (const part of presentParts(nowMs)) {
    const asked = secondsSinceReplaced(clickhouse, serviceEdges, part.hour, { ...place, signal });
    // Only saves work: a server that shows this user no parts is no reason to do without edges.
    const seconds = await asked.catch(() => restSeconds);
    if (seconds >= restSeconds) await rebuildEdges(clickhouse, part, options);
  }
  for (const part of closedHours(lastMs, nowMs)) await rebuildEdges(clickhouse, part, options);
}

/**
 * Keeps `otel_red_1m` rebuilt from `otel_red_1s`. Readers take minutes as far as they reach and
 * seconds for the rest, so this may be late, may fail, and may run in several gateways at once:
 * each run gives the same rows (see `clickhouse/rollups.ts`).
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

/** Days whose minutes may still change at `nowMs`, oldest first, in UTC. */
export function openDays(nowMs: number): readonly string[] {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const days = [day(nowMs - lateMsMax), day(nowMs)];
  return [...new Set(days)];
}

/** Rebuilds now and then until cancelled; what fails is tried again at the next turn. */
export function keepRollups(config: GatewayConfig, parts: RollupParts): Timer {
  const abort = new AbortController();
  const turns = async (): Promise<void> => {
    await parts.clock.sleep(firstAfterMs, abort.signal);
    while (!abort.signal.aborted) {
      await rebuild(config, parts, abort.signal);
      await parts.clock.sleep(periodMs, abort.signal);
    }
  };
  turns().catch((error: unknown) => parts.log('error', `rollups: ${String(error)}`));
  return { cancel: () => abort.abort() };
}

async function rebuild(
  config: GatewayConfig,
  parts: RollupParts,
  signal: AbortSignal,
): Promise<void> {
  const { connect } = await import('./clickhouse-connection.ts');
  const { rebuildMinuteRollup } = await import('../clickhouse/rollups.ts');
  const clickhouse = connect(config, parts.env, requestTimeoutMs);
  try {
    for (const day of openDays(parts.clock.nowMs())) {
      await rebuildMinuteRollup(clickhouse, day, { database: config.database, signal });
    }
  } catch (error) {
    if (signal.aborted) return;
    const text = isProblem(error) ? `${error.code}: ${error.message}` : String(error);
    parts.log('warn', `rollups: minutes are not rebuilt, tried again later: ${text}`);
  } finally {
    await clickhouse.close();
  }
}

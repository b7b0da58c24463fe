/** A worker's part of the guard, made from the gateway's settings. */
import { randomBytes } from 'node:crypto';
import type { HashSeed } from '../clickhouse/native/hash.ts';
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { SenderGuard } from './guard/guard.ts';
import { LogShares } from './guard/log-shares.ts';
import { SeriesGuard } from './guard/series-guard.ts';
import { SeriesLimits } from './guard/series-limits.ts';
import { quotaOf, seriesLimitOf } from './guard/tenants.ts';
import type { GuardStart } from './guarding.ts';
import type { LaneLog } from './lane/lane-types.ts';
import type { LaneCounters } from './telemetry/lane-counters.ts';

export function guardOf(
  start: GuardStart,
  config: GatewayConfig,
  clock: Clock,
  shareFullAt: (tenant: string) => number | undefined,
): SenderGuard {
  return new SenderGuard({
    ...start,
    shareFullAt,
    allowFrom: config.allowFrom,
    tenants: config.tenants,
    nowMs: clock.nowMs,
    // One clock for all threads, which `performance.now` is not.
    nowNs: () => process.hrtime.bigint(),
  });
}

/** Each lane gives a tenant the same share of its own log, of `walBytes`. */
export function sharesOf(config: GatewayConfig, walBytes: number): LogShares | undefined {
  const { tenants } = config;
  if (Object.values(tenants).every(({ logShare }) => logShare === undefined)) return undefined;
  return new LogShares((tenant) => {
    const share = quotaOf(tenants, tenant)?.logShare;
    return share === undefined ? undefined : share * walBytes;
  });
}

/** Absent when nobody's series are limited. */
export function seriesGuardOf(
  config: GatewayConfig,
  clock: Clock,
  counters: LaneCounters,
  log: LaneLog,
): SeriesGuard | undefined {
  const { tenants } = config;
  if (Object.values(tenants).every(({ seriesMax }) => seriesMax === undefined)) return undefined;
  return new SeriesGuard({
    limits: new SeriesLimits((tenant) => seriesLimitOf(tenants, tenant), clock),
    clock,
    seeds: [randomSeed(), randomSeed()],
    onRefused: (reason, series) => counters.refusedSeries(reason, series),
    log: (message) => log('warn', message),
  });
}

function randomSeed(): HashSeed {
  const bytes = randomBytes(8);
  return { low: bytes.readInt32LE(0), high: bytes.readInt32LE(4) };
}

/** A worker's part of the guard, made from the gateway's settings. */
import type { Clock } from '../core/clock.ts';
import type { GatewayConfig } from './config.ts';
import { SenderGuard } from './guard/guard.ts';
import { LogShares } from './guard/log-shares.ts';
import { quotaOf } from './guard/tenants.ts';
import type { GuardStart } from './guarding.ts';

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

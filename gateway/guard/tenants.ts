/** Tenants: their names, and what each may send. */
import { parseBytes } from '../../core/units.ts';
import { isTenantName, otherTenants } from './config.ts';

/** Absent: no limit. */
export type TenantQuota = {
  /** Of requests, inflated. */
  readonly bytesPerSecond?: number;
  /** Spans, data points and log records. */
  readonly itemsPerSecond?: number;
  /** Share of the log, above 0 and at most 1, that its undelivered requests may fill. */
  readonly logShare?: number;
};

/** By tenant; `*` for each one that is not named. */
export type TenantQuotas = Readonly<Record<string, TenantQuota>>;

export function quotaOf(quotas: TenantQuotas, tenant: string): TenantQuota | undefined {
  return Object.hasOwn(quotas, tenant) ? quotas[tenant] : quotas[otherTenants];
}

export const tenantSpecForm = 'NAME,bytes=10Mi,items=50000,log=0.5 with at least one limit';

/** `shop,bytes=10Mi,items=50000,log=0.5`; undefined when it is not of that form. */
export function parseTenantSpec(text: string): readonly [string, TenantQuota] | undefined {
  const [name = '', ...limits] = text.split(',').map((part) => part.trim());
  if (name !== otherTenants && !isTenantName(name)) return undefined;
  const quota: { -readonly [Key in keyof TenantQuota]: TenantQuota[Key] } = {};
  for (const limit of limits) {
    const [key, value = ''] = limit.split('=', 2);
    const number = key === 'bytes' ? parseBytes(value) : Number(value);
    if (number === undefined || !Number.isFinite(number) || number <= 0) return undefined;
    if (key === 'bytes') quota.bytesPerSecond = number;
    else if (key === 'items') quota.itemsPerSecond = number;
    else if (key === 'log' && number <= 1) quota.logShare = number;
    else return undefined;
  }
  return limits.length === 0 ? undefined : [name, quota];
}

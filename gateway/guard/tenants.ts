/** Tenants: their names, and what each may send. */
import { parseBytes } from '../../core/units.ts';
import { isSeriesLimit, isTenantName, otherTenants } from './config.ts';
import type { SeriesLimit } from './series-limits.ts';

/** Absent: no limit. */
export type TenantQuota = {
  /** Of requests, inflated. */
  readonly bytesPerSecond?: number;
  /** Spans, data points and log records. */
  readonly itemsPerSecond?: number;
  /** Share of the log, above 0 and at most 1, that its undelivered requests may fill. */
  readonly logShare?: number;
  /** Series that are known at a time, see `series-limits.ts`. */
  readonly seriesMax?: number;
  /** Of these, series of one metric; only with the other one, which bounds the memory. */
  readonly seriesPerMetricMax?: number;
};

/** By tenant; `*` for each one that is not named. */
export type TenantQuotas = Readonly<Record<string, TenantQuota>>;

export function quotaOf(quotas: TenantQuotas, tenant: string): TenantQuota | undefined {
  return Object.hasOwn(quotas, tenant) ? quotas[tenant] : quotas[otherTenants];
}

/** How many series `tenant` may have; undefined when there is no limit. */
export function seriesLimitOf(quotas: TenantQuotas, tenant: string): SeriesLimit | undefined {
  const { seriesMax, seriesPerMetricMax } = quotaOf(quotas, tenant) ?? {};
  return seriesMax === undefined ? undefined : { seriesMax, seriesPerMetricMax };
}

export const tenantSpecForm =
  'NAME,bytes=10Mi,items=50000,log=0.5,series=500000,series_per_metric=10000 with at least one' +
  ' limit, and series_per_metric only with series';

/** As {@link tenantSpecForm} says; undefined when it is not of that form. */
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
    else if (key === 'series' && isSeriesLimit(number)) quota.seriesMax = number;
    else if (key === 'series_per_metric' && isSeriesLimit(number)) {
      quota.seriesPerMetricMax = number;
    } else return undefined;
  }
  const { seriesMax, seriesPerMetricMax } = quota;
  if (seriesPerMetricMax !== undefined && seriesMax === undefined) return undefined;
  return limits.length === 0 ? undefined : [name, quota];
}

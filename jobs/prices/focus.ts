/**
 * Rows of a bill in the FinOps FOCUS format, 1.0 and newer: CSV with a header, columns in any
 * order, those that we do not know left out. https://focus.finops.org/focus-specification/
 */
import type { JsonObject } from '../../core/json.ts';
import { plainDecimal } from './decimal.ts';

/** As the columns of `cost_bills`; times in seconds since 1970, as ClickHouse reads numbers. */
export type Charge = {
  readonly ChargePeriodStart: number;
  readonly ChargePeriodEnd: number;
  readonly BilledCost: string;
  readonly EffectiveCost: string;
  readonly BillingCurrency: string;
  readonly ChargeCategory: string;
  readonly ServiceCategory: string;
  readonly ServiceName: string;
  readonly ProviderName: string;
  readonly RegionId: string;
  readonly ResourceId: string;
  readonly SkuId: string;
  readonly Tags: Readonly<Record<string, string>>;
};

type Column = keyof Charge;

const required: readonly Column[] = [
  'ChargePeriodStart',
  'ChargePeriodEnd',
  'BilledCost',
  'EffectiveCost',
  'BillingCurrency',
  'ChargeCategory',
  'ServiceCategory',
  'ResourceId',
];

/** FOCUS 1.3 calls the provider otherwise. */
const otherNames: Readonly<Record<string, Column>> = { ServiceProviderName: 'ProviderName' };

export type Header = {
  readonly width: number;
  readonly places: ReadonlyMap<Column, number>;
};

const columns: readonly Column[] = [
  ...required,
  'ServiceName',
  'ProviderName',
  'RegionId',
  'SkuId',
  'Tags',
];

/** Where each column stands, or why these are not the columns of a bill. */
export function readHeader(names: readonly string[]): Header | string {
  const places = new Map<Column, number>();
  for (const [place, name] of names.entries()) {
    const found = otherNames[name] ?? columns.find((column) => column === name);
    if (found === undefined) continue;
    // A name that stands twice says two things.
    if (places.has(found) && otherNames[name] === undefined) return `column ${name} stands twice`;
    places.set(found, place);
  }
  const missing = required.filter((column) => !places.has(column));
  if (missing.length > 0) return `no column ${missing.join(', ')}; expected those of FOCUS`;
  return { width: names.length, places };
}

const costBounds = { digitsMax: 30, wholeMax: 40 } as const;

/** A row, or what is wrong with it. */
export function readCharge({ width, places }: Header, fields: readonly string[]): Charge | string {
  if (fields.length !== width) return `${fields.length} fields, and the header has ${width}`;
  const text = (column: Column): string => {
    const value = fields[places.get(column) ?? -1] ?? '';
    return /^null$/i.test(value) ? '' : value;
  };
  const wrong = (column: Column, expected: string): string =>
    `${column} “${text(column).slice(0, 60)}”: expected ${expected}`;
  const from = secondsOf(text('ChargePeriodStart'));
  const to = secondsOf(text('ChargePeriodEnd'));
  if (from === undefined) return wrong('ChargePeriodStart', timeExpected);
  if (to === undefined) return wrong('ChargePeriodEnd', timeExpected);
  if (to <= from) return wrong('ChargePeriodEnd', 'a time after ChargePeriodStart');
  const billed = plainDecimal(text('BilledCost'), costBounds);
  const effective = plainDecimal(text('EffectiveCost'), costBounds);
  const costExpected = `a number with at most ${costBounds.digitsMax} digits behind the point`;
  if (billed === undefined) return wrong('BilledCost', costExpected);
  if (effective === undefined) return wrong('EffectiveCost', costExpected);
  if (!/^[A-Z]{3}$/.test(text('BillingCurrency'))) {
    return wrong('BillingCurrency', 'three capital letters such as EUR');
  }
  const tags = tagsOf(text('Tags'));
  if (tags === undefined) return wrong('Tags', 'a JSON object');
  return {
    ChargePeriodStart: from,
    ChargePeriodEnd: to,
    BilledCost: billed,
    EffectiveCost: effective,
    BillingCurrency: text('BillingCurrency'),
    ChargeCategory: text('ChargeCategory'),
    ServiceCategory: text('ServiceCategory'),
    ServiceName: text('ServiceName'),
    ProviderName: text('ProviderName'),
    RegionId: text('RegionId'),
    ResourceId: text('ResourceId'),
    SkuId: text('SkuId'),
    Tags: tags,
  };
}

const timeExpected = 'a time in UTC such as 2026-11-01T00:00:00Z';
/** What DateTime holds, and its TTL can be counted from. */
const secondsMax = Date.UTC(2090, 0, 1) / 1000;

/** FOCUS says UTC with a Z; exports of databases leave it out. */
function secondsOf(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z| UTC|\+00:?00)?)?$/.exec(
    text,
  );
  const [, day, time = '00:00:00'] = match ?? [];
  const seconds = day === undefined ? Number.NaN : Date.parse(`${day}T${time}Z`) / 1000;
  return seconds > 0 && seconds < secondsMax ? seconds : undefined;
}

function tagsOf(text: string): Readonly<Record<string, string>> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const entries = Object.entries(value as JsonObject);
    return Object.fromEntries(entries.map(([key, one]) => [key, wordOf(one)]));
  } catch {
    return undefined;
  }
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

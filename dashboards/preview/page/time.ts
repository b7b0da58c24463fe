/**
 * Time ranges as Grafana writes them (`now-1h`, `now/d`, epoch milliseconds, ISO text), bucket
 * widths, and moments as text in the chosen zone. Pure: the present is passed in.
 */
export type TimeRange = { readonly from: string; readonly to: string };

export type Zone = 'browser' | 'utc';

export const quickRanges: readonly (TimeRange & { readonly title: string })[] = [
  { from: 'now-5m', to: 'now', title: 'Last 5 minutes' },
  { from: 'now-15m', to: 'now', title: 'Last 15 minutes' },
  { from: 'now-30m', to: 'now', title: 'Last 30 minutes' },
  { from: 'now-1h', to: 'now', title: 'Last 1 hour' },
  { from: 'now-3h', to: 'now', title: 'Last 3 hours' },
  { from: 'now-6h', to: 'now', title: 'Last 6 hours' },
  { from: 'now-12h', to: 'now', title: 'Last 12 hours' },
  { from: 'now-24h', to: 'now', title: 'Last 24 hours' },
  { from: 'now-2d', to: 'now', title: 'Last 2 days' },
  { from: 'now-7d', to: 'now', title: 'Last 7 days' },
  { from: 'now-30d', to: 'now', title: 'Last 30 days' },
  { from: 'now/d', to: 'now/d', title: 'Today' },
];

export const refreshChoices = ['', '1s', '5s', '10s', '30s', '1m', '5m', '15m'] as const;

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** `10s`, `1m` as milliseconds; 0 when the text is no interval. */
export function parseInterval(text: string): number {
  const match = /^>?(\d+)(ms|[smhdw])$/.exec(text);
  if (match === null) return 0;
  return Number(match[1]) * (match[2] === 'ms' ? 1 : (unitMs[match[2] ?? ''] ?? 0));
}

/** The moment that `text` means, or `undefined` when it means none. `end`: upper end of a range. */
export function parseMoment(
  text: string,
  nowMs: number,
  end: boolean,
  zone: Zone = 'browser',
): number | undefined {
  const trimmed = text.trim();
  if (/^\d{10}$/.test(trimmed)) return Number(trimmed) * 1000;
  if (/^\d{11,14}$/.test(trimmed)) return Number(trimmed);
  if (trimmed.startsWith('now')) return parseRelative(trimmed.slice(3), nowMs, end, zone);
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z)?)?$/.exec(trimmed);
  if (match === null) return undefined;
  const day = match[1];
  const clock = match[2] ?? (end ? '23:59:59.999' : '00:00');
  const value = Date.parse(`${day}T${clock}${match[3] ?? (zone === 'utc' ? 'Z' : '')}`);
  return Number.isNaN(value) ? undefined : value;
}

function parseRelative(rest: string, nowMs: number, end: boolean, zone: Zone): number | undefined {
  if (!/^([+-]\d+[smhdwMy])*(\/[smhdwMy])?$/.test(rest)) return undefined;
  let value = nowMs;
  for (const [, sign, count, unit] of rest.matchAll(/([+-])(\d+)([smhdwMy])/g)) {
    value += (sign === '-' ? -1 : 1) * Number(count) * (unitMs[unit ?? ''] ?? 0);
  }
  const cut = /\/([smhdwMy])$/.exec(rest)?.[1];
  return cut === undefined ? value : cutTo(value, cut, end, zone);
}

function cutTo(value: number, unit: string, end: boolean, zone: Zone): number {
  const offset = zone === 'utc' ? 0 : new Date(value).getTimezoneOffset() * 60_000;
  const width = unitMs[unit] ?? 1000;
  const start = Math.floor((value - offset) / width) * width + offset;
  return end ? start + width - 1 : start;
}

/** What the time picker's button says. */
export function describeRange(range: TimeRange, zone: Zone): string {
  const quick = quickRanges.find((each) => each.from === range.from && each.to === range.to);
  if (quick !== undefined) return quick.title;
  const side = (text: string): string =>
    /^\d{10,14}$/.test(text) ? formatMoment(parseMoment(text, 0, false) ?? 0, zone) : text;
  const [from, to] = [side(range.from), side(range.to)];
  // The day is said once when both ends have the same.
  const sameDay = /^\d{4}-/.test(to) && from.slice(0, 10) === to.slice(0, 10);
  return `${from} to ${sameDay ? to.slice(11) : to}`;
}

const niceStepsMs = [
  1000, 2000, 5000, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000,
  1_200_000, 1_800_000, 3_600_000, 7_200_000, 10_800_000, 21_600_000, 43_200_000, 86_400_000,
  604_800_000, 2_592_000_000,
];

/** A round bucket width that gives at most `pointsMax` buckets in the range. */
export function bucketWidthMs(rangeMs: number, pointsMax: number, leastMs = 1000): number {
  const exact = rangeMs / Math.max(1, pointsMax);
  const found = niceStepsMs.find((step) => step >= exact) ?? 31_536_000_000;
  return Math.max(found, leastMs);
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');

type Parts = {
  readonly day: string;
  readonly clock: string;
  readonly ms: string;
};

function partsOf(ms: number, zone: Zone): Parts {
  const shift = zone === 'utc' ? 0 : new Date(ms).getTimezoneOffset() * 60_000;
  const date = new Date(ms - shift);
  return {
    day: `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`,
    clock: `${pad(date.getUTCHours())}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`,
    ms: pad(date.getUTCMilliseconds(), 3),
  };
}

/** `2026-07-01 12:30:05` in the zone. */
export function formatMoment(ms: number, zone: Zone): string {
  const { day, clock } = partsOf(ms, zone);
  return `${day} ${clock}`;
}

/** The same with milliseconds, for lines of a log. */
export function formatMomentMs(ms: number, zone: Zone): string {
  const parts = partsOf(ms, zone);
  return `${parts.day} ${parts.clock}.${parts.ms}`;
}

/** Text of a tick on a time axis whose ticks are `stepMs` apart. */
export function formatTick(ms: number, stepMs: number, zone: Zone): string {
  const { day, clock } = partsOf(ms, zone);
  if (stepMs >= 86_400_000) return day.slice(5);
  const atMidnight = clock === '00:00:00';
  if (atMidnight && stepMs >= 60_000) return day.slice(5);
  return stepMs < 60_000 ? clock : clock.slice(0, 5);
}

/** `UTC`, `UTC+02:00`: the zone that moments are shown in. */
export function zoneName(zone: Zone, atMs: number): string {
  if (zone === 'utc') return 'UTC';
  const minutes = -new Date(atMs).getTimezoneOffset();
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`;
}

/** The range moved by its own half to one side, as absolute milliseconds. */
export function shiftRange(fromMs: number, toMs: number, direction: -1 | 1): TimeRange {
  const half = Math.round(((toMs - fromMs) / 2) * direction);
  return { from: String(fromMs + half), to: String(toMs + half) };
}

/** Twice the range around its middle. */
export function widenRange(fromMs: number, toMs: number): TimeRange {
  const half = Math.round((toMs - fromMs) / 2);
  return { from: String(fromMs - half), to: String(toMs + half) };
}

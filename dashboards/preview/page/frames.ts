/**
 * ClickHouse answers (JSONCompact) as columns, and columns as time series, the way Grafana's data
 * source plugin reads them: the first time column is the time, texts are labels, numbers are
 * values. Pure.
 */
import type { CompactAnswer } from './model.ts';

export type FieldKind = 'time' | 'number' | 'text' | 'other';

export type Field = {
  readonly name: string;
  readonly kind: FieldKind;
  /** Times are milliseconds; numbers are numbers; missing values are null. */
  readonly values: readonly unknown[];
};

export type Frame = { readonly fields: readonly Field[]; readonly length: number };

export type Series = {
  readonly name: string;
  /** Name of the column the values came from; overrides match it as well as `name`. */
  readonly column: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: (number | null)[];
};

export type SeriesSet = { readonly timesMs: readonly number[]; readonly series: readonly Series[] };

/** Series of one panel; beyond it the smallest are left out, and the panel says so. */
export const seriesCountMax = 60;

export function toFrame(answer: CompactAnswer): Frame {
  const fields = answer.meta.map(({ name, type }, index) => {
    const kind = kindOf(type);
    return { name, kind, values: answer.data.map((row) => convert(row[index], kind)) };
  });
  return { fields, length: answer.data.length };
}

/** What ClickHouse's `type` is to a chart. */
export function kindOf(type: string): FieldKind {
  const inner = type.replace(/^(?:Nullable|LowCardinality)\((.*)\)$/, '$1');
  if (inner !== type) return kindOf(inner);
  const aggregate = /^SimpleAggregateFunction\(\w+, (.*)\)$/.exec(type)?.[1];
  if (aggregate !== undefined) return kindOf(aggregate);
  if (/^Date/.test(type)) return 'time';
  if (/^(U?Int\d+|Float\d+|Decimal.*|Bool)/.test(type)) return 'number';
  if (/^(String|FixedString.*|Enum.*|UUID|IPv[46])/.test(type)) return 'text';
  return 'other';
}

function convert(value: unknown, kind: FieldKind): unknown {
  if (value === null || value === undefined) return null;
  if (kind === 'time') return toMs(value);
  if (kind === 'number') return toNumber(value);
  return value;
}

function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = String(value);
  if (text === 'inf') return Number.POSITIVE_INFINITY;
  if (text === '-inf') return Number.NEGATIVE_INFINITY;
  const number = Number(text);
  return Number.isNaN(number) ? null : number;
}

/** Unix seconds with fraction (how we ask ClickHouse for times), or a date as text. */
function toMs(value: unknown): number | null {
  const text = String(value);
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const day = Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : `${text}Z`);
  return Number.isNaN(day) ? null : day;
}

/** Turns rows of (time, labels…, values…) into one series per label set and value column. */
export function toSeries(frames: readonly Frame[], intervalMs: number): SeriesSet {
  const rows = frames.flatMap(readFrame);
  const times = [...new Set(rows.flatMap((row) => row.timesMs))].sort((a, b) => a - b);
  const withGaps = markGaps(times, intervalMs);
  const position = new Map(withGaps.map((time, index) => [time, index]));
  const series = rows.map(({ timesMs, points, ...rest }) => {
    const values = new Array<number | null>(withGaps.length).fill(null);
    timesMs.forEach((time, index) => {
      values[position.get(time) ?? 0] = points[index] ?? null;
    });
    return { ...rest, values };
  });
  return { timesMs: withGaps, series };
}

/** A moment without a value inside every hole, so that a gap is drawn as a gap. */
function markGaps(times: readonly number[], intervalMs: number): readonly number[] {
  const step = Math.max(usualStep(times), intervalMs);
  const out: number[] = [];
  for (const time of times) {
    const last = out.at(-1);
    if (last !== undefined && time - last > step * 2.5) out.push(last + step);
    out.push(time);
  }
  return out;
}

function usualStep(times: readonly number[]): number {
  const steps: number[] = [];
  for (let at = 1; at < times.length; at += 1) steps.push(times[at]! - times[at - 1]!);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

type LongSeries = Omit<Series, 'values'> & {
  readonly timesMs: number[];
  readonly points: (number | null)[];
};

function readFrame(frame: Frame): LongSeries[] {
  const time = frame.fields.find((field) => field.kind === 'time');
  if (time === undefined) return [];
  const labels = frame.fields.filter((field) => field.kind === 'text');
  const numbers = frame.fields.filter((field) => field.kind === 'number');
  const found = new Map<string, LongSeries>();
  for (let row = 0; row < frame.length; row += 1) {
    const timeMs = time.values[row];
    if (typeof timeMs !== 'number') continue;
    const key = labels.map((label) => String(label.values[row] ?? '')).join('\u0000');
    for (const number of numbers) {
      const id = `${number.name}\u0000${key}`;
      let series = found.get(id);
      if (series === undefined) {
        series = startSeries(number.name, labels, row, numbers.length);
        found.set(id, series);
      }
      series.timesMs.push(timeMs);
      series.points.push(number.values[row] as number | null);
    }
  }
  return [...found.values()];
}

function startSeries(
  column: string,
  labels: readonly Field[],
  row: number,
  columnCount: number,
): LongSeries {
  const pairs = labels.map((label) => [label.name, String(label.values[row] ?? '')] as const);
  const text = pairs.map(([, value]) => value).join(' ');
  const name = pairs.length === 0 ? column : columnCount === 1 ? text : `${column} ${text}`;
  return { name, column, labels: Object.fromEntries(pairs), timesMs: [], points: [] };
}

/** One number out of a series, as `reduceOptions.calcs` asks. */
export function reduce(values: readonly (number | null)[], calc: string): number | null {
  const present = values.filter((value): value is number => value !== null);
  if (present.length === 0) return null;
  switch (calc) {
    case 'sum':
      return present.reduce((sum, value) => sum + value, 0);
    case 'mean':
      return present.reduce((sum, value) => sum + value, 0) / present.length;
    case 'max':
      return present.reduce((a, b) => Math.max(a, b));
    case 'min':
      return present.reduce((a, b) => Math.min(a, b));
    case 'first':
    case 'firstNotNull':
      return present[0] ?? null;
    case 'last':
      return values.at(-1) ?? null;
    default:
      return present.at(-1) ?? null;
  }
}

/** Rows as CSV (RFC 4180), with times in ISO. Texts that a spreadsheet would run are defused. */
export function toCsv(frame: Frame): string {
  const cell = (value: unknown, kind: FieldKind): string => {
    if (value === null || value === undefined) return '';
    if (kind === 'time') return new Date(Number(value)).toISOString();
    const plain = typeof value === 'object' ? JSON.stringify(value) : String(value);
    const text = kind === 'text' && /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [frame.fields.map((field) => cell(field.name, 'text')).join(',')];
  for (let row = 0; row < frame.length; row += 1) {
    lines.push(frame.fields.map((field) => cell(field.values[row], field.kind)).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

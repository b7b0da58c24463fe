/**
 * Numbers as Grafana shows them: unit ids of Grafana's value formats, at most three significant
 * digits unless a panel asks for more. Pure.
 */
export type Formatted = { readonly text: string; readonly suffix: string };

type Scale = { readonly from: number; readonly factor: number; readonly suffix: string };

const time = (baseSeconds: number): readonly Scale[] =>
  [
    { from: 0, factor: 1e-9, suffix: ' ns' },
    { from: 1e-6, factor: 1e-6, suffix: ' µs' },
    { from: 1e-3, factor: 1e-3, suffix: ' ms' },
    { from: 1, factor: 1, suffix: ' s' },
    { from: 60, factor: 60, suffix: ' min' },
    { from: 3600, factor: 3600, suffix: ' h' },
    { from: 86_400, factor: 86_400, suffix: ' d' },
    { from: 86_400 * 365, factor: 86_400 * 365, suffix: ' y' },
  ].map((s) => ({ ...s, from: s.from / baseSeconds, factor: s.factor / baseSeconds }));

const steps = (base: number, suffixes: readonly string[], start = 0): readonly Scale[] =>
  suffixes.map((suffix, index) => ({
    from: index === 0 ? 0 : base ** (index - start),
    factor: base ** (index - start),
    suffix,
  }));

const binary = (unit: string): readonly Scale[] =>
  steps(
    1024,
    ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'].map((prefix) => ` ${prefix}${unit}`),
  );
const decimal = (unit: string): readonly Scale[] =>
  steps(
    1000,
    ['', 'k', 'M', 'G', 'T', 'P'].map((prefix) => ` ${prefix}${unit}`),
  );
const rate = (unit: string): readonly Scale[] =>
  steps(
    1000,
    ['', 'K', 'M', 'B', 'T'].map((prefix) => (prefix === '' ? ` ${unit}` : `${prefix} ${unit}`)),
  );

const scales: Readonly<Record<string, readonly Scale[]>> = {
  short: steps(1000, ['', ' K', ' Mil', ' Bil', ' Tri']),
  sishort: steps(1000, ['', 'k', 'M', 'G', 'T']),
  ns: time(1e-9),
  µs: time(1e-6),
  ms: time(1e-3),
  s: time(1),
  m: time(60),
  h: time(3600),
  d: time(86_400),
  bytes: binary('B'),
  decbytes: decimal('B'),
  bits: binary('b'),
  decbits: decimal('b'),
  binBps: binary('B/s'),
  Bps: decimal('B/s'),
  bps: decimal('b/s'),
  hertz: decimal('Hz'),
  watt: decimal('W'),
  reqps: rate('req/s'),
  ops: rate('ops/s'),
  rps: rate('rd/s'),
  wps: rate('wr/s'),
  iops: rate('io/s'),
  eps: rate('evt/s'),
  cps: rate('c/s'),
  pps: rate('p/s'),
  mps: rate('msg/s'),
};

/** How many decimals show about three significant digits of `value`. */
export function decimalsFor(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  const size = Math.abs(value);
  let decimals = -Math.floor(Math.log10(size)) + 1;
  if (size / 10 ** -decimals > 2.25) decimals += 1;
  if (value % 1 === 0) decimals = 0;
  return Math.min(Math.max(decimals, 0), 9);
}

/** `value` in `unit`, in the scale that suits it. */
function formatValue(value: number, unit = 'short', decimals?: number): Formatted {
  return formatIn(value, unit, scaleFor(Math.abs(value), unit), decimals);
}

/** The same as one string. */
export function formatText(value: number, unit?: string, decimals?: number): string {
  const { text, suffix } = formatValue(value, unit, decimals);
  return `${text}${suffix}`;
}

/**
 * A formatter that keeps one scale and one number of decimals for a whole column or axis, so that
 * digits stand under digits. The scale is the one of the middle value.
 */
export function columnFormatter(
  values: readonly number[],
  unit = 'short',
  decimals?: number,
): (value: number) => Formatted {
  const sizes = values.map(Math.abs).filter((size) => size > 0 && Number.isFinite(size));
  sizes.sort((a, b) => a - b);
  const middle = sizes[Math.floor(sizes.length / 2)] ?? 0;
  const scale = scaleFor(middle, unit);
  const factor = scale?.factor ?? (unit === 'percentunit' ? 0.01 : 1);
  const whole = values.every((value) => Number.isInteger(value / factor));
  const digits = decimals ?? (whole ? 0 : decimalsFor(middle / factor + 1e-12));
  return (value) => formatIn(value, unit, scale, digits);
}

/** Labels of an axis: one scale, and just enough decimals to tell neighbours apart. */
export function axisFormatter(
  splits: readonly number[],
  unit = 'short',
): (value: number) => string {
  const most = splits.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const scale = scaleFor(most, unit);
  const factor = scale?.factor ?? (unit === 'percentunit' ? 0.01 : 1);
  const step = Math.abs((splits[1] ?? most) - (splits[0] ?? 0)) / factor;
  const digits = step > 0 ? Math.min(Math.max(Math.ceil(-Math.log10(step) - 1e-9), 0), 9) : 0;
  const decimals =
    Number(step.toFixed(digits)) === Number(step.toPrecision(6)) ? digits : digits + 1;
  return (value) => {
    if (value === 0) return '0';
    const { text, suffix } = formatIn(value, unit, scale, decimals);
    return text + suffix;
  };
}

function scaleFor(size: number, unit: string): Scale | undefined {
  const list = scales[unit];
  if (list === undefined) return undefined;
  if (size === 0) return list.find((scale) => scale.factor === 1) ?? list[0];
  let found = list[0];
  for (const scale of list) if (size >= scale.from * 0.99999) found = scale;
  return found;
}

function formatIn(
  value: number,
  unit: string,
  scale: Scale | undefined,
  decimals: number | undefined,
): Formatted {
  if (Number.isNaN(value)) return { text: 'NaN', suffix: '' };
  if (!Number.isFinite(value)) return { text: value > 0 ? '∞' : '−∞', suffix: '' };
  if (scale !== undefined) {
    const scaled = value / scale.factor;
    const digits = decimals ?? decimalsFor(Number(scaled.toPrecision(6)));
    return { text: fixed(scaled, digits), suffix: scale.suffix };
  }
  return formatOther(value, unit, decimals);
}

function formatOther(value: number, unit: string, decimals: number | undefined): Formatted {
  switch (unit) {
    case 'percent':
      return { text: fixed(value, decimals ?? decimalsFor(value)), suffix: '%' };
    case 'percentunit': {
      const percent = Number((value * 100).toPrecision(8));
      return { text: fixed(percent, decimals ?? decimalsFor(percent)), suffix: '%' };
    }
    case 'locale':
      return { text: Math.round(value).toLocaleString('en-US'), suffix: '' };
    case 'bool':
      return { text: value === 0 ? 'False' : 'True', suffix: '' };
    case 'celsius':
      return { text: fixed(value, decimals ?? decimalsFor(value)), suffix: ' °C' };
    case 'currencyUSD':
      return { text: `$${fixed(value, decimals ?? 2)}`, suffix: '' };
  }
  if (unit.startsWith('suffix:')) {
    return { text: fixed(value, decimals ?? decimalsFor(value)), suffix: unit.slice(7) };
  }
  if (unit.startsWith('prefix:')) {
    return { text: unit.slice(7) + fixed(value, decimals ?? decimalsFor(value)), suffix: '' };
  }
  return { text: fixed(value, decimals ?? decimalsFor(value)), suffix: '' };
}

/** Digits with a real minus sign, without `-0`. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  if (/^-0(\.0+)?$/.test(text)) return text.slice(1);
  return text.replace('-', '−');
}

/** Whether values of this unit are moments, not amounts. */
export function isMomentUnit(unit: string | undefined): boolean {
  return unit?.startsWith('dateTime') === true || unit?.startsWith('time:') === true;
}

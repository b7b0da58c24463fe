/**
 * Points that every sender of line protocol writes, with each kind of value, as lines and as the
 * rows that must come of them: an independent reading of `docs/guide/metrics.md`.
 */
export type Field =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'integer' | 'unsigned'; readonly value: bigint }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string };

export type Point = {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, Field>>;
  /** Nanoseconds since 1970. */
  readonly ns: bigint;
};

/** What a sender can say; what it cannot is left out of what it is given. */
export type Ability = {
  readonly unsigned: boolean;
  /** The integers it takes: none below, none above. */
  readonly integers: readonly [least: bigint, largest: bigint];
  /** Whether it escapes what stands in the name of a measurement. */
  readonly anyMeasurement: boolean;
};

/** A row of `otel_metrics_gauge`, value by value as text; an absent one may be anything. */
export type Row = {
  readonly metric: string;
  readonly service: string;
  /** Maps as JSON, their keys in order. */
  readonly resource: string;
  readonly attributes: string;
  readonly time: string;
  readonly value: string;
  readonly valueType?: string;
  readonly valueInt?: string;
};

export const int64Max = 2n ** 63n - 1n;

const float = (value: number): Field => ({ kind: 'float', value });
const integer = (value: bigint): Field => ({ kind: 'integer', value });
const unsigned = (value: bigint): Field => ({ kind: 'unsigned', value });
const boolean = (value: boolean): Field => ({ kind: 'boolean', value });
const string = (value: string): Field => ({ kind: 'string', value });

const shapes: readonly Omit<Point, 'ns'>[] = [
  {
    measurement: 'cpu',
    tags: { host: 'web-1', service: 'checkout', cpu: 'cpu 0', region: 'eu,west=1' },
    fields: {
      usage_idle: float(98.5),
      usage_user: float(1.5e-7),
      threads: integer(12n),
      busy: boolean(true),
    },
  },
  {
    measurement: 'weather, outside',
    tags: { place: 'Zürich ☀', 'a key': 'x' },
    fields: { value: float(-3.5) },
  },
  {
    measurement: 'disk',
    tags: { host: 'web-2' },
    fields: {
      free: integer(9_007_199_254_740_993n),
      least: integer(-9_223_372_036_854_775_808n),
      largest: integer(int64Max),
      zero: integer(0n),
      reads: unsigned(7n),
      written: unsigned(2n ** 64n - 1n),
    },
  },
  {
    measurement: 'release',
    tags: { service: 'shop' },
    fields: {
      version: string('1.2 "beta" \\ rc'),
      notes: string('a line, with = signs, and ünïcödé'),
      value: boolean(false),
    },
  },
  { measurement: 'only_text', tags: {}, fields: { message: string('hello') } },
  {
    measurement: 'edges',
    tags: {},
    fields: {
      whole: float(3),
      none: float(0),
      large: float(Number.MAX_VALUE),
      tiny: float(Number.MIN_VALUE),
      'a field, too': float(0.1),
    },
  },
];

/** `from` in nanoseconds; each point is one later, so that wide times are told apart too. */
export function pointsFor(ability: Ability, sender: string, from: bigint): readonly Point[] {
  const said = shapes.filter(
    ({ measurement }) => ability.anyMeasurement || !/[, ]/.test(measurement),
  );
  return said.map(({ measurement, tags, fields }, index) => ({
    measurement,
    tags: { ...tags, sender },
    fields: Object.fromEntries(
      Object.entries(fields).filter(([, field]) => canSay(ability, field)),
    ),
    ns: from + BigInt(index),
  }));
}

function canSay({ unsigned: isUnsigned, integers }: Ability, { kind, value }: Field): boolean {
  if (kind === 'unsigned') return isUnsigned;
  return kind !== 'integer' || (value >= integers[0] && value <= integers[1]);
}

/** As `influx -import` and Telegraf read it, with a time in nanoseconds. */
export function lineOf({ measurement, tags, fields, ns }: Point): string {
  const name = measurement.replace(/[, ]/g, '\\$&');
  const set = Object.entries(tags).map(([key, value]) => `,${escaped(key)}=${escaped(value)}`);
  const values = Object.entries(fields).map(
    ([key, field]) => `${escaped(key)}=${fieldText(field)}`,
  );
  return `${name}${set.join('')} ${values.join(',')} ${ns}`;
}

function escaped(text: string): string {
  return text.replace(/[,= ]/g, '\\$&');
}

function fieldText({ kind, value }: Field): string {
  if (kind === 'integer') return `${value}i`;
  if (kind === 'unsigned') return `${value}u`;
  if (kind === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  return String(value);
}

/** A row a number or boolean, and one for all the strings of a point, which was sent to `place`. */
export function rowsOf(point: Point, place: Readonly<Record<string, string>>): readonly Row[] {
  const fields = Object.entries(point.fields);
  const numbers = fields.flatMap(([name, field]) =>
    field.kind === 'string'
      ? []
      : [{ ...commonOf(point, name, digitsOf(field), place), ...valuesOf(field) }],
  );
  const strings = fields.flatMap(([name, field]) =>
    field.kind === 'string' ? [[name, field.value]] : [],
  );
  if (strings.length === 0) return numbers;
  const info = commonOf(point, 'info', Object.fromEntries(strings), place);
  return [...numbers, { ...info, value: '1' }];
}

function commonOf(
  { measurement, tags, ns }: Point,
  field: string,
  more: Readonly<Record<string, string>>,
  place: Readonly<Record<string, string>>,
) {
  const { host, service, ...attributes } = tags;
  return {
    metric: field === 'value' ? measurement : `${measurement}_${field}`,
    service: service ?? '',
    resource: mapText({
      ...place,
      ...(host === undefined ? {} : { 'host.name': host }),
      ...(service === undefined ? {} : { 'service.name': service }),
    }),
    attributes: mapText({ ...attributes, ...more }),
    time: String(ns),
  };
}

/** What 64 bits with a sign cannot hold is exact in an attribute. */
function digitsOf({ value }: Field): Readonly<Record<string, string>> {
  const isWide = typeof value === 'bigint' && value > int64Max;
  return isWide ? { 'influxdb.uint64': String(value) } : {};
}

function valuesOf({ kind, value }: Field): Pick<Row, 'value' | 'valueType' | 'valueInt'> {
  if (kind === 'float') return { value: String(value), valueType: 'Double', valueInt: '0' };
  const exact = BigInt(value);
  const rounded = String(Number(exact));
  if (exact > int64Max) return { value: rounded, valueType: 'Double', valueInt: '0' };
  return { value: rounded, valueType: 'Int', valueInt: String(exact) };
}

export function mapText(map: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/**
 * DogStatsD read the plain way, with strings, splits and regular expressions: what the parser is
 * compared with. Texts are Latin-1, one character a byte, so that nothing is lost.
 */
import type { IgnoredPart, LineFault } from '../parse/counts.ts';
import { type LineParser, lineKind } from '../parse/line-parser.ts';
import { typeNames } from '../parse/metric-types.ts';

export type Read =
  | { readonly kind: 'fault'; readonly fault: LineFault }
  | {
      readonly kind: 'metric';
      readonly name: string;
      readonly type: string;
      /** Of a set its member, else the numbers. */
      readonly values: string | readonly number[];
      /** Which of the numbers change a gauge. */
      readonly changes: readonly boolean[];
      readonly rate: number;
      readonly seconds: number;
      readonly tags: string;
      readonly origin: string;
      readonly external: string;
    }
  | { readonly kind: 'event' | 'service_check'; readonly fields: unknown };

export type Reading = { readonly lines: readonly Read[]; readonly ignored: Record<string, number> };

const types: Readonly<Record<string, string>> = {
  c: 'count',
  g: 'gauge',
  s: 'set',
  h: 'histogram',
  ms: 'timer',
  d: 'distribution',
};

class Wrong extends Error {
  readonly fault: LineFault;
  constructor(fault: LineFault) {
    super(fault);
    this.fault = fault;
  }
}

/** All lines of a datagram by the oracle. */
export function readPlainly(bytes: Uint8Array, isPlain: boolean): Reading {
  const ignored: Record<string, number> = {};
  const ignore = (part: IgnoredPart): void => {
    ignored[part] = (ignored[part] ?? 0) + 1;
  };
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '')
    .map((line): Read => {
      try {
        if (line.startsWith('_e{')) return { kind: 'event', fields: event(line, ignore) };
        if (line.startsWith('_sc|')) return { kind: 'service_check', fields: check(line, ignore) };
        return metric(line, isPlain, ignore);
      } catch (error) {
        if (!(error instanceof Wrong)) throw error;
        return { kind: 'fault', fault: error.fault };
      }
    });
  return { lines, ignored };
}

/** The same by the parser. Faults are told by what was counted for the line. */
export function readByParser(parser: LineParser, bytes: Uint8Array): Reading {
  const { counts } = parser;
  const before = Float64Array.from(counts.ignored);
  const lines: Read[] = [];
  for (const line of splitLines(bytes)) {
    const faults = Float64Array.from(counts.faults);
    parser.open(line, new DataView(line.buffer, line.byteOffset, line.length), 0, line.length);
    const kind = parser.next();
    const place = counts.faults.findIndex((count, index) => count !== faults[index]);
    if (place >= 0) lines.push({ kind: 'fault', fault: faultNames[place]! });
    else if (kind !== lineKind.end) lines.push(described(parser, kind));
  }
  const ignored: Record<string, number> = {};
  counts.ignored.forEach((count, index) => {
    if (count > before[index]!) ignored[partNames[index]!] = count - before[index]!;
  });
  return { lines, ignored };
}

/** All lines that are not faulty, read in one go. */
export function readTogether(parser: LineParser, bytes: Uint8Array): readonly Read[] {
  const lines: Read[] = [];
  parser.open(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  for (let kind = parser.next(); kind !== lineKind.end; kind = parser.next()) {
    lines.push(described(parser, kind));
  }
  return lines;
}

/** What the parser stands at. */
export function described(parser: LineParser, kind: number): Read {
  const { source } = parser;
  const text = (from: number, end: number): string =>
    Buffer.from(source.subarray(from, end)).toString('latin1');
  if (kind === lineKind.event) return { kind: 'event', fields: parser.event };
  if (kind === lineKind.serviceCheck) return { kind: 'service_check', fields: parser.serviceCheck };
  const type = typeNames[parser.type]!;
  const { valueCount, values, changes } = parser;
  return {
    kind: 'metric',
    name: text(parser.nameFrom, parser.nameEnd),
    type,
    values:
      type === 'set'
        ? text(parser.valueFrom, parser.valueEnd)
        : [...values.subarray(0, valueCount)],
    changes: [...changes.subarray(0, valueCount)].map((change) => type === 'gauge' && change === 1),
    rate: parser.rate,
    seconds: parser.timestampSeconds,
    tags: text(parser.tagsFrom, parser.tagsEnd),
    origin: text(parser.originFrom, parser.originEnd),
    external: text(parser.externalFrom, parser.externalEnd),
  };
}

const faultNames: readonly LineFault[] = [
  'form',
  'name',
  'value',
  'not_finite',
  'out_of_range',
  'type',
  'rate',
  'timestamp',
  'event',
  'service_check',
];
const partNames: readonly IgnoredPart[] = [
  'unknown_field',
  'timestamp_of_type',
  'event_field',
  'service_check_field',
];

/** Lines with their newlines. */
function splitLines(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const newline = bytes.indexOf(0x0a, from);
    const end = newline < 0 ? bytes.length : newline + 1;
    lines.push(bytes.subarray(from, end));
    from = end;
  }
  return lines;
}

function metric(line: string, isPlain: boolean, ignore: (part: IgnoredPart) => void): Read {
  const [head = '', letters, ...fields] = line.split('|');
  const colon = head.indexOf(':');
  if (colon < 0) throw new Wrong('form');
  if (colon === 0) throw new Wrong('name');
  if (letters === undefined) throw new Wrong('form');
  const raw = head.slice(colon + 1);
  if (raw === '') throw new Wrong('value');
  const type = types[letters];
  if (type === undefined) throw new Wrong('type');
  const texts = type === 'set' ? [] : raw.split(':').filter((text) => text !== '');
  if (type !== 'set' && texts.length === 0) throw new Wrong('value');
  const read = {
    kind: 'metric' as const,
    name: head.slice(0, colon),
    type,
    values: type === 'set' ? raw : texts.map(numberOf),
    changes: texts.map((text) => isPlain && type === 'gauge' && /^[+-]/.test(text)),
    rate: 1,
    seconds: 0,
    tags: '',
    origin: '',
    external: '',
  };
  for (const field of fields) {
    if (field.startsWith('#')) read.tags = field.slice(1);
    else if (field.startsWith('@')) read.rate = rateOf(field.slice(1));
    else if (field.startsWith('T')) read.seconds = secondsOf(field.slice(1), 'timestamp');
    else if (field.startsWith('c:')) read.origin = field.slice(2);
    else if (field.startsWith('e:')) read.external = field.slice(2);
    else if (!field.startsWith('card:')) ignore('unknown_field');
  }
  if (type === 'gauge' || type === 'set') read.rate = 1;
  if (read.seconds > 0 && type !== 'gauge' && type !== 'count') {
    read.seconds = 0;
    ignore('timestamp_of_type');
  }
  return read;
}

function numberOf(text: string): number {
  if (/^([+-]?inf(inity)?|nan)$/i.test(text)) throw new Wrong('not_finite');
  if (text.length > 512) throw new Wrong('value');
  const hex = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)p([+-]?\d+)$/i.exec(text);
  let value: number;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) value = Number(text);
  else if (hex !== null && `${hex[2]}${hex[3]}` !== '') {
    // Exact for the few digits that samples have; long ones are Go's to judge (number.test.ts).
    const digits = `${hex[2]}${hex[3]}`;
    if (digits.length > 12) throw new Wrong('value');
    const power = Math.max(-5000, Math.min(5000, Number(hex[4]))) - 4 * hex[3]!.length;
    value = Number.parseInt(digits, 16);
    for (let step = Math.abs(power); step > 0; step -= 1) value *= power < 0 ? 0.5 : 2;
    if (hex[1] === '-') value = -value;
  } else throw new Wrong('value');
  if (Math.abs(value) > 2 ** 938) throw new Wrong('out_of_range');
  return value + 0;
}

function rateOf(text: string): number {
  let rate: number;
  try {
    rate = numberOf(text);
  } catch (error) {
    if (error instanceof Wrong) throw new Wrong('rate');
    throw error;
  }
  if (rate < 2 ** -32 || rate > 1) throw new Wrong('rate');
  return rate;
}

function secondsOf(text: string, fault: LineFault): number {
  const isNumber = /^\+?\d{1,20}$/.test(text);
  const seconds = isNumber ? Number(text) : 0;
  if (seconds < 1 || seconds > 9_223_372_036) throw new Wrong(fault);
  return seconds;
}

const utf8 = (text: string): string => Buffer.from(text, 'latin1').toString('utf8');
const unescaped = (text: string): string => utf8(text).replace(/\\n/g, '\n');
const tagsOf = (text: string): string[] => utf8(text).split(',').filter(Boolean);

function event(line: string, ignore: (part: IgnoredPart) => void): unknown {
  const head = /^_e\{(\d{1,9}),(\d{1,9})\}:/.exec(line);
  if (head === null) throw new Wrong('event');
  const rest = line.slice(head[0].length);
  const title = rest.slice(0, Number(head[1]));
  const text = rest.slice(title.length + 1, title.length + 1 + Number(head[2]));
  const isWhole = title.length === Number(head[1]) && text.length === Number(head[2]);
  const tail = rest.slice(title.length + 1 + text.length);
  if (!isWhole || title === '' || rest[title.length] !== '|') throw new Wrong('event');
  if (tail !== '' && tail[0] !== '|') throw new Wrong('event');
  const fields = {
    title: unescaped(title),
    text: unescaped(text),
    priority: 'normal',
    alertType: 'info',
    timestampSeconds: 0,
    host: '',
    aggregationKey: '',
    sourceType: '',
    tags: [] as string[],
    origin: '',
    external: '',
  };
  for (const field of tail.split('|').slice(1)) {
    const value = utf8(field.slice(2));
    if (field.startsWith('#')) fields.tags = tagsOf(field.slice(1));
    else if (field.startsWith('h:')) fields.host = value;
    else if (field.startsWith('k:')) fields.aggregationKey = value;
    else if (field.startsWith('s:')) fields.sourceType = value;
    else if (field.startsWith('c:')) fields.origin = value;
    else if (field.startsWith('e:')) fields.external = value;
    else if (/^p:(normal|low)$/.test(field)) fields.priority = value;
    else if (/^t:(error|warning|info|success)$/.test(field)) fields.alertType = value;
    else if (isTime(field)) fields.timestampSeconds = Number(field.slice(2));
    else if (!field.startsWith('card:')) ignore('event_field');
  }
  return fields;
}

function check(line: string, ignore: (part: IgnoredPart) => void): unknown {
  const [, name = '', status = '', ...rest] = line.split('|');
  if (name === '' || !/^[0-3]$/.test(status)) throw new Wrong('service_check');
  const fields = {
    name: utf8(name),
    status: Number(status),
    timestampSeconds: 0,
    host: '',
    message: '',
    tags: [] as string[],
    origin: '',
    external: '',
  };
  for (const field of rest) {
    const value = utf8(field.slice(2));
    if (field.startsWith('#')) fields.tags = tagsOf(field.slice(1));
    else if (field.startsWith('h:')) fields.host = value;
    else if (field.startsWith('m:')) fields.message = unescaped(field.slice(2));
    else if (field.startsWith('c:')) fields.origin = value;
    else if (field.startsWith('e:')) fields.external = value;
    else if (isTime(field)) fields.timestampSeconds = Number(field.slice(2));
    else if (!field.startsWith('card:')) ignore('service_check_field');
  }
  return fields;
}

function isTime(field: string): boolean {
  if (!/^d:\+?\d{1,20}$/.test(field)) return false;
  const seconds = Number(field.slice(2));
  return seconds >= 1 && seconds <= 9_223_372_036;
}

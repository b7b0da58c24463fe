/**
 * Another reader of line protocol, for tests: strings and regular expressions, slow and obvious,
 * written from the rules and not from the code beside. Bodies are latin1 strings, a character a
 * byte.
 */

type OraclePoint = {
  /** As in OTLP's data point. */
  readonly as_double?: number;
  readonly as_int?: string;
};

export type OracleItem = {
  readonly name: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly attributes: readonly (readonly [string, string])[];
  readonly value: OraclePoint;
  /** Nanoseconds; undefined for the receive time. */
  readonly timeNs: bigint | undefined;
};

type OracleRead = {
  readonly items: readonly OracleItem[];
  /** First physical line, counted from 1, and how many of them. */
  readonly bad: readonly (readonly [number, number])[];
};

const measurementPattern = /^(?:\\[, \\]|\\(?![, \\])|[^, \\\n])+/;
const namePattern = /^(?:\\[,= \\]|\\(?![,= \\])|[^,= \\\n])+/;
const stringPattern = /^"((?:\\["\\]|\\(?!["\\])|[^"\\])*)"/;
const floatPattern = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const resourceKeys: Readonly<Record<string, string>> = {
  service: 'service.name',
  'service.name': 'service.name',
  host: 'host.name',
  env: 'deployment.environment.name',
  version: 'service.version',
};
const unitNs: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const latestNs = 2n ** 63n - 2n;

/** What `text` should become; `isStored` says which times are. */
export function readByOracle(
  text: string,
  precision: string,
  isStored: (timeNs: bigint) => boolean,
): OracleRead {
  const items: OracleItem[] = [];
  const bad: [number, number][] = [];
  let at = 0;
  for (;;) {
    const blank = /^(?:[ \t\r\n]+|#[^\n]*)*/.exec(text.slice(at));
    at += blank?.[0].length ?? 0;
    if (at >= text.length) return { items, bad };
    const whole = logicalLine(text.slice(at));
    const parsed = parseLine(whole.replace(/\r$/, ''), precision, isStored);
    if (parsed === undefined) {
      bad.push([text.slice(0, at).split('\n').length, whole.split('\n').length]);
    } else items.push(...parsed);
    at += whole.length + 1;
  }
}

/** Up to a line feed that is in no string, a string being what follows `=` behind a space. */
function logicalLine(text: string): string {
  let line = '';
  let rest = text;
  let hasFields = false;
  while (rest !== '' && !rest.startsWith('\n')) {
    let taken = /^\\[^\n]/.exec(rest)?.[0] ?? rest.slice(0, 1);
    if (taken === ' ') hasFields = true;
    const string = taken === '=' && hasFields ? stringPattern.exec(rest.slice(1)) : null;
    if (string !== null) taken += string[0];
    line += taken;
    rest = rest.slice(taken.length);
  }
  return line;
}

function unescape(text: string, special: string): string {
  return text.replace(/\\([\s\S])/g, (both, char) => (special.includes(char) ? char : both));
}

const unescapeName = (text: string): string => unescape(text, ',= \\');

function parseLine(
  line: string,
  precision: string,
  isStored: (timeNs: bigint) => boolean,
): readonly OracleItem[] | undefined {
  const measurement = measurementPattern.exec(line)?.[0];
  if (measurement === undefined) return undefined;
  let rest = line.slice(measurement.length);
  const tags: [string, string][] = [];
  while (rest.startsWith(',')) {
    const key = namePattern.exec(rest.slice(1))?.[0];
    if (key === undefined || rest[1 + key.length] !== '=') return undefined;
    const value = namePattern.exec(rest.slice(key.length + 2))?.[0];
    if (value === undefined) return undefined;
    tags.push([unescapeName(key), unescapeName(value)]);
    rest = rest.slice(key.length + value.length + 2);
  }
  const keySize = line.length - rest.length;
  if (tags.length > 0 && keySize > 65_535) return undefined;
  if (!rest.startsWith(' ')) return undefined;
  const keys = tags.map(([key]) => key);
  if (new Set(keys).size < keys.length) return undefined;
  if (keys.some((key) => ['time', '_field', '_measurement'].includes(key))) return undefined;
  const read = parseFields(rest.replace(/^[ \t]+/, ''));
  if (read === undefined) return undefined;
  const time = parseTime(read.rest, precision);
  if (time === undefined) return undefined;
  if (time !== 'none' && !isStored(time)) return undefined;
  const timeNs = time === 'none' ? undefined : time;
  return itemsOf(unescape(measurement, ', \\'), tags, read.fields, timeNs);
}

type OracleField = { readonly key: string; readonly value: OraclePoint | string; text: string };

function parseFields(
  text: string,
): { readonly fields: readonly OracleField[]; readonly rest: string } | undefined {
  const fields: OracleField[] = [];
  let rest = text;
  for (;;) {
    const key = namePattern.exec(rest)?.[0];
    if (key === undefined || rest[key.length] !== '=') return undefined;
    if (key === 'time') return undefined;
    rest = rest.slice(key.length + 1);
    const string = stringPattern.exec(rest);
    const word = string?.[0] ?? /^[^, ]*/.exec(rest)?.[0] ?? '';
    const value = string === null ? scalarOf(word) : unescape(string[1] ?? '', '"\\');
    if (value === undefined) return undefined;
    fields.push({ key: unescapeName(key), value, text: word });
    rest = rest.slice(word.length);
    if (rest === '' || rest.startsWith(' ')) return { fields, rest };
    if (!rest.startsWith(',')) return undefined;
    rest = rest.slice(1);
  }
}

function scalarOf(word: string): OraclePoint | undefined {
  if (/^(t|T|true|True|TRUE)$/.test(word)) return { as_int: '1' };
  if (/^(f|F|false|False|FALSE)$/.test(word)) return { as_int: '0' };
  if (/^-?\d+i$/.test(word)) {
    const value = BigInt(word.slice(0, -1));
    return BigInt.asIntN(64, value) === value ? { as_int: String(value) } : undefined;
  }
  if (/^-?\d+u$/.test(word)) {
    const value = BigInt(word.slice(0, -1));
    if (BigInt.asUintN(64, value) !== value) return undefined;
    const isSigned = BigInt.asIntN(64, value) === value;
    return isSigned ? { as_int: String(value) } : { as_double: Number(value) };
  }
  if (!floatPattern.test(word) || !Number.isFinite(Number(word))) return undefined;
  return { as_double: Number(word) };
}

function parseTime(text: string, precision: string): bigint | 'none' | undefined {
  const word = text.replace(/^[ \t]+|[ \t]+$/g, '');
  if (word === '') return 'none';
  if (!/^-?\d+$/.test(word)) return undefined;
  const number = BigInt(word);
  const size = number < 0n ? -number : number;
  const guessed = size < 5_000_000_000n ? 's' : size < 5_000_000_000_000n ? 'ms' : undefined;
  const auto = guessed ?? (size < 5_000_000_000_000_000n ? 'us' : 'ns');
  const timeNs = number * (unitNs[precision === 'auto' ? auto : precision] ?? 1n);
  return timeNs > latestNs || timeNs < -latestNs ? undefined : timeNs;
}

function itemsOf(
  measurement: string,
  tags: readonly (readonly [string, string])[],
  fields: readonly OracleField[],
  timeNs: bigint | undefined,
): readonly OracleItem[] {
  const resource: Record<string, string> = {};
  const attributes: (readonly [string, string])[] = [];
  const hasBoth = tags.some(([key]) => key === 'service.name');
  for (const [key, value] of tags) {
    const name = key === 'service' && hasBoth ? undefined : resourceKeys[key];
    if (name === undefined) attributes.push([key, value]);
    else resource[name] = value;
  }
  const sorted = (pairs: readonly (readonly [string, string])[]): OracleItem['attributes'] =>
    [...pairs].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
  const items = fields.flatMap(({ key, value, text }): readonly OracleItem[] => {
    if (typeof value === 'string') return [];
    const isExact = text.endsWith('u') && value.as_double !== undefined;
    const digits: readonly (readonly [string, string])[] = isExact
      ? [['influxdb.uint64', String(BigInt(text.slice(0, -1)))]]
      : [];
    const name = key === 'value' ? measurement : `${measurement}_${key}`;
    return [{ name, resource, attributes: sorted([...attributes, ...digits]), value, timeNs }];
  });
  const strings = fields.filter((field) => typeof field.value === 'string');
  if (strings.length === 0) return items;
  const taken = new Set(attributes.map(([key]) => key));
  const named = strings.map(({ key, value }) => [key, String(value)] as const);
  const info = sorted([...attributes, ...named]).map((pair) => {
    const isField = named.includes(pair as (typeof named)[number]);
    return isField && taken.has(pair[0]) ? ([`${pair[0]}_1`, pair[1]] as const) : pair;
  });
  const name = `${measurement}_info`;
  return [...items, { name, resource, attributes: info, value: { as_int: '1' }, timeNs }];
}

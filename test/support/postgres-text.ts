/**
 * What PostgreSQL prints for a value, made of what ClickHouse prints for it in
 * JSONCompactEachRow (see `jsonSettings`): the two are compared as text, and neither side has seen
 * our decoders. Texts are latin1, so that bytes stay bytes.
 */

/** Settings under which ClickHouse's JSON keeps every digit. */
export const jsonSettings: Readonly<Record<string, string>> = {
  output_format_json_quote_decimals: '1',
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_denormals: '1',
  output_format_json_named_tuples_as_objects: '0',
  output_format_decimal_trailing_zeros: '1',
  output_format_json_escape_forward_slashes: '0',
  enable_time_time64_type: '1',
};

/** @param source the type in PostgreSQL, by `format_type` */
export function postgresText(value: unknown, type: string, source: string): string | null {
  const plain = type.replace(/^LowCardinality\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
  if (value === null) return null;
  if (/^Array\(/.test(plain)) return arrayText(value as unknown[], plain, source);
  if (/^Map\(/.test(plain)) return hstoreText(value as Record<string, string | null>);
  if (plain === 'Point') return `(${(value as number[]).join(',')})`;
  if (/^Tuple\(/.test(plain)) return tupleText(value as unknown[], plain, source);
  return scalarText(value, plain, source);
}

function scalarText(value: unknown, type: string, source: string): string {
  const text = String(value);
  if (type === 'Bool') return value === true ? 't' : 'f';
  if (source === 'bytea') return `\\x${Buffer.from(text, 'latin1').toString('hex')}`;
  if (/^Float/.test(type)) return Object.is(value, -0) ? '-0' : floatText(text);
  if (/^DateTime64/.test(type)) {
    return `${withoutZeros(text)}${source.includes('with time zone') ? '+00' : ''}`;
  }
  if (/^Time64/.test(type)) return withoutZeros(text);
  return text;
}

/** Numbers are compared as numbers: one prints 1e+300, the other 1e300. */
export function floatText(text: string): string {
  const names: Readonly<Record<string, string>> = {
    nan: 'NaN',
    inf: 'Infinity',
    '-inf': '-Infinity',
  };
  const name = names[text] ?? text;
  return /^-?\d/.test(name) ? printNumber(Number(name)) : name;
}

function printNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function withoutZeros(text: string): string {
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

function arrayText(values: readonly unknown[], type: string, source: string): string {
  const inner = type.slice('Array('.length, -1);
  const element = source.replace(/(\[\])+$/, '');
  const isRanges = source.endsWith('multirange');
  const texts = values.map((value) => {
    const text = postgresText(value, inner, isRanges ? source.replace('multi', '') : element);
    if (text === null) return 'NULL';
    return inner.startsWith('Array(') || isRanges ? text : quoteElement(text);
  });
  if (source === 'polygon') return `(${texts.map((text) => text.replaceAll('"', '')).join(',')})`;
  // A stand-in of the tests for pgvector's: a composite.
  if (source === 'vector') return `(${texts.join(',')})`;
  // The one type whose arrays are not separated by commas, and so not quoted.
  if (element === 'box') return `{${values.join(';')}}`;
  return `{${texts.join(',')}}`;
}

function quoteElement(text: string): string {
  if (text !== '' && !/[{}",\\\s]/.test(text) && text.toUpperCase() !== 'NULL') return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function hstoreText(map: Readonly<Record<string, string | null>>): string {
  const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
  return Object.entries(map)
    .map(([key, value]) => `${quote(key)}=>${value === null ? 'NULL' : quote(value)}`)
    .join(', ');
}

function tupleText(values: readonly unknown[], type: string, source: string): string {
  const parts = splitParts(type.slice('Tuple('.length, -1));
  if (parts[2]?.[0] === 'bounds') {
    const [lower, upper, bounds] = values as [unknown, unknown, string];
    if (bounds === 'empty') return bounds;
    const text = (value: unknown, part: number): string => {
      const printed = postgresText(value, parts[part]?.[1] ?? '', boundOf(source)) ?? '';
      return /[\s,()[\]"\\]/.test(printed) ? `"${printed}"` : printed;
    };
    return `${bounds[0] ?? ''}${text(lower, 0)},${text(upper, 1)}${bounds[1] ?? ''}`;
  }
  const texts = values.map((value, index) => {
    const text = postgresText(value, parts[index]?.[1] ?? '', '');
    if (text === null) return '';
    const isQuoted = text === '' || /[\s,()"\\]/.test(text);
    return isQuoted ? `"${text.replace(/["\\]/g, '$&$&')}"` : text;
  });
  return `(${texts.join(',')})`;
}

function boundOf(range: string): string {
  return range.startsWith('tstz') ? 'timestamp with time zone' : '';
}

/** Names and types of a named tuple's parts. */
function splitParts(text: string): readonly (readonly [string, string])[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const mark = text[at];
    if (mark === '(') depth += 1;
    if (mark === ')') depth -= 1;
    if (mark !== undefined && (mark !== ',' || depth > 0)) continue;
    parts.push(text.slice(start, at).trim());
    start = at + 1;
  }
  return parts.map((part) => {
    const [, name = '', type = part] = /^(`[^`]*`|\w+) (.*)$/.exec(part) ?? [];
    return [name, type] as const;
  });
}

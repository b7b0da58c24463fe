/** What the engine sends as Native, read by us, against what it prints of the same rows. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startEngine, type TestEngine } from '../../test/support/engine.ts';
import { quoteText } from '../sql.ts';
import { type MapEntry, readBlock } from './read.ts';

const attributes = 'Map(LowCardinality(String), String)';
const types = [
  ...['Bool', 'Int8', 'UInt8', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64'],
  ...['Float32', 'Float64', 'String', 'LowCardinality(String)'],
  ...["Enum8('Int' = -2, 'None' = 0, 'Double' = 1)", 'Array(String)', 'Array(Float64)'],
  ...['Array(UInt64)', 'Array(LowCardinality(String))', `Array(${attributes})`, attributes],
  ...['Map(LowCardinality(String), UInt64)', 'Array(Array(Int32))'],
  ...['DateTime', "DateTime64(9, 'UTC')", "Array(DateTime64(9, 'UTC'))"],
];
const structure = types.map((type, at) => `c${at} ${type}`).join(', ');
const rows = 300;

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

async function ask(sql: string): Promise<Buffer> {
  const settings = new URLSearchParams({
    allow_suspicious_low_cardinality_types: '1',
    output_format_json_quote_64bit_integers: '1',
    output_format_json_quote_denormals: '1',
    output_format_json_named_tuples_as_objects: '0',
    output_format_json_map_as_array_of_tuples: '1',
    date_time_output_format: 'unix_timestamp',
    bool_true_representation: 'true',
    query: sql,
  });
  const response = await fetch(`${engine.url}/?${settings}`, { method: 'POST' });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (!response.ok) throw new Error(bytes.toString());
  return bytes;
}

it('reads what the engine wrote, of every type of ours, row by row', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const from = `generateRandom(${quoteText(structure)}, ${seed}, 12, 4) LIMIT ${rows}`;
  await ask(`CREATE TABLE reading ENGINE = Memory AS SELECT * FROM ${from}`);
  const select = 'SELECT * FROM reading';
  const columns = readBlock([await ask(`${select} FORMAT Native`)]);
  const printed = (await ask(`${select} FORMAT JSONCompactEachRow`)).toString().trimEnd();
  // JavaScript has one NaN, of no sign.
  const lines = printed.replaceAll('"-nan"', '"nan"').split('\n');
  expect({ seed, types: columns.map(({ type }) => type) }).toEqual({ seed, types });
  expect({ seed, rows: lines.length }).toEqual({ seed, rows });
  for (const [row, line] of lines.entries()) {
    const read = columns.map(({ type, values }) => asPrinted(type, values[row]));
    expect({ seed, row, values: read }).toEqual({ seed, row, values: wantedOf(line) });
  }
});

/** Digits of a number of 32 bits stand for the nearest such number. */
function wantedOf(line: string): readonly unknown[] {
  return (JSON.parse(line) as readonly unknown[]).map((value, at) =>
    types[at] === 'Float32' && typeof value === 'number' ? Math.fround(value) : value,
  );
}

/** As the engine writes it in JSON: 64 bits as text, times as text of seconds. */
function asPrinted(type: string, value: unknown): unknown {
  if (type.startsWith('Array(')) {
    return Array.from(value as ArrayLike<unknown>, (one) => asPrinted(type.slice(6, -1), one));
  }
  if (type.startsWith('Map(')) {
    const inner = type.slice('Map(LowCardinality(String), '.length, -1);
    return (value as readonly MapEntry[]).map((one) => [one.key, asPrinted(inner, one.value)]);
  }
  if (type.startsWith('DateTime64(')) return ticksText(value as bigint);
  if (type.startsWith('DateTime')) return String(value);
  if (typeof value === 'bigint') return String(value);
  if (type !== 'Float32' && type !== 'Float64') return value;
  const number = value as number;
  if (Number.isFinite(number)) return number;
  return Number.isNaN(number) ? 'nan' : number > 0 ? 'inf' : '-inf';
}

function ticksText(ticks: bigint): string {
  const second = 1_000_000_000n;
  const whole = ticks / second;
  const rest = ticks % second;
  const sign = ticks < 0n && whole === 0n ? '-' : '';
  return `${sign}${whole}.${String(rest < 0n ? -rest : rest).padStart(9, '0')}`;
}

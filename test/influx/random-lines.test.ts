/**
 * Random lines to a real InfluxDB 1.6 and to our reader: what either takes, and which points come
 * of it. Left out are the differences that the README of `gateway/decode/influx` names.
 */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { pointsOf } from '../../gateway/decode/influx/testdata/points.ts';
import { isMalformed } from '../../gateway/decode/wire.ts';
import { describeWithPeer } from '../support/peer.ts';
import { type Random, seededRandom } from '../support/random.ts';
import { type Influxdb, startInfluxdb } from './influxdb.ts';
import type { Field, Point } from './points.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const lineCount = 400;
const startMsMax = 90_000;

const pick = (random: Random, list: readonly string[]): string =>
  list[random.below(list.length)] ?? '';
const times = (random: Random, most: number, make: () => string): string =>
  Array.from({ length: random.below(most + 1) }, make).join('');

/** In names: InfluxDB 1 keeps two backslashes, and unescapes `\=` in a measurement. */
const pieces = ['a', 'B', '0', '_', '-', '.', '"', '#', "'", 'é', '☀', '\\n', '\\,', '\\ '];

function name(random: Random): string {
  const more = [...pieces, '\\='];
  return `${pick(random, ['k', 'v', 'key'])}${times(random, 3, () => pick(random, more))}`;
}

function value(random: Random): string {
  const inside = ['a', ' ', ',', '=', '\\"', '\\\\', '\\n', '#', 'é', '\n', 'i'];
  const quoted = `"${times(random, 6, () => pick(random, inside))}"`;
  const digits = times(random, 19, () => String(random.below(10)));
  const number = `${pick(random, ['', '-'])}${digits}${pick(random, ['', '.', `.${digits}`])}`;
  const power = random.oneIn(4) ? `e${pick(random, ['', '-', '+'])}${random.below(320)}` : '';
  const words = ['t', 'TRUE', 'False', 'f', 'tRUE', 'x', '', '.', '1.5i', '1i', '-0'];
  return pick(random, [quoted, number + power, `${number}i`, pick(random, words)]);
}

/** The measurement's name begins with `first`, so that each line has kinds of fields of its own. */
function line(random: Random, first: string): string {
  const measurement = first + times(random, 3, () => pick(random, pieces));
  const tags = times(random, 3, () => `,${name(random)}=${name(random)}`);
  // Numbered: of a field that comes twice, here are both, there is the last one or a conflict.
  const fields = Array.from(
    { length: 1 + random.below(4) },
    (_, index) => `${name(random)}${index}=${value(random)}`,
  ).join(',');
  const whole = `${measurement}${tags} ${fields} ${1_000_000 + random.below(1000)}`;
  if (!random.oneIn(5)) return whole;
  const at = first.length + random.below(whole.length - first.length);
  return whole.slice(0, at) + pick(random, [',', ' ', '=', '']) + whole.slice(at + 1);
}

/** What we make of a line, or what is wrong with it. */
function ours(text: string): readonly string[] | string {
  try {
    return pointsOf(text, 'precision=ns&partial=no').sort();
  } catch (error) {
    if (isMalformed(error)) return error.message;
    throw error;
  }
}

/** What we should make of what InfluxDB made of it. */
function theirs({ measurement, tags, fields, ns }: Point): readonly string[] {
  const set = (pairs: readonly (readonly [string, string])[]): string => {
    const sorted = pairs.map(([key, text]) => [Buffer.from(key), `${key}=${text}`] as const);
    sorted.sort(([left], [right]) => Buffer.compare(left, right));
    return sorted.length === 0 ? '' : `{${sorted.map(([, text]) => text).join(',')}}`;
  };
  const strings: (readonly [string, string])[] = [];
  const points = Object.entries(fields).flatMap(([key, field]) => {
    if (field.kind !== 'string') {
      return [`${measurement}_${key}${set(Object.entries(tags))} ${numberOf(field)} @${ns}`];
    }
    strings.push([key in tags ? `${key}_1` : key, field.value]);
    return [];
  });
  if (strings.length === 0) return points.sort();
  const all = set([...Object.entries(tags), ...strings]);
  return [...points, `${measurement}_info${all} 1i @${ns}`].sort();
}

function numberOf(field: Field): string {
  if (field.kind === 'boolean') return field.value ? '1i' : '0i';
  // InfluxDB says 0 where it was sent -0.
  return field.kind === 'float' ? String(field.value + 0) : `${field.value}i`;
}

/** Named differences in names: `==`, `\\`, `\"`, and `\=` in a measurement. */
function isNamed(text: string): boolean {
  // A quote behind `\=` is one of a name.
  const names = text.replace(/(?<!\\)="(\\.|[^"\\])*"/gs, '=');
  return /==|\\\\|\\"|^[^ ]*x(\\.|[^,\\])*\\=/.test(names);
}

describeWithPeer('influxdb-1.6', `random lines (SEED=${seed})`, (bin) => {
  let influxdb: Influxdb;

  beforeAll(async () => {
    influxdb = await startInfluxdb(bin);
  }, startMsMax);

  afterAll(async () => {
    await influxdb?.stop();
  });

  it('are taken or refused alike, and become the same points', async () => {
    const random = seededRandom(seed);
    await influxdb.query('CREATE DATABASE random');
    const expected: string[] = [];
    const taken: string[] = [];
    let refused = 0;
    for (let index = 0; index < lineCount; index += 1) {
      const text = line(random, `m${index}x`);
      const { status, text: answer } = await influxdb.write('random', text);
      const points = ours(text);
      const isTaken = typeof points !== 'string';
      if (isNamed(text) || (!isTaken && points.includes('behind a string'))) continue;
      expect({ text, answer, taken: isTaken }).toEqual({
        text,
        answer,
        taken: status === 204,
      });
      if (!isTaken) refused += 1;
      else taken.push(...points.map((point) => point.replace(/ -0(?= @|$)/, ' 0')));
      // Of a text that fell into two lines it may have stored one.
      if (status === 204) expected.push(`m${index}x`);
    }
    const stored = (await influxdb.points('random')).filter(({ measurement }) =>
      expected.includes(/^m\d+x/.exec(measurement)?.[0] ?? ''),
    );
    // Without a time it is that of receipt.
    const points = stored.flatMap(theirs).map((point) => point.replace(/ @\d{13,}$/, ''));
    expect(taken.sort()).toEqual(points.sort());
    expect(refused).toBeGreaterThan(lineCount / 20);
    expect(taken.length).toBeGreaterThan(lineCount / 2);
  });
});

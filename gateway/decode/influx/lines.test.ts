/**
 * Line protocol against another reader of it: the same points, the same bad lines, and the same
 * rows whichever way they take.
 */
import { describe, expect, it } from '@jest/globals';
import { type Random, seededRandom } from '../../../test/support/random.ts';
import { toldLines } from './faults.ts';
import { readByOracle } from './testdata/line-oracle.ts';
import {
  decodeByProtobuf,
  decodeLinesOnce,
  decodeOracle,
  receivedAtNs,
} from './testdata/points.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const bodies = 500;

/** 400 days back, a day ahead: the bounds of blocks without options. */
const isStored = (timeNs: bigint): boolean =>
  timeNs > 0n &&
  timeNs >= receivedAtNs - 400n * 86_400_000_000_000n &&
  timeNs <= receivedAtNs + 86_400_000_000_000n;

const pick = (random: Random, list: readonly string[]): string =>
  list[random.below(list.length)] ?? '';
const times = (random: Random, most: number, make: () => string): string =>
  Array.from({ length: random.below(most + 1) }, make).join('');

const pieces = ['a', 'b', 'Z', '0', '_', '-', '.', '"', '#', "'", '\t', '\r', '\0', '\xc3\xa9'];
const escapes = ['\\,', '\\ ', '\\=', '\\\\', '\\"', '\\n', '\\', '\\\xc3\xa9'];

function name(random: Random): string {
  const known = ['host', 'service', 'service.name', 'env', 'version', 'value', 'time', 'message'];
  if (random.oneIn(4)) return pick(random, known);
  const some = times(random, 4, () => pick(random, random.oneIn(5) ? escapes : pieces));
  return `${pick(random, ['m', 'cpu', 'x', 'y'])}${some}`;
}

function quoted(random: Random): string {
  const inside = [...pieces, ' ', ',', '=', '\n', '\\"', '\\\\', '\\', 'i', '\xff'];
  return `"${times(random, 8, () => pick(random, inside)).replace(/\\$/, '')}"`;
}

function numeric(random: Random): string {
  const digits = times(random, 20, () => String(random.below(10)));
  const whole = ['9223372036854775807', '9223372036854775808', '18446744073709551615', '0', digits];
  const sign = random.oneIn(4) ? '-' : '';
  if (random.oneIn(3)) return `${sign}${pick(random, whole)}${pick(random, ['i', 'u'])}`;
  const fraction = random.oneIn(2) ? `.${times(random, 18, () => String(random.below(10)))}` : '';
  const power = random.oneIn(5)
    ? `${pick(random, ['e', 'E', 'e-', 'e+'])}${random.below(330)}`
    : '';
  return `${sign}${digits}${fraction}${power}`;
}

function value(random: Random): string {
  const words = ['t', 'True', 'FALSE', 'f', 'true', 'tRUE', 'NaN', '-', '1e', '.5', '+1', '', 'x'];
  return [quoted, numeric, numeric, (): string => pick(random, words)][random.below(4)]!(random);
}

function time(random: Random, precision: string): string {
  if (random.oneIn(5)) return '';
  const unit = { ns: 1n, us: 1000n, ms: 10n ** 6n, s: 10n ** 9n, m: 6n * 10n ** 10n }[precision];
  const near = receivedAtNs - BigInt(random.below(2 ** 31)) * 10_000_000_000n;
  const usual = String(near / (unit ?? 3_600_000_000_000n));
  const odd = ['0', '-1', '1.5', '9223372036854775806', '9223372036854775807', 'x', '1 2', '007'];
  return ` ${pick(random, [' ', '', ''])}${random.oneIn(6) ? pick(random, odd) : usual}`;
}

function line(random: Random, precision: string): string {
  if (random.oneIn(12))
    return pick(random, ['', '# a "comment', '   ', '\t#', '\r', ' ', 'm', ',']);
  const tags = times(random, 3, () => `,${name(random)}=${name(random)}`);
  const more = times(random, 3, () => `,${name(random)}=${value(random)}`);
  const fields = `${name(random)}=${value(random)}${more}`;
  const whole = `${name(random)}${tags} ${fields}${time(random, precision)}`;
  // Now and then something is left out or put in.
  if (!random.oneIn(6)) return whole;
  const at = random.below(whole.length);
  return whole.slice(0, at) + pick(random, [',', '=', ' ', '"', '\\', '']) + whole.slice(at + 1);
}

describe(`lines (SEED=${seed})`, () => {
  it('are read as another reader does, straight into rows and by way of OTLP', () => {
    const random = seededRandom(seed);
    const seen = { items: 0, bad: 0 };
    for (let index = 0; index < bodies; index += 1) {
      const precision = pick(random, ['ns', 'us', 'ms', 's', 'm', 'h', 'auto']);
      const ends = pick(random, ['\n', '\r\n']);
      const count = 1 + random.below(16);
      const lines = Array.from({ length: count }, () => line(random, precision));
      const text = lines.join(ends) + pick(random, ['', ends]);
      const body = new Uint8Array(Buffer.from(text, 'latin1'));
      const expected = readByOracle(text, precision, isStored);
      const { result, rows } = decodeLinesOnce(body, `precision=${precision}`);
      const about = { body: text, result, ...expected };
      const rejected = expected.bad.reduce((sum, [, physical]) => sum + physical, 0);
      seen.items += expected.items.length;
      seen.bad += rejected;
      if (result.outcome === 'malformed') {
        expect({ ...about, items: expected.items.length }).toMatchObject({ items: 0 });
        expect(toldLines(result.message).map((told) => told.line)).toEqual(
          expected.bad.map(([first]) => first).slice(0, 8),
        );
        continue;
      }
      expect(about).toMatchObject({ result: { accepted: expected.items.length, rejected } });
      const oracle = decodeOracle(expected.items);
      expect({ ...about, rows }).toEqual({ ...about, rows: oracle.rows });
      if (result.outcome === 'decoded' && result.accepted > 0) {
        expect({ ...about, rows: decodeByProtobuf(body, `precision=${precision}`).rows }).toEqual({
          ...about,
          rows,
        });
      }
    }
    // Not all of one kind, or the comparison would say little.
    expect(seen.items).toBeGreaterThan(bodies);
    expect(seen.bad).toBeGreaterThan(bodies);
  });

  it('of many senders on many days in one body are each stored under their own', () => {
    const random = seededRandom(seed);
    const dayNs = 86_400_000_000_000n;
    for (let index = 0; index < 60; index += 1) {
      const hosts = 1 + random.below(400);
      const lines = Array.from({ length: 300 }, () => {
        const day = random.oneIn(3) ? BigInt(random.below(4)) : 0n;
        const host = random.oneIn(9) ? '' : `,host=web-${random.below(hosts)}`;
        const service = random.oneIn(2) ? '' : `,service=shop${random.below(3)}`;
        const at = receivedAtNs - day * dayNs;
        return `cpu${host}${service},cpu=${random.below(4)} v=${index} ${at}`;
      });
      const text = lines.join('\n');
      const body = new Uint8Array(Buffer.from(text));
      const { items } = readByOracle(text, 'ns', isStored);
      const { rows } = decodeLinesOnce(body);
      expect(items).toHaveLength(lines.length);
      expect(rows).toEqual(decodeOracle(items).rows);
      expect(rows).toEqual(decodeByProtobuf(body).rows);
    }
  });
});

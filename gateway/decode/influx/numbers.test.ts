/** Numbers against JavaScript's own, which read them as strings. */
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../../test/support/random.ts';
import { kindDouble, kindTooLarge, number, readNumber, readTime } from './numbers.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const count = 40_000;
const halves = new Int32Array(2);
const double = new Float64Array(halves.buffer);
const integer = new BigInt64Array(halves.buffer);

function read(text: string): number {
  const bytes = new Uint8Array(Buffer.from(text));
  const end = readNumber(bytes, 0, bytes.length);
  halves[0] = number.low;
  halves[1] = number.high;
  return end;
}

describe(`numbers (SEED=${seed})`, () => {
  const random = seededRandom(seed);
  const digits = (most: number): string =>
    Array.from({ length: random.below(most + 1) }, () => random.below(10)).join('');

  it('are the doubles that JavaScript reads, bit for bit', () => {
    const wrong: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      let text: string;
      if (random.oneIn(3)) {
        // Any bits: the shortest decimal that means them.
        halves[0] = random.below(2 ** 32);
        halves[1] = random.below(2 ** 32);
        text = String(double[0]).replace(/[^-+.e\d]/g, '') || '0';
      } else {
        text = `${random.oneIn(3) ? '-' : ''}${digits(24)}.${digits(24)}`;
        if (random.oneIn(3)) text += `e${random.oneIn(2) ? '-' : ''}${random.below(40)}`;
        if (/^-?\.(e|$)/.test(text)) continue;
      }
      const end = read(text);
      const expected = Number(text);
      const kind = Number.isFinite(expected) ? kindDouble : kindTooLarge;
      const isRight = end === text.length && number.kind === kind;
      if (!isRight || (kind === kindDouble && !Object.is(double[0], expected))) {
        wrong.push([text, end, number.kind, double[0]]);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('round to even between two doubles, and the other way a digit behind', () => {
    for (const text of ['9007199254740993', '9007199254740993.0000000000000000000000001']) {
      expect(read(text)).toBe(text.length);
      expect([text, double[0]]).toEqual([text, Number(text)]);
    }
    expect(Number('9007199254740993')).toBe(9007199254740992);
    for (const text of [
      '0.5000000000000001665334536937735',
      '1.00000000000000011102230246251565',
    ]) {
      read(text);
      expect([text, double[0]]).toEqual([text, Number(text)]);
    }
  });

  it('are whole numbers exactly, up to 64 bits', () => {
    const wrong: unknown[] = [];
    for (let index = 0; index < count; index += 1) {
      const bits = BigInt(random.below(2 ** 32)) * 2n ** 32n + BigInt(random.below(2 ** 32));
      const value = BigInt.asIntN(64, bits >> BigInt(random.below(64)));
      const zeros = '0'.repeat(random.below(3));
      const text = `${String(value).replace(/\d/, (digit) => zeros + digit)}i`;
      if (read(text) !== text.length || integer[0] !== value) wrong.push([text, integer[0]]);
    }
    expect(wrong).toEqual([]);
  });

  it('stop where they end, and are none without a digit', () => {
    expect(read('12,')).toBe(2);
    expect(read('1.5e3 ')).toBe(5);
    expect(read('7i8')).toBe(2);
    expect(read('1.5i')).toBe(3);
    for (const text of ['', '-', '.', '-.', '-.e3', '1e', '1e+', 'i', '+1']) {
      expect([text, read(text)]).toEqual([text, -1]);
    }
  });

  it('of a time are its nanoseconds, or too large', () => {
    const units = { ns: 1n, us: 1000n, ms: 10n ** 6n, s: 10n ** 9n, m: 6n * 10n ** 10n };
    const wrong: unknown[] = [];
    for (let index = 0; index < count / 10; index += 1) {
      for (const [precision, unit] of Object.entries({ ...units, h: 36n * 10n ** 11n })) {
        const text = `${random.oneIn(2) ? '-' : ''}${digits(20)}0`;
        const bytes = new Uint8Array(Buffer.from(text));
        const end = readTime(bytes, 0, bytes.length, precision as never);
        const expected = BigInt(text) * unit;
        const isLarge = expected > 2n ** 63n - 2n || expected < -(2n ** 63n - 2n);
        halves[0] = number.low;
        halves[1] = number.high;
        const isRight = (number.kind === kindTooLarge) === isLarge;
        if (end !== text.length || !isRight || (!isLarge && integer[0] !== expected)) {
          wrong.push([text, precision, integer[0]]);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});

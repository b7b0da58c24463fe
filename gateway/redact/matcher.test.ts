import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Budget, Text } from '../../clickhouse/native/buffers.ts';
import { Matcher } from './matcher.ts';
import { isPatternFault, parsePattern } from './pattern.ts';
import { byteSequences, compileProgram } from './program.ts';

function matcherOf(pattern: string): Matcher {
  return new Matcher(compileProgram(parsePattern(pattern)));
}

/** `value` with a mark in the place of each match; the same when there is none. */
function masked(matcher: Matcher, value: string, mark = '#'): string {
  const source = new Uint8Array(Buffer.from(value));
  const text = new Text(new Budget(2 ** 28));
  const view = new DataView(source.buffer);
  const isMasked = matcher.mask(text, source, view, 0, source.length, Buffer.from(mark));
  return isMasked ? Buffer.from(text.bytes.subarray(0, text.size)).toString() : value;
}

/** The same by trying every end of every start with the platform's engine. */
function expectedMask(pattern: string, value: string): string {
  const chars = [...value];
  const ends = (start: number): number[] => {
    const found: number[] = [];
    for (let end = chars.length; end > start; end -= 1) {
      const whole = new RegExp(`(?:${pattern})(?<=^[^]{${end}})`, 'yu');
      whole.lastIndex = chars.slice(0, start).join('').length;
      if (whole.test(value)) found.push(end);
    }
    return found;
  };
  let out = '';
  for (let at = 0; at < chars.length; ) {
    const [end] = ends(at);
    out += end === undefined ? chars[at] : '#';
    at = end ?? at + 1;
  }
  return out;
}

const atom = fc.constantFrom('a', 'b', '\\d', '\\w', '.', '[ab]', '[^a]', 'é', '[à-ü]', '\\s');
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    atom,
    fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `${left}${right}`),
    fc.tuple(tie('pattern'), tie('pattern')).map(([left, right]) => `(?:${left}|${right})`),
    fc
      .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}'))
      .map(([node, times]) => `(?:${node})${times}`),
    tie('pattern').map((node) => `\\b${node}`),
    tie('pattern').map((node) => `${node}\\b`),
    tie('pattern').map((node) => `^${node}`),
    tie('pattern').map((node) => `(?:${node})$`),
    tie('pattern').map((node) => `(${node})\\B`),
  ),
}));
const value = fc
  .array(fc.constantFrom('a', 'b', '1', '_', ' ', 'é', 'ß', '€', '😀', '\n'), { maxLength: 8 })
  .map((chars) => chars.join(''));

describe('masks', () => {
  it('take the longest match at the leftmost place, as trying every end finds it', () => {
    fc.assert(
      fc.property(pattern, value, (text, given) => {
        expect(masked(matcherOf(text), given)).toBe(expectedMask(text, given));
      }),
      { numRuns: 1000 },
    );
  });

  it('find what people look for', () => {
    const email = matcherOf('[\\w.+-]+@[\\w-]+(\\.[\\w-]+)+');
    expect(masked(email, 'mail jo.doe+x@mail.example.org, now')).toBe('mail #, now');
    const card = matcherOf('\\b\\d{4}[ -]?\\d{4}[ -]?\\d{4}[ -]?\\d{4}\\b');
    expect(masked(card, 'card 4111-1111 1111-1111.')).toBe('card #.');
    expect(masked(card, 'x4111111111111111')).toBe('x4111111111111111');
    expect(masked(matcherOf('(?i)bearer [^ ]+'), 'BeArEr abc.def ok')).toBe('# ok');
    expect(masked(matcherOf('[^a-z]+'), 'añb😀c')).toBe('a#b#c');
  });

  it.each([
    ['(a*)*b', 'a'],
    ['(a|a)*b', 'a'],
    ['(.*)*x', 'y'],
    ['\\w+\\d+\\w+@', '1'],
    ['a|a.*b', 'a'],
  ])('of %s read %s a million times in time that grows with the length', (text, char) => {
    const matcher = matcherOf(text);
    masked(matcher, char.repeat(1000));
    const times = [20_000, 1_000_000].map((length) => {
      const begun = performance.now();
      masked(matcher, char.repeat(length));
      return performance.now() - begun;
    });
    // Fifty times the length: squared would be 2 500 times, and exponential would not end.
    expect(times[1]!).toBeLessThan(1_000 + times[0]! * 500);
  });

  it('take a value whole when finding its matches one by one would take too long', () => {
    const matcher = matcherOf('a|a.*b');
    expect(masked(matcher, 'aaa')).toBe('###');
    expect(masked(matcher, 'a'.repeat(5_000))).toBe('#');
  });

  it('go on after more states than are kept', () => {
    // States that remember which of the last twelve characters were an a: 2^12 of them.
    const matcher = matcherOf('a[ab]{11}x');
    const random = fc.sample(fc.constantFrom('a', 'b'), { seed: 1, numRuns: 20_000 }).join('');
    expect(masked(matcher, random)).toBe(random);
    expect(masked(matcher, `${random}abababababab${'x'}`)).toBe(`${random}${'#'}`);
  });
});

describe('patterns', () => {
  it.each([
    ['(?=a)', 'look-around'],
    ['(?<!a)b', 'look-around'],
    ['(a)\\1', 'back references'],
    ['a*?', 'lazy'],
    ['a{2001}', '1000'],
    ['((a{100}){100}){100}', 'too large'],
    ['a{3,2}', 'ends before'],
    ['(a', 'not closed'],
    ['a)', 'closes no group'],
    ['[a', 'not closed'],
    ['*a', 'repeated'],
    ['^*', 'repeated'],
    ['\\p{L}', 'not known'],
    ['[z-a]', 'ends before'],
    ['', 'masks nothing'],
  ])('like %s are refused, with a word why', (text, why) => {
    let fault: unknown;
    try {
      matcherOf(text);
    } catch (error) {
      fault = error;
    }
    expect(isPatternFault(fault)).toBe(true);
    expect(String(fault)).toContain(why);
  });

  it('become sequences of bytes that hold exactly the encoded characters of a range', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0x10ffff }),
        fc.integer({ min: 0, max: 3000 }),
        fc.integer({ min: -3, max: 3 }),
        (low, span, beside) => {
          const high = Math.min(low + span, 0x10ffff);
          const sequences = byteSequences([low, high]);
          for (const code of [low, high, low + beside, high + beside, (low + high) >> 1]) {
            if (code < 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) continue;
            const bytes = [...Buffer.from(String.fromCodePoint(code))];
            const holds = sequences.filter(
              (ranges) =>
                ranges.length === bytes.length &&
                ranges.every(([from, to], at) => bytes[at]! >= from && bytes[at]! <= to),
            );
            expect(holds).toHaveLength(code >= low && code <= high ? 1 : 0);
          }
        },
      ),
    );
  });
});

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AssertionError, assert } from './assert.ts';
import { formatProblem, isProblem, Problem, parseProblem } from './problem.ts';
import { formatBytes, parseBytes, parseDurationMs } from './units.ts';

describe('durations', () => {
  it.each([
    ['300ms', 300],
    ['28d', 28 * 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['2w', 1_209_600_000],
  ])('reads %s', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });

  it.each(['', '5', '5 s', 's', '-1s', '1y', '1s2', '1e3s'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it('add up, whatever parts they are written in', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(59), fc.nat(59), (hours, minutes, seconds) => {
        const text = `${hours}h${minutes}m${seconds}s`;
        expect(parseDurationMs(text)).toBe(((hours * 60 + minutes) * 60 + seconds) * 1000);
      }),
    );
  });
});

describe('sizes', () => {
  it.each([
    ['1024', 1024],
    ['10Gi', 10 * 1024 ** 3],
    ['64M', 64e6],
    ['1.5Ki', 1536],
    ['7B', 7],
  ])('reads %s', (text, expected) => {
    expect(parseBytes(text)).toBe(expected);
  });

  it.each(['', 'Gi', '-1', '1 G', '1Pi', '0x10'])('refuses %j', (text) => {
    expect(parseBytes(text)).toBeUndefined();
  });

  it('are shown with few digits', () => {
    expect([0, 1023, 1536, 5 * 1024 ** 3].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.5 KiB',
      '5.0 GiB',
    ]);
  });
});

describe('a problem', () => {
  it('says code, place, what happened and the next step', () => {
    const problem = new Problem('OBS-1003', 'port 70000 is too large', { where: '--admin' });
    expect(formatProblem(problem)).toMatch(
      /^OBS-1003: --admin: port 70000 is too large\n {2}next: /,
    );
    expect(isProblem(problem)).toBe(true);
    expect(isProblem(new Error('other'))).toBe(false);
  });

  it('keeps its cause', () => {
    const cause = new Error('deep');
    expect(new Problem('OBS-1004', 'shallow', { cause }).cause).toBe(cause);
  });
});

describe('assert', () => {
  it('names the broken expectation', () => {
    expect(() => assert(1 > 2, 'one exceeds two')).toThrow(AssertionError);
    expect(() => assert(1 > 2, 'one exceeds two')).toThrow('one exceeds two');
  });
});

describe("another process's problem", () => {
  const problem = new Problem('OBS-2020', 'another process holds it', { where: '/data' });

  it('is read back from its last words', () => {
    const words = `warn: busy\n${formatProblem(problem)}\n`;
    const read = parseProblem(words, 'input');
    expect(read?.code).toBe('OBS-2020');
    expect(read && formatProblem(read)).toBe(formatProblem(problem));
  });

  it.each([
    'Error: out of memory',
    'OBS-9999: no such code\n  next: none',
    'OBS-1004: an internal error keeps its stack\n  next: report it',
  ])('is not found in %j', (words) => {
    expect(parseProblem(words, 'input')).toBeUndefined();
  });
});

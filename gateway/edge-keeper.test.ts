import { describe, expect, it } from '@jest/globals';
import { closedHours, presentParts } from './edge-keeper.ts';

const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`);
const hour = (text: string): number => at(text) / 1000;

describe('the minutes of the present', () => {
  it('are the current one and four before it', () => {
    expect(presentParts(at('12:30:10'))).toEqual([{ hour: hour('12:00:00'), fromMinute: 26 }]);
  });

  it('lie in two hours when one has just begun', () => {
    expect(presentParts(at('12:01:59'))).toEqual([
      { hour: hour('11:00:00'), fromMinute: 57 },
      { hour: hour('12:00:00'), fromMinute: 0 },
    ]);
  });
});

describe('hours that are over', () => {
  const hours = (last: string, now: string): number[] =>
    closedHours(at(last), at(now)).map((part) => part.hour);

  it('are joined once their answers are in, and once more for late spans', () => {
    expect(hours('12:14:30', '12:15:30')).toEqual([hour('09:00:00'), hour('11:00:00')]);
    expect(hours('12:15:30', '12:16:30')).toEqual([]);
    expect(hours('12:30:00', '13:10:00')).toEqual([]);
  });

  it('are never those of the present, which is being replaced in parts', () => {
    for (let minute = 0; minute < 60; minute += 1) {
      const now = at('12:00:00') + minute * 60_000;
      const present = presentParts(now).map((part) => part.hour);
      for (const { hour: over } of closedHours(now - 7_200_000, now)) {
        expect(present).not.toContain(over);
      }
    }
  });

  it('are made up for after a pause', () => {
    expect(hours('09:30:00', '12:30:00')).toEqual([
      hour('07:00:00'),
      hour('08:00:00'),
      hour('09:00:00'),
      hour('10:00:00'),
      hour('11:00:00'),
    ]);
  });
});

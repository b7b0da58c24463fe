import { beforeEach, describe, expect, it } from '@jest/globals';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { SickTables } from './sick-tables.ts';

const clock = simulatedClock();
let chances = 0;
let told: string[] = [];
let tables: SickTables;

beforeEach(() => {
  chances = 0;
  told = [];
  tables = new SickTables({
    clock,
    onChance: () => {
      chances += 1;
    },
    onChange: (table, isSick) => told.push(`${table} ${isSick ? 'sick' : 'well'}`),
  });
});

describe('a table that takes no rows', () => {
  it('is told of once, and is shut while the others are open', () => {
    tables.fell('logs', 'the view throws');
    tables.fell('logs', 'the view throws');
    expect(told).toEqual(['logs sick']);
    expect(['logs', 'traces'].map((table) => tables.claim(table))).toEqual([false, true]);
  });

  it('is tried by one unit at a time', () => {
    tables.fell('logs', '');
    clock.advance(500);
    expect([tables.claim('logs'), tables.claim('logs')]).toEqual([true, false]);
  });

  it('is tried twice as late each time, and at most every fifteen seconds, for ever', () => {
    tables.fell('logs', '');
    const waits: number[] = [];
    for (let tries = 0; tries < 8; tries += 1) {
      let waitMs = 0;
      for (; !tables.claim('logs'); waitMs += 100) clock.advance(100);
      waits.push(waitMs);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    clock.advance(15_001);
    expect(chances).toBeGreaterThanOrEqual(waits.length);
  });

  it('is open at once when one try went through', () => {
    tables.fell('logs', '');
    tables.recovered('logs');
    tables.recovered('logs');
    expect(told).toEqual(['logs sick', 'logs well']);
    expect([tables.claim('logs'), tables.claim('logs'), chances]).toEqual([true, true, 1]);
  });
});

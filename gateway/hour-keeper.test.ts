import { describe, expect, it } from '@jest/globals';
import { presentHours, turnsUntilNext } from './hour-keeper.ts';
import { keptRollups } from './kept-rollups.ts';

const at = (text: string): number => Date.parse(`2026-03-01T${text}Z`);
const seconds = (text: string): number => at(text) / 1000;

describe('the present', () => {
  it('begins ten minutes ago, at the start of a unit', () => {
    const hour = seconds('12:00:00');
    expect(presentHours(at('12:30:10'), 60)).toEqual([{ hour, from: seconds('12:20:00') }]);
    expect(presentHours(at('12:30:10'), 900)).toEqual([{ hour, from: seconds('12:15:00') }]);
  });

  it('lies in two hours, or two days, when one has just begun', () => {
    expect(presentHours(at('00:04:59'), 60)).toEqual([
      { hour: seconds('00:00:00') - 3600, from: seconds('00:00:00') - 360 },
      { hour: seconds('00:00:00'), from: seconds('00:00:00') },
    ]);
  });
});

describe('the next turn', () => {
  it('comes after a minute, and later when counting takes long, so that it stays rare', () => {
    expect([0, 1200, 1201, 6000, 600_000].map((ms) => turnsUntilNext(ms))).toEqual([
      1, 1, 2, 5, 15,
    ]);
    expect([0, 60_000].map((ms) => turnsUntilNext(ms, [10, 60]))).toEqual([10, 50]);
  });
});

describe('rollups that are made of stored rows', () => {
  it('are counted when what they are made of is', () => {
    for (const { finer, overSeconds = 0, grainSeconds } of keptRollups) {
      if (finer === undefined) continue;
      expect(finer.overSeconds).toBeLessThanOrEqual(overSeconds);
      expect(grainSeconds % finer.grainSeconds).toBe(0);
    }
  });

  it('have units that divide their partition, an hour or a day', () => {
    const finer = keptRollups.flatMap((rollup) => rollup.finer ?? []);
    expect(finer.map(({ table }) => table.name)).toEqual(['otel_metrics_1m']);
    for (const rollup of [...keptRollups, ...finer]) {
      const seconds = rollup.partitionSeconds ?? 3600;
      expect(seconds % rollup.grainSeconds).toBe(0);
      const byHour = "toStartOfHour(Time, 'UTC')";
      expect(rollup.table.partitionBy).toBe(seconds === 3600 ? byHour : "toDate(Time, 'UTC')");
    }
  });
});

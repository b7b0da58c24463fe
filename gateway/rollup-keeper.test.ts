import { describe, expect, it } from '@jest/globals';
import { openDays } from './rollup-keeper.ts';

describe('the days whose minutes may still change', () => {
  it('are today alone in the middle of a day', () => {
    expect(openDays(Date.parse('2026-03-01T12:00:00Z'))).toEqual(['2026-03-01']);
  });

  it('include yesterday while late spans may still come', () => {
    const days = openDays(Date.parse('2026-03-01T01:59:00Z'));
    expect(days).toEqual(['2026-02-28', '2026-03-01']);
  });
});

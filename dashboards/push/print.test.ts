import { describe, expect, it } from '@jest/globals';
import { printSteps, summarizeSteps } from './print.ts';
import type { PushResult, PushStep } from './push.ts';
import type { Change } from './resource.ts';

function result(...steps: readonly Pick<PushStep, 'action' | 'changes'>[]): PushResult {
  return {
    grafana: 'https://grafana.example',
    version: undefined,
    folder: { uid: 'f', title: 'F' },
    dryRun: false,
    steps: steps.map((step) => ({ kind: 'dashboard', uid: 'u', title: 'T', ...step })),
    leftovers: [],
    notes: [],
    refusals: [],
  };
}

const lines = (...changes: readonly Change[]) =>
  printSteps(result({ action: 'update', changes }))
    .split('\n')
    .slice(1, -1);

describe('the lines of a push', () => {
  it('show what was added, taken away and changed', () => {
    expect(
      lines(
        { path: 'a', after: 1 },
        { path: 'b', before: 'x' },
        { path: 'c', before: 1, after: [2] },
        { path: 'd' },
      ),
    ).toEqual(['    + a: 1', '    - b: "x"', '    ~ c: 1 -> [2]', '    d: written']);
  });

  it('show a long text around the first place that differs', () => {
    const sql = `SELECT ${'column, '.repeat(20)}`;
    const [line = ''] = lines({ path: 'q', before: `${sql}old`, after: `${sql}new` });
    expect(line).toMatch(/^ {4}~ q: ….*old" -> ….*new"$/);
    expect(line.length).toBeLessThan(100);
    const [start] = lines({ path: 'q', before: `a${sql}`, after: `b${sql}` });
    expect(start).toMatch(/^ {4}~ q: "aSELECT .*… -> "bSELECT .*…$/);
  });

  it('say nothing of what is as it should be', () => {
    expect(printSteps(result({ action: 'none', changes: [] }))).toBe('');
  });

  it('count what was done, or would be', () => {
    const [create, remove, none] = (['create', 'remove', 'none'] as const).map((action) => ({
      action,
      changes: [],
    }));
    if (!create || !remove || !none) throw new Error('three steps');
    const done = result(create, create, remove, none);
    expect(summarizeSteps(done)).toBe('2 created, 1 removed, 1 as they were');
    const planned = '2 to create, 1 to remove, 1 as they were';
    expect(summarizeSteps({ ...done, dryRun: true })).toBe(planned);
  });
});

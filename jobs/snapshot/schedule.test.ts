/** When snapshots run, against the calendar read minute by minute, and a clock that is moved. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { simulatedClock } from '../../test/support/simulated-clock.ts';
import { runOnSchedule } from './run-schedule.ts';
import { isOverdue, isSchedule, nextRunMs, Timetable } from './schedule.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const runs = 300;

const at = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`);
const shown = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
const next = (schedule: string, from: string): string => shown(nextRunMs(schedule, at(from)));

type Field = { readonly text: string; readonly values: ReadonlySet<number> };

/** A field of cron with the values that it means. */
function fieldOf(min: number, max: number): fc.Arbitrary<Field> {
  const one = fc.integer({ min, max });
  const upTo = (from: number, to: number, step: number): number[] =>
    Array.from({ length: max - min + 1 }, (_, index) => min + index).filter(
      (value) => value >= from && value <= to && (value - from) % step === 0,
    );
  const part = fc.oneof(
    one.map((value) => ({ text: String(value), values: [value] })),
    fc.tuple(one, one, fc.integer({ min: 1, max: 5 })).map(([a, b, step]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const text = `${from}-${to}${step === 1 ? '' : `/${step}`}`;
      return { text, values: upTo(from, to, step) };
    }),
  );
  const list = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => ({
    text: parts.map(({ text }) => text).join(','),
    values: new Set(parts.flatMap(({ values }) => values)),
  }));
  const stepped = fc.integer({ min: 1, max: Math.min(5, max - min) }).map((step) => ({
    text: `*/${step}`,
    values: new Set(upTo(min, max, step)),
  }));
  const all = fc.constant({ text: '*', values: new Set(upTo(min, max, 1)) });
  return fc.oneof(all, stepped, list);
}

const fields = fc.tuple(
  fieldOf(0, 59),
  fieldOf(0, 23),
  fieldOf(1, 31),
  fieldOf(1, 12),
  fieldOf(0, 6),
);

/** As crontab(5) has it: of day and weekday either is enough where both are chosen. */
function fits([minute, hour, day, month, weekday]: readonly Field[], ms: number): boolean {
  const date = new Date(ms);
  const isFree = (field: Field | undefined): boolean => /^\*(\/1)?$/.test(field?.text ?? '');
  const inDay = day?.values.has(date.getUTCDate()) === true;
  const inWeek = weekday?.values.has(date.getUTCDay()) === true;
  return (
    minute?.values.has(date.getUTCMinutes()) === true &&
    hour?.values.has(date.getUTCHours()) === true &&
    month?.values.has(date.getUTCMonth() + 1) === true &&
    (isFree(day) || isFree(weekday) ? inDay && inWeek : inDay || inWeek)
  );
}

/** Days are skipped whole, by noon's date, so that years can be searched. */
function searchedMs(parts: readonly Field[], afterMs: number): number | undefined {
  const [, , ...days] = parts;
  const noon = [0, 12].map((number) => ({ text: String(number), values: new Set([number]) }));
  for (let day = Math.floor(afterMs / dayMs); day < afterMs / dayMs + 9 * 366; day += 1) {
    if (!fits([...noon, ...days], day * dayMs + dayMs / 2)) continue;
    const first = Math.max(day * dayMs, Math.floor(afterMs / minuteMs) * minuteMs + minuteMs);
    for (let ms = first; ms < (day + 1) * dayMs; ms += minuteMs) if (fits(parts, ms)) return ms;
  }
  return undefined;
}

const moment = fc.integer({ min: at('2024-01-01 00:00'), max: at('2034-12-31 00:00') });

describe('the next run', () => {
  it('is what the calendar says, minute by minute, for any schedule and moment', () => {
    fc.assert(
      fc.property(fields, moment, (parts, fromMs) => {
        const text = parts.map((part) => part.text).join(' ');
        const expected = searchedMs(parts, fromMs);
        fc.pre(expected !== undefined && isSchedule(text));
        expect([text, shown(nextRunMs(text, fromMs))]).toEqual([text, shown(expected ?? 0)]);
      }),
      { numRuns: runs },
    );
  });

  it('leaves out months that have no such day', () => {
    expect(next('0 0 31 * *', '2026-01-31 00:00')).toBe('2026-03-31 00:00');
    expect(next('59 23 30 * *', '2026-01-30 23:59')).toBe('2026-03-30 23:59');
  });

  it('of a leap day is years ahead, over a century that has none', () => {
    expect(next('0 12 29 2 *', '2026-03-01 00:00')).toBe('2028-02-29 12:00');
    expect(next('0 12 29 2 *', '2096-02-29 12:00')).toBe('2104-02-29 12:00');
  });

  it('is behind the moment itself', () => {
    expect(next('0 * * * *', '2026-11-22 10:00')).toBe('2026-11-22 11:00');
    expect(shown(nextRunMs('0 * * * *', at('2026-11-22 10:00') - 1))).toBe('2026-11-22 10:00');
  });

  it.each(['UTC', 'America/New_York', 'Australia/Lord_Howe'])(
    'is in UTC on a machine in %s, also where its clocks are changed',
    (zone) => {
      const file = join(import.meta.dirname, 'schedule.ts');
      // 2026-03-08 02:30 does not exist in New York, and 2026-11-01 01:30 is there twice.
      const script =
        `const { nextRunMs } = await import(${JSON.stringify(file)});` +
        'const show = (text, from) => new Date(nextRunMs(text, Date.parse(from))).toISOString();' +
        "const first = show('30 2 * * *', '2026-03-08T00:00Z');" +
        "console.log(first, show('30 1 1 * *', '2026-11-01T00:00Z'));";
      const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        env: { ...process.env, TZ: zone },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(said.toString()).toBe('2026-03-08T02:30:00.000Z 2026-11-01T01:30:00.000Z\n');
    },
  );
});

describe('a schedule', () => {
  it.each([
    '* * * * *',
    '*/15 3-5 1,15 jan-MAR mon',
    '0 0 29 2 *',
    ' 0\t0 * * 0 ',
    '*/1 * */1 * 1',
  ])('may be %j', (text) => expect(isSchedule(text)).toBe(true));

  it.each([
    '',
    '* * * *',
    '0 * * * * *',
    '@daily',
    '0 0 L * *',
    '0 0 15W * *',
    '0 0 * * mon#2',
    '0 0 ? * *',
    '0 0 * * 7',
    '0 0 * * 5-7',
    '0 0 * *,1 *',
    '5/15 * * * *',
    '60 * * * *',
    '* 24 * * *',
    '0 0 31 2 *',
    '0 0 0 * *',
    'TZ=UTC 0 0 * * *',
    '9-5 * * * *',
    '*/0 * * * *',
  ])('may not be %j', (text) => expect(isSchedule(text)).toBe(false));
});

describe('at the start a snapshot', () => {
  const now = at('2026-11-22 11:10');

  it.each([
    ['never ran', '0 * * * *', undefined, true],
    ['ran in its hour', '0 * * * *', '2026-11-22 11:00', false],
    ['was by hand since the start that was missed', '0 * * * *', '2026-11-22 10:45', false],
    ['missed one, a period ago', '0 * * * *', '2026-11-22 10:00', true],
    ['ran exactly a period ago', '0 * * * *', '2026-11-22 10:10', false],
    ['has a weekend in its period', '0 6 * * 1-5', '2026-11-20 06:00', false],
    ['missed a Friday', '0 6 * * 1-5', '2026-11-19 06:00', true],
  ])('that %s (%s) is made up for: %s → %s', (_, schedule, last, expected) => {
    expect(isOverdue(schedule, last === undefined ? undefined : at(last), now)).toBe(expected);
  });

  it('is made up for once, however many were missed', () => {
    const timetable = new Timetable(
      [{ name: 'shop', schedule: '*/5 * * * *' }],
      new Map([['shop', now - 7 * dayMs]]),
      now,
    );
    expect(timetable.next()).toEqual({ name: 'shop', dueMs: now });
    expect(shown(timetable.ended('shop', now + 1))).toBe('2026-11-22 11:15');
  });
});

type Run = { readonly name: string; readonly startMs: number; readonly endMs: number };

const period = { hourly: '0 * * * *', often: '*/7 * * * *', daily: '30 2 * * *' } as const;
const names = Object.keys(period) as (keyof typeof period)[];

/** Runs for `forMs`; run number `n` takes `lasts[n]` and throws when `fails[n]`. */
async function simulate(
  lasts: readonly number[],
  fails: readonly boolean[],
  startMs: number,
  forMs: number,
): Promise<{ readonly runs: readonly Run[]; readonly errors: readonly unknown[] }> {
  const clock = simulatedClock(startMs);
  const stop = new AbortController();
  const found: Run[] = [];
  const errors: unknown[] = [];
  let running = 0;
  const snapshots = names.map((name) => ({ name, schedule: period[name] }));
  const last = new Map(names.map((name) => [name, startMs]));
  const ended = runOnSchedule({
    timetable: new Timetable(snapshots, last, startMs),
    clock,
    signal: stop.signal,
    run: async (name) => {
      running += 1;
      expect(running).toBe(1);
      const from = clock.nowMs();
      const index = found.length;
      found.push({ name, startMs: from, endMs: from });
      await clock.sleep(lasts[index % lasts.length] ?? 0);
      found[index] = { name, startMs: from, endMs: clock.nowMs() };
      running -= 1;
      if (fails[index % fails.length] === true) throw new Error(`${name} fails`);
    },
    onEnd: (_name, _next, error) => {
      if (error !== undefined) errors.push(error);
    },
  });
  for (let ms = 0; ms < forMs; ms += minuteMs / 2) {
    clock.advance(minuteMs / 2);
    await new Promise(setImmediate);
  }
  stop.abort();
  clock.advance(dayMs);
  await ended;
  return { runs: found, errors };
}

describe('the schedule of several snapshots', () => {
  it('runs never two at once, each in its time or right behind another, and goes on', async () => {
    const lasting = fc.array(fc.integer({ min: 1, max: 40 * minuteMs }), {
      minLength: 1,
      maxLength: 8,
    });
    const failing = fc.array(fc.boolean(), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(lasting, failing, moment, async (lasts, fails, fromMs) => {
        const startMs = Math.floor(fromMs / minuteMs) * minuteMs;
        const { runs: made, errors } = await simulate(lasts, fails, startMs, 4 * hourMs);
        expect(made.length).toBeGreaterThan(3);
        const before = new Map<string, number>();
        for (const [index, run] of made.entries()) {
          const previous = made[index - 1]?.endMs ?? startMs;
          expect(run.startMs).toBeGreaterThanOrEqual(previous);
          // It began when it fell due, counted from its own end, or when the one before it ended.
          const schedule = period[run.name as keyof typeof period];
          const dueMs = nextRunMs(schedule, before.get(run.name) ?? startMs);
          expect(run.startMs).toBeGreaterThanOrEqual(dueMs);
          expect(run.startMs - Math.max(dueMs, previous)).toBeLessThanOrEqual(minuteMs);
          before.set(run.name, run.endMs);
        }
        const failed = made.filter((_, index) => fails[index % fails.length] === true).length;
        expect(Math.abs(errors.length - failed)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 25 },
    );
  });

  it('does not bring a moment again when the clock is set back', () => {
    const dueMs = at('2026-11-22 10:00');
    const timetable = new Timetable(
      [{ name: 'shop', schedule: '0 * * * *' }],
      new Map([['shop', dueMs - minuteMs]]),
      dueMs - 1,
    );
    expect(timetable.next()?.dueMs).toBe(dueMs);
    expect(shown(timetable.ended('shop', dueMs - 5 * minuteMs))).toBe('2026-11-22 11:00');
  });

  it('ends where nothing has a schedule', async () => {
    const clock = simulatedClock();
    const { signal } = new AbortController();
    const timetable = new Timetable([], new Map(), clock.nowMs());
    const run = async (): Promise<void> => {};
    await runOnSchedule({ timetable, clock, signal, run, onEnd: () => {} });
  });
});

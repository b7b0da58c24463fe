/**
 * What DogStatsD's lines become, rule by rule (seeds H12 to H27), by `testdata/golden.json`. Each
 * case is run in the order of the table and in several others, which must give the same bytes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { seededRandom } from '../../test/support/random.ts';
import { emissionOf } from './emission.ts';
import { decodedRows, type Row, sortText, zeroSeconds } from './testdata/decoded.ts';
import { createIntake, shuffled } from './testdata/intakes.ts';
import { datadogWrapper } from './wrap/datadog.ts';
import { parseAggregates, parsePercentiles, wrapSettingsDefault } from './wrap/settings.ts';
import { simpleWrapper } from './wrap/simple.ts';
import type { Wrapper } from './wrap/wrapper.ts';

type Case = {
  readonly rule: string;
  readonly says: string;
  readonly settings?: {
    readonly wrapper?: 'simple';
    readonly aggregates?: string;
    readonly percentiles?: string;
    readonly rates?: boolean;
    readonly plain?: boolean;
    readonly windowMs?: number;
  };
  readonly lines: readonly (readonly [seconds: number, text: string])[];
  readonly points: readonly Row[];
};

const seed = 1 + (Date.now() % 1_000_000);
const file = join(import.meta.dirname, 'testdata/golden.json');
const cases: readonly Case[] = JSON.parse(readFileSync(file, 'utf8'));

function wrapperOf({ settings = {} }: Case): Wrapper {
  if (settings.wrapper === 'simple') return simpleWrapper;
  const { aggregates, percentiles, rates } = settings;
  return datadogWrapper({
    aggregates:
      aggregates === undefined ? wrapSettingsDefault.aggregates : parseAggregates(aggregates, ''),
    percentiles:
      percentiles === undefined
        ? wrapSettingsDefault.percentiles
        : parsePercentiles(percentiles, ''),
    hasRates: rates === true,
  });
}

/** Bodies of all that the lines become, in the order given. */
function run(one: Case, lines: Case['lines']): readonly Uint8Array[] {
  const { plain, windowMs } = one.settings ?? {};
  const intake = createIntake({
    ...(plain === true && { isPlain: true }),
    ...(windowMs !== undefined && { windowMs }),
  });
  lines.forEach(([seconds, text], position) => {
    intake.fold(position, nanoseconds(seconds), Buffer.from(unpacked(text)));
  });
  const counts = { series: 0, points: 0, failed: 0, lastFailure: '' };
  const closing = intake.close(nanoseconds(100_000));
  expect(intake.parser.counts.faults.every((count) => count === 0)).toBe(true);
  return emissionOf(closing, wrapperOf(one), counts, 1e6).metrics;
}

function nanoseconds(seconds: number): bigint {
  return BigInt(zeroSeconds) * 1_000_000_000n + BigInt(Math.round(seconds * 1e9));
}

/** `1..100` as the values from 1 to 100. */
function unpacked(text: string): string {
  return text.replace(/1\.\.(\d+)/, (_, last) =>
    Array.from({ length: Number(last) }, (_value, index) => index + 1).join(':'),
  );
}

describe('what lines become', () => {
  it.each(cases.map((one) => [one.rule, one.says, one] as const))('%s: %s', (_, __, one) => {
    const bodies = run(one, one.lines);
    const expected = one.points.toSorted(
      (left, right) => left[0] - right[0] || (sortText(left) < sortText(right) ? -1 : 1),
    );
    expect(decodedRows(bodies)).toEqual(expected);
    const random = seededRandom(seed);
    for (let round = 0; round < 5; round += 1) {
      const order = shuffled(one.lines, random);
      const same = Buffer.concat(run(one, order)).equals(Buffer.concat(bodies));
      expect([seed, same]).toEqual([seed, true]);
    }
  });

  it('is told for every rule from H12 to H27 that speaks of lines', () => {
    const rules = new Set(cases.map(({ rule }) => rule));
    for (const rule of ['H12', 'H14', 'H15', 'H17', 'H18', 'H19', 'H20', 'H21', 'H22', 'H23']) {
      expect(rules).toContain(rule);
    }
    for (const rule of ['H24', 'H25', 'H26', 'H27']) expect(rules).toContain(rule);
  });
});

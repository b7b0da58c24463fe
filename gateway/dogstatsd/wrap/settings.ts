/** Which points histograms become (H24, H25), and whether counts have rates too (H18). */
import { nearestWord } from '../../../core/nearest.ts';
import { Problem } from '../../../core/problem.ts';

const aggregateNames = ['max', 'median', 'avg', 'count', 'min', 'sum'] as const;
export type AggregateName = (typeof aggregateNames)[number];

/** A percentile and what its points are called behind the metric's name. */
export type Percentile = { readonly p: number; readonly name: string };

export type WrapSettings = {
  readonly aggregates: readonly AggregateName[];
  readonly percentiles: readonly Percentile[];
  /** Adds a gauge `<name>.rate` of counts per second. */
  readonly hasRates: boolean;
};

/** Digits behind the point that a percentile may have: 0.999999 is the finest. */
const digitsMax = 6;
const percentilesMax = 32;

export const wrapSettingsDefault: WrapSettings = {
  aggregates: ['max', 'median', 'avg', 'count'],
  percentiles: [{ p: 0.95, name: '95percentile' }],
  hasRates: false,
};

/** `max,median`: a list of {@link aggregateNames}, each once; a Problem names another word. */
export function parseAggregates(text: string, where: string): readonly AggregateName[] {
  const words = wordsOf(text);
  for (const word of words) {
    if (isAggregate(word)) continue;
    const near = nearestWord(word, aggregateNames);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    const message = `${word} is no aggregate; there are ${aggregateNames.join(', ')}${hint}`;
    throw new Problem('OBS-1003', message, { where });
  }
  return [...new Set(words.filter(isAggregate))];
}

/**
 * `0.95,0.999`: a list of numbers above 0 and below 1; throws a Problem that names the one that is
 * not. The name is 100 p in full, so no two share one: 0.99 is `99percentile`, 0.999 is
 * `99.9percentile`.
 */
export function parsePercentiles(text: string, where: string): readonly Percentile[] {
  const percentiles = new Map<string, Percentile>();
  for (const word of wordsOf(text)) {
    const digits = /^0?\.(\d+)$/.exec(word)?.[1];
    const p = Number(word);
    if (digits === undefined || digits.length > digitsMax || p === 0) {
      const expected = `a number above 0 and below 1 with at most ${digitsMax} digits`;
      throw new Problem('OBS-1003', `${word} is no percentile; expected ${expected}`, { where });
    }
    const name = `${hundredfold(digits)}percentile`;
    percentiles.set(name, { p, name });
  }
  if (percentiles.size > percentilesMax) {
    throw new Problem('OBS-1003', `more than ${percentilesMax} percentiles`, { where });
  }
  return [...percentiles.values()];
}

/** 100 times `0.digits`, as it is written: no double is near enough to 0.999 for that. */
function hundredfold(digits: string): string {
  const padded = digits.padEnd(2, '0');
  const whole = padded.slice(0, 2).replace(/^0(?=\d)/, '');
  const part = padded.slice(2).replace(/0+$/, '');
  return part === '' ? whole : `${whole}.${part}`;
}

function wordsOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

function isAggregate(word: string): word is AggregateName {
  return (aggregateNames as readonly string[]).includes(word);
}

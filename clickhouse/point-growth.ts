/**
 * How much counters grow, as SQL over sorted arrays.
 *
 * A step is from one point of a series to the next. Its growth is the difference, or the new value
 * alone where the counter began again: the value fell, as Prometheus' `increase` has it, or says
 * that it counts since the point before or later. A delta point is its own step, from its start.
 * Points of the same time are no step. The dashboards count in the same way
 * (`dashboards/vocabulary/units.ts`).
 */

/** Whether what a row stands for was sent as differences. */
export const isDelta = 'temporality = 1';

const secondsBetween = (from: string, to: string): string =>
  `(toUnixTimestamp64Nano(${to}) - toUnixTimestamp64Nano(${from})) / 1e9`;

/** Growth of a step from (`before`, `previous`) to (`at`, `value`), which counts since `start`. */
const grownOf = (
  step: Readonly<Record<'before' | 'previous' | 'at' | 'value' | 'start', string>>,
) =>
  `multiIf(${step.at} <= ${step.before}, 0,` +
  ` ${step.value} < ${step.previous} OR ${step.start} >= ${step.before},` +
  ` toFloat64(${step.value}),` +
  ` toFloat64(${step.value}) - toFloat64(${step.previous}))`;

const startOf = (start: string): string => `${start} > toDateTime64(0, 9)`;

/** Over `points`, sorted tuples that begin with time, value and start; `temporality` is theirs. */
export const pointSteps = {
  grown: `if(${isDelta}, toFloat64(arraySum(points.2)), arraySum(arrayMap((before, at) -> ${grownOf(
    {
      before: 'before.1',
      previous: 'before.2',
      at: 'at.1',
      value: 'at.2',
      start: 'at.3',
    },
  )}, arrayPopBack(points), arrayPopFront(points))))`,
  elapsed:
    `if(${isDelta}, arraySum(arrayMap((at, start) -> if(${startOf('start')},` +
    ` greatest(0, ${secondsBetween('start', 'at')}), 0), points.1, points.3)),` +
    ` if(empty(points), 0, ${secondsBetween('points[1].1', 'points[-1].1')}))`,
};

/**
 * Over `units`, sorted tuples of which the named places hold what the rows of `otel_metrics_1m`
 * hold; `end` is the last value of what grows.
 */
export function unitSteps(
  place: Readonly<Record<'first' | 'firstSeen' | 'firstStart' | 'end' | 'lastSeen', number>> &
    Readonly<Record<'grown' | 'elapsed', number>>,
): { readonly grown: string; readonly elapsed: string } {
  const between = (step: string): string =>
    `if(${isDelta}, 0, arraySum(arrayMap((before, at) -> ${step},` +
    ' arrayPopBack(units), arrayPopFront(units))))';
  const before = `before.${place.lastSeen}`;
  const at = `at.${place.firstSeen}`;
  const grown = grownOf({
    before,
    previous: `before.${place.end}`,
    at,
    value: `at.${place.first}`,
    start: `at.${place.firstStart}`,
  });
  return {
    grown: `arraySum(units.${place.grown}) + ${between(grown)}`,
    elapsed: `arraySum(units.${place.elapsed}) + ${between(secondsBetween(before, at))}`,
  };
}

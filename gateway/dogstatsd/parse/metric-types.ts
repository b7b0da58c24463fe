/** The types of DogStatsD (DSD-3), as small numbers in loops and as words everywhere else. */

export const typeNames = ['count', 'gauge', 'set', 'histogram', 'timer', 'distribution'] as const;

/** Places in {@link typeNames}. */
export const metricType = {
  count: 0,
  gauge: 1,
  set: 2,
  histogram: 3,
  timer: 4,
  distribution: 5,
} as const;

/**
 * What one row costs, measured by our benches (docs/performance.md; `estimate.test.ts` compares
 * them). Rows are those of the benches: spans with 12 attributes and 10 of their resource in traces
 * of eight, log records of 321 bytes, data points that are one number.
 */

export const signals = ['spans', 'logs', 'points'] as const;
export type Signal = (typeof signals)[number];

export type Figures = {
  /** `npm run bench -- gateway-vs-collector`, requests of 100 items: CPU-seconds a million. */
  readonly gatewayCpu: number;
  /** `npm run bench -- engine`: insert, and a day of merges, CPU-seconds a million rows. */
  readonly engineCpu: number;
  /** `npm run bench -- hour-rollup`, and the service map: CPU-seconds a million raw rows. */
  readonly rollupCpu: readonly number[];
  /** `npm run bench -- storage`: bytes on disk a row, and of other tables for each row. */
  readonly bytes: readonly number[];
  /** Of a request with gzip, in the gateway's log, for each item. */
  readonly logBytes: number;
};

/** Of what is still growing, a row is counted once or twice. */
const countedAgain = 1.5;
const attributes = 1.8 * countedAgain;
const attributesBytes = 0.008;

export const figures: Readonly<Record<Signal, Figures>> = {
  spans: {
    gatewayCpu: 2.4,
    engineCpu: 16,
    // Edges of the present every minute, and of hours that are over.
    rollupCpu: [25, 10, attributes],
    // A range for each trace.
    bytes: [70, 22.1 / 8, attributesBytes],
    logBytes: 64,
  },
  logs: {
    gatewayCpu: 1.7,
    engineCpu: 10,
    rollupCpu: [0.94 * countedAgain, attributes],
    bytes: [54.1, 0.084, attributesBytes],
    logBytes: 62,
  },
  points: {
    gatewayCpu: 2.13,
    engineCpu: 10,
    // Series, minutes and hours.
    rollupCpu: [attributes, 0.6 * countedAgain, 1.4, 0.25],
    bytes: [5.8, 5, 0.14, 0.29, attributesBytes],
    logBytes: 35,
  },
};

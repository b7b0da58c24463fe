/**
 * What `import … from 'obsctl'` gives: a typed stack file, and the loader that judges one.
 *
 *     import { defineStack } from 'obsctl';
 *     export default defineStack({ name: 'shop', node_agent: {} });
 *
 * And what a wrapper of one's own is (docs/guide/dogstatsd.md).
 */

export type { ClosedSeries } from './gateway/dogstatsd/aggregate/closed-series.ts';
export type { Point, Wrapper } from './gateway/dogstatsd/wrap/wrapper.ts';
// biome-ignore lint/performance/noBarrelFile: the package's public entry is the one barrel
export { defineStack } from './stack/define.ts';
export type { Stack, StackInput } from './stack/types.ts';

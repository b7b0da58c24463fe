/**
 * What `import … from 'obsctl'` gives: a typed stack file, and the loader that judges one.
 *
 *     import { defineStack } from 'obsctl';
 *     export default defineStack({ name: 'shop', node_agent: {} });
 */
// biome-ignore lint/performance/noBarrelFile: the package's public entry is the one barrel
export { defineStack } from './stack/define.ts';
export type { Stack, StackInput } from './stack/types.ts';

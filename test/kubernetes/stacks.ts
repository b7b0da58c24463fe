/** Stack files that are applied in tests: every example for Kubernetes, and some of our own. */
import { globSync } from 'node:fs';
import { join } from 'node:path';

const clone = join(import.meta.dirname, '../..');
/** Its units are for machines without Kubernetes. */
const hostExamples = /^examples\/hosts\//;

/** Paths from the clone's root. */
export const stackFiles: readonly string[] = [
  ...globSync('examples/*/*.{yaml,ts}', { cwd: clone })
    .filter((path) => !/^examples\/(applications|compose)\//.test(path))
    .filter((path) => !hostExamples.test(path)),
  ...globSync('test/kubernetes/testdata/*.yaml', { cwd: clone }).filter(
    (path) => !path.endsWith('/crds.yaml'),
  ),
].sort();

/**
 * Those that are applied by a client that computes the difference itself, which takes kubectl half
 * a minute of CPU each. How it merges depends on the kind alone; these have every kind there is.
 */
export const clientSideFiles: readonly string[] = [
  'examples/kubernetes/obs.yaml',
  'examples/snapshots/obs.yaml',
  'test/kubernetes/testdata/everything.yaml',
  'test/kubernetes/testdata/rest.yaml',
];

export function fromClone(path: string): string {
  return join(clone, path);
}

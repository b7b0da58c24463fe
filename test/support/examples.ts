/** The examples of the repository, as tests go through them. */
import { join } from 'node:path';

export type Example = {
  /** Folder below `examples/`. */
  readonly folder: string;
  /** Stack file in it. */
  readonly file: string;
  /** Folder in it that holds what the file renders to. */
  readonly rendered: string;
  readonly target: 'kubernetes' | 'host';
};

export const examplesDir = join(import.meta.dirname, '../../examples');

// biome-ignore format: a table reads as a table, one example a line
export const examples: readonly Example[] = [
  { folder: 'quickstart', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'kubernetes', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'cloud', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'existing-prometheus', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'hosts', file: 'obs.yaml', rendered: 'rendered', target: 'host' },
  { folder: 'multi-cluster', file: 'center.yaml', rendered: 'rendered/center', target: 'kubernetes' },
  { folder: 'multi-cluster', file: 'edge.yaml', rendered: 'rendered/edge', target: 'kubernetes' },
  { folder: 'typed-config', file: 'obs.config.ts', rendered: 'rendered', target: 'kubernetes' },
];

export function pathOf({ folder, file }: Example): string {
  return join(examplesDir, folder, file);
}

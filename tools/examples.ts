/**
 * The examples of the repository: what `npm run update` renders anew and tests compare. Each is
 * rendered by the program itself, as its README says.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shopDashboard } from '../cli/demo/database/dashboard.ts';
import { starterDefaults, starterFile } from '../stack/starter.ts';

export type Example = {
  /** Folder below `examples/`. */
  readonly folder: string;
  /** Stack file in it. */
  readonly file: string;
  /** Folder in it that holds what the file renders to. */
  readonly rendered: string;
  readonly target: 'kubernetes' | 'host';
};

export const examplesDir = join(import.meta.dirname, '../examples');

// biome-ignore format: a table reads as a table, one example a line
export const examples: readonly Example[] = [
  { folder: 'quickstart', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'kubernetes', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'cloud', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'existing-prometheus', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'existing-prometheus', file: 'remote-write.yaml', rendered: 'rendered-remote-write', target: 'kubernetes' },
  { folder: 'hosts', file: 'obs.yaml', rendered: 'rendered', target: 'host' },
  { folder: 'multi-cluster', file: 'center.yaml', rendered: 'rendered/center', target: 'kubernetes' },
  { folder: 'multi-cluster', file: 'edge.yaml', rendered: 'rendered/edge', target: 'kubernetes' },
  { folder: 'snapshots', file: 'obs.yaml', rendered: 'rendered', target: 'kubernetes' },
  { folder: 'typed-config', file: 'obs.config.ts', rendered: 'rendered', target: 'kubernetes' },
];

export function pathOf({ folder, file }: Example): string {
  return join(examplesDir, folder, file);
}

/** The arguments of the program for one example. */
export function renderArguments(example: Example): readonly string[] {
  const output = join(examplesDir, example.folder, example.rendered);
  return ['render', '-f', pathOf(example), '--target', example.target, '-o', output];
}

/** What `obsctl init` writes without an answer, in a folder of that name. */
export function quickstartFile(): string {
  return starterFile({ ...starterDefaults, name: 'quickstart' });
}

/** The demo's dashboard over snapshot tables, for a Grafana. */
export function shopDashboardFile(): string {
  return `${JSON.stringify(shopDashboard(), null, 2)}\n`;
}

/** Writes the quickstart's files and every rendered folder anew. */
export function updateExamples(): void {
  const run = (args: readonly string[]) =>
    execFileSync(process.execPath, [join(import.meta.dirname, '../cli/main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  writeFileSync(join(examplesDir, 'quickstart/obs.yaml'), quickstartFile());
  writeFileSync(join(examplesDir, 'quickstart/obs.schema.json'), run(['schema']));
  writeFileSync(join(examplesDir, 'snapshots/shop-dashboard.json'), shopDashboardFile());
  // `-o` removes what is rendered no more.
  for (const example of examples) run(renderArguments(example));
}

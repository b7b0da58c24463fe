/**
 * `npm run bench -- footprint`: size of the package and memory of a gateway from it, kept in
 * `docs/performance-footprint.json`; `npm test` fails when one grows by more than 15 %.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { printLine } from '../support/figures.ts';
import { type Footprint, keptFile, measureMemory } from './footprint.ts';
import { installPackage } from './installed.ts';

export async function run({ json }: { readonly json: boolean }): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-footprint-'));
  try {
    const installed = await installPackage(folder);
    const { packageBytes, unpackedBytes } = installed;
    const memory = await measureMemory(installed, () => false);
    const figures: Footprint = { packageBytes, unpackedBytes, ...memory };
    for (const [name, value] of Object.entries(figures)) {
      printLine(json, { bench: `footprint-${name}`, value, unit: 'bytes', runs: [value] });
    }
    writeFileSync(keptFile, `${JSON.stringify(figures, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

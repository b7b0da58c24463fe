/**
 * How long a person waits for the commands typed most: the packed package, installed into an empty
 * folder, wall time, median of runs taken in turn. Guides on a quiet machine with two cores:
 * `--help` 120 ms, `render` of the starter file 300 ms.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installPackage } from './installed.ts';

const rounds = 11;

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'obsctl-start-'));
  try {
    const { program } = await installPackage(folder);
    execFileSync(process.execPath, [program, 'init', join(folder, 'stack'), '--yes'], {
      stdio: 'ignore',
    });
    const file = join(folder, 'stack', 'obs.yaml');
    const cases: readonly { readonly name: string; readonly words: readonly string[] }[] = [
      { name: 'start/help', words: ['--help'] },
      { name: 'start/render', words: ['render', '-f', file] },
      { name: 'start/validate', words: ['validate', '-f', file] },
    ];
    const times = new Map<string, number[]>(cases.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, words } of cases) {
        const begin = performance.now();
        execFileSync(process.execPath, [program, ...words], { stdio: 'ignore' });
        times.get(name)?.push(performance.now() - begin);
      }
    }
    for (const [name, runs] of times) {
      const sorted = runs.toSorted((a, b) => a - b);
      const value = Math.round(sorted[Math.floor(rounds / 2)] ?? 0);
      console.log(JSON.stringify({ bench: name, value, unit: 'ms', runs: runs.map(Math.round) }));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * `npm test [PATH…]`: every test, or the ones named. What kills, times or photographs whole
 * programs runs after the rest, one file at a time: beside other tests on two cores it would
 * measure them. The last line is the totals.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { totalsLine } from './totals-reporter.mjs';

type Totals = { passed: number; failed: number; skipped: number };

const root = join(import.meta.dirname, '..');
const jest = join(root, 'node_modules/jest/bin/jest.js');
const compileCache = join(root, 'node_modules/.cache/obsctl-compiled');
const alone = '/test/(crash|browser|demo|hostile)/|/clickhouse/embedded/concurrency';
const words = process.argv.slice(2);
const parts =
  words.length > 0
    ? [words]
    : [
        ['--testPathIgnorePatterns', '/node_modules/', alone],
        ['--runInBand', '--testPathPatterns', alone],
      ];

const folder = mkdtempSync(join(tmpdir(), 'obsctl-test-'));
const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
try {
  for (const [index, args] of parts.entries()) {
    const part = await run(args, join(folder, `${index}.json`));
    totals.passed += part.passed;
    totals.failed += part.failed;
    totals.skipped += part.skipped;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(totalsLine(totals));
process.exitCode = totals.failed === 0 ? 0 : 1;

/** One run of Jest; a run that ends without figures counts as one failure. */
async function run(args: readonly string[], file: string): Promise<Totals> {
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest];
  const child = spawn(process.execPath, [...flags, ...args], {
    cwd: root,
    stdio: 'inherit',
    // Tests start hundreds of our processes: what Node strips and compiles, it keeps for the next.
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, OBSCTL_TOTALS: file },
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  try {
    const part: Totals = JSON.parse(readFileSync(file, 'utf8'));
    return code === 0 || part.failed > 0 ? part : { ...part, failed: 1 };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

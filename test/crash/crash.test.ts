import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const main = join(import.meta.dirname, 'main.ts');
const cycles = 2;
const limitMs = 170_000;

/** What the program printed. Its exit code also judges the rate, which a busy machine may miss. */
function run(
  ...words: readonly string[]
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], { timeout: limitMs }, (_error, stdout, stderr) => {
      resolve({ stdout, stderr });
    });
  });
}

describe('the crash test, short form', () => {
  it(
    'finds every answered item once after the engine and the gateway were killed',
    async () => {
      const seed = Date.now() % 1_000_000;
      const { stdout, stderr } = await run('--cycles', String(cycles), '--seed', String(seed));
      if (stdout === '') throw new Error(`seed ${seed}: nothing was printed\n${stderr}`);
      const result = JSON.parse(stdout);
      expect(result).toMatchObject({ cycles, seed, lost: 0, duplicated: 0 });
      expect(result.answered).toBeGreaterThan(0);
      expect(result.stored).toBe(result.answered);
      expect(result.rolled_up).toBe(result.spans);
    },
    limitMs + 5_000,
  );
});

/** The others take longer, or are the subject of other tests: `npm run crash -- --all --short`. */
const faultsInShort = ['F2', 'F6', 'F7', 'F9', 'F13', 'F14', 'F17', 'F33'];

describe('the fault matrix, short form', () => {
  it.each(faultsInShort)(
    '%s: nothing is lost or doubled, and the gateway says what is wrong',
    async (fault) => {
      const seed = Date.now() % 1_000_000;
      const { stdout, stderr } = await run('--fault', fault, '--short', '--seed', String(seed));
      if (stdout === '') throw new Error(`seed ${seed}: nothing was printed\n${stderr}`);
      const { ok, ...found } = JSON.parse(stdout);
      if (ok === 'skipped') process.stderr.write(`${fault} is skipped: ${found.notes}\n`);
      else if (ok !== true) throw new Error(JSON.stringify(found, undefined, 2));
    },
    limitMs + 5_000,
  );
});

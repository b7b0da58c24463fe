import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const main = join(import.meta.dirname, 'main.ts');
const cycles = 2;
const limitMs = 170_000;

/** What the program printed. Its exit code also judges the rate, which a busy machine may miss. */
function run(seed: number): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = [main, '--cycles', String(cycles), '--seed', String(seed)];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: limitMs }, (_error, stdout, stderr) => {
      resolve({ stdout, stderr });
    });
  });
}

describe('the crash test, short form', () => {
  it(
    'finds every answered item once after the engine and the gateway were killed',
    async () => {
      const seed = Date.now() % 1_000_000;
      const { stdout, stderr } = await run(seed);
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

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

const main = join(import.meta.dirname, 'main.ts');
const limitMs = 110_000;

describe('the crash test, short form', () => {
  it(
    'finds every answered item once after the engine and the gateway were killed',
    async () => {
      const seed = Date.now() % 1_000_000;
      const args = [main, '--cycles', '3', '--seed', String(seed)];
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: limitMs });
      const result = JSON.parse(stdout);
      expect(result).toMatchObject({ cycles: 3, seed, lost: 0, duplicated: 0 });
      expect(result.answered).toBeGreaterThan(0);
      expect(result.stored).toBe(result.answered);
      expect(result.rolled_up).toBe(result.spans);
    },
    limitMs,
  );
});

/** SIGKILL at random times (F1): what was said to be durable is there, byte for byte. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from '@jest/globals';

import { systemClock } from '../../core/clock.ts';
import { numberedBody, victimOptions } from '../../test/crash/wal/records.ts';
import { seededRandom } from '../../test/support/random.ts';
import { openWal } from './wal.ts';

const CYCLES = 10;
const SEED = 20_260_101;
const victim = join(import.meta.dirname, '../../test/crash/wal/main.ts');

/** Runs the victim from `first` on, kills it, and returns the numbers that it called durable. */
async function runAndKill(dir: string, first: number, printedMin: number): Promise<number[]> {
  const args = [victim, dir, String(first)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (part: string) => {
    text += part;
    // Killed by what it has done, not by a time: as many cycles on any machine.
    if (text.split('\n').length > printedMin) child.kill('SIGKILL');
  });
  await once(child, 'close');
  const lines = text.split('\n');
  lines.pop();
  return lines.map(Number);
}

describe('a log whose process is killed', () => {
  it('has every record that it called durable, and none that was not appended', async () => {
    const random = seededRandom(SEED);
    const dir = mkdtempSync(join(tmpdir(), 'obsctl-wal-kill-'));
    const durable = new Set<number>();
    let first = 1;
    try {
      for (let cycle = 0; cycle < CYCLES; cycle += 1) {
        const printed = await runAndKill(dir, first, 1 + random.below(600));
        for (const number of printed) durable.add(number);
        first = Math.max(first, ...printed) + 1000;
        const { wal, recovery } = await openWal({ ...victimOptions(dir), clock: systemClock });
        const from = wal.acknowledged('sink');
        const found = await Array.fromAsync(wal.read(from, wal.durablePosition()));
        const numbers = found.map(({ meta }) => meta.settingsFingerprint);
        for (const { meta, body } of found) {
          expect(numberedBody(meta.settingsFingerprint).equals(body)).toBe(true);
        }
        const lowest = Math.min(...numbers);
        const present = new Set(numbers);
        const lost = [...durable].filter((number) => number >= lowest && !present.has(number));
        // The victim never acknowledges its newest forty: those must be there in any case.
        const newest = printed.filter((number) => number > Math.max(...printed) - 40);
        lost.push(...newest.filter((number) => !present.has(number)));
        expect({ seed: SEED, cycle, lost }).toEqual({ seed: SEED, cycle, lost: [] });
        expect(present.size).toBe(numbers.length);
        expect(recovery.damaged).toEqual([]);
        wal.invariants();
        await wal.close();
      }
      expect(durable.size).toBeGreaterThan(CYCLES * 50);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

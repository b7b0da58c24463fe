/**
 * Every fuzz target for a moment, with a seed that is printed; longer by hand with
 * `npm run fuzz`. And the canary: a target that does not find a planted bug finds none.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import { findPrograms } from '../../tools/programs.ts';

jest.setTimeout(180_000);

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const targets = [...findPrograms('fuzz').keys()];
const withCanary = [
  ...['dogstatsd', 'encodings', 'frames', 'http', 'influx', 'log', 'opamp', 'otlp'],
  'remote-write',
];

type Ran = { readonly code: number; readonly stdout: string; readonly stderr: string };

function fuzz(...words: readonly string[]): Promise<Ran> {
  const program = join(import.meta.dirname, '../../tools/fuzz.ts');
  const args = [program, '--seed', String(seed), ...words];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 ** 2 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: stderr.slice(0, 10_000) });
    });
  });
}

describe(`fuzz targets (SEED=${seed})`, () => {
  it.each(targets)('%s finds nothing', async (target) => {
    const ran = await fuzz(target, '--seconds', '2', '--iterations', '3000');
    expect(ran).toMatchObject({ code: 0, stdout: expect.stringContaining('"findings":0') });
  });

  it.each(withCanary)('%s finds the bug that was planted', async (target) => {
    const ran = await fuzz(target, '--canary', '--seconds', '20');
    expect(ran).toMatchObject({ code: 1, stderr: expect.stringContaining('fuzz finding') });
    expect(ran.stdout).toContain(`"seed":${seed},"findings":1`);
  });
});

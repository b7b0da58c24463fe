import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { acquireDirectoryLock } from './lock.ts';

const holder = `
  const { acquireDirectoryLock } = await import(process.argv[1]);
  const lock = acquireDirectoryLock(process.argv[2]);
  process.stdin.on('end', () => lock.release()).resume();
  process.stdout.write('held');
`;

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'obsctl-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Another process that holds the directory, told when it does. */
async function startHolder() {
  const program = join(import.meta.dirname, 'lock.ts');
  const args = ['--input-type=module', '-e', holder, program, dir];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

describe('a directory lock', () => {
  it('refuses a second process at once and names the holder', async () => {
    const child = await startHolder();
    try {
      const begin = performance.now();
      expect(() => acquireDirectoryLock(dir)).toThrow(
        expect.objectContaining({
          code: 'OBS-2020',
          message: expect.stringContaining(`process ${child.pid}`),
        }),
      );
      expect(performance.now() - begin).toBeLessThan(1000);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('is free again after the holder was killed', async () => {
    const child = await startHolder();
    child.kill('SIGKILL');
    await once(child, 'exit');
    acquireDirectoryLock(dir).release();
  });

  it('is free again after it was released, also in the same process', () => {
    const first = acquireDirectoryLock(dir);
    expect(() => acquireDirectoryLock(dir)).toThrow(expect.objectContaining({ code: 'OBS-2020' }));
    first.release();
    first.release();
    acquireDirectoryLock(dir).release();
  });
});

describe('a directory that cannot be made', () => {
  it('is named with its reason', () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    expect(() => acquireDirectoryLock(file)).toThrow(
      expect.objectContaining({ code: 'OBS-2022', where: file }),
    );
  });
});

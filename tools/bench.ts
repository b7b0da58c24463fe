/**
 * `npm run bench [NAME…] [-- --json]`: runs the benches one after the other, each in a process of
 * its own so that none is warm from another. One JSON line a case (contract, section 6).
 */
import { spawnSync } from 'node:child_process';
import { choosePrograms } from './programs.ts';

const words = process.argv.slice(2);
if (words[0] === '--run') {
  const module = await import(String(words[1]));
  await module.run({ json: words.includes('--json') });
} else {
  const names = words.filter((word) => !word.startsWith('--'));
  for (const [name, path] of choosePrograms('bench', names)) {
    process.stderr.write(`bench ${name} …\n`);
    const flags = words.filter((word) => word.startsWith('--'));
    const args = ['--expose-gc', import.meta.filename, '--run', path, ...flags];
    const done = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (done.status !== 0) process.exitCode = 1;
  }
}

/** `npm run check`: types, format and lint, dead code, house rules, at the same time. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

type Step = { readonly name: string; readonly args: readonly string[] };

const root = join(import.meta.dirname, '..');
const bin = (path: string): string => join(root, 'node_modules', path);

const steps: readonly Step[] = [
  { name: 'types', args: [bin('typescript/bin/tsc'), '-p', '.', '--noEmit'] },
  { name: 'format and lint', args: [bin('@biomejs/biome/bin/biome'), 'check', '.'] },
  { name: 'dead code', args: [bin('knip/bin/knip.js'), '--no-progress'] },
  {
    name: 'house rules',
    args: ['--experimental-vm-modules', bin('jest/bin/jest.js'), 'tools/tidy.test.ts'],
  },
];

const results = await Promise.all(steps.map(run));
process.exitCode = results.every(Boolean) ? 0 : 1;

async function run(step: Step): Promise<boolean> {
  const started = performance.now();
  const child = spawn(process.execPath, step.args, { cwd: root, env: { ...process.env } });
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${step.name} (${seconds} s)\n`);
  if (code !== 0) process.stderr.write(`${Buffer.concat(output).toString()}\n`);
  return code === 0;
}

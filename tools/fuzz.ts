/**
 * `npm run fuzz [-- TARGET…] [--seconds N] [--iterations N] [--seed S]`: runs the fuzz targets,
 * 20 seconds each, several in processes of their own side by side; prints the seed, so that a
 * finding can be run again. Exits 1 with the first finding of each target. `--canary` runs them
 * against planted bugs, which must be found.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { choosePrograms } from './programs.ts';

const words = process.argv.slice(2);
const seconds = Number(option('--seconds') ?? 20);
const seed = Number(option('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const iterations = option('--iterations');
const canary = words.includes('--canary');
const names = words.filter(
  (word, index) => !/^--/.test(word) && !/^--/.test(words[index - 1] ?? ''),
);

const options = {
  seed,
  seconds,
  canary,
  ...(iterations !== undefined && { iterations: Number(iterations) }),
};
const chosen = choosePrograms('fuzz', names);
if (chosen.length === 1) for (const [name, path] of chosen) await runHere(name, path);
else await runBeside(chosen.map(([name]) => name));

async function runHere(name: string, path: string): Promise<void> {
  process.stderr.write(`fuzz ${name}: seed ${seed}, ${seconds} s\n`);
  const module = await import(path);
  try {
    await module.run(options);
  } catch (error) {
    process.exitCode = 1;
    process.stdout.write(`${JSON.stringify({ fuzz: name, seed, findings: 1 })}\n`);
    process.stderr.write(`${Error.isError(error) ? describe(error) : String(error)}\n`);
  }
}

/** As many at once as there are cores; what one says stays together. */
async function runBeside(all: readonly string[]): Promise<void> {
  const waiting = [...all];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      if ((await runAlone(name)) !== 0) process.exitCode = 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

async function runAlone(name: string): Promise<number | null> {
  const flags = [
    ...['--seed', `${seed}`, '--seconds', `${seconds}`],
    ...(iterations === undefined ? [] : ['--iterations', iterations]),
    ...(canary ? ['--canary'] : []),
  ];
  const args = [...process.execArgv, import.meta.filename, name, ...flags];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const figures: Buffer[] = [];
  const talk: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => figures.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => talk.push(chunk));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  process.stderr.write(Buffer.concat(talk));
  process.stdout.write(Buffer.concat(figures));
  return code;
}

function describe(error: Error): string {
  const { cause } = error;
  return `${error.message}\n${Error.isError(cause) ? cause.stack : (error.stack ?? '')}`;
}

function option(name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

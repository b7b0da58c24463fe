/**
 * `npm run fuzz [-- TARGET…] [--seconds N] [--iterations N] [--seed S]`: runs the fuzz targets,
 * 20 seconds each; prints the seed, so that a finding can be run again. Exits 1 with the first
 * finding of each target. `--canary` runs them against planted bugs, which must be found.
 */
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
for (const [name, path] of choosePrograms('fuzz', names)) {
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

function describe(error: Error): string {
  const { cause } = error;
  return `${error.message}\n${Error.isError(cause) ? cause.stack : (error.stack ?? '')}`;
}

function option(name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

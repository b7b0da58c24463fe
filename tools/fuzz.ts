/**
 * `npm run fuzz [TARGET…] [-- --seconds N] [--seed S]`: runs the fuzz targets; prints the seed,
 * so that a finding can be run again.
 */
import { choosePrograms } from './programs.ts';

const words = process.argv.slice(2);
const seconds = Number(option('--seconds') ?? 20);
const seed = Number(option('--seed') ?? Math.floor(Math.random() * 2 ** 31));
const names = words.filter(
  (word, index) => !/^--/.test(word) && !/^--/.test(words[index - 1] ?? ''),
);

for (const [name, path] of choosePrograms('fuzz', names)) {
  process.stderr.write(`fuzz ${name}: seed ${seed}, ${seconds} s\n`);
  const module = await import(path);
  await module.run({ seed, seconds });
}

function option(name: string): string | undefined {
  const index = words.indexOf(name);
  return index < 0 ? undefined : words[index + 1];
}

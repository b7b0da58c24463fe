/** The package as a user gets it: built, packed and installed from the tarball. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

export type Installed = {
  /** `bin/obsctl` of the installed package. */
  readonly program: string;
  /** The installed package's folder. */
  readonly packageDir: string;
  /** What was packed, before it was installed: it has no node_modules. */
  readonly unpackedDir: string;
  /** Of the tarball, and of what it holds. */
  readonly packageBytes: number;
  readonly unpackedBytes: number;
};

type Packed = { readonly filename: string; readonly size: number; readonly unpackedSize: number };

/**
 * Builds in `folder`, so that the clone stays as it is, and installs into an empty folder with no
 * scripts and nothing optional: neither a Node nor an engine comes along.
 */
export async function installPackage(folder: string): Promise<Installed> {
  const unpackedDir = join(folder, 'built');
  await run(process.execPath, [join(root, 'tools/build.ts'), unpackedDir]);
  const packed = await run('npm', ['pack', '--json'], { cwd: unpackedDir });
  const [made]: Packed[] = JSON.parse(packed.stdout);
  if (made === undefined) throw new Error('npm pack made nothing');
  const home = join(folder, 'home');
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{"private": true}\n');
  await run(
    'npm',
    [
      ...['install', '--omit=optional', '--ignore-scripts', '--prefer-offline'],
      ...['--no-audit', '--no-fund', join(unpackedDir, made.filename)],
    ],
    { cwd: home },
  );
  const packageDir = join(home, 'node_modules/obsctl');
  return {
    program: join(packageDir, 'bin/obsctl'),
    packageDir,
    unpackedDir,
    packageBytes: made.size,
    unpackedBytes: made.unpackedSize,
  };
}

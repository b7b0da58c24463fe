/** A Node on the machine that is too old for the source, as a contributor may well have. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type OldNode = { readonly path: string; readonly version: string };

const oldest = 20;
const firstThatRuns: readonly [number, number] = [24, 12];

/** The first such Node on the PATH that bin/obsctl itself can run on; undefined without one. */
export function findOldNode(): OldNode | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'node');
    if (!existsSync(path)) continue;
    const version = versionOf(path);
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const [newMajor, newMinor] = firstThatRuns;
    const isOld = major < newMajor || (major === newMajor && minor < newMinor);
    if (major >= oldest && isOld) return { path, version };
  }
  return undefined;
}

function versionOf(path: string): string {
  try {
    return execFileSync(path, ['--version']).toString().trim().slice(1);
  } catch {
    return '0.0.0';
  }
}

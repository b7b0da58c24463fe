/**
 * Debian's packages unpacked into the cache: nothing is installed into the system, no service is
 * started, and no root is needed, but where the lists of packages were never fetched.
 */
import { join } from 'node:path';
import { existing, type PeerStep, peersDir } from './peer.ts';

export const sudo: readonly string[] = process.getuid?.() === 0 ? [] : ['sudo'];

/** `packages` as `NAME=VERSION` with wildcards: another Debian has others, and should say so. */
export function unpack(name: string, packages: readonly string[]): readonly PeerStep[] {
  const download = `apt-get download -q ${packages.map((one) => `'${one}'`).join(' ')}`;
  const update = [...sudo, 'apt-get', 'update', '-q'].join(' ');
  const packagesDir = join(peersDir, `build-${name}`);
  return [
    { command: 'rm', args: ['-rf', packagesDir] },
    { command: 'mkdir', args: ['-p', packagesDir] },
    {
      command: 'sh',
      args: ['-c', `${download} || { ${update} && ${download}; }`],
      cwd: packagesDir,
    },
    {
      command: 'sh',
      args: ['-c', 'for file in *.deb; do dpkg-deb -x "$file" out || exit 1; done'],
      cwd: packagesDir,
    },
    // Last of all, so that an interrupted download is not taken for a whole one.
    { command: 'rm', args: ['-rf', join(peersDir, name)] },
    { command: 'mv', args: [join(packagesDir, 'out'), join(peersDir, name)] },
  ];
}

/** A program of the package, by its path in Debian's file system. */
export function unpackedProgram(name: string, path: string): string | undefined {
  return existing(join(peersDir, name, path));
}

/**
 * A program as a container runtime would start it, without one: a root file system of its own
 * that is read-only, its files and writable directories where the pod has them, its own user, no
 * capabilities, no new privileges. Made of a private mount namespace, so nothing of it is left on
 * the machine; needs to be root on Linux (`containedRefusal` says why not elsewhere). The network
 * is the machine's: two of them need two loopback addresses.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Program, startProgram } from './program.ts';

export type ContainedOptions = {
  /** A root file system to start from, which gets mount points; else an empty one. */
  readonly root?: string;
  /** Programs from outside, by their path inside; their libraries come along. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Path inside and words. */
  readonly command: readonly string[];
  /** All of it: nothing of this process is passed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Read-only files by their path inside. */
  readonly files?: Readonly<Record<string, string>>;
  /** Directories that the user may write, by path inside: a folder outside or a fresh one. */
  readonly writable?: Readonly<Record<string, string | undefined>>;
  /** Directories from outside that it may only read, by path inside. */
  readonly readable?: Readonly<Record<string, string>>;
  readonly uid: number;
  readonly gid: number;
  /** Kept out of the dropped ones, for example `DAC_READ_SEARCH`; of use to uid 0 alone. */
  readonly capabilities?: readonly string[];
  /** Names that resolve inside, to addresses. */
  readonly hosts?: Readonly<Record<string, string>>;
};

export type ContainedProgram = Program & {
  /** Kills it if it runs, and removes what was made for it. */
  readonly remove: () => Promise<void>;
};

/** Why a program cannot be contained here, or undefined. */
export function containedRefusal(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, for mounts and another user';
  try {
    execFileSync('unshare', ['--mount', 'setpriv', '--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'needs a mount namespace (unshare) and setpriv of util-linux';
  }
}

export function startContained(options: ContainedOptions): ContainedProgram {
  const dir = mkdtempSync(join(tmpdir(), 'obsctl-contained-'));
  // The other user has to pass through it.
  chmodSync(dir, 0o755);
  const root = options.root ?? join(dir, 'root');
  const mounts = prepare(root, dir, options);
  const { command, uid, gid } = options;
  const kept = (options.capabilities ?? []).map((name) => `,+${name.toLowerCase()}`).join('');
  const inside = Object.entries({ PATH: '/usr/bin:/bin', ...options.env });
  const program = startProgram('unshare', [
    ...['--mount', '--propagation', 'private', 'sh', '-ec', mounts, 'contained'],
    ...['chroot', root, '/setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
    ...[`--bounding-set=-all${kept}`, '--inh-caps=-all', '--no-new-privs'],
    ...['/env', '-i', ...inside.map(([name, value]) => `${name}=${value}`), ...command],
  ]);
  return {
    ...program,
    remove: async () => {
      program.killGroup('SIGKILL');
      await program.ended.catch(() => undefined);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Makes files and mount points; gives the script that mounts and then runs its words. */
function prepare(root: string, dir: string, options: ContainedOptions): string {
  const script: string[] = [];
  const at = (path: string): string => join(root, path);
  const bind = (from: string, path: string, kind: 'ro' | 'rw'): void => {
    script.push(`mount --bind ${quoted(from)} ${quoted(at(path))}`);
    if (kind === 'ro') script.push(`mount -o remount,bind,ro ${quoted(at(path))}`);
  };
  const folder = (path: string): void => void mkdirSync(at(path), { recursive: true });
  const file = (path: string, text: string): void => {
    folder(dirname(path));
    writeFileSync(at(path), text);
  };
  folder('/proc');
  folder('/dev');
  // A mount of itself, so that it alone becomes read-only.
  script.push(`mount --bind ${quoted(root)} ${quoted(root)}`);
  const hosts = { localhost: '127.0.0.1', ...options.hosts };
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  const files = { '/etc/hosts': lines.join(''), '/etc/resolv.conf': '', ...options.files };
  for (const [path, text] of Object.entries(files)) file(path, text);
  const tools = { '/setpriv': which('setpriv'), '/env': which('env') };
  const programs = { ...tools, ...options.programs };
  const libraries = new Set(Object.values(programs).flatMap(librariesOf));
  for (const [path, from] of [...Object.entries(programs), ...[...libraries].map(same)]) {
    // An image has its own; an empty one is the mount point of an earlier start.
    const size = statSync(at(path), { throwIfNoEntry: false })?.size ?? 0;
    if (size > 0 && !(path in programs)) continue;
    file(path, '');
    bind(from, path, 'ro');
  }
  for (const [path, from] of Object.entries(options.readable ?? {})) {
    folder(path);
    bind(from, path, 'ro');
  }
  let made = 0;
  for (const [path, given] of Object.entries(options.writable ?? {})) {
    made += 1;
    const from = given ?? join(dir, `writable-${made}`);
    mkdirSync(from, { recursive: true });
    chownSync(from, options.uid, options.gid);
    folder(path);
    bind(from, path, 'rw');
  }
  script.push(
    `mount -t proc proc ${quoted(at('/proc'))}`,
    `mount --rbind /dev ${quoted(at('/dev'))}`,
    `mount -o remount,bind,ro ${quoted(root)}`,
    'exec "$@"',
  );
  return script.join('\n');
}

function same(path: string): readonly [string, string] {
  return [path, path];
}

function which(program: string): string {
  return execFileSync('which', [program]).toString().trim();
}

/** What a program is linked against; none for a static one, for which `ldd` fails. */
export function librariesOf(program: string): readonly string[] {
  try {
    const said = execFileSync('ldd', [program], { stdio: ['ignore', 'pipe', 'ignore'] });
    return [...said.toString().matchAll(/(?:=> |^\s+)(\/\S+) \(0x/gm)].map(([, path = '']) => path);
  } catch {
    return [];
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A PostgreSQL of the demo's own: in a temporary directory, on a free port of the loopback, as an
 * unprivileged user (a server refuses to be root), and gone with the demo however that ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeAddress } from '../../../gateway/receive/listen.ts';

export type DemoPostgres = {
  /** With user, password and database. */
  readonly dsn: string;
  readonly pid: number;
  readonly dir: string;
  readonly stop: () => Promise<void>;
};

export type DemoPostgresOptions = {
  /** With `initdb` and `postgres`. */
  readonly programsDir: string;
  readonly logPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** `nobody` and `nogroup`, which a system has. */
const nobodyId = 65_534;
const host = '127.0.0.1';
const tailCharsMax = 400;

const settings = [
  'unix_socket_directories=',
  `listen_addresses=${host}`,
  // What is in it lives as long as the demo.
  'fsync=off',
  'max_connections=30',
  'shared_buffers=16MB',
  'jit=off',
];

/** @throws Error with the last words of a program that did not do its part */
export async function startPostgresServer(options: DemoPostgresOptions): Promise<DemoPostgres> {
  const dir = mkdtempSync(join(tmpdir(), 'obsctl-demo-postgres-'));
  const forget = (): void => rmSync(dir, { recursive: true, force: true });
  try {
    const password = randomBytes(18).toString('hex');
    const passwordFile = join(dir, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    for (const path of [dir, passwordFile]) give(path);
    const data = join(dir, 'data');
    const initdb = start(options, dir, 'initdb', [
      ...['-D', data, '-U', 'shop', '-E', 'UTF8', '--locale=C', '-N'],
      ...['--auth-host=scram-sha-256', '--auth-local=reject', `--pwfile=${passwordFile}`],
    ]);
    await done(initdb, 'initdb');
    const { port } = await probeAddress({ host, port: 0 });
    const words = [`port=${port}`, ...settings].flatMap((setting) => ['-c', setting]);
    const server = start(options, dir, 'postgres', ['-D', data, ...words]);
    await ready(server, options);
    return {
      dsn: `postgres://shop:${password}@${host}:${port}/postgres`,
      pid: server.pid ?? 0,
      dir,
      stop: async () => {
        await end(server);
        forget();
      },
    };
  } catch (error) {
    forget();
    throw error;
  }
}

const isRoot = (): boolean => process.getuid?.() === 0;

function give(path: string): void {
  if (isRoot()) chownSync(path, nobodyId, nobodyId);
}

/** `setpriv` has the kernel end it with us. A terminal's Ctrl-C is not for it: we stop it last. */
function start(
  { programsDir, env }: DemoPostgresOptions,
  cwd: string,
  name: string,
  args: readonly string[],
): ChildProcess {
  const user = [`--reuid=${nobodyId}`, `--regid=${nobodyId}`, '--clear-groups'];
  const guard = ['--pdeathsig=KILL', ...(isRoot() ? user : [])];
  return spawn('setpriv', [...guard, join(programsDir, name), ...args], {
    cwd,
    env: { ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

async function done(child: ChildProcess, name: string): Promise<void> {
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-tailCharsMax);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const code = await ended(child);
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${tail.trim()}`);
}

async function ready(child: ChildProcess, options: DemoPostgresOptions): Promise<void> {
  const { logPath, signal } = options;
  const log = createWriteStream(logPath, { flags: 'a' });
  child.once('close', () => log.end());
  let tail = '';
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = (): void => void child.kill('SIGINT');
  signal.addEventListener('abort', stop, { once: true });
  child.stderr?.on('data', (chunk: Buffer) => {
    log.write(chunk);
    tail = (tail + chunk.toString()).slice(-tailCharsMax);
    if (tail.includes('ready to accept')) resolve();
  });
  const gone = ended(child).then((code) => {
    throw new Error(`postgres ended with ${code}: ${tail.trim()}`);
  });
  // Later it ends because we say so.
  gone.catch(() => {});
  await Promise.race([promise, gone]);
  signal.removeEventListener('abort', stop);
}

function ended(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'nothing'));
  });
}

/** Fast: connections are closed, nothing is waited for. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = ended(child);
  child.kill('SIGINT');
  await gone;
}

/**
 * A real PostgreSQL server for tests: own port, temporary directory, and an unprivileged user
 * where the tests run as root, whom `initdb` refuses.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-ports.ts';
import { type Ended, type Program, runProgram, startProgram } from './program.ts';

export type PostgresServer = {
  readonly port: number;
  readonly pid: number;
  /** `postgres://postgres:PASSWORD@127.0.0.1:PORT/DATABASE`. */
  readonly dsn: (database?: string) => string;
  /** Runs SQL by `psql`, and gives its unaligned tuples, one a line. */
  readonly psql: (sql: string, database?: string) => Promise<string>;
  /** A streaming standby of this server; stopped before it. */
  readonly standby: () => Promise<PostgresServer>;
  readonly talk: () => string;
  readonly stop: () => Promise<void>;
};

export const postgresPassword = 'correct horse @/:#';

const isRoot = process.getuid?.() === 0;
/** `nobody` on Debian. */
const userId = 65534;
const systemDir = '/usr/lib/postgresql';

/**
 * `settings` as `name=value`; with `certificate` and `key` (PEM) the server speaks TLS.
 */
export async function startPostgres(
  programsDir: string,
  settings: readonly string[] = [],
  tls?: { readonly certificate: string; readonly key: string },
): Promise<PostgresServer> {
  const rootDir = temporaryDir();
  const programs = reachable(programsDir, rootDir);
  const passwordFile = join(rootDir, 'password');
  writeFileSync(passwordFile, postgresPassword);
  give(passwordFile);
  await succeed(programs, 'initdb', [
    ...['-D', join(rootDir, 'data'), '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8'],
    ...['--auth-host=scram-sha-256', '--auth-local=trust', '-N', `--pwfile=${passwordFile}`],
  ]);
  if (tls === undefined) return await serve(programs, rootDir, settings);
  const [certificate, key] = [join(rootDir, 'server.crt'), join(rootDir, 'server.key')];
  writeFileSync(certificate, tls.certificate);
  writeFileSync(key, tls.key, { mode: 0o600 });
  give(certificate);
  give(key);
  const files = [`ssl_cert_file=${certificate}`, `ssl_key_file=${key}`];
  return await serve(programs, rootDir, [...settings, 'ssl=on', ...files]);
}

type Programs = { readonly dir: string; readonly env: Readonly<Record<string, string>> };

/** A cache under root's home is closed to the server's user: its tree is copied. */
function reachable(programsDir: string, rootDir: string): Programs {
  if (programsDir.startsWith(`${systemDir}/`)) return { dir: programsDir, env: {} };
  const tree = programsDir.slice(0, -'/usr/lib/postgresql/15/bin'.length);
  const copy = join(rootDir, 'programs');
  execFileSync('cp', ['-r', tree, copy]);
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const libraries = ['usr/lib', 'lib'].map((dir) => join(copy, dir, `${machine}-linux-gnu`));
  return {
    dir: join(copy, 'usr/lib/postgresql/15/bin'),
    env: { LD_LIBRARY_PATH: libraries.join(':') },
  };
}

async function serve(
  programs: Programs,
  rootDir: string,
  settings: readonly string[],
): Promise<PostgresServer> {
  const port = await freePort();
  const fixed = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${rootDir}`,
    'fsync=off',
    'max_connections=60',
    'shared_buffers=32MB',
    'jit=off',
    'password_encryption=scram-sha-256',
  ];
  const options = [...fixed, ...settings].flatMap((setting) => ['-c', setting]);
  const program = start(programs, 'postgres', ['-D', join(rootDir, 'data'), ...options]);
  await program.said('ready to accept');
  const standbys: PostgresServer[] = [];
  const dsn = (database = 'postgres'): string =>
    `postgres://postgres:${encodeURIComponent(postgresPassword)}@127.0.0.1:${port}/${database}`;
  return {
    port,
    pid: program.pid,
    dsn,
    talk: program.talk,
    psql: async (sql, database) => {
      const quiet = ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', dsn(database)];
      const { stdout } = await succeed(programs, 'psql', [...quiet, '-c', sql]);
      return stdout.replace(/\n$/, '');
    },
    standby: async () => {
      const standbyDir = temporaryDir();
      await succeed(programs, 'pg_basebackup', [
        ...['-D', join(standbyDir, 'data'), '-d', dsn(), '-R', '-X', 'stream', '-c', 'fast'],
      ]);
      const standby = await serve(programs, standbyDir, ['hot_standby=on']);
      standbys.push(standby);
      return standby;
    },
    stop: async () => {
      for (const standby of standbys) await standby.stop();
      program.kill('SIGINT');
      await program.ended;
      rmSync(rootDir, { recursive: true, force: true });
    },
  };
}

function temporaryDir(): string {
  const path = mkdtempSync(join(tmpdir(), 'obsctl-postgres-'));
  give(path);
  return path;
}

function give(path: string): void {
  if (isRoot) execFileSync('chown', [`${userId}:${userId}`, path]);
}

function start(programs: Programs, name: string, args: readonly string[]): Program {
  const [file = '', ...rest] = command(programs, name, args);
  return startProgram(file, rest, { env: { ...programs.env, LC_ALL: 'C.UTF-8' } });
}

async function succeed(programs: Programs, name: string, args: readonly string[]): Promise<Ended> {
  const [file = '', ...rest] = command(programs, name, args);
  const options = { cwd: tmpdir(), env: { ...programs.env, LC_ALL: 'C.UTF-8' } };
  const ended = await runProgram(file, rest, options);
  if (ended.code !== 0) throw new Error(`${name} ended with ${ended.code}:\n${ended.stderr}`);
  return ended;
}

/** A server must not outlive tests that were killed: `setpriv` has the kernel end it with them. */
function command(programs: Programs, name: string, args: readonly string[]): readonly string[] {
  const file = join(programs.dir, name);
  const user = [`--reuid=${userId}`, `--regid=${userId}`, '--clear-groups'];
  const guard = ['setpriv', '--pdeathsig=KILL', ...(isRoot ? user : [])];
  return [...guard, file, ...args];
}

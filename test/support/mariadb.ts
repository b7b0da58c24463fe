/** A real MariaDB of its own: unprivileged, in a temporary directory, with a binary log. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-ports.ts';
import { startProgram } from './program.ts';

export type MariaDb = {
  readonly port: number;
  /** Of the user `root`, who has no password. */
  readonly dsn: (database: string, user?: string, password?: string) => string;
  /** Runs statements as root by the server's own client; what it prints, tab separated. */
  readonly run: (sql: string, database?: string) => string;
  /** The same as bytes, without names of columns. */
  readonly ask: (sql: string, database?: string) => Buffer;
  /** Runs a statement on a connection that stays open until `release`. */
  readonly hold: (sql: string, database?: string) => Held;
  /** Ends it as a crash would. */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

type Held = {
  /** Resolves when the statement has been run. */
  readonly ready: Promise<void>;
  /** Runs the last statement, such as `COMMIT`, and ends; without one all is rolled back. */
  readonly release: (last?: string) => Promise<void>;
  /** Ends the client at once. */
  readonly stop: () => Promise<void>;
};

/** `nobody`, where tests run as root: the server refuses to. */
const unprivilegedId = 65_534;

/** `program` is the peer's folder; `options` are the server's own, such as `--require-...`. */
export async function startMariaDb(
  program: string,
  options: readonly string[] = [],
): Promise<MariaDb> {
  const dir = mkdtempSync(join(tmpdir(), 'mariadb-'));
  const isRoot = process.getuid?.() === 0;
  const dataDir = join(dir, 'data');
  const shareDir = join(dir, 'share');
  // The unprivileged user may not see the cache: what is read after the change of user is copied.
  for (const part of ['english', 'charsets']) {
    cpSync(join(program, 'usr/share/mysql', part), join(shareDir, part), { recursive: true });
  }
  mkdirSync(dataDir);
  if (isRoot) for (const path of [dir, dataDir]) chownSync(path, unprivilegedId, unprivilegedId);
  const env = { LD_LIBRARY_PATH: libraries(program), TZ: 'Asia/Kolkata' };
  const common = [
    ...['--no-defaults', `--basedir=${join(program, 'usr')}`, `--datadir=${dataDir}`],
    ...(isRoot ? ['--user=nobody'] : []),
  ];
  const install = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  execFileSync(join(program, 'usr/bin/mariadb-install-db'), [...common, ...install], {
    env: { ...process.env, ...env },
    stdio: 'pipe',
  });
  const port = await freePort();
  const socket = join(dir, 'socket');
  const args = [
    ...common,
    ...[`--lc-messages-dir=${shareDir}`, `--character-sets-dir=${join(shareDir, 'charsets')}`],
    ...[`--socket=${socket}`, `--port=${port}`, '--bind-address=127.0.0.1'],
    ...['--server-id=1', `--log-bin=${join(dataDir, 'binlog')}`, `--plugin-dir=${dir}`],
    // A server clears what it takes for its own temporary tables when it starts.
    `--tmpdir=${dir}`,
    ...['--innodb-buffer-pool-size=64M', '--performance-schema=0', '--skip-name-resolve'],
    ...options,
  ];
  const server = startProgram(join(program, 'usr/sbin/mariadbd'), args, { cwd: dir, env });
  await server.said('ready for connections');
  const client = join(program, 'usr/bin/mariadb');
  const clientArgs = [
    ...['--no-defaults', `--socket=${socket}`, '--user=root', '--default-character-set=utf8mb4'],
    ...['--batch', '--raw', '--unbuffered', '--skip-column-names'],
  ];
  const clientEnv = { ...process.env, ...env };
  const ask = (sql: string, database = 'mysql'): Buffer =>
    execFileSync(client, [...clientArgs, database], {
      ...{ env: clientEnv, input: sql, maxBuffer: 1 << 30 },
    });
  const hold = (sql: string, database = 'mysql'): Held => {
    const child = spawn(client, [...clientArgs, database], {
      ...{ env: clientEnv, stdio: ['pipe', 'pipe', 'ignore'] },
    });
    const ended = once(child, 'close');
    child.stdin.on('error', () => undefined);
    child.stdin.write(`${sql};\nSELECT 'held';\n`);
    return {
      ready: once(child.stdout, 'data').then(
        () => undefined,
        () => undefined,
      ),
      release: async (last = '') => {
        child.stdin.end(`${last}\n`);
        await ended;
      },
      stop: async () => {
        child.kill();
        await ended;
      },
    };
  };
  return {
    port,
    dsn: (database, user = 'root', password = '') =>
      `mysql://${user}${password === '' ? '' : `:${password}`}@127.0.0.1:${port}/${database}`,
    run: (sql, database) => ask(sql, database).toString(),
    ask,
    hold,
    kill: async () => {
      server.kill('SIGKILL');
      await server.ended;
    },
    stop: async () => {
      server.kill('SIGTERM');
      await server.ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function libraries(program: string): string {
  const triplet = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].find((one) =>
    existsSync(join(program, 'usr/lib', one, 'libmariadb.so.3')),
  );
  return join(program, 'usr/lib', triplet ?? '');
}

/** A real gateway for tests: a process of its own, free ports, a temporary data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type GatewayOptions = {
  readonly clickhouseUrl: string;
  /** Kept when given; otherwise a temporary directory that `stop` removes. */
  readonly dataDir?: string;
  readonly workers?: number;
  readonly database?: string;
  /** 0 by default: the gateway's own points would mix with a test's. */
  readonly telemetryIntervalMs?: number;
  /** More words of the command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};

export type TestGateway = {
  /** `127.0.0.1:PORT`. */
  readonly grpc: string;
  /** `http://127.0.0.1:PORT`. */
  readonly http: string;
  /** `127.0.0.1:PORT`; empty unless `args` asks for it. */
  readonly dogstatsd: string;
  /** `http://127.0.0.1:PORT`. */
  readonly admin: string;
  readonly pid: number;
  readonly dataDir: string;
  /** Everything it has said on stderr. */
  readonly talk: () => string;
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>;
  readonly hasExited: () => boolean;
  /** SIGTERM, waits for the end, removes a temporary directory. Harmless when it has ended. */
  readonly stop: () => Promise<number | string>;
  /** SIGKILL, waits for the end; the directory stays for the next start, remove it yourself. */
  readonly kill: () => Promise<void>;
};

const main = join(import.meta.dirname, '../../cli/main.ts');
const loopback = '127.0.0.1:0';

export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'obsctl-gateway-')));
  const child = spawn(
    process.execPath,
    [
      ...[main, 'gateway', '--json', '--clickhouse', options.clickhouseUrl, '--data-dir', dataDir],
      ...['--otlp-grpc', loopback, '--otlp-http', loopback, '--admin', loopback],
      // Whoever wants datagrams says where, behind this.
      ...['--dogstatsd', 'off'],
      ...['--telemetry-interval', `${options.telemetryIntervalMs ?? 0}ms`],
      ...(options.workers === undefined ? [] : ['--workers', String(options.workers)]),
      ...(options.database === undefined ? [] : ['--database', options.database]),
      ...(options.args ?? []),
    ],
    { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let talk = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    talk += text;
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0));
  });
  const announced = await Promise.race([firstLine(child), exited]);
  if (typeof announced !== 'object') {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    throw new Error(`the gateway ended with ${announced} before it was ready\n${talk}`);
  }
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | string> => {
    child.kill(signal);
    return await exited;
  };
  return {
    grpc: announced['otlp_grpc'] ?? '',
    http: `http://${announced['otlp_http']}`,
    dogstatsd: announced['dogstatsd'] ?? '',
    admin: `http://${announced['admin']}`,
    pid: child.pid ?? 0,
    dataDir,
    talk: () => talk,
    exited,
    hasExited: () => child.exitCode !== null || child.signalCode !== null,
    stop: async () => {
      const code = await end('SIGTERM');
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      return code;
    },
    kill: async () => void (await end('SIGKILL')),
  };
}

function firstLine(child: ChildProcess): Promise<Record<string, string>> {
  return new Promise((resolve) => {
    if (child.stdout === null) throw new Error('the child has no stdout');
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line));
    });
  });
}

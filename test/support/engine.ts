/** A real embedded ClickHouse for tests: own process, free port, temporary directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchEngine } from '../../clickhouse/embedded/launch.ts';

export type EngineOptions = {
  /** Kept when given; otherwise a temporary directory that `stop` removes. */
  readonly dataDir?: string;
  readonly listen?: string;
  readonly usersFile?: string;
  readonly memoryBytesMax?: number;
};

export type TestEngine = {
  /** `http://127.0.0.1:PORT`, for `@clickhouse/client` and `fetch`. */
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Tokens that this start took back (see clickhouse/embedded/prune-tokens.ts). */
  readonly prunedTokens: number;
  /** Exit code or signal's name, once the process has ended. */
  readonly exited: Promise<number | string>;
  /** SIGTERM, waits for the end, removes a temporary directory. Harmless when it has ended. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, waits for the end; the directory stays for the next start, remove it yourself. */
  readonly kill: () => Promise<void>;
};

export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'obsctl-engine-')));
  const forget = async (): Promise<void> => {
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const engine = await launchEngine({
    listen: '127.0.0.1:0',
    ...options,
    dataDir,
    env: process.env,
    stderr: () => {},
  }).catch(async (error: unknown) => {
    await forget();
    throw error;
  });
  let isEnding = false;
  void engine.exited.then((how) => {
    // Otherwise a test would only say that a connection broke off.
    if (!isEnding) process.stderr.write(`the test's engine ended by itself: ${how}\n`);
  });
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    isEnding = true;
    engine.process.kill(signal);
    await engine.exited;
  };
  return {
    url: engine.url,
    dataDir,
    pid: engine.pid,
    prunedTokens: engine.prunedTokens,
    exited: engine.exited,
    stop: async () => {
      await end('SIGTERM');
      await forget();
    },
    kill: () => end('SIGKILL'),
  };
}

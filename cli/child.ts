/**
 * Runs another obsctl command as a child process: waits for the one JSON line in which it says
 * where it listens, keeps what it says in a log file, and ends it with us.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Problem, parseProblem } from '../core/problem.ts';
import { sourceFile } from './source-file.ts';

export type ChildOptions = {
  /** For messages and the log file's name: `engine`, `gateway`. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logDir: string;
  /** Called when the child ends without having been told to. */
  readonly onUnexpectedEnd: (text: string) => void;
};

export type RunningChild = {
  readonly pid: number;
  /** The announcement, parsed. */
  readonly announced: Readonly<Record<string, unknown>>;
  /** SIGTERM, then waits for the end. Idempotent. */
  readonly stop: () => Promise<void>;
};

/** How much of the child's last words an error message repeats. */
const tailCharsMax = 2_000;

export async function startChild(options: ChildOptions): Promise<RunningChild> {
  const child = fork(join(import.meta.dirname, sourceFile('main')), [...options.args], {
    env: { ...options.env },
    execArgv: [],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A terminal's Ctrl-C would reach all of us at once; the order of stopping is ours to keep.
    detached: true,
  });
  const log = createWriteStream(join(options.logDir, `${options.name}.log`), { flags: 'a' });
  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log.write(chunk);
    tail = (tail + chunk.toString()).slice(-tailCharsMax);
  });
  let stopping = false;
  child.once('exit', (code, signal) => {
    log.end();
    if (!stopping) options.onUnexpectedEnd(`${options.name} ended with ${code ?? signal}\n${tail}`);
  });
  const announced = await announcement(child, options.name, () => tail);
  return {
    pid: child.pid ?? 0,
    announced,
    stop: async () => {
      stopping = true;
      await end(child);
    },
  };
}

function announcement(
  child: ChildProcess,
  name: string,
  lastWords: () => string,
): Promise<Readonly<Record<string, unknown>>> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) throw new Error('the child has no stdout');
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      if (line.startsWith('{')) resolve(JSON.parse(line));
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      const own = parseProblem(lastWords(), code === 2 ? 'input' : 'outside');
      if (own !== undefined) return reject(own);
      const text = `${name} ended with ${code} before it was ready\n${lastWords()}`;
      return reject(new Problem('OBS-5001', text, { reach: 'outside' }));
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/**
 * System calls of a running process made to fail, to wait, or to be its last: `strace` attaches
 * to it, injects, and lets go. Calls are counted for each thread, so a victim whose N-th sync
 * matters runs with `UV_THREADPOOL_SIZE=1`.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export type Injection = {
  /** Names, separated by commas; a name with `?` may be missing on this machine. */
  readonly calls: string;
  /** `error=EIO`, `signal=SIGKILL`, `delay_enter=200000`, and `when=…`. */
  readonly effect: string;
};

const attachMsMax = 10_000;
const pollMs = 10;
let verdict: string | undefined;

/** Why calls cannot be injected here. */
export function lacksStrace(): string | undefined {
  if (verdict === undefined) {
    const inject = ['-e', 'trace=fsync', '-e', 'inject=fsync:error=EIO'];
    const tried = spawnSync('strace', ['-qq', '-o', '/dev/null', ...inject, 'true']);
    verdict = tried.status === 0 ? '' : 'no strace that may trace (apt-get install strace)';
  }
  return verdict === '' ? undefined : verdict;
}

/** What strace tells goes to its stderr. */
export function straceArguments({ calls, effect }: Injection): readonly string[] {
  return ['-f', '-qq', '-e', `trace=${calls}`, '-e', `inject=${calls}:${effect}`];
}

/** Calls under an injection; `lift` lets go of them. */
export type Held = {
  /** When the first call was injected into, by the monotonic clock; undefined until then. */
  readonly firstMs: () => number | undefined;
  readonly lift: () => Promise<void>;
};

/** Resolves when every thread is held. */
export async function inject(pid: number, injection: Injection): Promise<Held> {
  const tracer = spawn('strace', [...straceArguments(injection), '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let firstMs: number | undefined;
  tracer.stderr.setEncoding('utf8').on('data', (text: string) => {
    // A line may come in parts; the word comes whole, as strace writes the end of a line at once.
    if (text.includes('INJECTED') || text.includes('DELAYED')) firstMs ??= performance.now();
  });
  const ended = new Promise<void>((resolve) => tracer.once('exit', () => resolve()));
  const deadline = performance.now() + attachMsMax;
  while (!isHeld(pid, tracer) && performance.now() < deadline) await pause(pollMs);
  return {
    firstMs: () => firstMs,
    lift: async () => {
      tracer.kill('SIGINT');
      await ended;
    },
  };
}

function isHeld(pid: number, tracer: ChildProcess): boolean {
  if (tracer.exitCode !== null) return true;
  try {
    return readdirSync(`/proc/${pid}/task`).every((task) => {
      const status = readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8');
      return status.includes(`TracerPid:\t${tracer.pid}\n`);
    });
  } catch {
    return false;
  }
}

/** A program under test in a process of its own: what it says, how it ends, who holds it. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type Ended = {
  /** The exit code, or the signal's name. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
};

export type Program = {
  readonly pid: number;
  /** The first line on stdout that matches; rejects when the program ends before it came. */
  readonly line: (pattern: RegExp) => Promise<string>;
  /** Resolves when it has said `text` on stderr; rejects when it ends before. */
  readonly said: (text: string) => Promise<void>;
  readonly talk: () => string;
  readonly ended: Promise<Ended>;
  /** To the program alone, as `kill` does. */
  readonly kill: (signal: NodeJS.Signals) => void;
  /** To all that it started as well, as a terminal does; harmless when all have ended. */
  readonly killGroup: (signal: NodeJS.Signals) => void;
};

export type ProgramOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** Starts `file` in a process group of its own, without an input. */
export function startProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Program {
  const child = spawn(file, [...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const pid = child.pid ?? 0;
  let stdout = '';
  let stderr = '';
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? '', stdout, stderr }));
  });
  const until = <Found>(find: () => Found | undefined, what: string): Promise<Found> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      const missed = (): void => reject(new Error(`ended without ${what}:\n${stderr}`));
      ended.then(missed, reject);
    });
  return {
    pid,
    talk: () => stderr,
    ended,
    line: (pattern) => until(() => lines.find((line) => pattern.test(line)), String(pattern)),
    said: async (text) => {
      await until(() => (stderr.includes(text) ? true : undefined), text);
    },
    kill: (signal) => void child.kill(signal),
    killGroup: (signal) => {
      try {
        process.kill(-pid, signal);
      } catch (error) {
        if (!Error.isError(error) || !('code' in error) || error.code !== 'ESRCH') throw error;
      }
    },
  };
}

/** Runs `file` to its end. */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return await startProgram(file, args, options).ended;
}

/** Runs a command of ours to its end, from the clone. */
export async function runObsctl(...words: readonly string[]): Promise<Ended> {
  const env = { NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
  return await runProgram(process.execPath, ['cli/main.ts', ...words], { env });
}

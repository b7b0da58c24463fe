/**
 * Starts the engine's process. It is a process of its own because the thread pool's size is fixed
 * when a process starts, and because a crash of the engine must not take the caller with it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Problem, parseProblem } from '../../core/problem.ts';
import {
  type Announcement,
  defaultListen,
  defaultMarkCacheBytes,
  defaultMemoryBytesMax,
  type EmbeddedOptions,
} from './options.ts';
import { poolThreads } from './slots.ts';

export type LaunchOptions = Partial<EmbeddedOptions> & {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the process's talk goes, a piece at a time. */
  readonly stderr: (text: string) => void;
};

export type LaunchedEngine = Announcement & {
  readonly process: ChildProcess;
  /** Resolves with the exit code, or the signal's name, when the process has ended. */
  readonly exited: Promise<number | string>;
};

/** Resolves when the engine answers; rejects with its own error when it could not start. */
export async function launchEngine(options: LaunchOptions): Promise<LaunchedEngine> {
  const { env, stderr, ...given } = options;
  if (env['OBSCTL_NO_EMBEDDED'] === '1') {
    throw new Problem('OBS-3107', 'OBSCTL_NO_EMBEDDED=1 is set', { reach: 'outside' });
  }
  const settings: EmbeddedOptions = {
    listen: defaultListen,
    usersFile: undefined,
    memoryBytesMax: defaultMemoryBytesMax,
    markCacheBytes: defaultMarkCacheBytes,
    ...given,
  };
  const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
  const main = fileURLToPath(new URL(`./main${extension}`, import.meta.url));
  const child = spawn(process.execPath, [main, JSON.stringify(settings)], {
    env: { ...env, UV_THREADPOOL_SIZE: String(poolThreads) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 0));
  });
  // Before it answers its talk is kept: it may be an error that the caller reports as its own.
  let talk = '';
  let hasStarted = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (hasStarted) stderr(text);
    else talk = (talk + text).slice(-talkCharsMax);
  });
  const announcement = await Promise.race([firstLine(child), exited]);
  if (typeof announcement === 'object') {
    hasStarted = true;
    if (talk !== '') stderr(talk);
    return { ...announcement, process: child, exited };
  }
  throw startProblem(announcement, talk.trim());
}

/** The process's own error when it printed one, and otherwise that it ended. */
function startProblem(ended: number | string, talk: string): Problem {
  const reach = ended === 2 ? 'input' : 'outside';
  const message = `the engine's process ended (${ended})\n${talk}`;
  return parseProblem(talk, reach) ?? new Problem('OBS-3103', message, { reach });
}

const talkCharsMax = 8_192;

function firstLine(child: ChildProcess): Promise<Announcement> {
  return new Promise((resolve) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
      const line = text.indexOf('\n') === -1;
      text += piece;
      const end = text.indexOf('\n');
      if (line && end !== -1) resolve(JSON.parse(text.slice(0, end)));
    });
  });
}

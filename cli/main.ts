/** The program: the only place that reads `process`, prints unasked and sets the exit code. */
import { Command, CommanderError } from 'commander';
import { formatProblem, isProblem, Problem } from '../core/problem.ts';
import type { CliContext } from './context.ts';
import { registerCommands } from './program.ts';

/** One Ctrl-C may come twice: from the terminal to all, and handed on by npm or bin/obsctl. */
const samePressMs = 1_500;

const abort = new AbortController();
let abortedMs = 0;
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop(name));

// Started by another obsctl (`up`, `demo`, the hand-over of bin/obsctl): its end, however it
// comes, is ours too, and what it was told to do.
process.once('disconnect', () => abort.abort('SIGTERM'));
process.on('message', ({ signal, atMs }: { readonly signal?: string; readonly atMs: number }) => {
  if (signal !== undefined) stop(signal, atMs);
});
process.channel?.unref();

const context: CliContext = {
  env: process.env,
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  isTerminal: process.stderr.isTTY === true,
  signal: abort.signal,
  exitWith: (code) => {
    process.exitCode = code;
  },
};

// A closed pipe (`obsctl query … | head`) is the reader's decision, not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const program = registerCommands(new Command('obsctl'), context);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  report(error);
}

/** `atMs` is when the signal came, epoch milliseconds; we may be told long after. */
function stop(reason: string, atMs = Date.now()): void {
  if (!abort.signal.aborted) {
    abortedMs = Date.now();
    abort.abort(reason);
  } else if (atMs - abortedMs > samePressMs) process.exit(130);
}

function report(error: unknown): void {
  if (error instanceof CommanderError) {
    // Commander has printed its own text; help and version end with 0.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0) context.stderr('OBS-1001: see `obsctl --help`\n');
  } else if (isProblem(error)) {
    context.stderr(`${formatProblem(error)}\n`);
    process.exitCode = exitCodeOf(error);
  } else {
    const problem = new Problem('OBS-1004', Error.isError(error) ? error.message : String(error));
    context.stderr(`${formatProblem(problem)}\n`);
    if (Error.isError(error)) context.stderr(`${error.stack}\n`);
    process.exitCode = 3;
  }
}

/** 2 for what the user gave us, 3 for what we could not reach. */
function exitCodeOf(problem: Problem): 2 | 3 {
  return problem.reach === 'outside' ? 3 : 2;
}

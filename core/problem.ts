import { type Code, codes } from './codes.ts';

export type ProblemOptions = {
  /** `file:line:column`, a key path, a byte offset or an address: where it went wrong. */
  readonly where?: string;
  /** What to do next; the table's text when absent. */
  readonly next?: string;
  readonly cause?: unknown;
  /** `outside` when something could not be reached (exit code 3); `input` otherwise (2). */
  readonly reach?: 'input' | 'outside';
};

/**
 * An operating error that a person reads: what happened, where, what was expected, the next step.
 * Test it by `code`, never by `instanceof`.
 */
export class Problem extends Error {
  override readonly name: string = 'Problem';
  readonly code: Code;
  readonly where: string | undefined;
  readonly next: string;
  readonly reach: 'input' | 'outside';

  constructor(code: Code, message: string, options: ProblemOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
    this.next = options.next ?? codes[code].next;
    this.reach = options.reach ?? 'input';
  }
}

/** Whether `error` is a {@link Problem}, also across realms. */
export function isProblem(error: unknown): error is Problem {
  return Error.isError(error) && error.name === 'Problem' && 'code' in error;
}

/** The text a terminal shows: code, place, what happened, next step. */
export function formatProblem(problem: Problem): string {
  const place = problem.where === undefined ? '' : `${problem.where}: `;
  return `${problem.code}: ${place}${problem.message}\n  next: ${problem.next}`;
}

/**
 * The problem in the last words of another process, as {@link formatProblem} printed it; the last
 * one when there are several, and `undefined` when there is none. An internal error is not taken
 * out of its words, because the stack around it is what matters.
 */
export function parseProblem(text: string, reach: 'input' | 'outside'): Problem | undefined {
  const found = [...text.matchAll(/^(OBS-\d{4}): (.*)\n {2}next: (.*)$/gm)].at(-1);
  const code = found?.[1];
  if (found === undefined || code === undefined || !(code in codes)) return undefined;
  if (code === 'OBS-1004') return undefined;
  return new Problem(code as Code, found[2] ?? '', { reach, next: found[3] ?? '' });
}

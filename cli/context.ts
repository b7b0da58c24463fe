/** What a command may use of the outside world; `main.ts` fills it in, tests pass their own. */
export type CliContext = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Data, for pipes. */
  readonly stdout: (text: string) => void;
  /** Talk, for people. */
  readonly stderr: (text: string) => void;
  /** Whether stderr is a terminal: progress and colour only then. */
  readonly isTerminal: boolean;
  /** Aborts on SIGINT and SIGTERM. A second signal ends the process at once. */
  readonly signal: AbortSignal;
  /** Sets the exit code (contract, section 2); the process ends when its work ends. */
  readonly exitWith: (code: 0 | 1 | 2 | 3 | 130) => void;
};

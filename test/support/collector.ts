/** The real Collector as a judge: runs `validate` of one binary on a configuration. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Verdict = {
  readonly accepted: boolean;
  /** What it printed on stderr. */
  readonly text: string;
};

/** Starting alone takes a large binary a second on a busy machine. */
const validateTimeoutMs = 60_000;

/** `env` is all that the process gets: references to anything else stay empty. */
export async function validateWith(
  program: string,
  yaml: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Verdict> {
  return await judge(program, ['validate'], yaml, env);
}

/** Starts it; for configurations with which it ends by itself. */
export async function startWith(program: string, yaml: string): Promise<Verdict> {
  return await judge(program, [], yaml, {});
}

async function judge(
  program: string,
  words: readonly string[],
  yaml: string,
  env: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const folder = await mkdtemp(join(tmpdir(), 'obsctl-validate-'));
  try {
    const file = join(folder, 'config.yaml');
    await writeFile(file, yaml);
    return await new Promise((resolve) => {
      execFile(
        program,
        [...words, '--config', file],
        { env: { ...env }, timeout: validateTimeoutMs },
        (error, _stdout, stderr) => resolve({ accepted: error === null, text: stderr }),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Types that a binary knows, from the list in its answer to a type that nobody has. */
export async function knownTypes(program: string, section: string): Promise<readonly string[]> {
  const { text } = await validateWith(program, `${section}: {nobody_has_this: {}}\n`);
  const list = /valid values: \[([^\]]*)\]/.exec(text)?.[1];
  if (list === undefined) throw new Error(`no list of valid values in: ${text}`);
  return list.split(' ').filter((type) => type !== '');
}

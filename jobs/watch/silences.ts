/** Silences of a file of their own, read again each round, so that one counts without a restart. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { Problem } from '../../core/problem.ts';
import { readYaml, yamlLengthMax } from '../../core/yaml.ts';
import { type Silence, silencesOptions } from '../../dashboards/alerts/routing/config.ts';

/** The silences in `path`. Throws OBS-6024 when they cannot be used. */
async function readSilences(path: string): Promise<readonly Silence[]> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new Problem('OBS-6024', cause.message, { where: path, cause });
  });
  const fault = (message: string) => new Problem('OBS-6024', message, { where: path });
  if (text.length > yamlLengthMax) throw fault('it is too long for a list of silences');
  const { tree, faults } = readYaml(text);
  const [first] = faults;
  // Somebody who takes out the last silence leaves an empty file.
  if (first?.kind === 'empty') return [];
  if (first !== undefined) throw fault(`line ${first.at.line}: ${first.message}`);
  const read = silencesOptions.safeParse(tree?.value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw fault(`${issue?.path.join('.') || 'the file'}: ${wordsOf(issue)}`);
}

function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'invalid_key') return wordsOf(issue.issues[0]);
  const words = issue?.message ?? 'something else';
  // The schema's own words say what is expected; zod's are sentences.
  return /^[A-Z]/.test(words) ? words : `expected ${words}`;
}

/**
 * The silences of the stack file and of `path`, asked for each round. A file that is broken at the
 * start is OBS-6024; later it is told, and those that were read last go on.
 */
export async function openSilences(
  fixed: readonly Silence[],
  path: string | undefined,
  tell: (problem: unknown) => void,
): Promise<() => Promise<readonly Silence[]>> {
  if (path === undefined) return async () => fixed;
  let last = await readSilences(path);
  return async () => {
    last = await readSilences(path).catch((problem: unknown) => {
      tell(problem);
      return last;
    });
    return [...fixed, ...last];
  };
}

/**
 * Stack files with one kind of mistake each, and beside each the message that a person gets:
 * `npm run update` rewrites the messages, and they are reviewed as files.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatFault } from '../fault.ts';
import { type LoadResult, loadStack } from '../load.ts';

/** What `${env:NAME}` finds in the fixtures. */
export const environment: Readonly<Record<string, string>> = {
  STACK: 'shop',
  REPLICAS: '3',
  WORD: 'many',
  EMPTY: '',
  SECRET_URL: 'tcp://otel:hunter2@abc.example:9000',
};

export type Fixture = { readonly name: string; readonly text: string; readonly result: LoadResult };

export async function readFixtures(kind: 'good' | 'wrong'): Promise<readonly Fixture[]> {
  const folder = join(import.meta.dirname, kind);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort();
  return Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { name, text, result: loadStack(text, name, { env: environment }) };
    }),
  );
}

/** Every fault as a terminal shows it; empty for a file without faults. */
export function messageOf({ text, result }: Fixture): string {
  if ('stack' in result) return '';
  return result.faults.map((fault) => `${formatFault(fault, text)}\n`).join('\n');
}

export function messageFile({ name }: Fixture): string {
  return join(import.meta.dirname, 'wrong', name.replace(/\.yaml$/, '.txt'));
}

export async function updateGolden(): Promise<void> {
  for (const fixture of await readFixtures('wrong')) {
    await writeFile(messageFile(fixture), messageOf(fixture));
  }
}

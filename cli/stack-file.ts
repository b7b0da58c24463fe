/**
 * The stack file of a command: `obs.yaml`, or `obs.config.ts` whose default export is a stack.
 * Every fault is printed at once; the command then ends with exit code 2.
 */
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Problem } from '../core/problem.ts';
import { formatFault, type StackFault } from '../stack/fault.ts';
import { type LoadResult, loadStack, loadStackValue } from '../stack/load.ts';
import type { Stack } from '../stack/types.ts';
import type { CliContext } from './context.ts';
import { sourceFile } from './source-file.ts';

export type StackFile = { readonly result: LoadResult; readonly text: string };

/** What a typed stack file imports `defineStack` from. */
const packageName = 'obsctl';

/** The stack in `file`; throws the last of its faults after all were printed. */
export async function readStack(file: string, context: CliContext): Promise<Stack> {
  const { result, text } = await openStackFile(file, context.env);
  if ('stack' in result) return result.stack;
  const { faults } = result;
  for (const fault of faults.slice(0, -1)) context.stderr(`${formatFault(fault, text)}\n`);
  throw problemOf(faults.at(-1), faults.length, file);
}

/** Reads and judges `file`, whichever of the two kinds it is. */
export async function openStackFile(file: string, env: CliContext['env']): Promise<StackFile> {
  if (/\.[cm]?[jt]s$/.test(file)) {
    return { result: loadStackValue(await exportOf(file), file), text: '' };
  }
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Problem('OBS-1201', Error.isError(error) ? error.message : String(error), {
      where: file,
      cause: error,
    });
  });
  return { result: loadStack(text, file, { env }), text };
}

async function exportOf(file: string): Promise<unknown> {
  // The package may be run without being installed beside the file (npx, a clone).
  const hooks = registerHooks({
    resolve: (specifier, from, next) =>
      specifier === packageName
        ? { url: new URL(sourceFile('../stack/define'), import.meta.url).href, shortCircuit: true }
        : next(specifier, from),
  });
  try {
    const module: unknown = await import(pathToFileURL(resolve(file)).href);
    return Object(module).default;
  } catch (error) {
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem('OBS-1201', text, { where: file, cause: error });
  } finally {
    hooks.deregister();
  }
}

function problemOf(fault: StackFault | undefined, count: number, file: string): Problem {
  if (fault === undefined) return new Problem('OBS-1004', 'no fault was named', { where: file });
  const { at, path, expected, next, message } = fault;
  const place = at === undefined ? path : `${at.line}:${at.column}`;
  const what = expected === undefined ? message : `${message}; expected ${expected}`;
  return new Problem(fault.code, count > 1 ? `${what} (the last of ${count} faults)` : what, {
    where: place === '' ? file : `${file}:${place}`,
    next,
  });
}

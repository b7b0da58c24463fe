/**
 * The stack file of a command: `obs.yaml`, or `obs.config.ts` whose default export is a stack.
 * Every fault is printed at once; the command then ends with exit code 2.
 */
import { readFile, stat } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Problem } from '../core/problem.ts';
import { yamlLengthMax } from '../core/yaml.ts';
import { formatFault, type StackFault } from '../stack/fault.ts';
import { type LoadResult, loadStack, loadStackValue } from '../stack/load.ts';
import type { Stack } from '../stack/types.ts';
import type { CliContext } from './context.ts';
import { sourceFile } from './source-file.ts';

export type StackFile = { readonly result: LoadResult; readonly text: string };

/** A character takes at most four bytes; beyond that the text is too long without reading it. */
const bytesMax = 4 * yamlLengthMax;

/** What a typed stack file imports `defineStack` from. */
const packageName = 'obsctl';

/** The stack in `file`; prints every fault and throws when there are some. */
export async function readStack(file: string, context: CliContext): Promise<Stack> {
  const { result, text } = await openStackFile(file, context.env);
  if ('stack' in result) return result.stack;
  const { faults } = result;
  for (const fault of faults) context.stderr(`${formatFault(fault, text)}\n\n`);
  throw new Problem('OBS-1200', countOf(faults), { where: file });
}

/** Reads and judges `file`, whichever of the two kinds it is. */
export async function openStackFile(file: string, env: CliContext['env']): Promise<StackFile> {
  if (/\.[cm]?[jt]s$/.test(file)) {
    return { result: loadStackValue(await exportOf(file), file), text: '' };
  }
  const text = await readBounded(file).catch((error: unknown) => {
    throw new Problem('OBS-1201', Error.isError(error) ? error.message : String(error), {
      where: file,
      cause: error,
    });
  });
  return { result: loadStack(text, file, { env }), text };
}

/** Of a file that no stack file can be, enough to be told so. */
async function readBounded(file: string): Promise<string> {
  const { size } = await stat(file);
  if (size <= bytesMax) return readFile(file, 'utf8');
  return ' '.repeat(yamlLengthMax + 1);
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
    const value: unknown = Object(module).default;
    if (value !== undefined) return value;
  } catch (error) {
    const text = Error.isError(error) ? error.message : String(error);
    throw new Problem(isMissing(error, file) ? 'OBS-1201' : 'OBS-1212', text, {
      where: file,
      cause: error,
    });
  } finally {
    hooks.deregister();
  }
  throw new Problem('OBS-1212', 'the module has no default export', { where: file });
}

/** Whether it is the file itself that is not there, and not something that it imports. */
function isMissing(error: unknown, file: string): boolean {
  const missing = Error.isError(error) && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
  return missing && 'url' in error && error.url === pathToFileURL(resolve(file)).href;
}

/** `3 faults`. */
export function countOf(faults: readonly StackFault[]): string {
  return faults.length === 1 ? 'one fault' : `${faults.length} faults`;
}

/** Raw bytes to stdout, at the reader's pace. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Whether a person looks at stdout, rather than a pipe or a file. */
export function stdoutIsTerminal(): boolean {
  return process.stdout.isTTY === true;
}

/** Copies `source` to stdout unchanged; resolves when the last byte is handed over. */
export async function copyToStdout(source: Readable, signal: AbortSignal): Promise<void> {
  await pipeline(source, process.stdout, { end: false, signal });
}

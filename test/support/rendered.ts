/** What `bin/obsctl render` prints for a stack file, as text and as objects. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../../k8s/objects.ts';

export type Rendered = {
  readonly stream: string;
  readonly objects: readonly KubernetesObject[];
};

const clone = join(import.meta.dirname, '../..');
const bytesMax = 64 * 1024 * 1024;

export async function renderFile(file: string, args: readonly string[] = []): Promise<Rendered> {
  const words = ['--no-warnings', join(clone, 'bin/obsctl'), 'render', '-f', file, ...args];
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, words, { maxBuffer: bytesMax, cwd: clone });
  const objects = parseAllDocuments(stdout)
    .map((document): KubernetesObject | null => document.toJS())
    .filter((object) => object !== null);
  return { stream: stdout, objects };
}

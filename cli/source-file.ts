import { join } from 'node:path';

const isClone: boolean = import.meta.filename.endsWith('.ts');

/** How this obsctl is called in a shell: in a clone it is on nobody's path. */
export function programName(): string {
  return isClone ? join(import.meta.dirname, '../bin/obsctl') : 'obsctl';
}

/** A program file's name as it is on disk: `.ts` in a clone, `.js` in the published package. */
export function sourceFile(name: string): string {
  return `${name}${isClone ? '.ts' : '.js'}`;
}

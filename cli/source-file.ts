/** A program file's name as it is on disk: `.ts` in a clone, `.js` in the published package. */
export function sourceFile(name: string): string {
  return `${name}${import.meta.filename.endsWith('.ts') ? '.ts' : '.js'}`;
}

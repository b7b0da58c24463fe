/** Processes by a mark in their environment, which every descendant inherits. Needs /proc. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

export type MarkedProcess = { readonly pid: number; readonly command: string };

export const canFindMarked: boolean = existsSync('/proc/self/environ');

const pollMs = 100;

/** Living processes whose environment holds `mark`; not zombies, which only wait to be reaped. */
export function findMarked(mark: string): readonly MarkedProcess[] {
  if (!canFindMarked) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command === '' ? [] : [{ pid: Number(name), command }];
      } catch {
        // It ended while we looked, or belongs to somebody else.
        return [];
      }
    });
}

/** Waits until none is left, at most `ms`; gives those that are. */
export async function markedAfter(mark: string, ms: number): Promise<readonly MarkedProcess[]> {
  const endMs = performance.now() + ms;
  let left = findMarked(mark);
  while (left.length > 0 && performance.now() < endMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    left = findMarked(mark);
  }
  return left;
}

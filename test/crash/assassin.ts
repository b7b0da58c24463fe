/**
 * The program of a thread that kills the engine at its weakest moment: a MergeTree writes the
 * deduplication token before it renames the part, so the thread watches the sizes of the token
 * logs without a pause and sends SIGKILL when one grows.
 */
import { globSync, statSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

export type AssassinOrder = {
  readonly pid: number;
  readonly dataDir: string;
  readonly limitMs: number;
};

const { pid, dataDir, limitMs } = workerData as AssassinOrder;
const pattern = 'store/*/*/deduplication_logs/*.txt';
const files = globSync(pattern, { cwd: dataDir }).map((path) => `${dataDir}/${path}`);
const sizes = files.map(sizeOf);
const deadline = performance.now() + limitMs;
let hit = false;
while (!hit && performance.now() < deadline) {
  hit = files.some((path, index) => sizeOf(path) > (sizes[index] ?? 0));
}
try {
  process.kill(pid, 'SIGKILL');
} catch {
  // It has ended by itself.
}
parentPort?.postMessage({ hit });

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The golden files of this room: a whole stack with the gateway of each flavor. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeStream } from '../write.ts';
import { sampleObjects } from './sample.ts';

export const goldenFlavors = ['collector', 'obsctl'] as const;

export function goldenText(flavor: (typeof goldenFlavors)[number]): string {
  return writeStream(sampleObjects(flavor));
}

export function goldenFile(flavor: (typeof goldenFlavors)[number]): string {
  return join(import.meta.dirname, `${flavor}.yaml`);
}

export async function updateGolden(): Promise<void> {
  for (const flavor of goldenFlavors) await writeFile(goldenFile(flavor), goldenText(flavor));
}

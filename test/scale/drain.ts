/**
 * What is done with the volume of a gateway that has ended: its log is delivered to the end. The
 * servers come by the environment, as they do in a rendered pod.
 */
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { startProgram } from '../support/program.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');

export async function drain(clickhouseUrl: string, dataDir: string): Promise<void> {
  const words = ['gateway', '--data-dir', dataDir, '--drain'];
  const env = { CLICKHOUSE_URL: clickhouseUrl };
  const { code, stderr } = await startProgram(process.execPath, [main, ...words], { env }).ended;
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}
